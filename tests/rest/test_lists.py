"""Lists as programs written for the retired server walk them: by cursors, in its default orders, without doubles."""

import httpx
import pytest
from letta_client import Letta

from tests.rest.conftest import MODEL
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer


@pytest.fixture(scope="module")
def agent_id(client: Letta) -> str:
    """An agent that was told six things."""
    agent = client.agents.create(model=MODEL)
    for number in range(6):
        client.agents.messages.create(agent.id, input=f"number {number}")
    return agent.id


def told(messages: list) -> list[str]:  # type: ignore[type-arg]
    return [message.content for message in messages if message.message_type == "user_message"]


def test_what_is_new_is_asked_for_by_the_last_message_seen(client: Letta, agent_id: str) -> None:
    everything = client.agents.messages.list(agent_id, order="asc").items
    seen = everything[6].id
    assert client.agents.messages.list(agent_id, after=seen).items == everything[7:]
    assert client.agents.messages.list(agent_id, after=seen, order="asc").items == everything[7:]
    # A window of the newest first: of what is new, the newest.
    assert client.agents.messages.list(agent_id, after=seen, limit=2).items == everything[-2:]
    assert client.agents.messages.list(agent_id, after=everything[-1].id).items == []


def test_what_was_earlier_is_asked_for_by_the_first_message_seen(client: Letta, agent_id: str) -> None:
    everything = client.agents.messages.list(agent_id, order="asc").items
    assert client.agents.messages.list(agent_id, before=everything[6].id, limit=3).items == everything[3:6]
    between = client.agents.messages.list(agent_id, before=everything[8].id, after=everything[2].id)
    assert between.items == everything[3:8]
    walked = [one.id for one in client.agents.messages.list(agent_id, before=everything[6].id, limit=2)]
    assert sorted(walked) == sorted(one.id for one in everything[:6])


def test_the_newest_page_is_walked_without_doubles(client: Letta, agent_id: str) -> None:
    everything = client.agents.messages.list(agent_id, order="asc").items
    assert list(client.agents.messages.list(agent_id, limit=4)) == everything[-4:]
    assert list(client.agents.messages.list(agent_id)) == everything


def test_messages_of_all_agents_read_forwards_too(client: Letta, agent_id: str) -> None:
    mine = client.agents.messages.list(agent_id, order="asc").items
    newest = client.messages.list(limit=3)
    assert newest == mine[-3:]
    assert client.messages.list(after=mine[-2].id) == mine[-1:]


def test_a_conversation_is_walked_newest_first_without_doubles(client: Letta, agent_id: str) -> None:
    thread = client.conversations.create(agent_id=agent_id)
    for number in range(3):
        list(client.conversations.messages.create(thread.id, input=f"side {number}"))
    walked = list(client.conversations.messages.list(thread.id, limit=2))
    assert told(walked) == ["side 2", "side 1", "side 0"]
    assert len({one.id for one in walked}) == len(walked) == 7


def test_a_run_and_a_step_read_forwards(client: Letta, model_server: OpenAIServer) -> None:
    agent = client.agents.create(model=MODEL, memory_blocks=[{"label": "human", "value": "Chad"}])
    call = ToolCall("memory_insert", {"label": "human", "new_string": "Tea."})
    model_server.queue(Reply(reasoning="Hm.", calls=(call,)), Reply(text="Noted."))
    response = client.agents.messages.create(agent.id, input="I like tea")
    run_id, step_id = response.messages[0].run_id, response.messages[0].step_id
    assert run_id is not None
    assert step_id is not None
    of_run = [one.message_type for one in client.runs.messages.list(run_id)]
    of_step = [one.message_type for one in client.steps.messages.list(step_id)]
    assert of_step == ["reasoning_message", "tool_call_message", "tool_return_message"]
    assert of_run == ["user_message", *of_step, "assistant_message"]
    assert client.runs.messages.list(run_id, order="desc").items[-1].message_type == "user_message"


def test_a_run_tells_the_kinds_of_messages_that_were_asked_for(client: Letta, agent_id: str) -> None:
    run = client.agents.messages.create_async(agent_id, input="x", include_return_message_types=["assistant_message"])
    list(client.runs.messages.stream(run.id))
    assert [one.message_type for one in client.runs.messages.list(run.id)] == ["assistant_message"]


def test_tags_are_those_of_agents_and_blocks(client: Letta) -> None:
    client.agents.create(model=MODEL, tags=["lists-agent"])
    client.blocks.create(label="tagged", value="", tags=["lists-block"])
    assert client.tags.list(name="lists-") == ["lists-agent", "lists-block"]
    assert client.tags.list(name="lists-", after="lists-agent") == ["lists-block"]


def test_conversations_are_ordered_by_what_was_said_last(client: Letta, http: httpx.Client) -> None:
    agent = client.agents.create(model=MODEL)
    first, second = (client.conversations.create(agent_id=agent.id) for _ in range(2))
    list(client.conversations.messages.create(second.id, input="earlier"))
    list(client.conversations.messages.create(first.id, input="later"))
    for order_by in ("last_message_at", "last_run_completion"):
        newest = client.conversations.list(agent_id=agent.id, order_by=order_by)  # type: ignore[arg-type]
        assert [one.id for one in newest][:2] == [first.id, second.id]
        oldest = client.conversations.list(agent_id=agent.id, order_by=order_by, order="asc")  # type: ignore[arg-type]
        assert [one.id for one in oldest][-2:] == [second.id, first.id]
    assert client.conversations.retrieve(first.id).last_message_at is not None
    assert http.get("/v1/conversations", params={"order_by": "secret"}).status_code == 422


def test_agents_and_blocks_of_an_identity_are_listed(client: Letta, http: httpx.Client, agent_id: str) -> None:
    block = client.blocks.create(label="of one", value="")
    body = {"identifier_key": "lists", "name": "N", "identity_type": "user"}
    made = http.post("/v1/identities/", json={**body, "agent_ids": [agent_id], "block_ids": [block.id]}).json()
    assert [one["id"] for one in http.get(f"/v1/identities/{made['id']}/agents").json()] == [agent_id]
    assert [one["id"] for one in http.get(f"/v1/identities/{made['id']}/blocks/").json()] == [block.id]
