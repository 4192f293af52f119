"""Whatever can take the focus can be named by a screen reader, on every page, and nothing is cut off."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QAbstractButton, QLabel, QScrollArea, QWidget

from tests.support.window.looks import nameless
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.pages import PAGES

Wait = Callable[..., Any]


# One window shows all pages in turn, as a person's does: a window for each would take a minute.


def test_every_widget_of_every_page_has_a_name_and_its_whole_text(window: OpenedWindow, wait_for: Wait) -> None:
    async def look() -> None:
        faults: dict[str, list[str]] = {}
        for show in PAGES:
            await show(window)
            await window.rest()
            found = nameless(window.window)
            for width, height in ((1280, 800), (1920, 1080)):
                window.window.resize(width, height)
                await window.rest()
                found += cut_off(window.window)
            if found:
                faults[show.__name__] = found
        assert not faults

    wait_for(look(), 60)


def test_nothing_is_cut_off_at_twice_the_size(window: OpenedWindow, wait_for: Wait) -> None:
    async def look() -> None:
        window.session.theme.set_scale(2.0)
        window.window.resize(1920, 1200)
        faults: dict[str, list[str]] = {}
        for show in PAGES:
            await show(window)
            await window.rest()
            found = cut_off(window.window)
            if found:
                faults[show.__name__] = found
        assert not faults

    wait_for(look(), 60)


def cut_off(root: QWidget) -> list[str]:
    """Buttons and texts on show that are narrower than what they say, or reach beyond the window."""
    found: list[str] = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, QLabel | QAbstractButton) or not widget.text():
            continue
        where = f"{type(widget).__name__} “{widget.text()[:40]}”"
        wraps = isinstance(widget, QLabel) and (widget.wordWrap() or hasattr(widget, "whole_text"))
        if not wraps and widget.width() < widget.minimumSizeHint().width() - 1:
            found.append(f"{where}: {widget.width()} of {widget.minimumSizeHint().width()} wide")
        if isinstance(widget, QLabel) and widget.wordWrap() and widget.height() < widget.heightForWidth(widget.width()):
            found.append(f"{where}: {widget.height()} of {widget.heightForWidth(widget.width())} high")
        frame = shown_in(widget, root)
        left = widget.mapTo(frame, QPoint(0, 0)).x()
        if left < 0 or left + widget.width() > frame.width() + 1:
            found.append(f"{where}: reaches beyond what is shown")
    return found


def shown_in(widget: QWidget, root: QWidget) -> QWidget:
    """What cuts it: the viewport it scrolls in, else the window."""
    parent = widget.parentWidget()
    while parent is not None and parent is not root:
        if isinstance(parent, QScrollArea):
            return parent.viewport()
        parent = parent.parentWidget()
    return root


def test_the_first_run_has_names_too(empty_window: OpenedWindow, wait_for: Wait) -> None:
    async def look() -> None:
        assert empty_window.view.centre.page == "first run"
        assert nameless(empty_window.window) == []
        for width, height, scale in ((1280, 800, 1.0), (1920, 1080, 1.0), (1920, 1200, 2.0)):
            empty_window.session.theme.set_scale(scale)
            empty_window.window.resize(width, height)
            await empty_window.rest()
            assert cut_off(empty_window.window) == []

    wait_for(look(), 15)
