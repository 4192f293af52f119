"""start, perform and commit by hand: what each stores, and what it does when it cannot."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import AgentPatch
from app.domain.error import Conflict, Invalid, StorageError
from app.domain.event import Changed, RunEvent
from app.domain.message import ImagePart, Message, MessageDraft, TextPart
from app.domain.run import Failure
from app.engine.reply import Call
from app.engine.run.policy import read_policy
from app.engine.state import (
    BrokenOff,
    CallModel,
    Cancelled,
    Compact,
    Compacted,
    Finish,
    ModelFailed,
    ModelReplied,
    RunTools,
    ToolsReturned,
    WindowFull,
)
from app.ports.storage import Repositories, Storage
from tests.support.engine.filling import fill
from tests.support.engine.run_stage import RunStage, run_stage
from tests.support.engine.talking import block_value, check_invariants, transcript
from tests.support.engine.whole_engine import agent_on
from tests.support.servers.openai_replies import Refusal, Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer
from tests.support.values.samples import call

pytestmark = pytest.mark.anyio
T = TypeVar("T")
RENAME = ToolCall("memory_replace", {"label": "human", "old_string": "Chad", "new_string": "Brad"})


class FullDisk:
    """The storage of a disk on which nothing can be written any more."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def read(self, work: Callable[[Repositories], T]) -> T:
        return await self._storage.read(work)

    async def write(self, work: Callable[[Repositories], T]) -> T:
        raise StorageError("The disk is full.", code="disk_full")

    async def close(self) -> None: ...


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load())
    yield opened
    await opened.close()


@pytest.fixture
async def stage(engine: OpenEngine, server: OpenAIServer) -> AsyncIterator[RunStage]:
    made = await run_stage(engine, await agent_on(engine.services, server))
    yield made
    await made.deps.catalog.close()


async def test_a_beginning_stores_message_run_and_first_intent_together(stage: RunStage):
    started = await stage.started("hello")
    assert isinstance(started.state and started.state.intent, CallModel)
    assert [event.payload.message_type for event in started.events] == ["user_message"]
    with pytest.raises(Conflict) as busy:
        await stage.started("and again")
    assert (busy.value.code, busy.value.details["run_id"]) == ("busy", started.run.id)


async def test_a_beginning_that_cannot_be_leaves_nothing(stage: RunStage, engine: OpenEngine):
    ghost = MessageDraft(role="user", parts=(ImagePart(sha256="0" * 64, media_type="image/png"),))
    with pytest.raises(Invalid):
        await stage.started(None, draft=ghost)
    assert await transcript(engine.services, stage.agent) == ()
    assert await engine.services.runs.list() == ()


async def test_a_run_may_begin_with_open_calls_and_makes_them_first(stage: RunStage, engine: OpenEngine):
    """As after an approval: the calls belong to a message that an earlier run stored."""
    asked = call("call_1", "memory_replace", json.dumps(RENAME.arguments))
    said = Message(
        id="message-asked",
        agent_id=stage.agent.id,
        role="assistant",
        parts=(TextPart(text="May I?"), asked),
        created_at=1,
    )
    await stage.deps.storage.write(lambda repos: repos.messages.append(stage.conversation_id, said))
    waiting = Call(tool_call_id="call_1", name=asked.name, arguments=asked.arguments, status="approved")
    state = await stage.begin(None, calls=(waiting,))
    assert isinstance(state.intent, RunTools)
    after = await stage.commit(state, await stage.perform(state))
    assert isinstance(after.intent, CallModel)
    assert after.calls == ()
    assert await block_value(engine.services, stage.agent) == "Name: Brad.\nLikes tea."
    check_invariants(await transcript(engine.services, stage.agent))


