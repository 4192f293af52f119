"""What the window is about right now: the agents, the open one, its conversation, blocks and counts.

Views show it and ask services; it reads again what events say has changed. It draws nothing.
"""

import contextlib
import uuid
from collections.abc import Awaitable, Callable, Collection, Container, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.agent import Agent, AgentRow
from app.domain.conversation import Conversation, ConversationRow
from app.domain.error import NotFound
from app.domain.event import Changed, Progress
from app.domain.history import MemoryEvent, Origin
from app.domain.page import ALL_AGENTS, LARGEST, AgentFilter, ConversationFilter, PageRequest, every_page
from app.ui.bridge.rereading import Rereading
from app.ui.bridge.tasks import Tasks
from app.ui.state.activity import Activity
from app.ui.state.agent_list import AgentList
from app.ui.state.block_list import BlockList, BlockRow

if TYPE_CHECKING:
    from app.link.client import Services

RECENT_CHANGES = 40
CONVERSATIONS = 50
"""So many of an agent's threads are listed at first; there may be thousands."""
FIRST_AGENTS = PageRequest(limit=100, order="activity")
ALL_OF_THEM = PageRequest(limit=LARGEST, order="activity")


class Workspace(QObject):
    loaded = Signal(int)
    """The list of agents is known; their number."""
    opened = Signal(object, object)
    """Agent and Conversation that are shown from now on."""
    agent_changed = Signal(object)
    """The open agent has other fields than before."""
    emptied = Signal()
    """No agent is open."""
    blocks_loaded = Signal()
    counted = Signal(object)
    """ContextOverview of the open conversation."""
    conversations_changed = Signal(object, bool)
    """tuple[ConversationRow, ...] of the open agent, oldest first, and whether it has earlier ones."""
    history_changed = Signal()
    working = Signal(object)
    """Progress of the open conversation, else that its agent is busy in another one; None when it is idle."""
    measured = Signal(object)
    """The last finished Step of the open agent."""
    changed = Signal(object)
    """Every Changed, for views that show other kinds."""
    run_ended = Signal(object)
    """The last Progress of a run that was under way and is over."""
    progressed = Signal(object)
    """Every Progress."""
    tools_read = Signal(object)
    """tuple[Tool, ...], after the list was read and whenever it changes."""
    api_read = Signal(object)
    """ApiStatus, likewise."""

    def __init__(self, services: "Services", tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.services = services
        self._tasks = tasks
        self.origin = Origin(client=f"window-{uuid.uuid4().hex[:8]}")
        """Given with each change made here, so that its echo is known."""
        self.agents = AgentList(self)
        self.blocks = BlockList(self)
        self.blocks_of = ""
        """Id of the agent whose blocks are listed; empty while they are being read: then no rows mean nothing."""
        self.agent: Agent | None = None
        self.conversation: Conversation | None = None
        self._activity = Activity()
        self._stale: set[str] = set()
        """Agents whose rows have changed since they were read."""
        self._conversations_shown = CONVERSATIONS
        self._untitled = False
        """Whether the open conversation will have a title as soon as something is said in it."""
        self._rereading = Rereading(tasks, self)

    # Opening

    def load(self, wanted_agent: str = "", wanted_conversation: str = "") -> None:
        """Read everything; open what is open already, else what is wanted, else the first agent."""
        if self.agent is not None and self.conversation is not None:
            wanted_agent, wanted_conversation = self.agent.id, self.conversation.id
        self._tasks.spawn(self._load(wanted_agent, wanted_conversation), self)
        self._again("tools", self._read_tools)
        self._again("api", self._read_api)

    async def _load(self, wanted_agent: str | None, wanted_conversation: str) -> None:
        known = {row.agent.id for row in self.agents.rows}
        async for rows in every_page(self._agent_page, lambda row: row.agent.id, FIRST_AGENTS):
            self.agents.put(rows)
            if wanted_agent is not None:
                await self._note_running()
                await self._open_first(wanted_agent, wanted_conversation)
                wanted_agent = None
            known -= {row.agent.id for row in rows}
        if wanted_agent is not None:
            self.agents.show(())
            self._close()
            self.loaded.emit(0)
        await self._read_rows(known)

    async def _agent_page(self, page: PageRequest) -> tuple[AgentRow, ...]:
        return await self.services.agents.list(ALL_AGENTS, page)

    async def _open_first(self, wanted_agent: str, wanted_conversation: str) -> None:
        """What was open, although it may stand on a later page; else the first of the list."""
        if wanted_agent and self.agents.index_of(wanted_agent) < 0:
            await self._read_rows({wanted_agent})
        place = max(0, self.agents.index_of(wanted_agent))
        await self.open_now(self.agents.rows[place].agent.id, wanted_conversation)
        self.loaded.emit(len(self.agents.rows))

    def open(self, agent_id: str, conversation_id: str = "") -> None:
        self._tasks.spawn(self.open_now(agent_id, conversation_id), self)

    async def open_now(self, agent_id: str, conversation_id: str = "") -> None:
        if self.agents.index_of(agent_id) < 0:
            await self._read_rows({agent_id})
        agent: Agent = await self.services.agents.get(agent_id)
        if self.agent is None or self.agent.id != agent_id:
            self._conversations_shown = CONVERSATIONS
        conversations, more = await self._threads(agent_id, conversation_id)
        chosen = _chosen(conversations, conversation_id)
        if self.blocks_of != agent_id:
            self.blocks_of = ""
        self.agent, self.conversation = agent, chosen
        if not self.blocks_of:
            self.blocks.show(())
        self.opened.emit(agent, chosen)
        self._tell_conversations(conversations, more)
        self._tell_working()
        await self._read_blocks()
        await self._read_overview()
        await self._read_last_step()

    def _close(self) -> None:
        self.agent = self.conversation = None
        self.blocks_of = ""
        self.blocks.show(())
        self.emptied.emit()

    # Events

    def on_batch(self, events: Iterable[Changed | Progress]) -> None:
        kinds: set[str] = set()
        for event in events:
            if isinstance(event, Progress):
                self._activity.take(event)
                self._tell_doing()
                self.progressed.emit(event)
                continue
            self.changed.emit(event)
            kinds.add(event.kind)
            if event.kind in ("agent", "run"):
                self._stale.update(event.ids if event.agent_id is None else (event.agent_id,))
            if event.agent_id is None or self.agent is None or event.agent_id == self.agent.id:
                kinds.add(f"own {event.kind}")
            if event.kind == "block" and any(self.blocks.index_of(id) >= 0 for id in event.ids):
                kinds.add("own block")
        if kinds & {"agent", "run"}:
            self._again("agents", self._read_agents)
        if "own agent" in kinds and self.agent is not None:
            self._again("agent", self._read_agent)
        if kinds & {"own block", "own history"}:
            self._again("blocks", self._read_blocks)
        if "own history" in kinds:
            self.history_changed.emit()
        if "own conversation" in kinds or ("own run" in kinds and self._untitled):
            self._again("conversations", self._read_conversations)
        if kinds & {"own run", "own block", "own agent", "own conversation"}:
            self._again("overview", self._read_overview)
        if "run" in kinds and self._activity:
            self._again("doing", self._drop_ended)
        if "own run" in kinds:
            self._again("step", self._read_last_step)
        if "tool" in kinds:
            self._again("tools", self._read_tools)
        if "setting" in kinds:
            self._again("api", self._read_api)

    def _again(self, what: str, read: Callable[[], Awaitable[None]]) -> None:
        self._rereading.read(what, partial(self._unless_deleted, read))

    async def _unless_deleted(self, read: Callable[[], Awaitable[None]]) -> None:
        """An agent may be deleted meanwhile; then the list of agents, read beside, opens another one."""
        with contextlib.suppress(NotFound):
            await read()

    async def _note_running(self) -> None:
        self._activity.begin(await self.services.runs.active())
        self._tell_doing()

    def _tell_doing(self) -> None:
        self.agents.set_doing(self._activity.by_agent())
        self._tell_working()

    async def _drop_ended(self) -> None:
        """A run that is over does nothing any more, whether its last word of progress arrived or not."""
        known = self._activity.run_ids
        over = self._activity.drop(known - {run.id for run in await self.services.runs.active()})
        self._tell_doing()
        for last in over:
            self.run_ended.emit(last)

    def _tell_working(self) -> None:
        agent, conversation = self.agent, self.conversation
        if agent is None or conversation is None:
            self.working.emit(None)
        else:
            self.working.emit(self._activity.of(agent, conversation))

    @property
    def row(self) -> AgentRow | None:
        """The open agent's row in the list."""
        at = self.agents.index_of(self.agent.id) if self.agent is not None else -1
        return self.agents.rows[at] if at >= 0 else None

    def open_neighbour(self, step: int) -> None:
        """The agent that stands so many rows below the open one, if there is one."""
        row = self.row
        at = self.agents.index_of(row.agent.id) + step if row is not None else -1
        if 0 <= at < len(self.agents.rows):
            self.open(self.agents.rows[at].agent.id)

    @property
    def active_runs(self) -> int:
        return sum(row.active_run_id is not None for row in self.agents.rows)

    def forget_runs(self) -> None:
        """The engine is gone, so nothing runs until it says otherwise."""
        self._activity.clear()
        self.agents.set_doing({})
        self.working.emit(None)

    # Reading

    async def _read_agents(self) -> None:
        stale, self._stale = self._stale, set()
        await self._read_rows(stale)
        gone = self.agent is not None and self.agents.index_of(self.agent.id) < 0
        if gone or (self.agent is None and self.agents.rows):
            await self._open_neighbour()

    async def _read_rows(self, agent_ids: Collection[str]) -> None:
        if agent_ids:
            wanted = AgentFilter(ids=tuple(agent_ids))
            self.agents.put(await self.services.agents.list(wanted, ALL_OF_THEM), agent_ids)

    async def _open_neighbour(self) -> None:
        if self.agents.rows:
            await self.open_now(self.agents.rows[0].agent.id)
        else:
            self._close()

    async def _read_agent(self) -> None:
        shown = self.agent
        if shown is None:
            return
        try:
            agent: Agent = await self.services.agents.get(shown.id)
        except NotFound:
            return
        if self.agent is not None and agent.id == self.agent.id and agent != self.agent:
            self.agent = agent
            self.agent_changed.emit(agent)
            await self._read_blocks()

    async def _read_blocks(self) -> None:
        agent = self.agent
        if agent is None:
            return
        blocks = await self.services.blocks.of_agent(agent.id)
        events: tuple[MemoryEvent, ...] = await self.services.history.of_agent(agent.id, limit=RECENT_CHANGES)
        holders = await self.services.blocks.holders(tuple(block.id for block in blocks))
        newest = {event.target_id: event for event in reversed(events)}
        rows = [BlockRow(block, len(holders.get(block.id, ())), newest.get(block.id)) for block in blocks]
        if self.agent is not None and self.agent.id == agent.id:
            self.blocks_of = agent.id
            self.blocks.show(rows)
            self.blocks_loaded.emit()

    async def _read_conversations(self) -> None:
        if self.agent is None:
            return
        current = self.conversation.id if self.conversation is not None else ""
        rows, more = await self._threads(self.agent.id, current)
        if self.conversation is not None:
            self.conversation = _chosen(rows, self.conversation.id)
        self._tell_conversations(rows, more)
        self._tell_working()

    def _tell_conversations(self, rows: tuple[ConversationRow, ...], more: bool) -> None:
        shown = self.conversation.id if self.conversation is not None else ""
        self._untitled = any(row.conversation.id == shown and not row.title for row in rows)
        self.conversations_changed.emit(rows, more)

    async def _threads(self, agent_id: str, current: str) -> tuple[tuple[ConversationRow, ...], bool]:
        """The newest threads, the current one and the first one, oldest first; and whether there are others."""
        services, limit = self.services.conversations, self._conversations_shown
        newest = await services.rows(ConversationFilter(agent_id=agent_id), PageRequest(limit=limit))
        rows = {row.conversation.id: row for row in reversed(newest)}
        first = {} if len(newest) < limit else await self._farther(agent_id, current, rows)
        return (*first.values(), *rows.values()), bool(first)

    async def _farther(self, agent_id: str, current: str, shown: Container[str]) -> dict[str, ConversationRow]:
        """The first thread and the current one, where they are older than what is shown."""
        services = self.services.conversations
        found = [await services.row((await services.default_of(agent_id)).id)]
        if current and current not in shown:
            with contextlib.suppress(NotFound):
                found.append(await services.row(current))
        threads = ((row.conversation, row) for row in found)
        return {
            thread.id: row
            for thread, row in threads
            if thread.id not in shown and thread.agent_id == agent_id and thread.root_id == thread.id
        }

    def read_conversations(self) -> None:
        """What their list says of them changes with every message, so it is read when somebody looks at it."""
        self._again("conversations", self._read_conversations)

    def show_earlier_conversations(self) -> None:
        self._conversations_shown += CONVERSATIONS
        self._again("conversations", self._read_conversations)

    async def _read_overview(self) -> None:
        if self.conversation is not None:
            self.counted.emit(await self.services.context.overview(self.conversation.active_id))

    async def _read_last_step(self) -> None:
        if self.agent is None:
            return
        for run in await self.services.runs.list(agent_id=self.agent.id, limit=3):
            steps = tuple(one for one in await self.services.runs.steps(run.id) if one.purpose == "reply")
            if steps:
                self.measured.emit(steps[-1])
                return

    async def _read_tools(self) -> None:
        self.tools_read.emit(await self.services.tools.list())

    async def _read_api(self) -> None:
        self.api_read.emit(await self.services.api.status())


def _chosen(rows: tuple[ConversationRow, ...], conversation_id: str) -> Conversation:
    """The one that is wanted, else the first."""
    return next((row for row in rows if row.conversation.id == conversation_id), rows[0]).conversation
