"""What the fake services hold in memory: agents, blocks, conversations, messages, runs, history, and a live bus."""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.context import ContextAlarm
from app.domain.conversation import Conversation
from app.domain.error import NotFound
from app.domain.event import Changed, ChangedKind, Progress, RunEvent
from app.domain.fitness import FitReport
from app.domain.history import USER, MemoryEvent, Op, Origin, TargetKind
from app.domain.message import Message
from app.domain.model import FoundServer, Model, Provider, Pull
from app.domain.run import Run, Step
from app.domain.system import Backup
from app.domain.tool import Tool


def new_id(kind: str) -> str:
    return f"{kind}-{uuid.uuid4()}"


def now() -> int:
    return time.time_ns() // 1000


class World:
    """The state that all fake services share."""

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.deleted_agents: dict[str, Agent] = {}
        self.blocks: dict[str, Block] = {}
        self.conversations: dict[str, Conversation] = {}
        self.messages: dict[str, list[tuple[int, Message]]] = defaultdict(list)
        self.runs: dict[str, Run] = {}
        self.steps: dict[str, Step] = {}
        self.run_log: dict[str, list[RunEvent]] = defaultdict(list)
        self.run_news: dict[str, asyncio.Event] = {}
        self.run_tasks: dict[str, asyncio.Task[None]] = {}
        self.history: list[MemoryEvent] = []
        self.tools: dict[str, Tool] = {}
        self.providers: dict[str, Provider] = {}
        self.models: dict[str, tuple[Model, ...]] = {}
        self.model_errors: dict[str, str] = {}
        self.loaded: dict[str, int] = {}
        """Bytes in memory by handle."""
        self.found: list[FoundServer] = []
        self.to_offer: dict[str, tuple[str, ...]] = {}
        """Names of the models that a server offers once it is adopted, by address."""
        self.pulls: dict[tuple[str, str], Pull] = {}
        self.reports: dict[str, FitReport] = {}
        self.test_gate: asyncio.Event | None = None
        """Set to an unset event to hold every fit test in its first task."""
        self.alarm: ContextAlarm | None = None
        self.settings: dict[str, Any] = {}
        self.backups: list[Backup] = []
        self.blobs: dict[str, tuple[str, str]] = {}
        self.subscribers: list[asyncio.Queue[Changed | Progress]] = []
        self.slow_list: asyncio.Event | None = None
        """Set to an unset event to hold the list of agents back."""
        self.gate: asyncio.Event | None = None
        """Set to an unset event to hold every run in the middle of its reply."""

    def agent(self, agent_id: str) -> Agent:
        if agent_id not in self.agents:
            raise NotFound("This agent no longer exists.")
        return self.agents[agent_id]

    def block(self, block_id: str) -> Block:
        if block_id not in self.blocks:
            raise NotFound("This block no longer exists.")
        return self.blocks[block_id]

    def holders(self, block_id: str) -> tuple[str, ...]:
        return tuple(agent.id for agent in self.agents.values() if block_id in agent.block_ids)

    def publish(
        self,
        kind: ChangedKind,
        *ids: str,
        agent_id: str | None = None,
        conversation_id: str | None = None,
        client: str = "",
    ) -> None:
        event = Changed(kind=kind, ids=ids, agent_id=agent_id, conversation_id=conversation_id, client=client)
        self.send(event)

    def note_pull(self, provider_id: str, name: str, phase: str, done: int, total: int = 2_500_000_000) -> Pull:
        """A download got this far."""
        moving = phase == "running"
        pull = Pull.model_validate(
            {
                "provider_id": provider_id,
                "name": name,
                "phase": phase,
                "completed": done,
                "total": 0 if phase == "waiting" else total,
                "bytes_per_second": 38e6 if moving else None,
                "seconds_left": (total - done) / 38e6 if moving else None,
                "error": "The download broke off." if phase == "failed" else "",
                "hint": "Go on when the network is back." if phase == "failed" else "",
            }
        )
        self.pulls[provider_id, name] = pull
        self.publish("model", provider_id)
        return pull

    def send(self, event: Changed | Progress) -> None:
        for queue in self.subscribers:
            queue.put_nowait(event)

    def record(
        self,
        target: tuple[TargetKind, str, str],
        op: Op,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
        *,
        agent_id: str | None,
        version: int,
        origin: Origin = USER,
        undoes: int | None = None,
        at: int | None = None,
        cause: str = "",
    ) -> MemoryEvent:
        """Append one row of memory history and tell everybody."""
        kind, target_id, label = target
        event = MemoryEvent(
            seq=len(self.history) + 1,
            id=new_id("event"),
            at=at or now(),
            agent_id=agent_id,
            target_kind=kind,
            target_id=target_id,
            label=label,
            op=op,
            before=before,
            after=after,
            version=version,
            origin=origin,
            undoes=undoes,
            cause=cause or self._cause(origin),
        )
        self.history.append(event)
        self.publish("history", str(event.seq), agent_id=agent_id, client=origin.client)
        return event

    def _cause(self, origin: Origin) -> str:
        for pairs in self.messages.values():
            for _, message in pairs:
                if message.id == origin.message_id:
                    return message.text[:200]
        return ""

    async def events(self) -> AsyncIterator[Changed | Progress]:
        queue: asyncio.Queue[Changed | Progress] = asyncio.Queue()
        self.subscribers.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.subscribers.remove(queue)
