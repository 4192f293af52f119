"""The main path against a model server over HTTP: a name is corrected, undone, redone, and there after a restart."""

from collections.abc import Iterator

import pytest

from app.domain.agent import Agent, AgentPatch
from app.domain.history import Actor, MemoryEvent, Origin
from app.domain.run import Run
from app.services import Services
from tests.services.conftest import Reopen
from tests.support.engine.talking import block_value, check_invariants, events_of, say, transcript
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_replies import LOADING, Refusal, Reply, ToolCall, error_body, too_long
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

CHAD, BRAD = "Name: Chad.\nLikes tea.", "Name: Brad.\nLikes tea."
CORRECTION = "my name is Brad, not Chad"
REPLACE = ToolCall("memory_replace", {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."})


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def agent(services: Services, server: OpenAIServer) -> Agent:
    return await agent_on(services, server)


async def change_by(services: Services, agent: Agent, run: Run) -> MemoryEvent:
    """The one change of a block that a run made."""
    events = [event for event in await services.history.of_agent(agent.id) if event.origin.run_id == run.id]
    (change,) = [event for event in events if event.target_kind == "block"]
    return change


async def corrected(services: Services, agent: Agent, run: Run) -> None:
    """The correction happened once, wholly, and the run ended well."""
    assert (run.status, run.stop_reason) == ("completed", "end_turn"), run.failure
    assert await block_value(services, agent) == BRAD
    change = await change_by(services, agent, run)
    assert (change.before, change.after) == ({"value": CHAD}, {"value": BRAD})
    messages = await transcript(services, agent)
    check_invariants(messages)
    assert [message.role for message in messages if message.run_id == run.id][-3:] == ["assistant", "tool", "assistant"]


async def test_the_diff_names_run_step_call_and_the_words_that_led_to_it(services: Services, agent: Agent):
    run = await say(services, agent, CORRECTION)
    await corrected(services, agent, run)
    messages, change = await transcript(services, agent), await change_by(services, agent, run)
    call = messages[1].tool_calls[0]
    assert change.origin == Origin(
        actor=Actor(kind="agent", name=agent.name),
        run_id=run.id,
        step_id=messages[1].step_id,
        tool_call_id=call.tool_call_id,
        tool_name="memory_replace",
        message_id=messages[0].id,
    )
    assert change.cause == CORRECTION
    returned = [event for event in await events_of(services, run.id) if event.changes]
    assert [event.changes for event in returned] == [(change,)]
    page = await services.messages.page(await thread_of(services, agent))
    assert page.changes == (change,)


async def test_the_model_sees_the_new_memory_in_the_return_and_in_the_prompt_of_the_next_run(
    services: Services, agent: Agent, server: OpenAIServer
):
    await say(services, agent, CORRECTION)
    await say(services, agent, "Thanks")
    sent = [request.body["messages"] for request in server.chats]
    assert ["Name: Chad." in messages[0]["content"] for messages in sent] == [True, True, False]
    assert "Name: Brad." in sent[1][-1]["content"]
    assert "Name: Brad." in sent[2][0]["content"]


async def test_undo_redo_and_a_restart_in_between(
    services: Services, agent: Agent, reopen: Reopen, server: OpenAIServer
):
    run = await say(services, agent, CORRECTION)
    change = await change_by(services, agent, run)
    undo = await services.history.undo(change.seq)
    assert await block_value(services, agent) == CHAD
    await say(services, agent, "what is my name?")
    assert "Name: Chad." in server.chats[-1].body["messages"][0]["content"], "the model sees what was undone"
    before = await transcript(services, agent)
    later = (await reopen(True)).services
    assert await transcript(later, agent) == before
    assert await block_value(later, agent) == CHAD
    history = {event.seq: event for event in await later.history.of_agent(agent.id)}
    assert history[change.seq].undone_by == undo.seq
    await later.history.undo(undo.seq)
    assert await block_value(later, agent) == BRAD
    assert (await say(later, agent, "and now?")).stop_reason == "end_turn"
    assert "Name: Brad." in server.chats[-1].body["messages"][0]["content"]


@pytest.mark.parametrize(
    "shape",
    [
        {"whole_calls": True},
        {"with_ids": False},
        {"with_ids": False, "with_indexes": False, "whole_calls": True},
        {"with_usage": False},
        {"with_done": False},
        {"slice_bytes": 1},
    ],
    ids=str,
)
async def test_the_correction_survives_what_servers_leave_out(
    services: Services, agent: Agent, server: OpenAIServer, shape: dict[str, bool]
):
    server.queue(Reply(calls=(REPLACE,), **shape), Reply(text="Noted, Brad.", **shape))
    run = await say(services, agent, CORRECTION)
    await corrected(services, agent, run)
    counted = run.usage.prompt_tokens
    assert counted == 0 if "with_usage" in shape else counted > 0
    assert (await say(services, agent, "and now?")).stop_reason == "end_turn"
    used = (await services.context.overview(await thread_of(services, agent))).used
    assert used > 0


async def test_a_server_that_loads_its_model_is_waited_for(services: Services, agent: Agent, server: OpenAIServer):
    server.queue(LOADING)
    await corrected(services, agent, await say(services, agent, CORRECTION))
    assert len(server.chats) == 3


async def test_a_server_that_dies_in_the_middle_of_a_call_changes_nothing_and_can_be_tried_again(
    services: Services, agent: Agent, server: OpenAIServer
):
    server.queue(Reply(text="One moment, please.", calls=(REPLACE,), die_after=6))
    broken = await say(services, agent, CORRECTION)
    assert broken.failure is not None
    assert (broken.status, broken.failure.code) == ("failed", "server_died")
    assert "words it had written are kept" in broken.failure.message
    assert await block_value(services, agent) == CHAD
    assert (await transcript(services, agent))[-1].note == "not_finished"
    retried = await services.runs.retry(broken.id)
    await events_of(services, retried.id)
    await corrected(services, agent, await services.runs.get(retried.id))
    said = [message.text for message in await transcript(services, agent) if message.role == "user"]
    assert said == [CORRECTION], "trying again must not repeat the message"
    assert "One moment" not in str(server.chats[-1].body), "a half reply that was tried again is no history"


async def test_a_server_that_dies_after_the_correction_has_it_done_once(
    services: Services, agent: Agent, server: OpenAIServer
):
    server.queue(Reply(calls=(REPLACE,)), Reply(text="Noted, Brad, and so on.", die_after=2))
    broken = await say(services, agent, CORRECTION)
    assert broken.status == "failed"
    assert await block_value(services, agent) == BRAD
    retried = await services.runs.retry(broken.id)
    await events_of(services, retried.id)
    assert (await services.runs.get(retried.id)).stop_reason == "end_turn"
    changes = [event for event in await services.history.of_agent(agent.id) if event.origin.actor.kind == "agent"]
    assert len(changes) == 1
    check_invariants(await transcript(services, agent))


async def test_a_prompt_too_large_for_the_server_is_made_to_fit_by_its_numbers(
    services: Services, agent: Agent, server: OpenAIServer
):
    for number in range(8):
        await say(services, agent, f"{number} " + "tell me more about it " * 60)
    server.context = 3000
    run = await say(services, agent, CORRECTION)
    await corrected(services, agent, run)
    overview = await services.context.overview(await thread_of(services, agent))
    assert overview.messages_out > 0
    said = [message for message in await transcript(services, agent) if message.role != "summary"]
    assert len(said) == 20, "what left the window is still there"


async def test_a_server_too_small_for_the_agent_is_named_with_both_numbers(
    services: Services, agent: Agent, server: OpenAIServer
):
    await services.agents.update(agent.id, AgentPatch(system="Be kind. " * 2000))
    server.queue(*(too_long(5000, 2048) for _ in range(4)))
    run = await say(services, agent, CORRECTION)
    assert run.failure is not None
    assert "2,048" in run.failure.message
    assert await block_value(services, agent) == CHAD
    await services.agents.update(agent.id, AgentPatch(system="Be kind."))
    server.context = 32_768
    await say(services, agent, "hello")
    assert (await say(services, agent, CORRECTION)).stop_reason == "end_turn"


async def test_a_server_that_forgets_the_model_says_so_and_nothing_is_lost(
    services: Services, agent: Agent, server: OpenAIServer
):
    server.queue(Refusal(404, error_body(404, "model 'tiny' not found", "model_not_found")))
    run = await say(services, agent, CORRECTION)
    assert run.failure is not None
    assert run.failure.code == "model_missing"
    assert "Your message is kept" in run.failure.message
    retried = await services.runs.retry(run.id)
    await events_of(services, retried.id)
    await corrected(services, agent, await services.runs.get(retried.id))
