"""The composition root of the engine process: configuration -> adapters -> engine -> services. Names all adapters."""

import asyncio
import logging
import secrets as randomness
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict

from app.adapters.computer import ThisComputer
from app.adapters.database import SqliteBackups, SqliteStorage, open_storage
from app.adapters.database.backups import FILE as DATABASE_FILE
from app.adapters.embedding.embedder import AnyEmbedder
from app.adapters.mcp.client import McpProcess
from app.adapters.models.catalog import Catalog
from app.adapters.models.presets import PRESETS, PROBED, probe
from app.adapters.models.tokens import EstimatingCounter
from app.adapters.models.variables import NAMES, named_servers, place_of_ollama, unusable
from app.adapters.own_modes import close_to_others
from app.adapters.recall.client import RecallProcess, child_command
from app.adapters.recall.index import RecallIndex
from app.adapters.secrets import open_secrets
from app.adapters.secrets.held import SecretsWithHeld
from app.adapters.server_programs import InstalledServers
from app.adapters.system import RandomIds, SystemClock
from app.adapters.tools.sandbox.packages import PackageFolders
from app.adapters.tools.sandbox.process import ProcessSandbox
from app.adapters.web.reading import WebPages
from app.adapters.web.search import SearchEngines
from app.config import TOKEN_VARIABLES, Config
from app.domain.agent import AgentDraft
from app.domain.base import Micros
from app.domain.block import BlockDraft
from app.domain.event import Changed
from app.domain.model import NamedServer, Provider
from app.domain.tool import ToolType
from app.engine.context.window import TokenLedger
from app.engine.deps import EngineDeps
from app.engine.recall import MessageRecall
from app.engine.retrieval.passages import PassageSearch
from app.engine.run.scheduler import Scheduler
from app.engine.tools.builtin import builtin_tools
from app.engine.tools.custom import CustomTools, PassOf, VariablesOf
from app.engine.tools.later import later_tools
from app.engine.tools.mcp import McpTools
from app.engine.tools.outside import OutsideTools, outside_tools
from app.engine.tools.router import tool_router
from app.engine.tools.run_code import RunCode, RunCodeWithTools
from app.engine.tools.web import FetchWebpage, Search, SearchWeb
from app.ports.api import ApiServer
from app.ports.mcp import McpClient
from app.ports.models import ModelAdapters
from app.ports.storage import Repositories
from app.ports.system import Clock, Computer, IdFactory
from app.ports.tools import ToolRunner
from app.ports.web import PageReader
from app.ports.web import WebSearch as Engines
from app.resources import read_resource
from app.services import Services
from app.services.after_runs import AfterRuns
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
from app.services.events.bus import EventBus
from app.services.events.service import Events
from app.services.exports.service import Exports
from app.services.fitness.service import Fitness
from app.services.fitness.trial import EmptyStorage
from app.services.forks import Forks
from app.services.history import History
from app.services.identities import Identities
from app.services.inbox import MemoryInbox
from app.services.indexing import SETTLE, START_AFTER, Indexing
from app.services.listing import Listing
from app.services.maintenance.backups import Backups
from app.services.maintenance.housekeeping import Housekeeping
from app.services.mcp.connections import McpConnections
from app.services.mcp.secrets import McpSecrets
from app.services.mcp.service import McpServers
from app.services.memory_server.acts import MemoryActs
from app.services.memory_server.service import MemoryServer
from app.services.messages import Messages
from app.services.models.cache import ModelCache
from app.services.models.discovery import KnownServers, Servers
from app.services.models.embedders import EmbedderChoice
from app.services.models.providers import Providers, forget_stray_keys, secret_name
from app.services.models.pulls import Pulls
from app.services.models.server_notes import StoredNotes
from app.services.models.service import Models
from app.services.models.variables import follow_variables
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
from app.services.tool_client import ToolClient
from app.services.tool_variables import ToolVariables
from app.services.tools import Tools
from app.services.turns import Turns
from app.services.warming import Warming
from app.services.web_search import WebSearch
from app.volumes import on_network_volume

log = logging.getLogger(__name__)