async def test_performing_brings_an_outcome_and_stores_nothing(
    stage: RunStage, engine: OpenEngine, server: OpenAIServer
):
    server.queue(Reply(text="Hello there."))
    state = await stage.begin("hello")
    outcome = await stage.perform(state)
    assert isinstance(outcome, ModelReplied)
    assert outcome.reply.text == "Hello there."
    assert len(await transcript(engine.services, stage.agent)) == 1
    after = await stage.commit(state, outcome)
    assert after.intent == Finish(stop_reason="end_turn")
    last = [event.payload.message_type for event in stage.told if isinstance(event, RunEvent)][-3:]
    assert last == ["assistant_message", "stop_reason", "usage_statistics"]


async def test_what_a_model_server_does_wrong_is_an_outcome(stage: RunStage, server: OpenAIServer):
    server.queue(Refusal(400, {"error": {"message": "no"}}))
    state = await stage.begin("hello")
    outcome = await stage.perform(state)
    assert isinstance(outcome, ModelFailed)
    assert (await stage.commit(state, outcome)).intent == Finish(stop_reason="llm_api_error", failure=outcome.failure)


async def test_a_store_that_fails_while_a_model_replies_raises_and_the_words_are_kept(
    stage: RunStage, engine: OpenEngine, server: OpenAIServer
):
    server.queue(Reply(text=" ".join(f"word{number}" for number in range(2_000))))
    state = await stage.begin("tell me")
    assert stage.emitter is not None
    full = FullDisk(stage.deps.storage)
    stage.emitter = type(stage.emitter)(state.run_id, 1, full, stage.deps.clock, stage.told.append)
    with pytest.raises(StorageError):
        await stage.perform(state, replace(stage.deps, storage=full))
    outcome = stage.partial.broken_off(Failure(code="disk_full", message="The disk is full."), stage.deps.clock.now())
    assert outcome.failure.message.endswith("kept.")
    stage.emitter = type(stage.emitter)(state.run_id, 5_000, stage.deps.storage, stage.deps.clock, stage.told.append)
    after = await stage.commit(state, outcome)
    assert after.intent == Finish(stop_reason="error", failure=outcome.failure)
    newest = (await transcript(engine.services, stage.agent))[-1]
    assert (newest.role, newest.note) == ("assistant", "not_finished")
    assert newest.text.startswith("word")


async def test_a_full_window_is_an_outcome_then_an_action_and_then_the_call_goes_on(
    engine: OpenEngine, server: OpenAIServer
):
    settings = {"max_output_tokens": 256}
    agent = await agent_on(engine.services, server, context_window=4096, settings=settings, tool_names=())
    stage = await run_stage(engine, agent)
    await fill(engine.storage, engine.clock, engine.ids, stage.conversation_id, count=120, keep=120)
    state = await stage.begin("hello")
    full = await stage.perform(state)
    assert isinstance(full, WindowFull)
    assert len(server.chats) == 0
    state = await stage.commit(state, full)
    assert isinstance(state.intent, Compact)
    assert len(await shown(stage)) == 121, "nothing is written behind the commit"
    state = await stage.commit(state, await stage.perform(state))
    assert isinstance(state.intent, CallModel)
    assert state.leave_before is None
    kept = await shown(stage)
    assert kept[1] == full.leave_before
    assert len(kept) < 60
    assert isinstance(await stage.perform(state), ModelReplied)
    await stage.deps.catalog.close()


async def shown(stage: RunStage) -> list[int]:
    found = await stage.deps.storage.read(lambda repos: repos.messages.in_context(stage.conversation_id))
    return [member.position for member in found]


async def test_a_run_stopped_while_room_is_made_ends_and_moves_nothing(stage: RunStage):
    state = await stage.begin("hello")
    room = Compact(step_id="step-1", message_id="message-1", leave_before=1)
    state = state.model_copy(update={"intent": room, "newest": "window_full", "leave_before": 1})
    after = await stage.commit(state, Cancelled())
    assert after.intent == Finish(stop_reason="cancelled")
    assert len(await shown(stage)) == 1


