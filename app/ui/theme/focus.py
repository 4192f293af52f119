"""Keyboard focus rings: shown when focus came by a key, so that a click leaves no ring behind."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.theme.props import set_prop

BY_KEYBOARD = frozenset(
    {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason}
)


class FocusRing(QObject):
    """Sets the property `ring` on the widget that got focus by Tab, Shift Tab or a shortcut."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._ringed: QWidget | None = None
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.FocusIn and isinstance(watched, QWidget) and isinstance(event, QFocusEvent):
            reason = event.reason()
            if reason in BY_KEYBOARD:
                set_prop(watched, "ring", True)
            elif reason not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
                self._clear(watched)
        elif kind == QEvent.Type.FocusOut and isinstance(watched, QWidget) and isinstance(event, QFocusEvent):
            if event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
                self._clear(watched)
        elif kind == QEvent.Type.MouseButtonPress and isinstance(watched, QWidget):
            self._clear(watched)
        return False

    @staticmethod
    def _clear(widget: QWidget) -> None:
        if widget.property("ring"):
            set_prop(widget, "ring", False)