DEMO_PACE = 0.0015
THIS_COMPUTER = ThisComputer()
NETWORK_VOLUME = (
    "Your data folder is on a network volume. Databases can be damaged there when the connection breaks; "
    "move the folder to this computer's own disk (--data)."
)


@dataclass(frozen=True)
class RecallPlan:
    """How texts are embedded in the background."""

    command: Callable[[], Sequence[str]] = child_command
    """The command line of the recall process."""
    start_after: float = START_AFTER
    """Seconds; see `app/services/indexing.py`, as for `settle`."""
    settle: float = SETTLE


@dataclass(frozen=True)
class Web:
    """How the web is reached."""

    pages: PageReader | None = None
    """None: over the network, taken apart in the sandbox."""
    engines: Engines = field(default_factory=SearchEngines)


@dataclass
class OpenEngine:
    """A running engine: its services, and what the process around it needs."""

    services: Services
    exit_requested: asyncio.Event
    storage: SqliteStorage
    clock: Clock
    ids: IdFactory
    housekeeping: Housekeeping
    _scheduler: Scheduler
    _cache: ModelCache
    _pulls: Pulls
    _catalog: ModelAdapters
    bus: EventBus
    after_runs: AfterRuns
    warming: Warming
    indexing: Indexing
    recall_process: RecallProcess
    sandbox: ProcessSandbox
    mcp: McpConnections
    _watching: "asyncio.Task[None] | None" = None
    _keeping_house: "asyncio.Task[None] | None" = None
    _working_after: "asyncio.Task[None] | None" = None
    _indexing: "asyncio.Task[None] | None" = None

    def busy(self) -> bool:
        """Whether runs or downloads are under way, or other programs may come."""
        return self._scheduler.busy or self.after_runs.busy or self._pulls.running or self.services.api.running

    async def recover(self) -> None:
        """Takes up the runs that a crash left behind, then keeps house. Called once the link listens."""
        self._working_after = self.after_runs.begin()
        self.services.system.set_recovered(*await self._scheduler.recover_all())
        await self.services.api.restore()
        self._watching = self.services.servers.begin()
        self._keeping_house = self.housekeeping.begin()
        self._indexing = self.indexing.begin()

    async def close(self) -> None:
        """Stops working on runs without ending them, and closes files and connections."""
        await self.services.api.close()
        for task in (self._watching, self._keeping_house, self._working_after, self._indexing):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        await self._scheduler.close()
        await asyncio.gather(self.recall_process.close(), self.sandbox.close(), self.mcp.close())
        await self._pulls.close()
        await self._cache.close()
        self.bus.close()
        await self._catalog.close()
        await self.storage.close()


@dataclass(frozen=True)
class Surroundings:
    """What the environment of the engine's process says of model servers."""

    named: tuple[NamedServer, ...] = ()
    place: tuple[str, int] | None = None
    """Where on this computer OLLAMA_HOST says that Ollama listens."""


def take_surroundings(environment: MutableMapping[str, str]) -> Surroundings:
    """Reads the variables and takes them out of the environment, so that no program started from here gets the keys."""
    for name in unusable(environment):
        log.warning("%s is set, but it is not a web address, so it is not used", name)
    found = Surroundings(named_servers(environment), place_of_ollama(environment))
    for name in (*NAMES, *TOKEN_VARIABLES):
        environment.pop(name, None)
    return found


