"""On every page: what takes the focus has a name, nothing is cut off, and words of strangers are taken for no HTML."""

import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from PySide6 import QtGui
from PySide6.QtCore import QAbstractTableModel, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QLabel, QScrollArea, QTextEdit, QWidget

from tests.support.window.household import Household
from tests.support.window.looks import nameless
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.pages import PAGES, Show
from tests.support.window.sample import sampled_with_ollama
from tests.support.window.strangers import ask_strangely, disguise

Wait = Callable[..., Any]
Opened = Callable[..., AbstractContextManager[OpenedWindow]]
SMALL, LARGE = (1280, 800), (1920, 1080)
ROLES = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.StatusTipRole, Qt.ItemDataRole.WhatsThisRole)


@pytest.fixture
def strangers(household: Household, data_folder: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    live = wait_for(household.open(data_folder, sampled_with_ollama(household.ollama.url)), 15)
    wait_for(disguise(live), 15)
    with opened(data_folder, live) as window:
        yield window


# One window shows all pages in turn, as a person's does: a window for each, or for each rule, would take a minute.


async def faults_of(
    window: OpenedWindow, pages: Sequence[Show], look: Callable[[OpenedWindow], Awaitable[list[str]]]
) -> str:
    faults: list[str] = []
    for show in pages:
        await show(window)
        await window.rest()
        faults += [f"{show.__name__}: {fault}" for fault in await look(window)]
    return "\n".join(faults)


def test_every_page_is_named_whole_and_plain(strangers: OpenedWindow, wait_for: Wait) -> None:
    seen: list[str] = []

    async def look(window: OpenedWindow) -> list[str]:
        found = [*nameless(window.window), *guessed(window.window), *cut_off(window.window)]
        # At the other size too, in which the next page is then opened: half as many changes of the size.
        window.window.resize(*(LARGE if window.window.width() == SMALL[0] else SMALL))
        await window.rest()
        found += cut_off(window.window)
        seen.extend(label.text() for label in window.window.findChildren(QLabel))
        return found

    async def walk() -> None:
        await strangers.services.api.start()
        await ask_strangely(strangers)
        strangers.window.resize(*SMALL)
        assert await faults_of(strangers, PAGES, look) == ""
        assert "".join(seen).count("file:///dev/zero") > 10, "the names of strangers were not on the pages"

    wait_for(walk(), 90)


def test_nothing_is_cut_off_at_twice_the_size(
    window: OpenedWindow, wait_for: Wait, times: Callable[[int, int], int], seeded_random: random.Random
) -> None:
    async def look(window: OpenedWindow) -> list[str]:
        return cut_off(window.window)

    window.session.theme.set_scale(2.0)
    window.window.resize(1920, 1200)
    pages = seeded_random.sample(PAGES, times(5, len(PAGES)))
    assert wait_for(faults_of(window, pages, look), 60) == ""


def widgets(root: QWidget) -> Iterator[QWidget]:
    yield root
    yield from root.findChildren(QWidget)


def guessed(root: QWidget) -> Iterator[str]:
    """Every text in a tree of widgets that Qt would take for HTML."""
    for action in root.findChildren(QAction):
        if QtGui.Qt.mightBeRichText(action.toolTip()):
            yield f"action {action.text()}: {action.toolTip()[:80]!r}"
    for widget in widgets(root):
        said = {"tooltip": widget.toolTip(), "status": widget.statusTip(), "what is this": widget.whatsThis()}
        if isinstance(widget, QLabel) and widget.textFormat() != Qt.TextFormat.PlainText:
            said["text"] = widget.text()
        if isinstance(widget, QTextEdit):
            said |= _formats(widget)
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            said |= _cells(widget)
        yield from (
            f"{type(widget).__name__} {widget.accessibleName()!r}, {what}: {text[:80]!r}"
            for what, text in said.items()
            if QtGui.Qt.mightBeRichText(text)
        )


def _formats(edit: QTextEdit) -> dict[str, str]:
    return {f"format {n}": form.toCharFormat().toolTip() for n, form in enumerate(edit.document().allFormats())}


def _cells(view: QAbstractItemView) -> dict[str, str]:
    model = view.model()
    return {
        f"cell {row}, {column}, {role.name}": str(model.index(row, column).data(role) or "")
        for row in range(model.rowCount())
        for column in range(model.columnCount() if isinstance(model, QAbstractTableModel) else 1)
        for role in ROLES
    }


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
        await empty_window.rest()
        assert nameless(empty_window.window) == []
        for width, height, scale in ((1280, 800, 1.0), (1920, 1080, 1.0), (1920, 1200, 2.0)):
            empty_window.session.theme.set_scale(scale)
            empty_window.window.resize(width, height)
            await empty_window.rest()
            assert cut_off(empty_window.window) == []

    wait_for(look(), 15)
