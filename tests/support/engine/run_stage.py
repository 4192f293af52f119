"""One run without its scheduler: each part of the loop called by hand, on a real database and a scripted server."""

from dataclasses import dataclass, field, replace

from app.adapters.models.catalog import Catalog
from app.adapters.models.tokens import EstimatingCounter
from app.adapters.secrets import open_secrets
from app.bootstrap import OpenEngine
from app.config import Config
from app.domain.agent import Agent
from app.domain.event import Event
from app.domain.message import MessageDraft
from app.engine.context.window import TokenLedger
from app.engine.deps import EngineDeps
from app.engine.emitter import Emitter
from app.engine.model_call.call import PartialOutcome
from app.engine.run.commit import commit
from app.engine.run.decide import FreshIds
from app.engine.run.perform import perform
from app.engine.run.start import RunStart, Started
from app.engine.state import Finish, Outcome, RunState
from app.engine.tools.router import tool_router
from tests.support.engine.whole_engine import thread_of


@dataclass
class RunStage:
    """`begin`, then `perform` and `commit` in turn."""

    deps: EngineDeps
    agent: Agent
    conversation_id: str
    told: list[Event] = field(default_factory=list[Event])
    partial: PartialOutcome = field(default_factory=PartialOutcome)
    emitter: Emitter | None = None

    async def begin(self, text: str | None, **fields: object) -> RunState:
        started = await self.started(text, **fields)
        self.emitter = Emitter(
            started.run.id, len(started.events), self.deps.storage, self.deps.clock, self.told.append
        )
        assert started.state is not None
        return started.state

    async def started(self, text: str | None, **fields: object) -> Started:
        """Stores the beginning of a run."""
        ids = self.deps.ids
        given = RunStart(
            run_id=ids.new("run"),
            message_id=ids.new("message"),
            fresh=FreshIds(ids.new("step"), ids.new("message")),
            now=self.deps.clock.now(),
            conversation_id=self.conversation_id,
            draft=None if text is None else MessageDraft.of(text),
        )
        return await self.deps.storage.write(replace(given, **fields).store)  # type: ignore[arg-type]

    async def perform(self, state: RunState, deps: EngineDeps | None = None) -> Outcome:
        assert self.emitter is not None
        assert state.intent is not None
        assert not isinstance(state.intent, Finish)
        self.partial = PartialOutcome()
        return await perform(state.intent, state, deps or self.deps, self.emitter, self.partial)

    async def commit(self, state: RunState, outcome: Outcome) -> RunState:
        assert self.emitter is not None
        return (await commit(state, outcome, self.deps, self.emitter)).state


async def run_stage(engine: OpenEngine, agent: Agent) -> RunStage:
    told: list[Event] = []
    deps = EngineDeps(
        storage=engine.storage,
        catalog=Catalog(open_secrets(Config.load().folder)),
        tools=tool_router(engine.storage, engine.clock),
        ledger=TokenLedger(EstimatingCounter().estimate),
        clock=engine.clock,
        ids=engine.ids,
        publish=told.append,
    )
    return RunStage(deps, agent, await thread_of(engine.services, agent), told)
