"""What waits for an answer: calls of tools that a person is asked about, and those that the asking program makes."""

from typing import Any, Literal

from app.domain.base import Frozen, Micros
from app.domain.message import ToolReturnPart
from app.domain.tool import Tool


class Answer(Frozen):
    """What becomes of one call that waits."""

    tool_call_id: str
    approve: bool = True
    reason: str = ""
    """Of a refusal; the model is told."""
    arguments: dict[str, Any] | None = None
    """Those that it shall have instead; None: as the model wrote them."""
    always: bool = False
    """Approved, and this agent is not to ask about this tool any more."""
    seen: str = ""
    """Of a tool that its MCP server has changed: `McpChange.digest` of what the person was shown; empty: what waited
    when the call was made."""
    returned: ToolReturnPart | None = None
    """What it returned, of a call that the asking program made itself."""


class BlockPreview(Frozen):
    """What a call would make of a memory block as it is now."""

    label: str
    before: str
    after: str


class WaitingCall(Frozen):
    """A call of a request, answered or not."""

    tool_call_id: str
    name: str
    arguments: str
    """A JSON object as text."""
    status: Literal["waiting", "approved", "denied", "returned"] = "waiting"
    client_side: bool = False
    """The program that sent the message runs it; nobody else can answer."""
    tool: Tool | None = None
    """None: the agent has lost it meanwhile."""
    preview: BlockPreview | None = None
    problem: str = ""
    """Why it would fail as it stands, where that is known; a sentence for the model."""


class ApprovalRequest(Frozen):
    """The calls of one reply that wait; the conversation takes no other message until all are answered."""

    message_id: str
    """The reply that made them."""
    run_id: str
    conversation_id: str
    agent_id: str
    agent_name: str
    at: Micros
    calls: tuple[WaitingCall, ...]

    @property
    def open(self) -> tuple[WaitingCall, ...]:
        return tuple(call for call in self.calls if call.status == "waiting")
