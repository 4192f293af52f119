"""Cards: what each says, and what a person can ask for on it."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from app.domain.history import MemoryEvent
from app.domain.message import ReturnedFile
from app.ui.chat.cards.card import Card
from app.ui.chat.cards.card_kinds import make_card
from app.ui.chat.cards.context import CardContext
from app.ui.chat.cards.error_card import ErrorCard
from app.ui.chat.cards.reasoning_card import ReasoningCard
from app.ui.chat.cards.reply_card import figures
from app.ui.chat.cards.tool_call_card import ToolCallCard
from app.ui.chat.cards.tool_text import argument_rows, duration, sentence
from app.ui.chat.cards.user_card import UserCard
from app.ui.chat.images import Thumbnail
from app.ui.chat.transcript.paragraph_speaker import ParagraphSpeaker
from app.ui.chat.transcript.row import Footer, Problem, Row, RowKind, ToolUse
from app.ui.theme import Theme
from tests.support.values.conversations import a_run, fork_at, memory_change, said


@pytest.fixture
def context(theme: Theme) -> CardContext:
    return CardContext(theme, agent_name="Juno", agent_id="agent-1", max_steps=50)


@pytest.fixture
def card_of(context: CardContext, qtbot: QtBot) -> Any:
    hosts: list[Card] = []

    def make(kind: RowKind, **fields: Any) -> Any:
        host = Card(context, Row(key="host", kind="day", at=0))
        hosts.append(host)
        qtbot.addWidget(host)
        card = make_card(context, Row(key="k", kind=kind, **fields), host)
        card.resize(700, card.lay_out(700))
        host.resize(720, 900)
        host.show()
        card.show()
        return card

    return make


def a_change(**fields: Any) -> MemoryEvent:
    return memory_change(7, "call-1", "Name: Chad.", "Name: Brad.", **fields)


def a_tool(**fields: Any) -> ToolUse:
    values: dict[str, Any] = {
        "call_id": "call-1",
        "name": "memory_replace",
        "arguments": '{"label": "human"}',
        "state": "done",
        "result": "OK",
        "duration_ms": 38,
        "step_no": 1,
        **fields,
    }
    return ToolUse(**values)


def button(card: Card, name: str) -> QAbstractButton:
    found = [one for one in card.findChildren(QAbstractButton) if one.accessibleName() == name and one.isVisible()]
    assert found, [one.accessibleName() for one in card.findChildren(QAbstractButton)]
    return found[0]


def test_undo_on_a_memory_card_names_the_change(card_of: Any, context: CardContext, qtbot: QtBot) -> None:
    card: ToolCallCard = card_of("tool", tool=a_tool(changes=(a_change(),)), run_id=a_run().id)
    with qtbot.waitSignal(context.signals.undo) as told:
        qtbot.mouseClick(button(card, "Undo change to block human"), Qt.MouseButton.LeftButton)
    assert told.args == [7, "human"]


def test_a_change_that_was_undone_offers_redo_of_the_undo(card_of: Any, context: CardContext, qtbot: QtBot) -> None:
    card = card_of("tool", tool=a_tool(state="undone", changes=(a_change(undone_by=9),)))
    with qtbot.waitSignal(context.signals.undo) as told:
        qtbot.mouseClick(button(card, "Redo change to block human"), Qt.MouseButton.LeftButton)
    assert told.args == [9, "human"]


def test_the_keys_of_a_focused_card_copy_and_undo(card_of: Any, context: CardContext, qtbot: QtBot) -> None:
    card = card_of("tool", tool=a_tool(changes=(a_change(),), result="Changed."))
    qtbot.keyClick(card, Qt.Key.Key_C)
    assert QGuiApplication.clipboard().text() == "Changed."
    with qtbot.waitSignal(context.signals.undo):
        qtbot.keyClick(card, Qt.Key.Key_U)


def test_a_memory_change_shows_its_diff_at_once_and_other_tools_stay_folded(card_of: Any) -> None:
    assert card_of("tool", tool=a_tool(changes=(a_change(),))).opened is True
    assert card_of("tool", tool=a_tool(name="conversation_search")).opened is False
    assert card_of("tool", tool=a_tool(state="failed", result="No such block.")).opened is True


def test_opening_a_tool_card_shows_arguments_and_result(card_of: Any, qtbot: QtBot) -> None:
    use = a_tool(name="conversation_search", arguments='{"query": "rice", "limit": 5}', result="\n".join("x" * 30))
    card: ToolCallCard = card_of("tool", tool=use)
    folded = card.lay_out(700)
    with qtbot.waitSignal(card.resized):
        qtbot.mouseClick(card._head, Qt.MouseButton.LeftButton)
    assert card.lay_out(700) > folded
    assert [text.toPlainText() for text in card._texts][:2] == ["rice", "5"]
    assert card._texts[2].toPlainText().count("\n") == 11
    assert card._more is not None
    qtbot.mouseClick(card._more, Qt.MouseButton.LeftButton)
    assert card._texts[2].toPlainText().count("\n") == 29


def test_pictures_and_files_that_a_tool_left_are_seen_and_can_be_saved(
    card_of: Any, context: CardContext, qtbot: QtBot
) -> None:
    files = tuple(
        ReturnedFile(name=name, sha256=str(n) * 64, media_type=kind, size=9)
        for n, (name, kind) in enumerate((("out/chart.png", "image/png"), ("a&b.csv", "text/csv")))
    )
    card: ToolCallCard = card_of("tool", tool=a_tool(name="run_code", files=files))
    assert card.opened
    height = card.lay_out(700)
    assert len(card.findChildren(Thumbnail)) == 1
    with qtbot.waitSignal(context.signals.save) as told:
        qtbot.mouseClick(button(card, "Save a&b.csv…"), Qt.MouseButton.LeftButton)
    assert told.args == [files[1]]
    card._toggle()
    assert card.lay_out(700) < height
    assert not [one for one in card.findChildren(Thumbnail) if one.isVisible()]


def test_every_focusable_part_of_a_card_has_a_name(card_of: Any) -> None:
    problem = Problem("server_died", "The server stopped.", "Try again.")
    cards = [
        card_of("tool", tool=a_tool(changes=(a_change(),))),
        card_of("tool", tool=a_tool(state="failed")),
        card_of("error", problem=problem, run_id=a_run().id),
        card_of("reasoning", text="Hm."),
        card_of("user", text="Hello", message=said(1, "user", "Hello"), fork=fork_at(1)),
        card_of("user", text="Hello", state="not_sent"),
        card_of("queued", text="Hello"),
        card_of("assistant", text="A\n\n```py\nx\n```"),
        card_of("event", text="Alarm"),
        card_of("summary", text="All of it."),
    ]
    for card in cards:
        parts = [card, *card.findChildren(QAbstractButton)]
        unnamed = [
            part for part in parts if part.isVisible() and not (part.accessibleName() or getattr(part, "text", str)())
        ]
        assert unnamed == [], card.row.kind


def test_an_error_card_offers_ways_out_and_folds_when_solved(card_of: Any, context: CardContext, qtbot: QtBot) -> None:
    problem = Problem("server_died", "The server stopped answering.", "Your message is kept.", (("seconds", "31"),))
    card: ErrorCard = card_of("error", problem=problem, run_id=a_run().id)
    with qtbot.waitSignal(context.signals.retry):
        qtbot.mouseClick(card.remedies["again"], Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(context.signals.switch_model):
        qtbot.mouseClick(card.remedies["switch"], Qt.MouseButton.LeftButton)
    assert "seconds: 31" in card.details()
    opened = card.lay_out(700)
    solved = Problem("server_died", "The server stopped answering.", "Your message is kept.", solved=True)
    card.show_row(Row(key="k", kind="error", problem=solved, run_id=a_run().id))
    assert card.lay_out(700) < opened / 2


def test_reasoning_is_one_line_until_it_is_opened(card_of: Any, qtbot: QtBot) -> None:
    card: ReasoningCard = card_of("reasoning", text="The block says Chad. " * 20, seconds=1.2, tokens=48)
    assert card.title() == "Reasoned for 1.2 s"
    folded = card.lay_out(700)
    qtbot.mouseClick(card._head, Qt.MouseButton.LeftButton)
    assert card.lay_out(700) > folded


def test_editing_a_message_sends_it_as_a_branch_and_asks_about_memory(
    card_of: Any, context: CardContext, qtbot: QtBot
) -> None:
    card: UserCard = card_of("user", text="Hello", message=said(1, "user", "Hello"), position=1)
    with qtbot.waitSignal(context.signals.edit_opened):
        qtbot.keyClick(card, Qt.Key.Key_E)
    card.offer_memory_undo((a_change(), a_change()))
    assert card.editor is not None
    assert card.editor.undo_memory.text() == "Also undo 2 memory changes"
    card.editor.undo_memory.setChecked(True)
    qtbot.keyClick(card.editor.field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(card.editor.field, "Goodbye")
    with qtbot.waitSignal(context.signals.resend) as told:
        qtbot.keyClick(card.editor.field, Qt.Key.Key_Return)
    row, text, undo_memory = told.args
    assert (row.position, text, undo_memory) == (1, "Goodbye", True)
    assert card.editing is False


def test_leaving_the_editor_by_escape_changes_nothing(card_of: Any, context: CardContext, qtbot: QtBot) -> None:
    card: UserCard = card_of("user", text="Hello", message=said(1, "user", "Hello"), position=1)
    card.edit()
    assert card.editor is not None
    with qtbot.assertNotEmitted(context.signals.resend):
        qtbot.keyClick(card.editor.field, Qt.Key.Key_Escape)
    assert card.editing is False


def test_the_switcher_goes_to_the_neighbouring_branch(card_of: Any, context: CardContext, qtbot: QtBot) -> None:
    card = card_of("user", text="Hello", message=said(1, "user", "Hello"), fork=fork_at(1, count=3, current=1))
    with qtbot.waitSignal(context.signals.branch) as told:
        qtbot.mouseClick(button(card, "Next version of this message"), Qt.MouseButton.LeftButton)
    assert told.args == ["conv-2"]


def test_a_message_that_was_not_sent_offers_to_send_it_again(card_of: Any, context: CardContext, qtbot: QtBot) -> None:
    card: UserCard = card_of("user", text="Hello", state="not_sent", problem=Problem("not_sent", "No engine.", ""))
    assert card._note_text() == ("Not sent. No engine.", "danger")
    with qtbot.waitSignal(context.signals.send_again):
        qtbot.mouseClick(card._buttons[0], Qt.MouseButton.LeftButton)


def test_figures_say_what_is_known_and_mark_estimates() -> None:
    real = Footer(tokens=1312, per_second=33.14, first_token_s=0.42, stop="end_turn")
    assert figures(real, 50) == ["1,312 tokens", "33.1 tokens/s", "first token 0.4 s", "end of turn"]
    live = Footer(tokens=41, step_no=2, estimated=True)
    assert figures(live, 50) == ["about 41 tokens", "step 2 of at most 50"]
    assert figures(Footer(), 50) == []


def test_tools_are_named_by_what_they_do() -> None:
    assert sentence(a_tool()) == "Changed memory"
    assert sentence(a_tool(state="running")) == "Changing memory"
    assert sentence(a_tool(state="failed")) == "Could not change memory"
    assert sentence(a_tool(name="my_tool")) == "Used a tool"
    assert argument_rows('{"a": "x", "b": [1]}') == [("a", "x"), ("b", "[1]")]
    assert argument_rows('{"a": "unfinish') == [("", '{"a": "unfinish')]
    assert [duration(ms) for ms in (38, 1240, 125_000)] == ["38 ms", "1.2 s", "2 min 5 s"]


def test_a_reply_is_spoken_once_per_paragraph(card_of: Any) -> None:
    spoken: list[str] = []
    speaker = ParagraphSpeaker(card_of("day", at=0), lambda _widget, text: spoken.append(text))
    for text in ("One", "One two.\n\nThr", "One two.\n\nThree"):
        speaker.tell(Row(key="a", kind="assistant", text=text, state="writing"))
    assert spoken == ["One two."]
    speaker.tell(Row(key="a", kind="assistant", text="One two.\n\nThree four."))
    assert spoken == ["One two.", "Three four."]
