"""The transcript model: any order of events gives the same cards, and every change is told by its row signal."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.domain.event import Progress, RunEvent
from app.domain.message import ReasoningPart, ToolCallPart, ToolReturnPart
from app.domain.run import Failure
from app.ui.chat.transcript.log import HELD
from app.ui.chat.transcript.model import FLUSH_MS, RowRole, TranscriptModel
from app.ui.chat.transcript.row import Row
from tests.support.values.conversations import (
    START,
    RunLog,
    a_run,
    a_step,
    correction,
    fork_at,
    memory_change,
    page_of,
    said,
    small_talk,
)


@pytest.fixture
def model(qapp: QCoreApplication) -> TranscriptModel:
    return TranscriptModel()


def kinds(model: TranscriptModel) -> list[str]:
    return [row.kind for row in model.rows if row.kind != "day"]


def told(events: list[RunEvent]) -> tuple[Row, ...]:
    model = TranscriptModel()
    model.load(page_of(()))
    for event in events:
        model.apply(event)
    model.flush()
    return model.rows


def last(model: TranscriptModel, kind: str) -> Row:
    return [row for row in model.rows if row.kind == kind][-1]


def test_a_whole_turn_becomes_one_card_per_thing_said(model: TranscriptModel) -> None:
    model.load(page_of(()))
    for event in correction().events:
        model.apply(event)
    assert kinds(model) == ["user", "reasoning", "tool", "assistant"]
    tool = last(model, "tool").tool
    assert tool is not None
    assert (tool.name, tool.state, tool.duration_ms, tool.step_no) == ("memory_replace", "done", 38, 1)
    assert [change.label for change in tool.changes] == ["human"]
    assert last(model, "assistant").footer is not None
    assert last(model, "assistant").footer.stop == "end_turn"


def test_the_tile_stands_at_the_first_card_of_each_turn_of_the_agent(model: TranscriptModel) -> None:
    model.load(page_of(()))
    for event in correction().events:
        model.apply(event)
    assert [row.kind for row in model.rows if row.lead] == ["reasoning"]
    model.set_mode("simple")
    assert [row.kind for row in model.rows if row.lead] == ["assistant"]


@given(st.randoms(use_true_random=False))
def test_events_in_any_order_and_told_twice_give_the_same_cards(chance: random.Random) -> None:
    events = correction().events
    mixed = events + chance.sample(events, len(events) // 2)
    chance.shuffle(mixed)
    assert told(mixed) == told(events)


@given(st.integers(0, len(correction().events)))
def test_a_replay_after_any_prefix_gives_the_same_cards(length: int) -> None:
    events = correction().events
    assert told(events[:length] + events) == told(events)
    assert told(events[:length] + events[length:]) == told(events)


def test_a_page_and_the_replay_of_its_run_do_not_double_a_message(model: TranscriptModel) -> None:
    log = correction()
    stored = {event.message.id: event.message for event in log.events if event.message}
    model.load(page_of(tuple(stored.values())))
    before = kinds(model)
    for event in log.events:
        model.apply(event)
    model.flush()
    assert kinds(model) == before == ["user", "reasoning", "tool", "assistant"]


def test_a_card_keeps_its_key_from_the_first_word_to_the_stored_message(model: TranscriptModel) -> None:
    model.load(page_of(()))
    seen: dict[str, set[str]] = {}
    for event in correction().events:
        model.apply(event)
        model.flush()
        for row in model.rows:
            seen.setdefault(row.kind, set()).add(row.key)
    assert {kind: len(keys) for kind, keys in seen.items() if kind in ("reasoning", "tool", "assistant")} == {
        "reasoning": 1,
        "tool": 1,
        "assistant": 1,
    }


def test_words_of_an_older_attempt_vanish(model: TranscriptModel) -> None:
    model.load(page_of(()))
    log = RunLog(a_run())
    log.next_step()
    log.write(1, "This was cut")
    log.write(2, "Second", attempt=2)
    for event in log.events:
        model.apply(event)
    model.flush()
    assert [row.text.strip() for row in model.rows if row.kind == "assistant"] == ["Second"]


def test_words_of_a_reply_that_was_asked_for_again_vanish_when_the_next_step_speaks(model: TranscriptModel) -> None:
    model.load(page_of(()))
    log = RunLog(a_run())
    log.next_step()
    log.write(1, "again and again and")
    log.next_step()
    log.write(2, "Now in earnest")
    for event in log.events:
        model.apply(event)
    model.flush()
    assert [row.text.strip() for row in model.rows if row.kind == "assistant"] == ["Now in earnest"]


def test_live_text_is_told_in_batches_of_33_ms(model: TranscriptModel, qtbot: QtBot) -> None:
    model.load(page_of(()))
    log = RunLog(a_run())
    log.next_step()
    log.write(1, "one two three four five")
    inserted: list[int] = []
    model.rowsInserted.connect(lambda *_: inserted.append(1))
    with qtbot.waitSignal(model.rowsInserted, timeout=FLUSH_MS * 40):
        for event in log.events:
            model.apply(event)
        assert inserted == []
    assert inserted == [1]
    assert last(model, "assistant").text == "one two three four five "
    assert last(model, "assistant").state == "writing"


def test_growing_text_changes_one_row_and_resets_nothing(model: TranscriptModel) -> None:
    model.load(small_talk(1, 20))
    log = RunLog(a_run(), position=21)
    log.next_step()
    log.write(21, "one two three")
    model.apply(log.events[0])
    model.flush()
    signals: list[tuple[str, int]] = []
    model.dataChanged.connect(lambda first, _last: signals.append(("changed", first.row())))
    model.rowsInserted.connect(lambda _parent, first, _last: signals.append(("inserted", first)))
    model.rowsRemoved.connect(lambda _parent, first, _last: signals.append(("removed", first)))
    model.apply(log.events[1])
    model.flush()
    assert signals == [("changed", model.rowCount() - 1)]


def test_a_message_being_sent_becomes_the_stored_one(model: TranscriptModel) -> None:
    model.load(page_of(()))
    model.add_pending("otid-1", "My name is Brad, not Chad.")
    assert last(model, "user").state == "sending"
    key = last(model, "user").key
    model.apply(correction().events[0])
    assert [(row.key, row.state) for row in model.rows if row.kind == "user"] == [(key, "done")]


def test_a_message_that_was_not_sent_keeps_its_text_and_says_why(model: TranscriptModel) -> None:
    model.load(page_of(()))
    model.add_pending("otid-1", "Hello")
    model.fail_pending("otid-1", "The engine is restarting.")
    row = last(model, "user")
    assert (row.text, row.state) == ("Hello", "not_sent")
    assert row.problem is not None
    assert row.problem.message == "The engine is restarting."
    model.drop_pending("otid-1")
    assert kinds(model) == []


def test_a_queued_message_waits_below_the_reply(model: TranscriptModel) -> None:
    model.load(page_of(()))
    model.add_pending("otid-2", "And one more", queued=True)
    log = RunLog(a_run())
    log.next_step()
    log.write(1, "Writing")
    for event in log.events:
        model.apply(event)
    model.flush()
    assert kinds(model) == ["assistant", "queued"]


def test_a_failed_run_ends_with_an_error_card_that_folds_once_solved(model: TranscriptModel) -> None:
    failure = Failure(code="server_died", message="The server stopped answering.", hint="Try again.")
    run = a_run(status="failed", stop_reason="llm_api_error", failure=failure)
    asked = said(1, "user", "Hello", run_id=run.id)
    broken = said(2, "assistant", "It was a", run_id=run.id, note="not_finished")
    model.load(page_of((asked, broken), runs=(run,)))
    assert kinds(model) == ["user", "assistant", "error"]
    assert last(model, "assistant").state == "not_finished"
    assert last(model, "error").problem is not None
    assert last(model, "error").problem.solved is False
    model.append(page_of((said(3, "user", "Again"),), first=3))
    assert last(model, "error").problem.solved is True
    assert kinds(model) == ["user", "assistant", "error", "user"]


def test_undo_and_redo_are_seen_on_the_tool_card(model: TranscriptModel) -> None:
    model.load(page_of(()))
    for event in correction().events:
        model.apply(event)
    undo = memory_change(8, "", "Name: Brad.", "Name: Chad.", undoes=7)
    model.note_changes((undo,))
    assert last(model, "tool").tool.state == "undone"
    assert last(model, "tool").tool.changes[0].undone_by == 8
    redo = memory_change(9, "", "Name: Chad.", "Name: Brad.", undoes=8)
    model.note_changes((redo,))
    assert last(model, "tool").tool.state == "done"
    assert last(model, "tool").tool.changes[0].undone_by is None


def test_a_call_without_return_runs_until_its_run_has_ended(model: TranscriptModel) -> None:
    run = a_run()
    call = ToolCallPart(tool_call_id="call-1", name="conversation_search", arguments="{}")
    asking = said(2, "assistant", call, run_id=run.id)
    model.load(page_of((asking,), runs=(run,)))
    assert last(model, "tool").tool.state == "running"
    model.note_run(run.model_copy(update={"status": "failed"}))
    assert last(model, "tool").tool.state == "interrupted"


def test_a_return_whose_call_is_on_an_earlier_page_joins_it_when_that_page_comes(model: TranscriptModel) -> None:
    call = ToolCallPart(tool_call_id="call-1", name="conversation_search", arguments='{"query": "rice"}')
    returned = ToolReturnPart(tool_call_id="call-1", name="conversation_search", status="error", text="No.")
    model.load(page_of((said(3, "tool", returned),), first=3, has_earlier=True))
    assert [row.tool.arguments for row in model.rows if row.tool] == ["{}"]
    model.prepend(page_of((said(2, "assistant", call),), first=2))
    assert [(row.tool.arguments, row.tool.state) for row in model.rows if row.tool] == [('{"query": "rice"}', "failed")]


def test_view_modes_show_what_they_promise(model: TranscriptModel) -> None:
    thought = said(2, "assistant", ReasoningPart(text="Hm."), "Yes.")
    model.load(page_of((said(1, "user", "Rice?"), thought, said(3, "system", "Alarm"), said(4, "summary", "Rice."))))
    assert kinds(model) == ["user", "reasoning", "assistant", "event", "summary"]
    model.set_mode("simple")
    assert kinds(model) == ["user", "assistant"]
    model.set_mode("debug")
    assert kinds(model) == ["user", "reasoning", "assistant", "event", "summary"]


def test_figures_come_from_the_step_as_the_server_counted(model: TranscriptModel) -> None:
    run = a_run(status="completed", stop_reason="end_turn")
    step = a_step(run, 1, tokens=312)
    model.load(page_of((said(1, "assistant", "Yes.", run_id=run.id, step_id=step.id),), steps=(step,), runs=(run,)))
    footer = last(model, "assistant").footer
    assert footer is not None
    assert (footer.tokens, footer.first_token_s, footer.per_second, footer.stop) == (312, 0.4, 260.0, "end_turn")


def test_a_line_says_the_agent_works_until_the_first_word(model: TranscriptModel) -> None:
    run = a_run()
    model.load(page_of((said(1, "user", "Hi", run_id=run.id),), runs=(run,)))
    progress = Progress(
        run_id=run.id,
        agent_id=run.agent_id,
        conversation_id=run.conversation_id,
        phase="waiting",
        text="Waiting for the model",
        at=START,
    )
    model.apply_progress(progress)
    model.flush()
    assert (last(model, "working").text, last(model, "working").lead) == ("Waiting for the model", True)
    log = RunLog(run, position=2)
    log.next_step()
    log.write(2, "Hello")
    model.apply(log.events[0])
    model.flush()
    assert kinds(model) == ["user", "assistant"]


def test_forks_and_the_edge_of_the_context_are_marked(model: TranscriptModel) -> None:
    page = small_talk(1, 6)
    model.load(page.model_copy(update={"forks": (fork_at(3),), "first_in_context": 3}))
    assert [row.position for row in model.rows if row.fork] == [3]
    assert kinds(model).index("boundary") == 2


def test_paging_keeps_a_bounded_part_of_a_long_conversation(model: TranscriptModel) -> None:
    model.load(small_talk(9_951, 50, has_earlier=True))
    for first in range(9_901, 9_401, -50):
        model.prepend(small_talk(first, 50, has_earlier=True))
    assert len(model.log.messages) == HELD
    assert model.log.has_later is True
    assert model.rows[0].position == 9_451
    newest = model.log.newest_position
    model.append(small_talk(newest + 1, 50, has_later=True))
    assert len(model.log.messages) == HELD
    assert model.log.newest_position == newest + 50


def test_new_text_below_the_shown_part_is_not_mixed_into_it(model: TranscriptModel) -> None:
    model.load(small_talk(1, 10, has_later=True))
    log = correction()
    log.position = 500
    for event in [event.model_copy(update={"position": 500}) if event.message else event for event in log.events]:
        model.apply(event)
    model.flush()
    assert kinds(model) == ["user", "assistant"] * 5


def test_the_list_keeps_the_promises_of_qt_models(model: TranscriptModel, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(model)
    model.load(small_talk(50, 10, has_earlier=True))
    model.prepend(small_talk(1, 49))
    model.add_pending("otid-1", "My name is Brad, not Chad.")
    for event in correction().events:
        model.apply(event.model_copy(update={"position": 60 + event.seq_id}) if event.message else event)
        model.flush()
    model.set_mode("simple")
    assert model.data(model.index(0, 0), RowRole) == model.rows[0]
