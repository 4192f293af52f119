"""A small coloured word: a state, a count, a tag. Clickable on request."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.kit.labels import Label
from app.ui.theme import Theme, set_prop


class Badge(Label):
    """`kind` is "", ok, warn, danger, info, plum, teal or accent."""

    clicked = Signal()

    def __init__(
        self, theme: Theme, text: str, kind: str = "", icon: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, text, "badge", kind, parent)
        self._icon_name = icon
        self._clickable = False
        self.setProperty("badge", True)
        self.setProperty("iconed", bool(icon))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._restyle()

    def set_badge(self, text: str, kind: str = "", icon: str | None = None) -> None:
        self._icon_name = icon
        set_prop(self, "iconed", bool(icon))
        set_prop(self, "bare", bool(icon) and not text)
        set_prop(self, "kind", kind)
        # A new style alone does not move the text of a label: its margins are read when its frame is set.
        self.setFrameStyle(self.frameStyle())
        self.setText(text)
        self.updateGeometry()
        self.update()

    def set_clickable(self, clickable: bool) -> None:
        self._clickable = clickable
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if clickable else Qt.FocusPolicy.NoFocus)
        shape = Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._icon_name:
            return
        painter = QPainter(self)
        kind = str(self.property("kind") or "") or "text2"
        pixmap = self._theme.pixmap(self._icon_name, kind, 12, self.devicePixelRatioF())
        side = self._theme.px(12)
        painter.drawPixmap(self._theme.px(5), (self.height() - side) // 2, pixmap)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._clickable and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()
            return
        super().mouseReleaseEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._clickable:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._clickable and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
            return
        super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._underline(self._clickable)

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)  # pyright: ignore[reportArgumentType]
        self._underline(False)

    def _underline(self, wanted: bool) -> None:
        font = self.font()
        font.setUnderline(wanted)
        self.setFont(font)

    def _restyle(self) -> None:
        super()._restyle()
        self.setFixedHeight(self._theme.px(18))
