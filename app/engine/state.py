"""The state of a run between two transactions, the actions that follow from it and the outcomes that change it.

`RunState` and the actions are stored as JSON, so a run can go on after a crash; outcomes live only between
`perform` and `apply`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from app.domain.base import Field, Frozen, Micros
from app.domain.compaction import Summary
from app.domain.message import ToolReturnPart
from app.domain.run import Failure, StopReason, Usage
from app.domain.tool import Tool
from app.domain.turn import ClientTool
from app.engine.repairs.echo import NOTHING_SAID, Before
from app.engine.repairs.loops import CallMemo
from app.engine.repairs.reprompt import Reason, Reprompt
from app.engine.reply import Call, Reply
from app.engine.run.rules import Made

SCHEMA_VERSION = 4
"""Versions 2 and 3 are read too (`app.engine.run.stored_state`); a run with a state of another one ends as
interrupted."""


class Learnt(Frozen):
    """What a server taught us by refusing this very request; known again after room was made for it."""

    served: int | None = None
    """Its real window in tokens."""
    without_images: bool = False
    """Images of earlier messages are left out."""
    failures: int = 0


class CallModel(Frozen):
    kind: Literal["call_model"] = "call_model"
    step_id: str
    message_id: str
    """Id of the assistant message to be written; a second attempt gets a new one."""
    attempt: int = 1
    reprompt: Reprompt | None = None
    """What this call asks differently, because the reply before it was no use."""
    learnt: Learnt = Learnt()


class RunTools(Frozen):
    kind: Literal["run_tools"] = "run_tools"
    step_id: str
    message_id: str
    """Id of the tool message to be written."""
    call_ids: tuple[str, ...]
    """Which of the state's calls, in this order."""


class Compact(Frozen):
    """The oldest messages leave the full window, and a summary takes their place. They stay in the conversation."""

    kind: Literal["compact"] = "compact"
    step_id: str
    """Of the request for the summary, where a model writes it."""
    message_id: str
    """Id of the summary to be written."""
    leave_before: int
    """Position of the first message that stays."""
    free: int = 0
    """Estimated tokens that the summary may take."""


class Finish(Frozen):
    kind: Literal["finish"] = "finish"
    stop_reason: StopReason
    failure: Failure | None = None


Action = Annotated[CallModel | RunTools | Compact | Finish, Field(discriminator="kind")]


Newest = Literal["open", "answered", "cut", "window_full", "model_failed", "cancelled", "broken_off"]
"""What the newest outcome was: `open` leaves the run something to do, `cut` is a reply that its limit cut short."""


