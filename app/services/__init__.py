"""Use cases, one module per noun. Transactions start and end here; all adapters and clients share these services."""

from dataclasses import dataclass

from app.services.agent_secrets import AgentSecrets
from app.services.agents import Agents
from app.services.api import Api
from app.services.approvals import Approvals
from app.services.archives.service import Archives
from app.services.blobs import Blobs
from app.services.blocks import Blocks
from app.services.compaction import Compaction
from app.services.context import Context
from app.services.conversations import Conversations
from app.services.doctor import MemoryDoctor
from app.services.events.service import Events
from app.services.exports.service import Exports
from app.services.fitness.service import Fitness
from app.services.forks import Forks
from app.services.history import History
from app.services.identities import Identities
from app.services.inbox import MemoryInbox
from app.services.listing import Listing
from app.services.maintenance.backups import Backups
from app.services.mcp.service import McpServers
from app.services.memory_server.service import MemoryServer
from app.services.messages import Messages
from app.services.models.discovery import Servers
from app.services.models.providers import Providers
from app.services.models.service import Models
from app.services.proposals import Proposals
from app.services.recall import Recall
from app.services.replay import Replay
from app.services.requests import Requests
from app.services.runs import Runs
from app.services.sandbox_settings import SandboxSettings
from app.services.settings import Settings
from app.services.starters import Starters
from app.services.steps import Steps
from app.services.system import System
from app.services.tools import Tools
from app.services.turns import Turns
from app.services.web_search import WebSearch


@dataclass(frozen=True)
class Services:
    """One instance of each service; what adapters and clients receive."""

    agents: Agents
    blocks: Blocks
    conversations: Conversations
    exports: Exports
    messages: Messages
    runs: Runs
    approvals: Approvals
    history: History
    forks: Forks
    inbox: MemoryInbox
    doctor: MemoryDoctor
    context: Context
    requests: Requests
    replay: Replay
    models: Models
    providers: Providers
    tools: Tools
    settings: Settings
    blobs: Blobs
    backups: Backups
    system: System
    events: Events
    turns: Turns
    listing: Listing
    steps: Steps
    identities: Identities
    agent_secrets: AgentSecrets
    sandbox_settings: SandboxSettings
    web_search: WebSearch
    api: Api
    servers: Servers
    fitness: Fitness
    starters: Starters
    mcp_servers: McpServers
    memory_server: MemoryServer
    proposals: Proposals
    compaction: Compaction
    archives: Archives
    recall: Recall
