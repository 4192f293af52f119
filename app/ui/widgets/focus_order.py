"""Where Tab goes inside a part whose widgets are made in another order than they are read."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

_TAB = Qt.FocusPolicy.TabFocus.value


def focusable_in(groups: Sequence[QWidget]) -> list[QWidget]:
    """The given widgets and what can be focused inside each, top to bottom, then left to right."""
    found: list[QWidget] = []
    for group in groups:
        inner = [widget for widget in group.findChildren(QWidget) if takes_tab(widget)]
        inner.sort(key=lambda widget: _place(widget, group))
        if takes_tab(group):
            found.append(group)
        found.extend(inner)
    return found


def next_outside(area: QWidget, *, forward: bool) -> QWidget | None:
    """The next widget in the window's own order that is not part of the area."""
    current = area
    for _step in range(2000):
        following = current.nextInFocusChain() if forward else current.previousInFocusChain()
        if following is None or following is area:
            return None
        current = following
        if not area.isAncestorOf(current) and takes_tab(current) and current.window() is area.window():
            return current
    return None


def takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy().value & _TAB) and widget.isEnabled() and widget.isVisible()


def _place(widget: QWidget, group: QWidget) -> tuple[int, int]:
    point = widget.mapTo(group, QPoint(0, 0))
    return point.y() // 8, point.x()
