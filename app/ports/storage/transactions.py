"""A transaction, and all repositories that it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from app.domain.event import Changed
from app.ports.search import MessageSearch
from app.ports.storage.agents import AgentRepository
from app.ports.storage.archives import ArchiveRepository, PassageRepository
from app.ports.storage.blobs import BlobRepository
from app.ports.storage.blocks import BlockRepository
from app.ports.storage.conversations import ConversationRepository
from app.ports.storage.deleted import DeletedRepository
from app.ports.storage.history import HistoryRepository
from app.ports.storage.inbox import InboxRepository
from app.ports.storage.life import LifeRepository
from app.ports.storage.mcp_servers import McpServerRepository
from app.ports.storage.messages import MessageRepository
from app.ports.storage.pages import IdentityRepository, Pages, RequestRepository
from app.ports.storage.proposals import ProposalRepository
from app.ports.storage.providers import ProviderRepository
from app.ports.storage.runs import RunRepository
from app.ports.storage.settings import SettingRepository
from app.ports.storage.tools import ToolRepository
from app.ports.storage.vectors import VectorRepository

T = TypeVar("T")


@dataclass(frozen=True)
class Repositories:
    """All repositories of one transaction. Notes of changes are published after the commit, never for a failed one."""

    agents: AgentRepository
    blocks: BlockRepository
    conversations: ConversationRepository
    messages: MessageRepository
    runs: RunRepository
    history: HistoryRepository
    life: LifeRepository
    inbox: InboxRepository
    tools: ToolRepository
    providers: ProviderRepository
    mcp_servers: McpServerRepository
    settings: SettingRepository
    blobs: BlobRepository
    search: MessageSearch
    pages: Pages
    identities: IdentityRepository
    requests: RequestRepository
    deleted: DeletedRepository
    proposals: ProposalRepository
    vectors: VectorRepository
    archives: ArchiveRepository
    passages: PassageRepository
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
