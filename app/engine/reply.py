"""One reply of a model: as it was written, and the calls that were read from it."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from app.domain.base import Frozen
from app.domain.message import ToolReturnPart
from app.domain.run import Usage

CallStatus = Literal["requested", "awaiting_approval", "approved", "denied", "started", "returned"]
"""`started`: noted before a tool runs that must not run twice; what it did since is unknown until it returns."""


@dataclass(frozen=True)
class RawCall:
    """A tool call as the model wrote it."""

    tool_call_id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Reply:
    """What a model wrote, whole or up to where it broke off, as it wrote it."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[RawCall, ...] = ()
    finish: str = ""
    """Why the server says it ended, in its words."""
    usage: Usage | None = None
    """None: the server did not count."""
    answered_by: str = ""
    """The model that wrote it, where the server has another one than was asked for."""
    thinks: bool = False
    """The model showed thoughts before, in this conversation."""
    asked: str = ""
    """The person's newest message."""

    @property
    def written(self) -> int:
        """Tokens that the model wrote, as its server counted them; 0: it did not say."""
        return self.usage.completion_tokens if self.usage is not None else 0


class Call(Frozen):
    """A tool call to carry out, with a name and arguments that every server accepts in a history.

    `problem` tells why it must not run; the model is told instead. `result`: what it brought when it was made before;
    given again instead of running it once more.
    """

    tool_call_id: str
    name: str
    arguments: str
    """A JSON object as text; it always parses."""
    status: CallStatus = "requested"
    problem: str = ""
    result: str = ""
    failed: bool = False
    """`result` tells of a failure."""
    reason: str = ""
    """Why a person refused it."""
    ruled: bool = False
    """`problem` is that the agent's rules forbid it."""
    edited: bool = False
    """A person changed the arguments before approving it."""
    change: str = ""
    """A person is asked because the tool's MCP server has changed it: `McpChange.digest` of that change."""
    given: ToolReturnPart | None = None
    """What it returned, of a call that the asking program made itself."""

    @property
    def parsed(self) -> dict[str, Any]:
        """The arguments as an object."""
        loaded: dict[str, Any] = json.loads(self.arguments)
        return loaded
