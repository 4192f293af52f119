"""A turn as programs ask for it: one or more messages at once, how the run shall go, and what they say of its steps."""

from typing import Any, Literal

from app.domain.base import Field, Frozen, Micros
from app.domain.message import MessageDraft

Feedback = Literal["positive", "negative"]


class TurnDraft(Frozen):
    """Messages for an agent and how to run on them. Stored whole, in one transaction, or not at all."""

    conversation_id: str
    messages: tuple[MessageDraft, ...]
    background: bool = False
    max_steps: int | None = None
    """None: as the agent is set."""
    started_by: str = "api"
    config: dict[str, Any] = Field(default_factory=dict)
    """How the asking program wants the answer; given back with the run."""
    callback_url: str | None = None
    """Where to send word of the end."""


class RunRequest(Frozen):
    """What was asked for with a run beside its messages, and what became of the word to be sent."""

    run_id: str
    config: dict[str, Any] = Field(default_factory=dict)
    callback_url: str | None = None
    callback_sent_at: Micros | None = None
    callback_status_code: int | None = None
    callback_error: str | None = None
    deleted_at: Micros | None = None
    """The run is no longer listed; its messages stay."""


class StepFeedback(Frozen):
    step_id: str
    feedback: Feedback | None = None
    tags: tuple[str, ...] = ()
