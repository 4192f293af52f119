"""One theme for all tests of a process, back at light, 100 % and no motion before each."""

from collections.abc import Callable

from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from app.ui.theme import Theme

_themes: list[Theme] = []


def plain_theme(app: QApplication) -> Theme:
    if not _themes:
        _themes.append(Theme(app, "light", 1.0, reduced_motion=True))
    theme = _themes[0]
    if theme.high_contrast:
        theme.set_high_contrast(False)
    theme.set_reduced_motion(True)
    theme.set_mode("light")
    theme.set_scale(1.0)
    return theme


def nameless(root: QWidget) -> list[str]:
    """Interactive widgets that a screen reader could not name."""
    found = [child for child in root.findChildren(QWidget) if child.focusPolicy().value and not child.isHidden()]
    return [
        f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        for widget in found
        if not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text())
        and not widget.objectName().startswith("qt_")
    ]


def wide_window(show: Callable) -> QWidget:
    window = QWidget()
    window.resize(900, 600)
    return show(window)
