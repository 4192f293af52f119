"""A side column that opens over the centre when the window is too narrow for it."""

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from app.ui.theme import Motion, Theme
from app.ui.theme.motion import COLUMN_MS


class OverlayColumn(QWidget):
    """`side` is left or right. Esc or a click outside closes it; the focus goes back to where it was."""

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget, side: str = "left") -> None:
        super().__init__(parent)
        self._over = parent
        self._theme = theme
        self._side = side
        self._width = 280
        self._top = 0
        self._bottom = 0
        self._open = False
        self._before: QWidget | None = None
        self._content: QWidget | None = None
        self.setAutoFillBackground(True)
        self._row = QHBoxLayout(self)
        self._motion = Motion(theme, self, lambda _share: self._place())
        parent.installEventFilter(self)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    @property
    def is_open(self) -> bool:
        return self._open

    def set_content(self, widget: QWidget) -> None:
        self.take_content()
        self._content = widget
        self.setAccessibleName(widget.accessibleName())
        self._row.addWidget(widget)
        widget.show()

    def take_content(self) -> QWidget | None:
        """Gives the content back, to be put into the window's own columns again."""
        content, self._content = self._content, None
        if content is not None:
            self._row.removeWidget(content)
        return content

    def open_column(self, width: int, top: int = 0, bottom: int = 0) -> None:
        """`width` at 100 %; `top` and `bottom` are pixels of the parent left free (bars)."""
        self._width, self._top, self._bottom = width, top, bottom
        self._open = True
        self._before = QApplication.focusWidget()
        self._motion.jump(0.0)
        self.show()
        self.raise_()
        QApplication.instance().installEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]
        self._motion.go(1.0, COLUMN_MS)
        if self._content is not None:
            self.setFocusProxy(None)  # pyright: ignore[reportArgumentType]  Qt takes None, its stubs do not say so
            self._content.setFocus(Qt.FocusReason.OtherFocusReason)
            if not self._content.hasFocus():
                self._content.focusNextChild()

    def close_column(self) -> None:
        if not self._open:
            return
        self._open = False
        QApplication.instance().removeEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]
        self._motion.go(0.0, COLUMN_MS, self.hide)
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._before = None
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Resize and watched is self.parent():
            self._place()
        elif kind == QEvent.Type.MouseButtonPress and self._open and isinstance(event, QMouseEvent):
            self._pressed(watched, event)
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_column()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        frame, border = self._theme.px(2), self._theme.px(1)
        painter.fillRect(self.rect(), self._theme.color("line"))
        inner = self.rect().adjusted(frame, 0, -frame, 0)
        painter.fillRect(inner, self._theme.color("control"))
        painter.fillRect(inner.adjusted(border, 0, -border, 0), self._theme.color("panel"))

    def _pressed(self, watched: QObject, event: QMouseEvent) -> None:
        if not isinstance(watched, QWidget) or watched.window() is not self.window():
            return
        inside = self.rect().contains(self.mapFromGlobal(event.globalPosition().toPoint()))
        if not inside:
            self.close_column()

    def _place(self) -> None:
        parent = self._over
        width = min(self._theme.px(self._width), parent.width())
        hidden = round(width * (1 - self._motion.value))
        left = -hidden if self._side == "left" else parent.width() - width + hidden
        self.setGeometry(QRect(left, self._top, width, parent.height() - self._top - self._bottom))

    def _restyle(self) -> None:
        margin = self._theme.px(2) + self._theme.px(1)
        self._row.setContentsMargins(margin, 0, margin, 0)
        self.update()
