"""Conversations as a person handles them: found in their list, opened, exported into files, copied."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMenu

from app.bootstrap import OpenEngine
from app.ui.agents.conversation_export import file_name
from app.ui.kit.copying import CopiedNote
from tests.support.engine.talking import say
from tests.support.window.opened_window import CTRL, OpenedWindow

Play = Callable[..., None]


async def two_conversations(engine: OpenEngine) -> None:
    """With the demo agent: a few words in the first one, a second one with a title and nothing in it."""
    agent = await engine.services.agents.create_demo()
    await say(engine.services, agent, "Where did I put the rhubarb?")
    await engine.services.conversations.create(agent.id, "Recipes")


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_conversations_are_found_opened_and_named_after_their_first_words(play_live: Play) -> None:
    async def person(live: OpenedWindow) -> None:
        button, popup = live.view.centre.conversations, live.view.centre.conversations.popup
        titles = lambda: [popup.model.title_of(row) for row in popup.model.rows]  # noqa: E731
        await live.until(lambda: button.text().startswith("Where did I put"), "the first words are no title")
        await live.press(Qt.Key.Key_J, CTRL)
        assert titles() == ["Recipes", "Where did I put the rhubarb?"]
        assert live.focus is popup.field
        await live.write("rhubarb")
        await live.until(lambda: len(titles()) == 1, "nothing is left out")
        assert "rhubarb" in popup.model.below(popup.model.rows[0])
        await live.press(Qt.Key.Key_Return)
        area = live.view.chat.area
        await live.until(lambda: area.isAncestorOf(live.focus), "it does not open at the message")
        assert "rhubarb" in live.focus.row.text
        await live.press(Qt.Key.Key_J, CTRL)
        await live.write("rhubarb")
        await live.until(lambda: len(titles()) == 1, "nothing is left out")
        await live.write("xyz")
        await live.until(popup.nothing.isVisible, "an empty list says nothing")
        QTest.keyClick(popup.field, Qt.Key.Key_A, CTRL)
        await live.write("recip")
        await live.until(lambda: titles() == ["Recipes"], "a title is not found")
        await _copies_by_the_menu(live)
        await live.press(Qt.Key.Key_J, CTRL)
        assert popup.isVisible()
        await live.write("recip")
        await live.until(lambda: titles() == ["Recipes"], "a title is not found")
        await live.press(Qt.Key.Key_Return)
        await live.until(lambda: button.text() == "Recipes", "it is not opened")
        assert not popup.isVisible()
        await live.until(lambda: live.focus is live.view.chat.composer.editor, "one cannot write at once")
        await live.press(Qt.Key.Key_N, CTRL | Qt.KeyboardModifier.ShiftModifier)
        await live.until(lambda: button.text().startswith("Untitled"), "no new conversation")
        await live.until(lambda: live.view.chat.branch_id == live.view.workspace.conversation.id, "not shown")
        live.view.chat.setFocus()
        await live.write("Plans for the garden")
        await live.press(Qt.Key.Key_Return)
        await live.until(lambda: button.text() == "Plans for the garden", "the title stays")
        await live.until(lambda: not live.view.chat.replying, "no reply")

    play_live(two_conversations, person)


async def _copies_by_the_menu(live: OpenedWindow) -> None:
    await live.press(Qt.Key.Key_Menu)
    menu = live.view.centre.conversations.findChild(QMenu)
    actions = {action.text(): action for action in menu.actions() if not action.isSeparator()}
    assert [*actions] == [
        "Rename",
        "Export as Markdown…",
        "Export as JSON…",
        "Copy as Markdown",
        "Empty its context window",
        "Delete",
    ]
    actions["Copy as Markdown"].trigger()
    menu.close()
    live.window.activateWindow()
    await live.until(lambda: live.view.view.toasts.toasts, "nothing is said")
    assert QGuiApplication.clipboard().text().startswith("# Recipes\n")
    assert not live.view.centre.conversations.popup.isVisible()


def test_a_conversation_is_exported_where_a_person_wants(play_live: Play, tmp_path: Path) -> None:
    async def person(live: OpenedWindow) -> None:
        toasts = live.view.view.toasts
        await live.until(lambda: live.view.centre.conversations.current is not None, "no conversation")
        for form, suffix in (("markdown", "md"), ("json", "json")):
            live.view.commands.run(f"chat.{form}")
            dialog = live.window.findChild(QFileDialog)
            proposed = file_name("Vesta (demo)", "Where did I put the rhubarb?", suffix)
            assert dialog.selectedFiles()[0].endswith(proposed)
            dialog.selectFile(str(tmp_path / "kept"))
            dialog.accept()
            await live.until(lambda: toasts.toasts, "nothing is said")
            assert toasts.toasts[0].text.text() == "The conversation was exported"
            toasts.clear()
            await live.until(lambda: not live.window.findChild(QFileDialog), "the dialog stays")
        assert sorted(path.name for path in tmp_path.glob("*kept*")) == ["kept.json", "kept.md"]  # noqa: ASYNC240
        told = json.loads((tmp_path / "kept.json").read_text("utf-8"))
        assert told["messages"][0]["content"] == "Where did I put the rhubarb?"
        assert (tmp_path / "kept.md").read_text("utf-8").startswith("# Where did I put the rhubarb?\n")
        row = live.view.centre.conversations.current
        live.view.exports.write(row, "markdown", tmp_path / "nowhere" / "kept.md")
        await live.until(lambda: toasts.toasts, "nothing is said")
        assert toasts.toasts[0].kind == "error"
        assert toasts.toasts[0].text.text() == "The conversation could not be written to “kept.md”."
        assert toasts.toasts[0].detail.text() == "No such file or directory. Choose another folder."
        await _says_what_was_copied(live)

    play_live(two_conversations, person)


async def _says_what_was_copied(live: OpenedWindow) -> None:
    rows = live.view.chat.model.rows
    card = live.view.chat.area.show_row(next(at for at, row in enumerate(rows) if row.kind == "user"))
    QTest.keyClick(card, Qt.Key.Key_C)
    assert QGuiApplication.clipboard().text() == "Where did I put the rhubarb?"
    note = live.window.findChild(CopiedNote)
    assert note.isVisible()
    assert note.text == "Copied"
    assert live.window.rect().contains(note.geometry())
    QTest.keyClick(card, Qt.Key.Key_C)
    assert [one.isVisible() for one in live.window.findChildren(CopiedNote)].count(True) == 1
    await live.until(lambda: not any(one.isVisible() for one in live.window.findChildren(CopiedNote)), "it stays")


@pytest.mark.parametrize(
    ("agent", "title", "begins"),
    [
        ("Juno", "Recipes", "Juno - Recipes - "),
        ('A/B\\C:"D"', "what?\n<now>", "A B C D - what now - "),
        ("", "", "Conversation - "),
        ("..", "  ", "Conversation - "),
        ("x" * 300, "y", "x" * 100 + " - "),
    ],
)
def test_file_names_fit_every_system(agent: str, title: str, begins: str) -> None:
    assert file_name(agent, title, "md").startswith(begins)
    assert file_name(agent, title, "md").endswith(".md")
