"""What is written of a run's events, also when they come with gaps or are begun anew."""

import io
from typing import Any

import pytest

from app.domain.event import RunEvent
from app.domain.wire_message import (
    AssistantMessage,
    ErrorMessage,
    ReasoningMessage,
    StopReasonObject,
    ToolReturnMessage,
)
from app.terminal.paper import Paper, differences
from app.terminal.reply import ReplyPrinter


class Page:
    def __init__(self, coloured: bool = False) -> None:
        self.out = io.StringIO()
        self.printer = ReplyPrinter(Paper(self.out, coloured))
        self._seq = 0

    def take(self, payload: Any, whole: bool, attempt: int = 1) -> None:
        self._seq += 1
        self.printer.take(
            RunEvent(run_id="r", seq_id=self._seq, step_id="s", attempt=attempt, whole=whole, payload=payload)
        )

    @property
    def text(self) -> str:
        return self.out.getvalue()


def said(text: str, message_id: str = "m") -> AssistantMessage:
    return AssistantMessage(id=message_id, date="", content=text)


def thought(text: str) -> ReasoningMessage:
    return ReasoningMessage(id="m", date="", reasoning=text)


def test_pieces_are_written_as_they_come_and_the_whole_is_not_repeated() -> None:
    page = Page()
    for piece in ("Hel", "lo", "."):
        page.take(said(piece), whole=False)
    assert page.text == "Hello."
    page.take(said("Hello."), whole=True)
    assert page.text == "Hello.\n"


def test_rest_of_a_message_is_added_after_a_gap() -> None:
    page = Page()
    page.take(said("Hel"), whole=False)
    page.take(said("Hello."), whole=True)
    page.take(said("Whole.", "n"), whole=True)
    assert page.text == "Hello.\nWhole.\n"


def test_second_attempt_is_announced_and_late_pieces_of_the_first_are_dropped() -> None:
    page = Page()
    page.take(said("Wrong", "a"), whole=False, attempt=1)
    page.take(said("Right", "b"), whole=False, attempt=2)
    page.take(said(" late", "a"), whole=False, attempt=1)
    page.take(said("Right", "b"), whole=True, attempt=2)
    assert page.text == "Wrong\n(The model is asked once more; what it wrote last does not count.)\nRight\n"


def test_reasoning_is_dim_and_apart_from_the_text() -> None:
    page = Page(coloured=True)
    page.take(thought("hm"), whole=False)
    page.take(said("Yes"), whole=False)
    assert page.text == "\x1b[0;2mhm\x1b[0m\nYes"


@pytest.mark.parametrize("evil", ["\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\x08\x08", "\r", "\u202e"])
def test_text_of_a_model_cannot_control_the_terminal(evil: str) -> None:
    page = Page()
    page.take(said(f"a{evil}b"), whole=True)
    assert not set(page.text) & set("\x1b\x9b\x07\x08\r\u202e")


def test_tool_return_takes_one_line() -> None:
    page = Page()
    long = ToolReturnMessage(id="t", date="", tool_return="line\n" * 100, status="success", tool_call_id="c")
    page.take(long, whole=True)
    page.take(long.model_copy(update={"status": "error", "tool_return": "No."}), whole=True)
    first, second = page.text.splitlines()
    assert first.startswith("✓ line line")
    assert first.endswith("…")
    assert second == "✗ No."


def test_failure_is_the_sentence_and_its_way_out() -> None:
    page = Page()
    page.take(ErrorMessage(run_id="r", error_type="server_down", message="It is down.", detail="Start it."), whole=True)
    page.take(StopReasonObject(stop_reason="llm_api_error"), whole=True)
    assert page.text == "It is down. Start it.\n"
    assert page.printer.failed


@pytest.mark.parametrize(("reason", "words"), [("cancelled", "Stopped."), ("max_steps", "go on"), ("end_turn", "")])
def test_end_is_said_where_it_is_not_plain(reason: Any, words: str) -> None:
    page = Page()
    page.take(StopReasonObject(stop_reason=reason), whole=True)
    assert words in page.text
    assert bool(page.text) == bool(words)


def test_differences_are_the_changed_lines_only() -> None:
    assert differences("a\nb\nc", "a\nB\nc\nd") == ["- b", "+ B", "+ d"]
