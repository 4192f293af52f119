"""What limits a call's context: sizes that a server tells, sizes that a cut has shown, and what its counts prove."""

from dataclasses import replace
from typing import cast

from app.domain.base import Micros
from app.domain.image import IMAGE_TOKENS
from app.domain.model import Model
from app.domain.run import Usage
from app.engine.deps import EngineDeps
from app.engine.model_call.context_limits import note_counts, surely_sent, within_limits
from app.engine.model_call.snapshot import AgentSnapshot
from app.engine.served_contexts import CUT_FOR, ServedContexts
from tests.engine.model_call.test_snapshot import HANDLE, IMAGE, snapshot
from tests.support.values.samples import NOON, ledger, members, message


class Limits:
    """The two dependencies that limits are made of."""

    def __init__(self) -> None:
        self.windows = ServedContexts()
        self.ledger = ledger(lambda text: len(text) // 4)

    def of(self, view: AgentSnapshot, now: Micros = NOON) -> tuple[int, bool]:
        narrow, fit = within_limits(view, cast(EngineDeps, self), now)
        return narrow.agent.context_window, fit.overflow


def test_what_a_server_tells_is_a_fact() -> None:
    limits = Limits()
    assert limits.of(snapshot("hello")) == (8192, False)
    limits.windows.note([Model(handle=HANDLE, name="tiny", provider="box", context_window=4096)])
    assert limits.of(snapshot("hello")) == (4096, False)


def test_a_size_that_a_cut_has_shown_is_heeded_only_where_the_newest_message_fits_and_not_for_ever() -> None:
    limits = Limits()
    limits.windows.note_cut(HANDLE, 2048, NOON)
    assert limits.of(snapshot("hello")) == (2048, False)
    assert limits.of(snapshot("word " * 4_000)) == (8192, False), "an agent is not stuck with a guess"
    assert limits.of(snapshot("hello"), NOON + CUT_FOR) == (8192, False)


def test_images_and_unproven_tools_are_not_sure_to_have_been_read() -> None:
    view = replace(snapshot(), members=members(message("user", "look", IMAGE)))
    assert surely_sent(view, IMAGE_TOKENS + 500, 100) == 400
    assert surely_sent(replace(view, counted=900), IMAGE_TOKENS + 500, 100) == 500
    assert surely_sent(replace(view, counted=900, factor=1.5), IMAGE_TOKENS + 500, 100) == 750
    assert surely_sent(view, 10, 100) == 0


def test_a_count_far_below_what_was_sent_shows_a_cut_and_its_size_is_remembered() -> None:
    windows, view = ServedContexts(), replace(snapshot("hello"), counted=3000)
    whole = Usage(prompt_tokens=6000, completion_tokens=1, steps=1)
    assert not note_counts(view, whole, 6000, windows, NOON)
    assert windows.shown(HANDLE, NOON) is None
    cut = Usage(prompt_tokens=2048, completion_tokens=1, steps=1)
    assert note_counts(view, cut, 6000, windows, NOON)
    shown = windows.shown(HANDLE, NOON)
    assert shown is not None
    assert 2048 <= shown <= 4096


def test_a_server_that_counts_nothing_and_the_demo_prove_nothing() -> None:
    windows, view = ServedContexts(), snapshot("hello")
    assert not note_counts(view, None, 6000, windows, NOON)
    demo = replace(view, provider=view.provider.model_copy(update={"kind": "demo"}))
    cut = Usage(prompt_tokens=2048, completion_tokens=1, steps=1)
    assert not note_counts(demo, cut, 6000, windows, NOON)


def test_a_larger_window_that_another_program_loaded_is_asked_for_so_that_nothing_is_loaded_anew():
    windows = ServedContexts()
    assert windows.to_ask_for("ollama/tiny", 8192) == 8192, "nobody said anything yet"
    loaded = Model(handle="ollama/tiny", provider="ollama", name="tiny", loaded=True, allocated_context=32_768)
    windows.note([loaded])
    assert windows.to_ask_for("ollama/tiny", 8192) == 32_768
    assert windows.to_ask_for("ollama/tiny", 65_536) == 65_536, "a larger one is needed"
    windows.note_answer("ollama/tiny", 8192, 0)
    assert windows.to_ask_for("ollama/tiny", 8192) == 32_768
    windows.note([loaded.model_copy(update={"loaded": False, "allocated_context": None})])
    assert windows.to_ask_for("ollama/tiny", 8192) == 8192


def test_a_window_that_was_loaded_for_us_shrinks_when_less_is_wanted():
    windows = ServedContexts()
    windows.note([Model(handle="ollama/tiny", provider="ollama", name="tiny", loaded=True, allocated_context=32_768)])
    windows.note_answer("ollama/tiny", 32_768, 0)
    assert windows.to_ask_for("ollama/tiny", 8192) == 8192
