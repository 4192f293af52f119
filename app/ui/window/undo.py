"""What the undo key means: a text field's own way back, else the newest notice's."""

from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from app.ui.kit.toast import ToastHost


def undo_last(toasts: ToastHost) -> None:
    focus = QApplication.focusWidget()
    if isinstance(focus, QLineEdit | QPlainTextEdit | QTextEdit) and _has_typed(focus):
        focus.undo()
        return
    button = next((toast.button for toast in reversed(toasts.toasts) if toast.button is not None), None)
    if button is not None:
        button.click()


def _has_typed(field: QWidget) -> bool:
    if isinstance(field, QLineEdit):
        return field.isUndoAvailable() and not field.isReadOnly()
    return isinstance(field, QPlainTextEdit | QTextEdit) and (
        field.document().isUndoAvailable() and not field.isReadOnly()
    )
