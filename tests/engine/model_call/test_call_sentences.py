"""What a model call says when it fails, and what it has when it is broken off, without server or database."""

from dataclasses import replace

import pytest

from app.domain.run import Failure
from app.engine.model_call.call import PartialOutcome, _too_large, words_kept
from app.engine.reply import Reply
from app.engine.state import BrokenOff, Cancelled
from tests.engine.model_call.test_snapshot import snapshot

NOON = 1_700_000_000_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""),
        ("  \n", ""),
        ("Hello", " The one word it had written is kept."),
        ("Hello there, Ada", " The 3 words it had written are kept."),
    ],
)
def test_what_was_written_before_a_failure_is_counted(text: str, said: str) -> None:
    assert words_kept(Reply(text=text)) == said


def test_a_request_that_is_too_large_says_whose_limit_it_is_and_the_way_out() -> None:
    view = snapshot("hello")
    own = _too_large(view, view.agent.context_window + 1)
    assert own.code == "context_window_overflow"
    assert "this agent's context holds" in own.message
    assert own.hint.startswith("Increase the context size")
    served = _too_large(replace(view, narrowed=True), view.agent.context_window + 1)
    assert "serves only" in served.message
    assert "with a larger context" in served.hint


def test_a_request_that_fits_alone_says_that_the_reply_has_no_room() -> None:
    view = snapshot("hello")
    assert "leaves too little room for the reply" in _too_large(view, view.agent.context_window).message
    assert "too little room" not in _too_large(view, view.agent.context_window + 1).message


def test_a_call_broken_off_before_its_request_has_no_words_and_no_exchange() -> None:
    partial = PartialOutcome()
    failure = Failure(code="disk_full", message="The disk is full.")
    broken, stopped = partial.broken_off(failure, NOON), partial.cancelled(NOON)
    assert isinstance(broken, BrokenOff)
    assert isinstance(stopped, Cancelled)
    assert broken.failure == failure
    assert (broken.exchange, stopped.exchange) == (None, None)
    assert (broken.reply.text, stopped.reply.text) == ("", "")
