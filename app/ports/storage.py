"""Storage: transactions as plain functions over repositories.

A transaction is one synchronous function that gets `Repositories` and runs whole on the single writer thread (or on a
reader). Nothing awaits inside it, so cancelling a task can never leave half of it behind. Every repository method
raises `StorageError` when the disk or the file is at fault, and `NotFound` for an id that does not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from app.domain.agent import Agent, DeletedAgent
from app.domain.base import Micros
from app.domain.block import Block
from app.domain.conversation import Conversation, DeletedConversation
from app.domain.event import Changed, RunEvent
from app.domain.history import MemoryEvent
from app.domain.message import Member, Message
from app.domain.model import Provider
from app.domain.run import Run, Step, StepTrace
from app.domain.system import Backup, Blob, Setting
from app.domain.tool import Tool
from app.ports.pages import IdentityRepository, Pages, RequestRepository
from app.ports.search import MessageSearch

T = TypeVar("T")


class AgentRepository(Protocol):
    """Attached blocks and tools are stored in link tables and filled into `block_ids` and `tool_names` on reading."""

    def get(self, agent_id: str) -> Agent: ...
    def find(self, agent_id: str) -> Agent | None: ...
    def list(self) -> tuple[Agent, ...]:
        """All that are not deleted, oldest first."""
        ...

    def add(self, agent: Agent) -> None: ...
    def save(self, agent: Agent) -> None:
        """Writes all fields and both link tables as given."""
        ...

    def delete(self, agent_id: str, at: Micros) -> None:
        """Soft: the row stays 30 days and can be brought back by `undelete`."""
        ...

    def deleted(self) -> tuple[DeletedAgent, ...]:
        """Those that can be brought back, last deleted first."""
        ...

    def undelete(self, agent_id: str) -> None: ...
    def holding(self, block_id: str) -> tuple[str, ...]:
        """Ids of the agents to which a block is attached."""
        ...

    def largest_window(self, model: str) -> int | None:
        """The largest context size of the agents on a model, by its handle; None when there are none."""
        ...


class BlockRepository(Protocol):
    def get(self, block_id: str) -> Block: ...
    def find(self, block_id: str) -> Block | None:
        """Also None for a deleted one."""
        ...

    def of_agent(self, agent_id: str) -> tuple[Block, ...]:
        """In the order of attachment."""
        ...

    def list(self) -> tuple[Block, ...]: ...
    def add(self, block: Block) -> None: ...
    def save(self, block: Block) -> None: ...
    def delete(self, block_id: str, at: Micros) -> None: ...
    def undelete(self, block_id: str) -> None: ...


class ConversationRepository(Protocol):
    def get(self, conversation_id: str) -> Conversation: ...
    def default_of(self, agent_id: str) -> Conversation:
        """The agent's default thread (a root row)."""
        ...

    def of_agent(self, agent_id: str) -> tuple[Conversation, ...]:
        """Threads and branches, oldest first."""
        ...

    def of_thread(self, root_id: str) -> tuple[Conversation, ...]:
        """A thread and its branches, oldest first."""
        ...

    def add(self, conversation: Conversation) -> None: ...
    def save(self, conversation: Conversation) -> None: ...
    def delete(self, conversation_id: str, at: Micros) -> None:
        """Soft; a thread takes its branches with it."""
        ...

    def deleted(self) -> tuple[DeletedConversation, ...]:
        """Threads of living agents that can be brought back, last deleted first."""
        ...

    def undelete(self, conversation_id: str) -> None: ...
    def copy_members(self, source_id: str, target_id: str, before_position: int) -> int:
        """Copies the membership rows before a position (messages themselves are shared). Returns how many."""
        ...


