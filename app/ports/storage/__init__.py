"""Storage: transactions as plain functions over repositories.

A transaction is one synchronous function that gets `Repositories` and runs whole on the single writer thread (or on a
reader). Nothing awaits inside it, so cancelling a task can never leave half of it behind. Every repository method
raises `StorageError` when the disk or the file is at fault, and `NotFound` for an id that does not exist.
"""

from app.ports.storage.agents import AgentEmbedder, AgentRepository
from app.ports.storage.archives import ArchiveRepository, PassageRepository
from app.ports.storage.backups import BackupStore
from app.ports.storage.blobs import BlobRepository
from app.ports.storage.blocks import BlockRepository
from app.ports.storage.conversations import ConversationRepository
from app.ports.storage.deleted import DeletedRepository, Forgotten
from app.ports.storage.history import HistoryRepository
from app.ports.storage.inbox import InboxRepository
from app.ports.storage.life import LifeRepository
from app.ports.storage.mcp_servers import McpServerRepository
from app.ports.storage.messages import MessageRepository
from app.ports.storage.proposals import ProposalRepository
from app.ports.storage.providers import ProviderRepository
from app.ports.storage.runs import RunRepository
from app.ports.storage.settings import SettingRepository
from app.ports.storage.tools import ToolRepository
from app.ports.storage.transactions import Repositories, Storage
from app.ports.storage.vectors import OwnVector, VectorRepository, WaitingText

__all__ = [
    "AgentEmbedder",
    "AgentRepository",
    "ArchiveRepository",
    "BackupStore",
    "BlobRepository",
    "BlockRepository",
    "ConversationRepository",
    "DeletedRepository",
    "Forgotten",
    "HistoryRepository",
    "InboxRepository",
    "LifeRepository",
    "McpServerRepository",
    "MessageRepository",
    "OwnVector",
    "PassageRepository",
    "ProposalRepository",
    "ProviderRepository",
    "Repositories",
    "RunRepository",
    "SettingRepository",
    "Storage",
    "ToolRepository",
    "VectorRepository",
    "WaitingText",
]
