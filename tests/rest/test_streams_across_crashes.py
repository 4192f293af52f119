"""A stream across `kill -9` of the engine: what was stored replays, no number is given twice, nothing is lost."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from letta_client import Letta

from tests.rest.conftest import MODEL
from tests.support.processes.rest_child import ServeChild
from tests.support.processes.rest_streams import Event, hear, post, texts
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

TEXT = " ".join(f"word{n}" for n in range(150))


@pytest.fixture
def own_child(model_server: OpenAIServer, tmp_path: Path) -> Iterator[ServeChild]:
    with ServeChild(tmp_path / "served") as started:
        started.connect_model_server(model_server.url)
        yield started


def script(model_server: OpenAIServer, attempts: int) -> None:
    """Two steps with a memory tool, then a long text, as often as it will be asked for."""
    model_server.forget_queue()
    for n in range(2):
        call = ToolCall("memory_insert", {"label": "human", "new_string": f"Fact {n}."})
        model_server.queue(Reply(text=f"Step {n}.", calls=(call,)))
    model_server.queue(*[Reply(text=TEXT, tokens_per_second=250)] * attempts)


def new_agent(child: ServeChild) -> str:
    with Letta(base_url=child.url, api_key="any") as client:
        return client.agents.create(model=MODEL, memory_blocks=[{"label": "human", "value": "Name: Chad."}]).id


def stored(child: ServeChild, agent_id: str) -> list[Any]:
    """What the agent's conversation says, without the ids and times that no two runs share."""
    with Letta(base_url=child.url, api_key="any") as client:
        messages = client.agents.messages.list(agent_id, order="asc", limit=100).items
    return [(one.message_type, getattr(one, "content", None), getattr(one, "tool_return", None)) for one in messages]


def by_number(events: list[Event]) -> dict[int, Event]:
    numbered = {event["seq_id"]: event for event in events}
    assert len(numbered) == len(events), "a number was issued twice"
    return numbered


def test_stream_goes_on_after_the_engine_was_killed(
    own_child: ServeChild, model_server: OpenAIServer, seeded_random: random.Random, times: Callable[[int, int], int]
) -> None:
    script(model_server, 1)
    uncut_agent = new_agent(own_child)
    post(f"{own_child.url}/v1/agents/{uncut_agent}/messages", {"input": "go"})
    expected = stored(own_child, uncut_agent)
    for _ in range(times(2, 12)):
        script(model_server, 2)
        agent_id = new_agent(own_child)
        run = post(
            f"{own_child.url}/v1/agents/{agent_id}/messages/async", {"input": "go", "stream_tokens": True}
        ).json()
        url = f"{own_child.url}/v1/runs/{run['id']}/stream"
        # Somewhere in the long text: an aborted earlier call would have used up the reply of its second attempt.
        words = seeded_random.randint(8, 130)
        before = hear(url, {}, until=lambda heard, words=words: f"word{words} " in texts(heard.events))
        own_child.kill()
        assert not before.done
        own_child.start()
        after = hear(url, {"starting_after": before.last_seq})
        assert after.done
        assert all(event["seq_id"] > before.last_seq for event in after.events)
        replayed, heard = by_number(hear(url, {}).events), by_number(before.events)
        for number in replayed.keys() & heard.keys():
            assert replayed[number] == heard[number]
        last = [event for event in after.events if event["message_type"] == "assistant_message"][-1]["id"]
        assert last not in {event.get("id") for event in before.events}, "the second attempt needs an id of its own"
        assert texts([event for event in after.events if event.get("id") == last]) == TEXT
        assert after.events[-2]["stop_reason"] == "end_turn"
        assert stored(own_child, agent_id) == expected
