"""Buttons whose icon takes the colour of their text, and square buttons with only an icon."""

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from app.ui.kit.tooltip import set_tip
from app.ui.theme import Theme, set_prop

ICON_COLORS = {"primary": "onaccent", "danger": "danger", "ghost": "text2", "link": "accent"}
GAP = 6
"""Between icon and text, at 100 %."""
STYLE_GAP = 4
"""What Qt's styles leave there by themselves, at every scale."""
BUSY_AFTER_MS = 400
BUSY_STEP_MS = 40


class Button(QPushButton):
    """`role` is "", primary, danger, ghost or link; `size` is "", small (24 high) or big (32 high)."""

    def __init__(
        self, theme: Theme, text: str, role: str = "", icon: str = "", size: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self._icon_name = icon
        self._phase = 0
        self._busy_timer = QTimer(self)
        self._busy_timer.timeout.connect(self._tick)
        self._shown_busy = False
        self.setAutoDefault(False)
        self.setProperty("role", role)
        if size:
            self.setProperty(size, True)
        self._scale = 0.0
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_role(self, role: str) -> None:
        set_prop(self, "role", role)
        self._restyle()

    def set_icon(self, name: str) -> None:
        self._icon_name = name
        self._restyle()

    @property
    def busy(self) -> bool:
        return self._busy_timer.isActive()

    def set_busy(self, busy: bool) -> None:
        """The text stays; a thin bar appears at the bottom when it takes longer than a moment."""
        if busy == self.busy:
            return
        self._shown_busy = False
        if busy:
            self._busy_timer.start(BUSY_AFTER_MS)
        else:
            self._busy_timer.stop()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._shown_busy:
            return
        painter = QPainter(self)
        height = self._theme.px(2)
        inset = self._theme.px(6)
        track = QRect(inset, self.height() - height - self._theme.px(2), self.width() - 2 * inset, height)
        color = self._theme.color(ICON_COLORS.get(str(self.property("role") or ""), "accentfill"))
        if not self._theme.reduced_motion:
            part = track.width() // 3
            offset = (self._phase * self._theme.px(4)) % max(1, track.width() + part) - part
            track = track.intersected(QRect(track.x() + offset, track.y(), part, height))
        painter.fillRect(track, color)

    def _tick(self) -> None:
        self._shown_busy = True
        self._busy_timer.setInterval(BUSY_STEP_MS if not self._theme.reduced_motion else BUSY_AFTER_MS)
        self._phase += 1
        self.update()

    def _restyle(self) -> None:
        role = str(self.property("role") or "")
        if self._scale != self._theme.scale:
            self._scale = self._theme.scale
            quiet = role == "quiet"
            self.setFont(self._theme.font("caption" if quiet else "base", 400 if quiet else 500))
        if not self._icon_name:
            return
        side = 14 if self.property("small") or role == "link" else 16
        gap = max(0, self._theme.px(GAP) - STYLE_GAP) if self.text() else 0
        shown = self._theme.icon(
            self._icon_name, ICON_COLORS.get(role, "text"), side, gap=gap if self.isLeftToRight() else -gap
        )
        self.setIcon(shown)
        self.setIconSize(QSize(self._theme.px(side) + gap, self._theme.px(side)))


class IconButton(QToolButton):
    """`title` is the command: it becomes the tooltip (with the shortcut) and the accessible name."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        title: str,
        shortcut: str = "",
        size: int = 16,
        box: int = 28,
        token: str = "text2",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon_name = icon
        self._size = size
        self._box = box
        self._token = token
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_title(title, shortcut)
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_title(self, title: str, shortcut: str = "") -> None:
        keys = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText) if shortcut else ""
        set_tip(self, f"{title} ({keys})" if keys else title)
        self.setAccessibleName(title)

    def set_icon(self, name: str, token: str = "") -> None:
        self._icon_name = name
        self._token = token or self._token
        self._restyle()

    def _restyle(self) -> None:
        side = self._theme.px(self._size)
        self.setIcon(self._theme.icon(self._icon_name, self._token, self._size))
        self.setIconSize(QSize(side, side))
        box = self._theme.px(self._box)
        self.setFixedSize(box, box)
