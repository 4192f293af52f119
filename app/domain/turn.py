"""A turn as programs ask for it: one or more messages at once, how the run shall go, and what they say of its steps."""

from typing import Any, Literal

from app.domain.base import Field, Frozen, Micros
from app.domain.message import MessageDraft
from app.domain.run import RunPurpose

Feedback = Literal["positive", "negative"]


class ClientTool(Frozen):
    """A tool that the asking program runs itself."""

    name: str
    description: str = ""
    parameters: dict[str, Any]
    """JSON schema of the arguments, an object schema."""


class RunOptions(Frozen):
    """What may be asked for with a message, beside where and by whom."""

    earlier: tuple[MessageDraft, ...] = ()
    """Messages sent together with it and said before it: stored with it, in one transaction, or not at all."""
    max_steps: int | None = None
    """None: as the agent is set."""
    client_tools: tuple[ClientTool, ...] = ()
    """They stand in the place of the agent's tools of their names. A call of one ends the run; its return is sent as an
    answer."""
    purpose: RunPurpose = "reply"
    parent_run_id: str | None = None
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
    """What somebody thinks of a step."""

    step_id: str
    feedback: Feedback | None = None
    tags: tuple[str, ...] = ()
