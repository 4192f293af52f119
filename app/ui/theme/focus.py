"""Focus by keyboard: rings, shown only when focus came by a key, and Enter, which presses a button on every desktop."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QRadioButton, QWidget

from app.ui.theme.props import set_prop

BY_KEYBOARD = frozenset(
    {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason}
)


ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class FocusRing(QObject):
    """Sets the property `ring` on the widget that got focus by Tab, Shift Tab or a shortcut.

    Enter presses the button that has the focus, as it does by itself on some desktops and not on others.
    """

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
        elif kind == QEvent.Type.KeyPress and isinstance(watched, QAbstractButton) and isinstance(event, QKeyEvent):
            return _pressed(watched, event)
        return False

    @staticmethod
    def _clear(widget: QWidget) -> None:
        if widget.property("ring"):
            set_prop(widget, "ring", False)


def _pressed(button: QAbstractButton, event: QKeyEvent) -> bool:
    """Enter on a button; boxes and circles in a form leave it to the form."""
    if event.key() not in ENTER or event.isAutoRepeat() or isinstance(button, QCheckBox | QRadioButton):
        return False
    if event.modifiers() not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier):
        return False
    button.click()
    return True
