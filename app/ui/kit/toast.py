"""Short notices at the edge of the window that go by themselves, unless something went wrong."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import Label
from app.ui.theme import Motion, Theme
from app.ui.theme.motion import FOLD_MS

LIFE_MS = 8000
LOOK_MS = 250
"""So often they look whether something to click has come below them."""
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

    def says(self, text: str, detail: str, kind: str) -> bool:
        return (self.text.text(), self.detail.text(), self.kind) == (text, detail, kind)

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
    """Stacks toasts at the bottom right of its parent, or inside the first visible widget given to `anchor_to`.

    They never lie over something that can be clicked or typed into: they go up, or to the left, until nothing does.
    A column that can keep room for them is told how much (`room_wanted`).
    """

    room_wanted = Signal(object, int)
    """The widget they stand in (None: none do), and the pixels at its foot that they take."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._anchors: tuple[QWidget, ...] = ()
        self._places: list[QWidget] = []
        self.toasts: list[Toast] = []
        self.setAccessibleName(self.tr("Notices"))
        self._spot = QPoint()
        self._rise = Motion(theme, self, lambda _value: self._sink())
        self._rise.value = 1.0
        self._looking = QTimer(self)
        self._looking.setInterval(LOOK_MS)
        self._looking.timeout.connect(self._make_way)
        parent.installEventFilter(self)
        theme.changed.connect(self._place)
        self.hide()

    def stand_in(self, widget: QWidget) -> None:
        """They stand in it while it can be seen; it keeps the room for them that `room_wanted` asks of it."""
        self._places.append(widget)
        widget.destroyed.connect(lambda: self._places.remove(widget))
        widget.installEventFilter(self)

    def anchor_to(self, *widgets: QWidget) -> None:
        """Where they stand else: in the first of these that can be seen."""
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
        for same in [one for one in self.toasts if one.says(text, detail, kind)]:
            self._remove(same)  # It is said once; the newest word has the button that belongs to it.
        while len(self.toasts) >= TOASTS_MAX:
            oldest = next((toast for toast in self.toasts if toast.kind != "error"), self.toasts[0])
            self._remove(oldest)
        toast = Toast(self._theme, text, detail, kind, action, on_action, self)
        toast.closed.connect(lambda: self._remove(toast))
        self.toasts.append(toast)
        self.show()
        toast.show()
        toast.ensurePolished()
        self._place()
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

    def _make_way(self) -> None:
        """Another page may have come below them, and with it other buttons."""
        here = QRect(self._spot, self.size())
        if any(one.intersects(here) for one in self._controls()):
            self._place()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._looking.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._looking.stop()

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
        anchor = next((widget for widget in (*self._places, *self._anchors) if widget.isVisible()), None)
        if not self.toasts or parent is None:
            self.room_wanted.emit(None, 0)
            return
        px = self._theme.px
        room = QRect(anchor.mapTo(parent, QPoint(0, 0)), anchor.size()) if anchor is not None else parent.rect()
        width, top = min(px(WIDTH), room.width() - px(24)), 0
        for toast in self.toasts:
            height = toast.heightForWidth(width)
            toast.setGeometry(0, top, width, height)
            top += height + px(8)
        self.resize(width, top - px(8))
        self.room_wanted.emit(anchor, self.height() + px(24))
        self._spot = self._free_spot(room)
        self._sink()

    def _free_spot(self, room: QRect) -> QPoint:
        """The lowest place at the right, else farther left, where nothing lies that a person works with; where there is
        none, that which covers least of it.
        """
        px, size = self._theme.px, self.size()
        taken = self._controls()
        lowest = QPoint(room.right() + 1 - size.width() - px(12), room.bottom() + 1 - size.height() - px(12))
        best, least = lowest, 1 << 40
        for left in range(lowest.x(), room.left() + px(12), -px(48)):
            for top in range(lowest.y(), room.top() + px(12), -px(12)):
                here = QRect(QPoint(left, top), size)
                covered = sum(part.width() * part.height() for one in taken if (part := one & here).isValid())
                if not covered:
                    return here.topLeft()
                if covered < least:
                    best, least = here.topLeft(), covered
        return best

    def _controls(self) -> list[QRect]:
        """Where the window has something to click or to type into."""
        window = self.parentWidget()
        assert window is not None
        stops = (
            widget
            for widget in window.findChildren(QWidget)
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled()
        )
        inputs = (widget for widget in stops if _worked_with(widget) and not self.isAncestorOf(widget))
        seen = ((widget, widget.visibleRegion().boundingRect()) for widget in inputs)
        return [QRect(widget.mapTo(window, part.topLeft()), part.size()) for widget, part in seen if not part.isEmpty()]

    def _sink(self) -> None:
        """They come up from a little below."""
        self.move(self._spot + QPoint(0, round((1 - self._rise.value) * self._theme.px(16))))
        self.raise_()


def _worked_with(widget: QWidget) -> bool:
    return isinstance(widget, QAbstractButton | QLineEdit | QTextEdit | QPlainTextEdit | QComboBox | QAbstractSpinBox)
