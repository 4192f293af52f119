"""Where Tab goes inside a part whose widgets are made in another order than they are read."""

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget

_TAB = Qt.FocusPolicy.TabFocus.value
_ONE_STOP = "one_stop"
SAME_LINE = 10
"""Pixels between the middles of two things that stand on one line."""


def focused_inside(window: QWidget) -> QWidget | None:
    """The widget of this window that has the keyboard; Qt's type stubs leave out that there may be none."""
    return cast("QWidget | None", window.focusWidget())


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


def make_one_stop(area: QWidget) -> None:
    """Tab comes to this widget once, whatever is inside of it: it hands the keyboard on itself."""
    area.setProperty(_ONE_STOP, True)


def next_stop(window: QWidget, *, forward: bool) -> QWidget | None:
    """Where Tab goes from what has the keyboard: the window's own order, without what lies inside of one stop."""
    begun = current = focused_inside(window) or window
    for _step in range(5000):
        following = current.nextInFocusChain() if forward else current.previousInFocusChain()
        if following is None or following is begun:
            return None
        current = following
        if takes_tab(current) and current.focusProxy() is None and not _is_inside_one_stop(current):
            return current
    return None


def _is_inside_one_stop(widget: QWidget) -> bool:
    above = widget.parentWidget()
    while above is not None and not above.isWindow():
        if above.property(_ONE_STOP):
            return True
        above = above.parentWidget()
    return False


def step_inside(area: QWidget, *, forward: bool) -> bool:
    """Tab inside of an area whose parts come and go: as one reads it, then on to what follows the area.

    From something that has just gone it leads to what is nearest.
    """
    stops = in_reading_order(area)
    focus = QApplication.focusWidget()
    if focus is not None and not focus.isVisible() and area.isAncestorOf(focus) and stops:
        _nearest(area, stops, focus).setFocus(Qt.FocusReason.OtherFocusReason)
        return True
    at = stops.index(focus) if focus in stops else -1 if forward else len(stops)
    at += 1 if forward else -1
    target = stops[at] if 0 <= at < len(stops) else next_outside(area, forward=forward)
    if target is None:
        return False
    target.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
    return True


def _nearest(area: QWidget, stops: Sequence[QWidget], gone: QWidget) -> QWidget:
    """Things on the line of what has gone come before those of other lines."""
    place = gone.mapTo(area, gone.rect().center())

    def distance(stop: QWidget) -> tuple[int, int]:
        way = stop.mapTo(area, stop.rect().center()) - place
        return abs(way.y()) // SAME_LINE, abs(way.x())

    return min(stops, key=distance)


def in_reading_order(area: QWidget) -> list[QWidget]:
    """Line by line; what stands beside each other is one line, whatever its height."""
    stops = [widget for widget in area.findChildren(QWidget) if takes_tab(widget) and widget.focusProxy() is None]
    middles = {widget: widget.mapTo(area, widget.rect().center()) for widget in stops}
    lines: list[list[QWidget]] = []
    for widget in sorted(stops, key=lambda widget: middles[widget].y()):
        if not lines or middles[widget].y() - middles[lines[-1][0]].y() > SAME_LINE:
            lines.append([])
        lines[-1].append(widget)
    return [widget for line in lines for widget in sorted(line, key=lambda widget: middles[widget].x())]


def takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy().value & _TAB) and widget.isEnabled() and widget.isVisible()


def _place(widget: QWidget, group: QWidget) -> tuple[int, int]:
    point = widget.mapTo(group, QPoint(0, 0))
    return point.y() // 8, point.x()
