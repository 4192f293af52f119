"""Dynamic properties that the stylesheet selects on."""

from PySide6.QtWidgets import QWidget


def set_prop(widget: QWidget, name: str, value: object) -> None:
    """Set a property and let the stylesheet look at this widget again. Does nothing when it is already so."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    widget.update()
