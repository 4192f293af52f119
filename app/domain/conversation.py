"""A conversation: one thread of messages with an agent. Editing a message branches it."""

from typing import Literal

from app.domain.base import Frozen, Micros
from app.domain.history import MemoryEvent
from app.domain.message import Message
from app.domain.run import Run, Step
from app.domain.turn import StepFeedback


class Conversation(Frozen):
    """A thread, or a branch of one.

    A branch is a conversation row of its own whose `root_id` names the thread. It shares all messages before
    `branch_position` with `branched_from` and differs from there on. The thread shows `active_id` (itself or a branch).
    """

    id: str
    agent_id: str
    title: str = ""
    is_default: bool = False
    root_id: str
    """The thread this row belongs to; its own id if it is no branch."""
    branched_from: str | None = None
    branch_position: int | None = None
    active_id: str
    """On a root row: the branch that is shown and spoken to. On a branch: its own id."""
    pending_request_id: str | None = None
    version: int = 1
    created_at: Micros
    updated_at: Micros


ExportForm = Literal["markdown", "json"]
"""As what a conversation is exported: for people, or for programs."""
TITLE_LENGTH = 60
"""Characters of a title that is made of what was said."""


def title_from(opening: str) -> str:
    """The first words of a text, as a title: one line, cut between words."""
    line = next((line.strip() for line in opening.split("\n") if line.strip()), "")
    words = " ".join(line.split())
    if len(words) <= TITLE_LENGTH:
        return words
    head = words[: TITLE_LENGTH - 1]
    cut = head.rfind(" ")
    return f"{head[:cut] if cut > TITLE_LENGTH // 2 else head}…".replace(",…", "…")


class ConversationRow(Frozen):
    """A thread as a list shows it."""

    conversation: Conversation
    opening: str = ""
    """Beginning of the first thing that a person said in it; empty while nobody has."""
    messages: int = 0
    """How many it shows."""
    last_at: Micros | None = None
    """When the newest of them came."""
    found: str = ""
    """In an answer to a search: the piece of a message that holds the words; empty when the title does."""
    found_id: str = ""
    """Id of that message."""

    @property
    def title(self) -> str:
        """The one that it was given, else its first words; empty when there are neither."""
        return self.conversation.title or title_from(self.opening)


class DeletedConversation(Frozen):
    """A thread that can still be brought back."""

    conversation: Conversation
    agent_name: str
    messages: int
    """How many it shows."""
    at: Micros
    """When it was deleted."""


class Fork(Frozen):
    """The variants of the message at `position`: switcher "2 of 3" on the card."""

    position: int
    branch_ids: tuple[str, ...]
    """Conversation ids in order of creation."""
    current: int
    """Index of the shown one in `branch_ids`."""


class TranscriptPage(Frozen):
    """Some messages of one conversation, oldest first, with all that a view needs to draw them."""

    conversation_id: str
    messages: tuple[Message, ...]
    positions: tuple[int, ...]
    """Position of each message; ascending."""
    first_in_context: int | None = None
    """Position of the oldest message the model still sees; None when it sees none."""
    changes: tuple[MemoryEvent, ...] = ()
    """Memory changes made by tool calls of these messages."""
    steps: tuple[Step, ...] = ()
    runs: tuple[Run, ...] = ()
    forks: tuple[Fork, ...] = ()
    feedback: tuple[StepFeedback, ...] = ()
    """What was said of these steps."""
    has_earlier: bool = False
    has_later: bool = False
