"""Replay: what another model, prompt or temperature would have made of a request that a step has sent."""

from typing import Literal

from app.domain.base import Frozen

ResultSource = Literal["recorded", "on a copy", "not recorded"]
"""Where the result of a replayed call comes from: what the same call returned then, a memory tool on a copy of the
blocks, or nowhere, so that the model was told that it cannot be had."""
MOST_ROUNDS = 8
"""Model calls of one replay: one that calls tools without end is stopped."""


class ReplayWish(Frozen):
    """What is to be otherwise. None: as it was."""

    model: str | None = None
    """A handle."""
    system: str | None = None
    """Instructions before the memory blocks, which stay as they were."""
    temperature: float | None = None


class ReplayCall(Frozen):
    """A tool call and what the model was told."""

    name: str
    arguments: str
    """A JSON object as text."""
    result: str
    source: ResultSource
    failed: bool = False


class ReplayChange(Frozen):
    """A block that was changed, on a copy."""

    label: str
    before: str
    after: str


class ReplaySide(Frozen):
    """One way through from a request on: as it happened, or as it was replayed. Nothing of it is stored."""

    model: str
    phase: Literal["waits", "writes", "done", "failed"] = "done"
    words: str = ""
    """What it waits for, or why it failed, as a sentence; with a way out behind it."""
    reasoning: str = ""
    text: str = ""
    calls: tuple[ReplayCall, ...] = ()
    changes: tuple[ReplayChange, ...] = ()
    rounds: int = 0
    """Model calls."""
    first_token_ms: int | None = None
    took_ms: int = 0
    """Of the model calls alone."""
    prompt_tokens: int = 0
    """Of the first call."""
    completion_tokens: int = 0
    """Of all calls."""
    cut: bool = False
    """It was stopped before it had answered."""


class ReplayBasis(Frozen):
    """What a replay starts from."""

    step_id: str
    run_id: str
    agent_id: str
    asked: str
    """The newest thing that was said to the model before it answered."""
    system: str
    """Instructions before the memory blocks."""
    temperature: float | None
    then: ReplaySide
    """As it happened."""
