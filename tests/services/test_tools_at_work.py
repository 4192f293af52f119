"""A tool that acts on the world: its start is stored before it runs, and nobody claims that it did not run."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.bootstrap import OpenEngine
from app.domain.message import MessageDraft
from app.domain.tool import Tool
from app.engine.state import RunState, RunTools
from app.ports.tools import OnOutput, ToolContext, ToolOutcome
from tests.support.engine.talking import check_invariants, events_of, transcript
from tests.support.engine.whole_engine import agent_on, started
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer
from tests.support.values import samples

pytestmark = pytest.mark.anyio
LETTER = samples.tool("send_letter", tool_type="custom", source_code="def send_letter(): ...", idempotent=False)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


class Post:
    """Runs tools: notes what is stored of the call meanwhile, and delivers when it is let."""

    def __init__(self, engine: OpenEngine) -> None:
        self._engine = engine
        self.stored: list[str] = []
        self.at_work, self.deliver = asyncio.Event(), asyncio.Event()
        running = engine._scheduler
        running._deps = replace(running._deps, tools=self)

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        text = await self._engine.storage.read(lambda repos: repos.runs.state(context.run_id))
        state = RunState.model_validate_json(text)
        assert isinstance(state.intent, RunTools)
        self.stored = [call.status for call in state.calls_of(state.intent)]
        self.at_work.set()
        await self.deliver.wait()
        return ToolOutcome(ok=True, text="Delivered.")


async def test_the_start_of_a_tool_is_stored_before_it_acts(engine: OpenEngine, server: OpenAIServer):
    post = Post(engine)
    await engine.storage.write(lambda repos: repos.tools.upsert(LETTER))
    agent = await agent_on(engine.services, server, tool_names=("send_letter",))
    server.queue(Reply(calls=(ToolCall("send_letter", {}), ToolCall("send_letter", {"n": 2}))), Reply(text="Done."))
    run = await started(engine.services, agent, "write to them")
    await asyncio.wait_for(post.at_work.wait(), 10)
    assert post.stored == ["started", "requested"]
    post.deliver.set()
    await events_of(engine.services, run.id)
    messages = await transcript(engine.services, agent)
    check_invariants(messages)
    assert [part.text for part in messages[2].tool_returns] == ["Delivered.", "Delivered."]


async def test_of_a_tool_that_is_stopped_at_work_nobody_says_that_it_was_not_carried_out(
    engine: OpenEngine, server: OpenAIServer
):
    post = Post(engine)
    await engine.storage.write(lambda repos: repos.tools.upsert(LETTER))
    agent = await agent_on(engine.services, server, tool_names=("send_letter",))
    server.queue(Reply(calls=(ToolCall("send_letter", {}), ToolCall("send_letter", {"n": 2}))))
    run = await started(engine.services, agent, "write to them")
    await asyncio.wait_for(post.at_work.wait(), 10)
    await engine.services.runs.cancel(run.id)
    messages = await transcript(engine.services, agent)
    check_invariants(messages)
    first, second = messages[2].tool_returns
    assert "whether it finished is unknown" in first.text
    assert "was not carried out" in second.text


async def test_a_fork_made_while_a_tool_is_at_work_leaves_its_call_to_the_run(engine: OpenEngine, server: OpenAIServer):
    post, services = Post(engine), engine.services
    await engine.storage.write(lambda repos: repos.tools.upsert(LETTER))
    agent = await agent_on(services, server, tool_names=("send_letter",))
    server.queue(Reply(calls=(ToolCall("send_letter", {}),)), Reply(text="Done."), Reply(text="Here too."))
    run = await started(services, agent, "write to them")
    await asyncio.wait_for(post.at_work.wait(), 10)
    fork = await services.conversations.fork((await services.conversations.default_of(agent.id)).active_id)
    assert [one.role for one in (await services.messages.page(fork.id)).messages] == ["user"]
    post.deliver.set()
    await events_of(services, run.id)
    await events_of(services, (await services.runs.start(fork.id, MessageDraft.of("and here?"))).id)
    said = (await services.messages.page(fork.id)).messages
    check_invariants(said)
    assert [one.role for one in said] == ["user", "user", "assistant"]
    whole = await services.conversations.fork((await services.conversations.default_of(agent.id)).active_id)
    assert len((await services.messages.page(whole.id)).messages) == 4
