"""A weak model asks its memory for what it cannot do: it is told, and after three times in a row a person is."""

from collections.abc import Iterator

import pytest

from app.domain.agent import Agent
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, say, transcript
from tests.support.engine.whole_engine import agent_on
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

SMALL_TALK = Reply(text="Hello!")
GOOD = ToolCall("memory_insert", {"label": "human", "new_string": "Has a cat."})


def unknown(label: str) -> ToolCall:
    return ToolCall("memory_insert", {"label": label, "new_string": "Hello!"})


def absent(text: str) -> ToolCall:
    return ToolCall("memory_replace", {"label": "human", "old_string": text, "new_string": "Hello!"})


def too_long(size: int) -> ToolCall:
    return ToolCall("memory_insert", {"label": "human", "new_string": " ".join(map(str, range(size)))})


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def agent(services: Services, server: OpenAIServer) -> Agent:
    return await agent_on(services, server)


@pytest.mark.parametrize(
    "calls",
    [
        [unknown("user"), unknown("your_block"), unknown("person")],
        [absent("Name: Bob."), absent("Likes beer."), absent("the old text")],
        [too_long(600), too_long(700), too_long(800)],
        [unknown("user"), absent("Name: Bob."), too_long(600)],
        [unknown("user"), unknown("user"), unknown("user")],
        [absent("Name: Bob."), ToolCall("memory_edit", {"label": "human"}), unknown("user")],
    ],
)
async def test_the_third_refusal_by_the_memory_ends_the_run_in_a_sentence(
    services: Services, server: OpenAIServer, agent: Agent, calls: list[ToolCall]
):
    server.queue(*(Reply(calls=(call,)) for call in calls), *(Reply(calls=(unknown(f"b{i}"),)) for i in range(9)))
    before = await block_value(services, agent)
    run = await say(services, agent, "Hello!")
    assert len(server.chats) == 3
    assert (run.stop_reason, run.status) == ("invalid_tool_call", "failed")
    assert run.failure is not None
    assert "3 times in a row" in run.failure.message
    assert "refused" in run.failure.message
    assert run.failure.hint
    assert await block_value(services, agent) == before
    messages = await transcript(services, agent)
    check_invariants(messages)
    returns = [part for message in messages for part in message.tool_returns]
    assert [part.status for part in returns] == ["error"] * 3
    assert not any(part.text.startswith("Already done") for part in returns)


async def test_the_third_equal_refused_call_is_told_as_failed(services: Services, server: OpenAIServer, agent: Agent):
    server.queue(*(Reply(calls=(unknown("user"),)) for _ in range(3)))
    await say(services, agent, "Hello!")
    texts = [part.text for message in await transcript(services, agent) for part in message.tool_returns]
    assert texts[0] == texts[1]
    assert texts[2].startswith("Not done: this very call failed before")
    assert texts[2].endswith(texts[0])


async def test_a_call_that_failed_twice_is_tried_again_once_the_memory_has_changed(
    services: Services, server: OpenAIServer, agent: Agent
):
    wanted = absent("Has a cat.")
    calls = (wanted, wanted, GOOD, wanted)
    server.queue(*(Reply(calls=(call,)) for call in calls), SMALL_TALK)
    run = await say(services, agent, "Hello!")
    assert run.stop_reason == "end_turn"
    assert (await block_value(services, agent)).endswith("\nHello!")


async def test_a_carried_out_edit_forgives_a_refusal_before_and_beside_it(
    services: Services, server: OpenAIServer, agent: Agent
):
    again = ToolCall("memory_insert", {"label": "human", "new_string": "Has a dog."})
    server.queue(
        Reply(calls=(unknown("a"),)),
        Reply(calls=(unknown("b"),)),
        Reply(calls=(GOOD, unknown("c"))),
        Reply(calls=(unknown("d"),)),
        Reply(calls=(again,)),
        SMALL_TALK,
    )
    run = await say(services, agent, "Hello!")
    assert (run.stop_reason, run.failure) == ("end_turn", None)
    assert len(server.chats) == 6


async def test_a_model_that_learns_from_two_refusals_goes_on(services: Services, server: OpenAIServer, agent: Agent):
    server.queue(Reply(calls=(unknown("a"),)), Reply(calls=(absent("Bob"),)), SMALL_TALK)
    run = await say(services, agent, "Hello!")
    assert (run.stop_reason, (await transcript(services, agent))[-1].text) == ("end_turn", "Hello!")
