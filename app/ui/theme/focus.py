"""Focus by keyboard: rings, shown only when focus came by a key, and Enter, which presses a button on every desktop."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QRadioButton, QWidget
from shiboken6 import isValid

from app.ui.theme.props import set_prop

BY_KEYBOARD = frozenset(
    {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason}
)
LENT = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""The focus goes to another window or a popup and comes back: the ring stays as it is."""
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class FocusRing(QObject):
    """Sets the property `ring` on the widget that got focus by Tab, Shift Tab or a shortcut.

    Enter presses the button that has the focus, as it does by itself on some desktops and not on others.
    Watches only the widget that has the focus, which is told why it loses it: a filter on the whole application cost
    a third of all that a window does.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._watched: QWidget | None = None
        self._reason = Qt.FocusReason.OtherFocusReason
        """Why the focus is about to move."""
        app.focusChanged.connect(self._moved)

    def _moved(self, old: QWidget | None, now: QWidget | None) -> None:
        reason, self._reason = self._reason, Qt.FocusReason.OtherFocusReason
        if self._watched is not None and isValid(self._watched):
            self._watched.removeEventFilter(self)
        self._watched = now
        if now is None:
            return
        now.installEventFilter(self)
        by_key = now.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        now.window().setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange, False)
        # Where nothing had the focus, nobody was told why it came; Qt notes Tab and shortcuts on the window.
        if reason in BY_KEYBOARD or (old is None and by_key):
            set_prop(now, "ring", True)
        elif reason not in LENT:
            self._clear(now)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.FocusOut and isinstance(watched, QWidget) and isinstance(event, QFocusEvent):
            self._reason = event.reason()
            if self._reason not in LENT:
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