async def test_memory_tools_act_in_the_commit_and_not_before(stage: RunStage, engine: OpenEngine, server: OpenAIServer):
    server.queue(Reply(calls=(RENAME, ToolCall("conversation_search", {"query": "tea"}))))
    state = await stage.begin("my name is Brad")
    state = await stage.commit(state, await stage.perform(state))
    assert isinstance(state.intent, RunTools)
    outcome = await stage.perform(state)
    assert isinstance(outcome, ToolsReturned)
    assert list(outcome.returns) == [state.calls[1].tool_call_id]
    assert await block_value(engine.services, stage.agent) == "Name: Chad.\nLikes tea."
    await stage.commit(state, outcome)
    assert await block_value(engine.services, stage.agent) == "Name: Brad.\nLikes tea."


async def test_memory_tools_alone_are_stored_with_the_reply_that_called_them(
    stage: RunStage, engine: OpenEngine, server: OpenAIServer
):
    server.queue(Reply(calls=(RENAME, ToolCall("unknown_tool", {}))))
    state = await stage.begin("my name is Brad")
    outcome = await stage.perform(state)
    assert await block_value(engine.services, stage.agent) == "Name: Chad.\nLikes tea."
    state = await stage.commit(state, outcome)
    assert isinstance(state.intent, CallModel)
    assert (state.calls, state.step_no) == ((), 1)
    assert await block_value(engine.services, stage.agent) == "Name: Brad.\nLikes tea."
    messages = await transcript(engine.services, stage.agent)
    check_invariants(messages)
    assert [message.role for message in messages] == ["user", "assistant", "tool"]
    assert [part.status for part in messages[2].tool_returns] == ["success", "error"]
    changed = [event for event in stage.told if isinstance(event, RunEvent) and event.changes]
    assert [event.payload.message_type for event in changed] == ["tool_return_message"] * len(changed)
    assert changed, "the window shows the change with the return that made it"


async def test_a_run_that_breaks_off_keeps_the_returns_it_has(
    stage: RunStage, engine: OpenEngine, server: OpenAIServer
):
    server.queue(Reply(calls=(ToolCall("conversation_search", {"query": "tea"}), RENAME)))
    state = await stage.begin("hello")
    state = await stage.commit(state, await stage.perform(state))
    outcome = await stage.perform(state)
    assert isinstance(outcome, ToolsReturned)
    await stage.commit(state, BrokenOff(Failure(code="x", message="x"), returns=outcome.returns))
    returns = (await transcript(engine.services, stage.agent))[-1].tool_returns
    assert [part.status for part in returns] == ["success", "error"]
    assert await block_value(engine.services, stage.agent) == "Name: Chad.\nLikes tea."


async def test_the_step_limit_is_the_agents_as_it_stands_unless_the_run_brought_its_own(
    stage: RunStage, engine: OpenEngine
):
    state = await stage.begin("hello")
    await engine.services.agents.update(stage.agent.id, AgentPatch(max_steps=3))
    read = stage.deps.storage.read
    assert (await read(lambda repos: read_policy(repos, state))).max_steps == 3
    own = state.model_copy(update={"max_steps": 7})
    assert (await read(lambda repos: read_policy(repos, own))).max_steps == 7


async def test_room_that_was_made_is_told_to_whoever_shows_the_conversation(stage: RunStage, engine: OpenEngine):
    state = await stage.begin("hello")
    room = Compact(step_id="step-1", message_id="message-1", leave_before=0)
    told: list[Changed] = []

    async def listen() -> None:
        async for event in engine.services.events.subscribe():
            if isinstance(event, Changed):
                told.append(event)

    listening = asyncio.ensure_future(listen())
    await asyncio.sleep(0)
    await stage.commit(state.model_copy(update={"intent": room, "leave_before": 0}), Compacted())
    await asyncio.sleep(0)
    listening.cancel()
    await asyncio.wait([listening])
    assert {(event.kind, event.conversation_id) for event in told} >= {("conversation", stage.conversation_id)}