async def open_engine(
    config: Config,
    *,
    demo_pace: float = DEMO_PACE,
    surroundings: Surroundings = Surroundings(),
    headless: bool = False,
    computer: Computer = THIS_COMPUTER,
    recall: RecallPlan = RecallPlan(),
    mcp: McpClient | None = None,
    web: Web = Web(),
) -> OpenEngine:
    """Opens the data folder. Raises `StorageError` with a sentence when it cannot be used.

    `demo_pace`: seconds between two pieces of the demo model's text. `headless`: nobody can be asked, as under
    `serve`: servers found here are connected, those that variables name may be used. `computer`: models must fit it.
    `recall`: how texts are embedded. `mcp`: what speaks with MCP servers, if not a process. `web`: how it is reached.
    """
    folder, found, bus, exit_requested = config.folder, config.settings, EventBus(), asyncio.Event()
    clock, ids = SystemClock(), RandomIds()
    storage, secrets, opened_to_others = await _open_stores(folder, clock, bus)
    catalog = Catalog(secrets, demo_pace=demo_pace, consent_implied=headless, notes=StoredNotes(storage))
    now, backups, instance = clock.now(), SqliteBackups(folder, clock), randomness.token_hex(8)
    await _begin(storage, secrets, surroundings, ids, now)
    process, sandbox = RecallProcess(recall.command), ProcessSandbox(folder / DATABASE_FILE)
    embedder, packages = AnyEmbedder(process, secrets, consent_implied=headless), PackageFolders(folder, sandbox)
    mcp_secrets, speaker = McpSecrets(secrets), mcp or McpProcess(instance=instance)
    mcp_servers = McpConnections(storage, speaker, mcp_secrets.target, mcp_secrets.keep_grant, clock, ids, bus.publish)
    runners = _outside(storage, sandbox, packages, web, McpTools(mcp_servers.call), lambda: services)
    deps, cache, searches = _engine_deps(storage, catalog, clock, ids, bus, process, embedder, runners)
    scheduler, pulls, warming = Scheduler(deps), Pulls(deps, computer, cache), Warming(deps, cache)
    known, runs, events = _known_servers(surroundings, config), Runs(deps, bus, scheduler), Events(bus)
    providers, system = Providers(deps, secrets), System(folder, secrets, now)
    await pulls.load()
    indexing = _indexing(deps, bus, searches, recall, lambda: scheduler.busy, system.notices)
    services = Services(
        **_plain_services(deps),
        **_tool_services(deps, sandbox, packages, secrets),
        runs=runs,
        approvals=Approvals(deps, runs),
        models=Models(deps, cache, pulls, computer, lambda: services.fitness.known()),
        providers=providers,
        backups=Backups(backups, bus.publish, exit_requested.set),
        system=system,
        events=events,
        web_search=WebSearch(deps, secrets, web.engines),
        api=Api(deps, secrets, found.api, lambda: _api_server(services, clock), computer.has_other_users),
        servers=Servers(deps, cache, providers, known, lambda: events.watched, adopts=headless and found.servers.find),
        fitness=Fitness(deps, cache, computer, _empty_storage(clock)),
        archives=Archives(deps, searches.passages),
        recall=Recall(deps, searches.messages, searches.embedders, indexing),
        mcp_servers=McpServers(deps, mcp_secrets, mcp_servers),
        memory_server=_memory_server(deps, config, instance, lambda: services),
        proposals=Proposals(deps, lambda repos, handle: services.fitness.verdict(repos, handle)),
    )
    services.system.notices += filter(None, (storage.notice, opened_to_others, await _volume_notice(folder)))
    housekeeping = Housekeeping(storage, backups, secrets, clock, services.system.notices)
    after_runs = AfterRuns(bus, (services.proposals.consider,), spare=(warming.warm,))
    parts = scheduler, cache, pulls, catalog, bus, after_runs, warming, indexing, process, sandbox, mcp_servers
    return OpenEngine(services, exit_requested, storage, clock, ids, housekeeping, *parts)


class _PlainServices(TypedDict):
    """Those that need nothing but the engine's ports."""

    agents: Agents
    blocks: Blocks
    conversations: Conversations
    exports: Exports
    messages: Messages
    history: History
    forks: Forks
    inbox: MemoryInbox
    doctor: MemoryDoctor
    context: Context
    requests: Requests
    replay: Replay
    settings: Settings
    blobs: Blobs
    turns: Turns
    listing: Listing
    steps: Steps
    identities: Identities
    starters: Starters
    compaction: Compaction


def _plain_services(deps: EngineDeps) -> _PlainServices:
    return _PlainServices(
        agents=Agents(deps, _prompt("default"), _demo()),
        blocks=Blocks(deps),
        conversations=Conversations(deps),
        exports=Exports(deps),
        messages=Messages(deps),
        history=History(deps),
        forks=Forks(deps),
        inbox=MemoryInbox(deps),
        doctor=MemoryDoctor(deps),
        context=Context(deps),
        requests=Requests(deps),
        replay=Replay(deps),
        settings=Settings(deps),
        blobs=Blobs(deps),
        turns=Turns(deps),
        listing=Listing(deps),
        steps=Steps(deps),
        identities=Identities(deps),
        starters=Starters(),
        compaction=Compaction(deps),
    )