class MessageRepository(Protocol):
    def get(self, message_id: str) -> Message: ...
    def find_otid(self, agent_id: str, otid: str) -> Message | None: ...
    def append(self, conversation_id: str, message: Message) -> int:
        """Stores the message at the end of the conversation and in the search index. Returns its position."""
        ...

    def in_context(self, conversation_id: str) -> tuple[Member, ...]:
        """What the model sees, oldest first. Cost depends on the window, not on the history's length."""
        ...

    def first_in_context(self, conversation_id: str) -> int | None:
        """The position of the oldest message that the model sees."""
        ...

    def leave_context(self, conversation_id: str, before_position: int, left_seq: int) -> int:
        """Takes all messages before a position out of the window. Returns how many left."""
        ...

    def page(
        self, conversation_id: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> tuple[Member, ...]:
        """Members before (or after) a position, oldest first inside the page; without either the newest."""
        ...

    def count(self, conversation_id: str) -> int: ...
    def last_of_agents(self) -> dict[str, Message]:
        """Newest user or assistant message with text of each agent, by agent id."""
        ...

    def of_run(self, run_id: str) -> tuple[Message, ...]: ...
    def run_ids(self, conversation_id: str, from_position: int) -> tuple[str, ...]:
        """The runs whose messages stand at a position or later."""
        ...


class RunRepository(Protocol):
    def get(self, run_id: str) -> Run: ...
    def add(self, run: Run, state: str) -> None:
        """Raises `Conflict` (code `busy`, details run_id) when the conversation has an active run."""
        ...

    def save(self, run: Run, state: str) -> None: ...
    def state(self, run_id: str) -> str:
        """The run's `RunState` as JSON."""
        ...

    def active(self) -> tuple[Run, ...]: ...
    def active_in(self, conversation_id: str) -> Run | None: ...
    def list(
        self,
        *,
        agent_id: str | None = None,
        conversation_id: str | None = None,
        before_id: str | None = None,
        limit: int = 50,
    ) -> tuple[Run, ...]:
        """Newest first."""
        ...

    def many(self, run_ids: tuple[str, ...]) -> tuple[Run, ...]: ...
    def add_step(self, step: Step, request_parts: tuple[bytes, ...], reply: bytes) -> None:
        """Stores a step with the bytes it sent and received. Equal parts are stored once, replies cut at 1 MB."""
        ...

    def steps(self, run_ids: tuple[str, ...]) -> tuple[Step, ...]:
        """Steps of these runs, in order."""
        ...

    def step(self, step_id: str) -> Step: ...
    def last_step(self, agent_id: str, *, whole: bool = False) -> Step | None:
        """Newest completed step of an agent that has a real prompt count; `whole`: and that its server read whole."""
        ...

    def trace(self, step_id: str) -> StepTrace: ...
    def add_events(self, events: tuple[RunEvent, ...]) -> None: ...
    def events(self, run_id: str, after_seq: int = 0, limit: int = 1000) -> tuple[RunEvent, ...]: ...
    def last_seq(self, run_id: str) -> int:
        """Highest stored seq_id of a run, 0 if none."""
        ...

    def drop_deltas(self, ended_before: Micros) -> int:
        """Removes delta events (not whole ones) of runs that ended before a time."""
        ...


class HistoryRepository(Protocol):
    """Memory events are only ever added."""

    def add(self, event: MemoryEvent) -> MemoryEvent:
        """Stores it and returns it with its global `seq` (the given one is ignored)."""
        ...

    def get(self, seq: int) -> MemoryEvent: ...
    def last_seq(self) -> int: ...
    def of_target(self, target_id: str, *, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        """Newest first, with `undone_by` filled."""
        ...

    def fields_at(self, block_id: str, seq: int) -> dict[str, Any]:
        """The fields of a block, as JSON values, that differed from today's right after an event."""
        ...

    def of_agent(self, agent_id: str, *, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        """Everything that changed this agent or a block while it was attached to it, newest first."""
        ...

    def of_runs(self, run_ids: tuple[str, ...]) -> tuple[MemoryEvent, ...]:
        """Changes that these runs made, oldest first, with `undone_by` filled."""
        ...


class ToolRepository(Protocol):
    def list(self) -> tuple[Tool, ...]: ...
    def by_names(self, names: tuple[str, ...]) -> tuple[Tool, ...]:
        """In the order of `names`; unknown ones are left out."""
        ...

    def upsert(self, tool: Tool) -> Tool:
        """Adds it, or updates the row of that name and keeps its id."""
        ...


class ProviderRepository(Protocol):
    def list(self) -> tuple[Provider, ...]: ...
    def get(self, provider_id: str) -> Provider: ...
    def named(self, name: str) -> Provider | None: ...
    def add(self, provider: Provider) -> None:
        """Raises `Conflict` (code `name_taken`)."""
        ...

    def save(self, provider: Provider) -> None: ...
    def delete(self, provider_id: str) -> None: ...


class SettingRepository(Protocol):
    def get(self, key: str) -> Setting | None: ...
    def list(self) -> tuple[Setting, ...]: ...
    def set(self, key: str, value: Any) -> Setting: ...


class BlobRepository(Protocol):
    def put(self, blob: Blob, data: bytes) -> None:
        """Stores it once; a second time is no error."""
        ...

    def get(self, sha256: str) -> tuple[Blob, bytes]: ...
    def find(self, sha256: str) -> Blob | None:
        """Without its bytes."""
        ...


@dataclass(frozen=True)
class Forgotten:
    """A portion of what was forgotten."""

    more: bool
    """Whether there is another one."""
    parts: frozenset[bytes] = frozenset()
    """Request parts that perhaps nobody uses now, by their hashes."""
    blobs: frozenset[str] = frozenset()
    """The same of blobs."""


class DeletedRepository(Protocol):
    """Soft-deleted agents, conversations and blocks, and all that nobody sees without them."""

    def secrets(self, before: Micros) -> dict[str, tuple[str, ...]]:
        """The names of the secrets of each agent that was deleted before a time, by agent id."""
        ...

    def forget(self, before: Micros) -> Forgotten:
        """Removes a portion of what was deleted before a time."""
        ...

    def sweep(self, forgotten: Forgotten) -> None:
        """Removes those of these request parts and blobs that nothing uses. Reads all steps."""
        ...


@dataclass(frozen=True)
class Repositories:
    """All repositories of one transaction. Notes of changes are published after the commit, never for a failed one."""

    agents: AgentRepository
    blocks: BlockRepository
    conversations: ConversationRepository
    messages: MessageRepository
    runs: RunRepository
    history: HistoryRepository
    tools: ToolRepository
    providers: ProviderRepository
    settings: SettingRepository
    blobs: BlobRepository
    search: MessageSearch
    pages: Pages
    identities: IdentityRepository
    requests: RequestRepository
    deleted: DeletedRepository
    changed: Callable[[Changed], None]
    """Notes that rows changed."""


class Storage(Protocol):
    async def write(self, work: Callable[[Repositories], T]) -> T:
        """Runs `work` in one transaction (BEGIN IMMEDIATE) on the writer thread, shielded from cancellation.

        Commits when it returns, rolls back when it raises. Noted changes are then handed to the `on_changed` callback
        in the caller's event loop, before this returns.
        """
        ...

    async def read(self, work: Callable[[Repositories], T]) -> T:
        """Runs `work` on one consistent snapshot; writing in it raises."""
        ...

    async def close(self) -> None:
        """Waits for the transaction under way and closes the file."""
        ...


class BackupStore(Protocol):
    """Whole copies of the database beside it."""

    async def list(self) -> tuple[Backup, ...]:
        """Newest first."""
        ...

    async def create(self, reason: str) -> Backup:
        """`VACUUM INTO` a new file; keeps 7 daily ones, and all manual ones."""
        ...

    def schedule_restore(self, name: str) -> None:
        """Notes that this backup replaces the database at the next start of the engine."""
        ...
