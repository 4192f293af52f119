"""Events: what flows up from the engine to everyone who watches.

| Family     | Persisted     | Says                                                             |
|------------|---------------|------------------------------------------------------------------|
| `RunEvent` | yes, per run  | what happens in a run, in order, numbered without a repeat       |
| `Changed`  | no            | rows of a kind changed; whoever shows them reads them again      |
| `Progress` | no            | what a run waits for right now (queue, loading, trying again)    |
"""

from typing import Literal

from app.domain.base import Frozen, Micros
from app.domain.history import MemoryEvent
from app.domain.message import Message
from app.domain.wire_message import Payload

ChangedKind = Literal[
    "agent",
    "archive",
    "block",
    "conversation",
    "run",
    "history",
    "passage",
    "tool",
    "provider",
    "model",
    "setting",
    "backup",
    "proposal",
    "mcp_server",
]


RESUME_GAP = 1_000
"""After a crash numbers go on this far beyond the last stored one: a client may have seen some that were not stored."""


class RunEvent(Frozen):
    """One numbered event of a run.

    `whole` False: `payload` is a delta of the message with its id (assistant text, reasoning, tool-call arguments);
    concatenating the deltas of one id and type gives the text. `whole` True: `payload` is final; if it is a message it
    is stored, `message` is that stored row, and it replaces all deltas of its id. Deltas of an older `attempt` than the
    newest seen for the same `step_id` are void, and so are those of a step that stored no message, once a later step of
    its run speaks (the reply was no use, and the model was asked again). A run's last two events are stop_reason and
    usage_statistics (before them error_message, if it failed).
    """

    run_id: str
    seq_id: int
    step_id: str | None = None
    step_no: int = 0
    attempt: int = 1
    whole: bool
    payload: Payload
    message: Message | None = None
    position: int | None = None
    """Place of `message` in the run's conversation."""
    changes: tuple[MemoryEvent, ...] = ()
    """Memory changes that were committed together with this message."""


class Changed(Frozen):
    """Rows changed, whoever caused it."""

    kind: ChangedKind
    ids: tuple[str, ...]
    agent_id: str | None = None
    conversation_id: str | None = None
    client: str = ""
    """The client whose call changed it (`Origin.client`), so that an editor can ignore its own echo."""


class Progress(Frozen):
    """Not stored, not numbered: where a run stands while nothing is written."""

    run_id: str
    agent_id: str
    conversation_id: str
    phase: Literal["waiting", "sent", "retrying", "tool"]
    text: str = ""
    """A sentence for the status line; may be empty."""
    at: Micros


Event = RunEvent | Changed | Progress