class _ToolServices(TypedDict):
    """Tools, and what their calls are given."""

    tools: Tools
    agent_secrets: AgentSecrets
    sandbox_settings: SandboxSettings


def _tool_services(
    deps: EngineDeps, sandbox: ProcessSandbox, packages: PackageFolders, secrets: SecretsWithHeld
) -> _ToolServices:
    of_agents, shared = AgentSecrets(deps, secrets), SandboxSettings(deps, secrets)
    tools = Tools(deps, sandbox, ToolVariables(deps, secrets, of_agents, shared), ToolClient(deps), packages)
    return _ToolServices(tools=tools, agent_secrets=of_agents, sandbox_settings=shared)


async def _open_stores(folder: Path, clock: Clock, bus: EventBus) -> tuple[SqliteStorage, SecretsWithHeld, str]:
    """Database and keys; and what is said when other users of this computer could read the folder until now."""
    opened_to_others = await asyncio.to_thread(close_to_others, folder)
    storage = await open_storage(folder, clock, on_changed=bus.publish)
    return storage, SecretsWithHeld(await asyncio.to_thread(open_secrets, folder)), opened_to_others


async def _volume_notice(folder: Path) -> str:
    return NETWORK_VOLUME if await asyncio.to_thread(on_network_volume, folder) else ""


@dataclass(frozen=True)
class Searches:
    """What is searched by meaning, and by what."""

    embedders: EmbedderChoice
    index: RecallIndex
    messages: MessageRecall
    passages: PassageSearch


def _indexing(
    deps: EngineDeps,
    bus: EventBus,
    searches: Searches,
    plan: RecallPlan,
    running: Callable[[], bool],
    notices: list[str],
) -> Indexing:
    pauses = {"start_after": plan.start_after, "settle": plan.settle}
    return Indexing(deps, bus, searches.embedders, searches.index, running, notices=notices, **pauses)


def _outside(
    storage: SqliteStorage,
    sandbox: ProcessSandbox,
    packages: PackageFolders,
    web: Web,
    offered: McpTools,
    services: Callable[[], Services],
) -> dict[ToolType, ToolRunner]:
    """The tools that do more than read and write what is stored."""
    variables_of: VariablesOf = lambda tool, agent: services().tools.variables.of_call(tool, agent)  # noqa: E731
    pass_of: PassOf = lambda tool, context: services().tools.client.of_call(tool, context)  # noqa: E731
    with_tools: PassOf = lambda tool, context: services().tools.client.of_call(tool, context, calls_tools=True)  # noqa: E731
    search: Search = lambda query: services().web_search.search(query)  # noqa: E731
    return {
        "external_mcp": offered,
        "custom": CustomTools(sandbox, variables_of, pass_of, packages),
        "letta_builtin": OutsideTools(
            {
                "run_code": RunCode(sandbox, storage),
                "run_code_with_tools": RunCodeWithTools(sandbox, storage, with_tools),
                "fetch_webpage": FetchWebpage(web.pages or WebPages(sandbox)),
                "web_search": SearchWeb(search),
            }
        ),
    }


def _engine_deps(
    storage: SqliteStorage,
    catalog: Catalog,
    clock: Clock,
    ids: IdFactory,
    bus: EventBus,
    process: RecallProcess,
    embedder: AnyEmbedder,
    runners: Mapping[ToolType, ToolRunner],
) -> tuple[EngineDeps, ModelCache, Searches]:
    """The cache looks at a server again after each request to it, so the engine tells it of them."""
    embedders = EmbedderChoice(storage, embedder, lambda: cache.all())
    index = RecallIndex(process, storage.file)
    recall, passages = MessageRecall(storage, embedders, index), PassageSearch(storage, embedders, index)
    deps = EngineDeps(
        storage=storage,
        catalog=catalog,
        tools=tool_router(storage, clock, recall, passages, runners),
        ledger=TokenLedger(EstimatingCounter().estimate),
        clock=clock,
        ids=ids,
        publish=bus.publish,
    )
    cache = ModelCache(deps)
    return replace(deps, requested=cache.look_soon), cache, Searches(embedders, index, recall, passages)


