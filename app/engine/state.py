"""The state of a run between two transactions, the actions that follow from it and the outcomes that change it.

`RunState` and the actions are stored as JSON, so a run can go on after a crash; outcomes live only between
`perform` and `apply`.
"""

import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from app.domain.base import Field, Frozen, Micros
from app.domain.message import ToolReturnPart
from app.domain.run import Failure, StopReason, Usage
from app.domain.tool import Tool
from app.engine.repairs.again import Reason, Reprompt
from app.engine.repairs.loops import CallMemo

SCHEMA_VERSION = 2
"""A stored state of another version ends as interrupted instead of being guessed at."""


class Call(Frozen):
    """A tool call the model asked for. `problem` tells why it must not run; the model is told instead.

    `result`: what it brought when it was made before; given again instead of running it once more.
    """

    tool_call_id: str
    name: str
    arguments: str
    status: Literal["requested", "started"] = "requested"
    problem: str = ""
    result: str = ""

    @property
    def parsed(self) -> dict[str, Any]:
        """The arguments as an object; they always parse."""
        loaded: dict[str, Any] = json.loads(self.arguments)
        return loaded


class CallModel(Frozen):
    kind: Literal["call_model"] = "call_model"
    step_id: str
    message_id: str
    """Id of the assistant message to be written; a second attempt gets a new one."""
    attempt: int = 1
    again: Reprompt | None = None
    """What this call asks differently, because the reply before it was no use."""


class RunTools(Frozen):
    kind: Literal["run_tools"] = "run_tools"
    step_id: str
    message_id: str
    """Id of the tool message to be written."""
    calls: tuple[Call, ...]


class Finish(Frozen):
    kind: Literal["finish"] = "finish"
    stop_reason: StopReason
    failure: Failure | None = None


Action = Annotated[CallModel | RunTools | Finish, Field(discriminator="kind")]


class RunState(Frozen):
    schema_version: int = SCHEMA_VERSION
    run_id: str
    agent_id: str
    conversation_id: str
    cause_id: str | None = None
    """The user message that started the run."""
    step_no: int = 0
    """Steps begun so far."""
    max_steps: int = 50
    step_id: str = ""
    calls: tuple[Call, ...] = ()
    """Calls of the newest reply that have no return yet."""
    bad_replies: int = 0
    """Replies in a row that were no use, or held a call that could not run."""
    last_problem: Reason | None = None
    """Why the newest of them was."""
    again: Reprompt | None = None
    """How the model is asked next, if otherwise than usual."""
    recent: tuple[CallMemo, ...] = ()
    """The newest answered calls, to notice a model that goes in circles."""
    usage: Usage = Usage()
    set_aside: bool = False
    """True: the engine ended in its own order while this run was active, so the run is not what ended it."""
    end: Finish | None = None
    """Set when the run is to end with the next decision."""
    intent: Action | None = None
    """What is being done right now, recorded before it begins."""


@dataclass(frozen=True)
class RawCall:
    """A tool call as the model wrote it."""

    tool_call_id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Reply:
    """What a model wrote, whole or up to where it broke off, as it wrote it."""

    reasoning: str = ""
    text: str = ""
    calls: tuple[RawCall, ...] = ()
    finish: str = ""
    usage: Usage | None = None


@dataclass(frozen=True)
class Exchange:
    """The bytes and times of one model call, for the step's row. Times in microseconds since 1970."""

    model: str
    request_parts: tuple[bytes, ...] = ()
    reply: bytes = b""
    estimated_tokens: int = 0
    truncated: bool = False
    """The server read clearly less than was sent."""
    memory_seq: int = 0
    window_first: int | None = None
    window_last: int | None = None
    agent_version: int = 1
    sent_at: Micros = 0
    first_token_at: Micros | None = None
    ended_at: Micros = 0


@dataclass(frozen=True)
class ModelReplied:
    reply: Reply
    exchange: Exchange
    tools: tuple[Tool, ...] = ()
    """Those the model was offered."""
    constrained: bool = False
    """The model was made to answer in JSON, because it cannot call tools."""


@dataclass(frozen=True)
class ModelFailed:
    """The server said no or broke off. `reply` holds what it had written until then."""

    failure: Failure
    stop_reason: StopReason
    reply: Reply
    exchange: Exchange


@dataclass(frozen=True)
class ToolsReturned:
    """Returns of the tools that reach outside memory. Memory tools are evaluated inside the transaction."""

    returns: dict[str, ToolReturnPart] = field(default_factory=dict[str, ToolReturnPart])


@dataclass(frozen=True)
class Cancelled:
    """A person stopped the run. `reply` and `exchange` hold what a model call had brought so far."""

    reply: Reply = Reply()
    exchange: Exchange | None = None
    returns: dict[str, ToolReturnPart] = field(default_factory=dict[str, ToolReturnPart])


@dataclass(frozen=True)
class BrokenOff:
    """The run cannot go on, by no fault of its model: the engine ended, or something could not be stored."""

    failure: Failure


Outcome = ModelReplied | ModelFailed | ToolsReturned | Cancelled | BrokenOff
