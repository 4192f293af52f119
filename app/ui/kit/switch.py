"""An on/off switch with its sentence."""

import math

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QWidget

from app.ui.theme import Motion, Theme
from app.ui.theme.motion import FOLD_MS

PULSE_MS = 50


class Switch(QCheckBox):
    def __init__(self, theme: Theme, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self._knob = Motion(theme, self, lambda _value: self.update())
        self._pulse = QTimer(self)
        self._pulse.setInterval(PULSE_MS)
        self._pulse.timeout.connect(self._beat)
        self._phase = 0.0
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.toggled.connect(self._slide)
        theme.changed.connect(self._restyle)

    @property
    def busy(self) -> bool:
        return self._pulse.isActive()

    def set_busy(self, busy: bool) -> None:
        """The knob pulses until the change is confirmed."""
        self._phase = 0.0
        if busy and not self._theme.reduced_motion:
            self._pulse.start()
        else:
            self._pulse.stop()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        width, height = self._theme.px(30) + self._theme.px(2), max(self._theme.px(24), metrics.height())
        if self.text():
            width += self._theme.px(8) + metrics.horizontalAdvance(self.text())
        return QSize(width, height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        px = self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ltr = self.layoutDirection() == Qt.LayoutDirection.LeftToRight
        width, height = px(30), px(18)
        left = px(1) if ltr else self.width() - width - px(1)
        track = QRectF(left, (self.height() - height) / 2, width, height)
        token = "line" if not self.isEnabled() else "accentfill" if self.isChecked() else "control"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(token))
        painter.drawRoundedRect(track, height / 2, height / 2)
        self._paint_knob(painter, track, ltr)
        if self.property("ring"):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("focus"), px(2)))
            painter.drawRoundedRect(track.adjusted(0, 0, 0, 0), height / 2, height / 2)
        painter.setPen(self._theme.color("text" if self.isEnabled() else "disabled"))
        gap = width + px(8) + px(1)
        text = self.rect().adjusted(gap if ltr else 0, 0, 0 if ltr else -gap, 0)
        side = Qt.AlignmentFlag.AlignLeft if ltr else Qt.AlignmentFlag.AlignRight
        painter.drawText(text, side | Qt.AlignmentFlag.AlignVCenter, self.text())

    def _paint_knob(self, painter: QPainter, track: QRectF, ltr: bool) -> None:
        inset = self._theme.px(2)
        side = track.height() - 2 * inset
        share = self._knob.value if ltr else 1 - self._knob.value
        left = track.x() + inset + share * (track.width() - 2 * inset - side)
        shrink = inset * (0.5 + 0.5 * math.sin(self._phase)) if self.busy else 0
        knob = QRectF(left, track.y() + inset, side, side).adjusted(shrink, shrink, -shrink, -shrink)
        painter.setBrush(self._theme.color("surface" if self.isEnabled() else "sunken"))
        painter.drawEllipse(knob)

    def _slide(self, on: bool) -> None:
        if self.isVisible():
            self._knob.go(1.0 if on else 0.0, FOLD_MS)
        else:
            self._knob.jump(1.0 if on else 0.0)

    def _beat(self) -> None:
        self._phase += 0.35
        self.update()

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()
