"""Short notices at the edge of the window that go by themselves, unless something went wrong."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import Label
from app.ui.theme import Motion, Theme
from app.ui.theme.motion import FOLD_MS

LIFE_MS = 8000
TOASTS_MAX = 3
WIDTH = 320
ICONS = {"info": "info", "done": "check", "undo": "undo", "error": "error"}


class Toast(QFrame):
    """`kind` is info, done, undo or error; an error stays until it is closed."""

    closed = Signal()

    def __init__(
        self,
        theme: Theme,
        text: str,
        detail: str = "",
        kind: str = "info",
        action: str | None = None,
        on_action: Callable[[], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.kind = kind
        self._on_action = on_action
        self.setProperty("kind", "toast")
        self.setAccessibleName(text)
        self.setAccessibleDescription(detail)
        self._life = QTimer(self)
        self._life.setSingleShot(True)
        self._life.setInterval(LIFE_MS)
        self._life.timeout.connect(self.close_now)
        self._icon = QLabel(self)
        self.text = Label(theme, text, "base", parent=self)
        self.detail = Label(theme, detail, "label", "caption", self)
        for label in (self.text, self.detail):
            label.setWordWrap(True)
        self.detail.setVisible(bool(detail))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.text)
        words.addWidget(self.detail)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addLayout(words, 1)
        self.button: Button | None = None
        if action:
            self.button = Button(theme, action, size="small", parent=self)
            self.button.setAccessibleName(f"{action}: {text}")
            self.button.clicked.connect(self._acted)
            self._row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.closer = IconButton(
            theme, "close", self.tr("Close notice"), size=16, box=24, token="toast_text", parent=self
        )
        self.closer.clicked.connect(self.close_now)
        self._row.addWidget(self.closer, 0, Qt.AlignmentFlag.AlignVCenter)
        for part in (self.button, self.closer):
            if part is not None:
                part.installEventFilter(self)
        self._restyle()
        theme.changed.connect(self._restyle)
        self._go_on()

    @property
    def counting(self) -> bool:
        return self._life.isActive()

    def close_now(self) -> None:
        self._life.stop()
        self.closed.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._life.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._go_on()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self._life.stop()
        elif event.type() == QEvent.Type.FocusOut:
            self._go_on()
        return False

    def _go_on(self) -> None:
        if self.kind != "error":
            self._life.start()

    def _acted(self) -> None:
        if self._on_action is not None:
            self._on_action()
        self.close_now()

    def _restyle(self) -> None:
        px = self._theme.px
        self._icon.setPixmap(self._theme.pixmap(ICONS.get(self.kind, "info"), "toast_text", 16))
        self._icon.setFixedSize(QSize(px(16), px(16)))
        self._row.setContentsMargins(px(12), px(10), px(8), px(10))
        self._row.setSpacing(px(8))


class ToastHost(QWidget):
    """Stacks toasts at the bottom right of its parent, or inside the first visible widget given to `anchor_to`."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._anchors: tuple[QWidget, ...] = ()
        self.toasts: list[Toast] = []
        self.setAccessibleName(self.tr("Notices"))
        self._rise = Motion(theme, self, lambda _value: self._place())
        self._rise.value = 1.0
        parent.installEventFilter(self)
        theme.changed.connect(self._place)
        self.hide()

    def anchor_to(self, *widgets: QWidget) -> None:
        """Where they stand: in the first of these that can be seen."""
        for widget in self._anchors:
            widget.removeEventFilter(self)
        self._anchors = widgets
        for widget in widgets:
            widget.installEventFilter(self)
        self._place()

    def show_toast(
        self,
        text: str,
        detail: str = "",
        kind: str = "info",
        action: str | None = None,
        on_action: Callable[[], object] | None = None,
    ) -> Toast:
        while len(self.toasts) >= TOASTS_MAX:
            oldest = next((toast for toast in self.toasts if toast.kind != "error"), self.toasts[0])
            self._remove(oldest)
        toast = Toast(self._theme, text, detail, kind, action, on_action, self)
        toast.closed.connect(lambda: self._remove(toast))
        self.toasts.append(toast)
        self.show()
        toast.show()
        toast.ensurePolished()
        self._rise.jump(0.0)
        self._rise.go(1.0, FOLD_MS)
        announce(self, f"{text} {detail}".strip(), urgent=kind == "error")
        return toast

    def clear(self) -> None:
        for toast in list(self.toasts):
            self._remove(toast)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide):
            self._place()
        return False

    def _remove(self, toast: Toast) -> None:
        if toast not in self.toasts:
            return
        self.toasts.remove(toast)
        toast.hide()
        toast.deleteLater()
        self.setVisible(bool(self.toasts))
        self._place()

    def _place(self) -> None:
        parent = self.parentWidget()
        if not self.toasts or parent is None:
            return
        px = self._theme.px
        width, top = min(px(WIDTH), parent.width() - px(24)), 0
        for toast in self.toasts:
            height = toast.heightForWidth(width)
            toast.setGeometry(0, top, width, height)
            top += height + px(8)
        self.resize(width, top - px(8))
        corner = QPoint(parent.width(), parent.height())
        anchor = next((widget for widget in self._anchors if widget.isVisible()), None)
        if anchor is not None:
            corner = anchor.mapTo(parent, QPoint(anchor.width(), anchor.height()))
        sink = round((1 - self._rise.value) * px(16))
        self.move(corner.x() - self.width() - px(12), corner.y() - self.height() - px(12) + sink)
        self.raise_()