async def _begin(
    storage: SqliteStorage, secrets: SecretsWithHeld, surroundings: Surroundings, ids: IdFactory, now: Micros
) -> None:
    """What is there before anybody asks: built-in rows, and the servers that variables name."""
    await storage.write(lambda repos: _seed(repos, ids, now))
    await forget_stray_keys(storage, secrets)
    keys = await storage.write(lambda repos: follow_variables(repos, surroundings.named, ids, now))
    for provider_id, key in keys.items():
        secrets.hold(secret_name(provider_id), key)


def _known_servers(surroundings: Surroundings, config: Config) -> KnownServers:
    named = (surroundings.place,) if surroundings.place else ()
    places = tuple(dict.fromkeys((*PROBED, *named)))
    return KnownServers(PRESETS, places, probe, InstalledServers(config.logs))


def _empty_storage(clock: Clock) -> EmptyStorage:
    """Storage for what is thrown away, in a folder that vanishes with it."""

    @asynccontextmanager
    async def opened(on_changed: Callable[[Changed], None]) -> AsyncGenerator[SqliteStorage]:
        folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="lares-")
        try:
            storage = await open_storage(Path(folder.name), clock, on_changed=on_changed)
            try:
                yield storage
            finally:
                await storage.close()
        finally:
            await asyncio.to_thread(folder.cleanup)

    return opened


def _memory_server(deps: EngineDeps, config: Config, instance: str, services: Callable[[], Services]) -> MemoryServer:
    command, url = own_command("mcp", "--data", str(config.folder)), lambda: services().api.url
    return MemoryServer(deps, lambda: _memory_acts(deps, services()), instance, command, url)


def own_command(*words: str) -> tuple[str, ...]:
    """What another program has to start for `lares` with these words, wherever it is started from."""
    if getattr(sys, "frozen", False):
        # The window's own program has no standard input and output there.
        terminal = Path(sys.executable).with_name("lares-terminal.exe")
        return (str(terminal) if sys.platform == "win32" else sys.executable, *words)
    script = Path(sys.executable).with_name("lares.exe" if sys.platform == "win32" else "lares")
    return (str(script), *words) if script.exists() else (sys.executable, "-m", "app", *words)


def _memory_acts(deps: EngineDeps, services: Services) -> MemoryActs:
    return MemoryActs(
        deps, services.archives, services.recall, services.proposals, services.conversations, services.runs
    )


def _api_server(services: Services, clock: Clock) -> ApiServer:
    # Only who serves needs it, and loading it takes a fifth of a second.
    from app.rest.server import RestServer

    return RestServer(services, clock)


def _seed(repos: Repositories, ids: IdFactory, now: Micros) -> None:
    """Built-in rows that every database has."""
    for tool in (*builtin_tools(ids, now), *outside_tools(ids, now), *later_tools(ids, now)):
        repos.tools.upsert(tool)
    if repos.providers.named("demo") is None:
        repos.providers.add(Provider(id=ids.new("provider"), name="demo", kind="demo", created_at=now, updated_at=now))


def _prompt(name: str) -> str:
    return read_resource("prompts", f"{name}.md").strip()


def _demo() -> AgentDraft:
    return AgentDraft(
        name="Vesta (demo)",
        description="Scripted, needs no model. Its tools and its memory are real.",
        system=_prompt("demo"),
        model="demo/vesta",
        context_window=8192,
        blocks=(
            BlockDraft(
                label="human",
                value="Name: Chad.\nLikes short answers.",
                limit=2000,
                description="What I know about the person I talk with.",
            ),
            BlockDraft(
                label="persona",
                value="I am Vesta. I am brief, warm and exact.",
                limit=2000,
                description="Who I am.",
                read_only=True,
            ),
        ),
    )
