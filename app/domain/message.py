"""A message: what was said, thought, called or returned, as typed parts. Messages never change.

One message may appear on the wire as up to three objects that share its id; `app.domain.wire_message` makes them.
"""

from typing import Annotated, Literal

from app.domain.base import Field, Frozen, Micros
from app.domain.retrieval import Reason, SearchState

Role = Literal["system", "user", "assistant", "tool", "summary", "approval"]
"""`user`: a person or an SDK. `system`: an event told to the agent (not the system prompt, which is compiled).
`approval`: answers to calls that waited; no model is told of it, since the returns say it."""


class TextPart(Frozen):
    """Words: a person's, or those of a reply."""

    type: Literal["text"] = "text"
    text: str


class ImagePart(Frozen):
    """An image stored as a blob."""

    type: Literal["image"] = "image"
    sha256: str
    media_type: str
    width: int = 0
    height: int = 0


class ReasoningPart(Frozen):
    """What the model thought. It is shown, and never sent back to it."""

    type: Literal["reasoning"] = "reasoning"
    text: str
    signature: str | None = None


class ToolCallPart(Frozen):
    """A call that the model made; its return is a later `ToolReturnPart` with the same id."""

    type: Literal["tool_call"] = "tool_call"
    tool_call_id: str
    name: str
    arguments: str
    """A JSON object as text, in canonical form: whatever the model wrote, this parses."""
    asks: bool = False
    """It waited for an answer: a person's, or the return of the program that runs it."""


class ApprovalPart(Frozen):
    """A person's answer to a call."""

    type: Literal["approval"] = "approval"
    tool_call_id: str
    request_id: str
    """The message that made it."""
    approve: bool
    reason: str = ""
    arguments: str = ""
    """Those that it got instead of the model's, as JSON; empty: none."""


class ReturnedFile(Frozen):
    """A file that a tool left, stored as a blob."""

    name: str
    """As the tool called it, with the folders inside of its own."""
    sha256: str
    media_type: str
    """One of a picture only where its bytes are one."""
    size: int


class ToolReturnPart(Frozen):
    """What a call gave back, or why it could not be carried out."""

    type: Literal["tool_return"] = "tool_return"
    tool_call_id: str
    name: str
    status: Literal["success", "error"]
    text: str
    """What was returned. The model reads it so, or as quoted material where it has a source."""
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    duration_ms: int = 0
    approximate: bool = False
    """True: a memory tool matched the old text only approximately."""
    source: str = ""
    """Whose text it is, where a stranger wrote it, as `app.domain.source` names it."""
    quotes: tuple[str, ...] = ()
    """Strangers whose text stands inside of it, already marked as quoted."""
    files: tuple[ReturnedFile, ...] = ()
    """For the person; a model reads their names in the text, where the tool told them."""


Part = Annotated[
    TextPart | ImagePart | ReasoningPart | ToolCallPart | ToolReturnPart | ApprovalPart, Field(discriminator="type")
]
InputPart = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class Message(Frozen):
    """A message as it is stored. It never changes: an edit makes another one, in a branch of its own."""

    id: str
    agent_id: str
    role: Role
    parts: tuple[Part, ...]
    run_id: str | None = None
    step_id: str | None = None
    otid: str | None = None
    """Id given by the client that sent it; a repeated one does not run a turn twice."""
    name: str | None = None
    sender_id: str | None = None
    note: Literal["", "stopped", "not_finished", "edited"] = ""
    """`stopped`: a person stopped the reply here. `not_finished`: the server broke off here."""
    created_at: Micros

    @property
    def text(self) -> str:
        """All text parts joined, as search and previews use it."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def speaks(self) -> bool:
        """Whether it has words or tool calls."""
        return any(part.text if isinstance(part, TextPart) else isinstance(part, ToolCallPart) for part in self.parts)

    @property
    def tool_calls(self) -> tuple[ToolCallPart, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCallPart))

    @property
    def tool_returns(self) -> tuple[ToolReturnPart, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolReturnPart))


class MessageDraft(Frozen):
    """One message to send to an agent."""

    role: Literal["user", "system", "assistant"] = "user"
    parts: tuple[InputPart, ...]
    otid: str | None = None
    name: str | None = None
    sender_id: str | None = None

    @classmethod
    def of(cls, text: str, role: Literal["user", "system"] = "user") -> "MessageDraft":
        return cls(role=role, parts=(TextPart(text=text),))


class Member(Frozen):
    """A message's place in a conversation. In the context window if and only if `left_seq` is None."""

    position: int
    message: Message
    left_seq: int | None = None


class SearchHit(Frozen):
    """A message found by full-text search."""

    message: Message
    conversation_id: str | None
    """The conversation or branch that shows it."""
    thread_id: str | None
    """The thread that this belongs to."""
    in_default: bool = False
    """Whether that is the agent's default thread."""
    thread_ids: tuple[str | None, ...] = ()
    """Every thread that holds it, those that show it first: forks share what was said before them. None: the agent's
    default thread."""
    position: int | None
    snippet: str
    reasons: tuple[Reason, ...] = ()
    """Why it was found; of a search by words alone none are told."""


SPOKEN: tuple[Role, ...] = ("user", "assistant", "system")
"""What people look for, where they name no roles."""


class MessageScope(Frozen):
    """Which messages are searched: those that pass every field that is given."""

    agent_id: str | None = None
    """None: those of all agents."""
    roles: tuple[Role, ...] = SPOKEN
    start: Micros | None = None
    end: Micros | None = None
    """Included."""
    conversation_id: str | None = None
    """Only what this conversation or branch shows."""
    tool: str | None = None
    """Only what was said in runs that called this tool."""

    @property
    def narrowed(self) -> bool:
        """Whether more than the agent and the role are asked for."""
        asked = (self.start, self.end, self.conversation_id, self.tool)
        return any(one is not None for one in asked)


class FoundMessages(Frozen):
    """What a search over messages found."""

    hits: tuple[SearchHit, ...] = ()
    """Best first."""
    state: SearchState = SearchState(by_meaning=False)
