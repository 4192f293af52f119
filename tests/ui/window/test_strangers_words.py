"""Words of strangers stand in the window as they are: nothing that Qt could take for HTML, on any page."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from PySide6 import QtGui
from PySide6.QtCore import QAbstractTableModel, QEvent, QPoint, Qt
from PySide6.QtGui import QAction, QHelpEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QTextEdit, QToolTip, QWidget

from app.domain.api import ApiRequest
from app.ui.kit.tooltip import literal, set_tip
from tests.support.window.fake_services import FakeServices
from tests.support.window.households import connect_ollama
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.pages import PAGES

Wait = Callable[..., Any]
HTML = "<img src='file:///dev/zero'>"
HOSTILE = (
    HTML,
    "<b>bold</b>",
    "a <table><tr><td>cell",
    "&lt;img src=x&gt;",
    "<!DOCTYPE html><body>",
    "<?xml version='1.0'?><p>x</p>",
    "  <a href='file:///etc/passwd'>x</a>",
    "<br/>",
    "x < y <i>and</i> y > z",
    "<IMG SRC=x>",
    "</p><p>",
)
NAMES = {"name", "label", "title", "description", "text", "client", "path", "error", "hint", "family", "value"}
ROLES = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.StatusTipRole, Qt.ItemDataRole.WhatsThisRole)


def disguised(value: Any, handles: dict[str, str]) -> Any:
    """The same with HTML before every name and text in it."""
    if isinstance(value, BaseModel):
        fields = {key: getattr(value, key) for key in type(value).model_fields}
        return value.model_copy(
            update={key: handles.get(old, HTML + old) if key in NAMES and isinstance(old, str) and old
                    else disguised(old, handles) for key, old in fields.items()}
        )  # fmt: skip
    if isinstance(value, dict):
        return {disguised(key, handles): disguised(old, handles) for key, old in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(disguised(old, handles) for old in value)
    return handles.get(value, value) if isinstance(value, str) else value


def disguise(services: FakeServices) -> None:
    world = services.world
    known = [model.handle for models in world.models.values() for model in models]
    handles = {handle: handle.replace("/", f"/{HTML}", 1) for handle in known}
    for name in ("agents", "blocks", "conversations", "tools", "providers", "models", "reports", "loaded", "messages",
                 "history"):  # fmt: skip
        held = getattr(world, name)
        changed = disguised(held, handles) if isinstance(held, list) else {
            handles.get(key, key): disguised(value, handles) for key, value in held.items()
        }  # fmt: skip
        held.clear()
        held.extend(changed) if isinstance(held, list) else held.update(changed)
    for kind in ("agent", "block", "conversation", "provider", "model", "history", "tool"):
        world.publish(kind)


def widgets(root: QWidget) -> Iterator[QWidget]:
    yield root
    yield from root.findChildren(QWidget)


def guessed(root: QWidget) -> Iterator[str]:
    """Every text in a tree of widgets that Qt would take for HTML."""
    for widget in widgets(root):
        said = {"tooltip": widget.toolTip(), "status": widget.statusTip(), "what is this": widget.whatsThis()}
        if isinstance(widget, QLabel) and widget.textFormat() != Qt.TextFormat.PlainText:
            said["text"] = widget.text()
        if isinstance(widget, QTextEdit):
            said |= _formats(widget)
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            said |= _cells(widget)
        for action in widget.findChildren(QAction):
            said[f"action {action.text()}"] = action.toolTip()
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


def test_nothing_on_any_page_can_be_taken_for_html(faked_window: OpenedWindow, wait_for: Wait) -> None:
    window = faked_window

    async def look() -> None:
        faults, seen = {}, ""
        connect_ollama(window.services)
        disguise(window.services)
        await window.rest()
        window.services.api.asked = tuple(
            ApiRequest(at=n, method="GET", path=f"/v1/{words}", status=403, took_ms=1.5, client=words)
            for n, words in enumerate(HOSTILE)
        )
        for show in PAGES:
            await show(window)
            await window.rest()
            if found := list(guessed(window.window)):
                faults[show.__name__] = found
            seen += "".join(label.text() for label in window.window.findChildren(QLabel))
        assert not faults, "\n".join(f"{page}: {fault}" for page, of_page in faults.items() for fault in of_page)
        assert seen.count("file:///dev/zero") > 10, "the names of strangers were not on the pages"

    wait_for(look(), 90)


@pytest.mark.parametrize("words", HOSTILE)
def test_words_stay_what_they_are(words: str) -> None:
    shown = literal(words)
    assert not QtGui.Qt.mightBeRichText(shown)
    assert shown.replace("\N{ZERO WIDTH SPACE}", "") == words


@pytest.mark.parametrize("words", ["", "plain", "a < b", "Fish & chips", "line\n<b>no html for Qt</b>", "A" * 1000])
def test_other_words_are_not_touched(words: str) -> None:
    assert literal(words) == words


def test_what_is_no_tooltip_any_more_is_cut() -> None:
    assert literal("A" * 1001) == "A" * 999 + "…"


@pytest.mark.qt_log_ignore("does not support raise")
def test_a_hover_opens_no_file(show: Callable[[QWidget], QWidget], qtbot: Any, tmp_path: Any) -> None:
    """A pipe that nobody writes to holds for ever whoever opens it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    widget = QWidget()
    widget.resize(200, 100)
    set_tip(widget, f"<img src='file://{pipe}'>")
    show(widget)
    middle = QPoint(100, 50)
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, middle, widget.mapToGlobal(middle)))
    qtbot.waitUntil(QToolTip.isVisible)
    assert "file://" in QToolTip.text()
    QToolTip.hideText()
