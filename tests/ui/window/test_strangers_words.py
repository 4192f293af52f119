"""Words of strangers stand in the window as they are: nothing that Qt could take for HTML, on any page."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PySide6 import QtGui
from PySide6.QtCore import QAbstractTableModel, QEvent, QPoint, Qt
from PySide6.QtGui import QAction, QHelpEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QTextEdit, QToolTip, QWidget

from app.domain.agent import AgentPatch
from app.domain.block import BlockPatch
from app.domain.history import Actor, Origin
from app.domain.model import ProviderDraft
from app.services.fitness import service as fitness
from app.ui.kit.tooltip import literal, set_tip
from tests.support.engine.talking import say
from tests.support.servers.ollama_pages import Installed
from tests.support.values import samples
from tests.support.values.model_lists import a_report
from tests.support.window.household import CHATS, Household, LiveEngine
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.pages import PAGES
from tests.support.window.sample import sampled_with_ollama

Wait = Callable[..., Any]
Opened = Callable[..., AbstractContextManager[OpenedWindow]]
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
ROLES = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.StatusTipRole, Qt.ItemDataRole.WhatsThisRole)
MODEL = f"{HTML}qwen3:8b"
TOOL = samples.tool("<b>send</b>", tool_type="custom", description=HTML)


async def disguise(live: LiveEngine) -> None:
    """HTML wherever others give names and texts: agents, blocks, conversations, tools, servers and their models."""
    services, ollama = live.services, live.ollama
    ollama.installed.append(Installed(MODEL, CHATS, size=5_200_000_000))
    ollama.loaded[MODEL] = 16_384
    strange = await services.providers.add(ProviderDraft(name="<b>local", base_url=live.server.url))
    report = a_report(f"ollama/{MODEL}", digest=ollama.installed[-1].digest, sentence=HTML)
    await services.settings.set(fitness.SETTING, [report.model_dump(mode="json")])
    await live.write(lambda repos: repos.tools.upsert(TOOL))
    for row in await services.agents.list():
        agent = row.agent
        models = {"Juno": f"ollama/{MODEL}", "Archivist": f"{strange.name}/qwen3:8b"}
        patch = {
            "name": HTML + agent.name,
            "description": HTML + agent.description,
            "tool_names": (*agent.tool_names, TOOL.name),
            "model": models.get(agent.name, agent.model),
        }
        await services.agents.update(agent.id, AgentPatch.model_validate(patch))
        for block in await services.blocks.of_agent(agent.id):
            changed = BlockPatch(value=(HTML + block.value)[: block.limit], description=HTML + block.description)
            await services.blocks.update(block.id, changed, origin=Origin(actor=Actor(kind="api", name=HTML)))
        thread = await services.conversations.default_of(agent.id)
        await services.conversations.rename(thread.id, HTML)
        await say(services, await services.agents.get(agent.id), HTML)


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


@pytest.fixture
def window(household: Household, data_folder: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    live = wait_for(household.open(data_folder, sampled_with_ollama(household.ollama.url)), 15)
    wait_for(disguise(live), 15)
    with opened(data_folder, live) as window:
        yield window


async def ask_strangely(window: OpenedWindow) -> None:
    """Programs ask the local API for pages, and say who they are."""
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{window.engine.api_port}") as program:
        for words in HOSTILE:
            await program.get(f"/v1/{quote(words, safe='')}", headers={"user-agent": words.strip()})


def test_nothing_on_any_page_can_be_taken_for_html(window: OpenedWindow, wait_for: Wait) -> None:
    async def look() -> None:
        faults, seen = {}, ""
        await window.services.api.start()
        await ask_strangely(window)
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