class RunState(Frozen):
    """What is known of a run. Facts only: what follows from them is decided by `app.engine.run.decide`."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    agent_id: str
    conversation_id: str
    cause_id: str | None = None
    """The user message that started the run."""
    memory_seq: int | None = None
    """The newest change of memory when the run began: its requests show the blocks as they were then, so that a server
    need not read the conversation again after each edit. None: as they are, in runs of earlier versions."""
    step_no: int = 0
    """Steps ended so far."""
    memory_only: bool = False
    """It gets no tool with an effect beyond its agent's memory."""
    max_steps: int | None = None
    """The limit that was asked for with the run; None: the agent's, as it is set when the next step is decided."""
    step_id: str = ""
    calls: tuple[Call, ...] = ()
    """Calls of the newest reply that have no return yet."""
    spoke: bool = False
    """The newest reply spoke by `send_message`, which ends the turn once the calls beside it are answered."""
    bad_replies: int = 0
    """Replies in a row that were no use, held a call that could not run, or asked the memory for what it refused."""
    bad_before: int = 0
    """The same without the newest reply, of which only its returns may tell that it was no use."""
    last_problem: Reason | None = None
    """Why the newest of them was."""
    give_up: bool = False
    """Asking again is no use, however few bad replies there were."""
    reprompt: Reprompt | None = None
    """How the model is asked next, if otherwise than usual."""
    recent: tuple[CallMemo, ...] = ()
    """The newest answered calls, to notice a model that goes in circles."""
    made: tuple[Made, ...] = ()
    """The calls that were carried out in this turn, also before it waited for an answer."""
    denied: tuple[str, ...] = ()
    """The tools of which a person refused a call in it."""
    pressed: int = 0
    """How often in a row the model was asked for a call that must come before the end, and made none."""
    client_tools: tuple[ClientTool, ...] = ()
    """What the asking program runs itself."""
    answered: bool = False
    """The calls that it began with have been answered, so nobody is asked about them again."""
    request_id: str = ""
    """The message whose calls wait for an answer, of a run that ended with them."""
    usage: Usage = Usage()
    set_aside: bool = False
    """True: the engine ended in its own order while this run was active, so the run is not what ended it."""
    newest: Newest = "open"
    leave_before: int | None = None
    """What must leave the window, after `window_full`: all before this position."""
    free: int = 0
    """Estimated tokens that are left for a summary of it."""
    learnt: Learnt = Learnt()
    """Of the model call that is still to be made; forgotten with its reply."""
    failure: Failure | None = None
    """What went wrong, after `model_failed` and `broken_off`."""
    intent: Action | None = None
    """What is being done right now, recorded before it begins."""

    def calls_of(self, action: RunTools) -> tuple[Call, ...]:
        """The calls that an action is about."""
        known = {call.tool_call_id: call for call in self.calls}
        return tuple(known[call_id] for call_id in action.call_ids)


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
    """Those the model was offered, and those that the agent's rules kept back: a call of one is told why. None where it
    was to answer in words."""
    constrained: bool = False
    """The model was made to answer in JSON, because it cannot call tools."""
    before: Before = NOTHING_SAID
    """What was said before it."""
    one_call: bool = False
    """The agent is to make one call at a time."""
    in_form: bool = False
    """The answer was to be JSON, as the agent's settings have it."""


@dataclass(frozen=True)
class ModelFailed:
    """The server said no or broke off. `reply` holds what it had written until then."""

    failure: Failure
    reply: Reply
    exchange: Exchange


@dataclass(frozen=True)
class WindowFull:
    """The request was not sent: the conversation fits only when all before a position has left the window."""

    leave_before: int
    free: int
    """Estimated tokens that are left for a summary."""
    learnt: Learnt


@dataclass(frozen=True)
class Asked:
    """A request beside those for a reply, such as the one for a summary."""

    step_id: str
    reply: Reply
    exchange: Exchange
    failed: bool = False


@dataclass(frozen=True)
class Compacted:
    """The messages leave inside the transaction that stores this."""

    summary: Summary | None = None
    """None: there was nothing to sum up, so they leave without one."""
    asked: tuple[Asked, ...] = ()
    """The requests that it took, in order."""
    failure: Failure | None = None
    """The server of the agent cannot be asked at all: nothing leaves, and the run ends."""


@dataclass(frozen=True)
class ToolsReturned:
    """Returns of the tools that reach outside memory. Memory tools are evaluated inside the transaction."""

    returns: dict[str, ToolReturnPart] = field(default_factory=dict[str, ToolReturnPart])
    refused: frozenset[str] = frozenset()
    """Ids of the calls that the memory said no to."""


@dataclass(frozen=True)
class Cancelled:
    """A person stopped the run. `reply` and `exchange` hold what a model call had brought so far."""

    reply: Reply = field(default_factory=Reply)
    exchange: Exchange | None = None
    returns: dict[str, ToolReturnPart] = field(default_factory=dict[str, ToolReturnPart])


@dataclass(frozen=True)
class BrokenOff:
    """The run cannot go on, by no fault of its model: the engine ended, or something could not be stored.

    The rest is as for `Cancelled`.
    """

    failure: Failure
    reply: Reply = field(default_factory=Reply)
    exchange: Exchange | None = None
    returns: dict[str, ToolReturnPart] = field(default_factory=dict[str, ToolReturnPart])


Outcome = ModelReplied | ModelFailed | WindowFull | Compacted | ToolsReturned | Cancelled | BrokenOff
