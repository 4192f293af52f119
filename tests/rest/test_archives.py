"""Archival memory over the API, by the newest official client: passages of an agent, archives, and their search."""

from typing import Any

import httpx
import pytest
from letta_client import APIStatusError, Letta, NotFoundError

from tests.rest.conftest import EMBEDDING, MODEL
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

BOILER = "Boiler serviced by Brandt on 12 March 2026."
TOOLS = ["archival_memory_insert", "archival_memory_search"]


@pytest.fixture
def agent(client: Letta) -> Any:
    return client.agents.create(model=MODEL, embedding=EMBEDDING, tools=TOOLS, include_base_tools=False)


def test_passages_of_an_agent_are_created_listed_searched_and_deleted(client: Letta, agent: Any) -> None:
    passages = client.agents.passages
    (boiler,) = passages.create(agent.id, text=BOILER, tags=["house", "heating"])
    (tea,) = passages.create(agent.id, text="Likes tea.", tags=["food"], created_at="2020-02-03T04:05:06Z")
    assert (boiler.text, boiler.tags, boiler.embedding) == (BOILER, ["house", "heating"], None)
    assert tea.created_at.isoformat() == "2020-02-03T04:05:06+00:00"  # type: ignore[union-attr]
    assert [one.id for one in passages.list(agent.id)] == [tea.id, boiler.id]
    assert [one.id for one in passages.list(agent.id, ascending=False)] == [boiler.id, tea.id]
    assert [one.id for one in passages.list(agent.id, after=tea.id)] == [boiler.id]
    assert [one.id for one in passages.list(agent.id, search="brandt")] == [boiler.id]
    found = passages.search(agent.id, query="When was Brandt here?", tags=["house", "food"], top_k=3)
    assert (found.count, found.results[0].content, found.results[0].tags) == (1, BOILER, ["house", "heating"])
    assert passages.search(agent.id, query="Brandt", tags=["food", "house"], tag_match_mode="all").count == 0
    assert passages.search(agent.id, query="tea", end_datetime="2020-01-01").count == 0
    assert passages.search(agent.id, query="tea", end_datetime="2021-01-01").results[0].id == tea.id
    passages.delete(boiler.id, agent_id=agent.id)
    assert [one.id for one in passages.list(agent.id)] == [tea.id]
    with pytest.raises(NotFoundError):
        passages.delete(boiler.id, agent_id=agent.id)


def test_archives_are_shared_renamed_filled_and_searched(client: Letta, http: httpx.Client, agent: Any) -> None:
    archive = client.archives.create(name="Family", description="All of us.", embedding=EMBEDDING)
    assert (archive.name, archive.embedding_config.handle) == ("Family", EMBEDDING)  # type: ignore[union-attr]
    client.agents.archives.attach(archive.id, agent_id=agent.id)
    other = client.agents.create(model=MODEL, tools=TOOLS, include_base_tools=False)
    client.agents.archives.attach(archive.id, agent_id=other.id)
    many = [{"text": f"Number {number}", "tags": ["n"], "metadata": {"n": number}} for number in range(3)]
    made = client.archives.passages.create_many(archive.id, passages=many)  # type: ignore[arg-type]
    one = client.archives.passages.create(archive.id, text=BOILER)
    assert [passage.metadata for passage in made] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert len(client.agents.passages.list(other.id)) == 4
    hits = client.passages.search(query="Brandt", agent_id=agent.id)
    assert [hit.passage.id for hit in hits] == [one.id]
    assert hits[0].metadata == {"reasons": "word “Brandt”"}
    assert len(client.passages.search(archive_id=archive.id, tags=["n"], limit=2)) == 2
    holders = http.get(f"/v1/archives/{archive.id}/agents").json()
    assert {holder["id"] for holder in holders} == {agent.id, other.id}
    assert [found.id for found in client.archives.list(agent_id=other.id)] == [archive.id]
    assert client.archives.list(name="Nobody’s").items == []
    assert client.archives.update(archive.id, name="Household").description == "All of us."
    client.archives.passages.delete(one.id, archive_id=archive.id)
    client.agents.archives.detach(archive.id, agent_id=other.id)
    assert client.agents.passages.list(other.id) == []
    client.archives.delete(archive.id)
    with pytest.raises(NotFoundError):
        client.archives.retrieve(archive.id)
    with pytest.raises(APIStatusError) as raised:
        client.agents.archives.attach(archive.id, agent_id=other.id)
    assert raised.value.status_code == 404


def test_an_agent_made_by_a_program_uses_its_archival_tools(
    client: Letta, http: httpx.Client, model_server: OpenAIServer, agent: Any
) -> None:
    insert = ToolCall("archival_memory_insert", {"content": BOILER, "tags": ["house"]})
    search = ToolCall("archival_memory_search", {"query": "Brandt"})
    model_server.queue(Reply(calls=(insert,)), Reply(calls=(search,)), Reply(text="On 12 March."))
    said = client.agents.messages.create(agent.id, input="Brandt was here. When?")
    returns = [one.tool_return for one in said.messages if one.message_type == "tool_return_message"]
    assert returns[0] == "Stored in archival memory. Tags: house."
    assert BOILER in returns[1]
    assert [one.text for one in client.agents.passages.list(agent.id)] == [BOILER]
    assert http.get(f"/v1/agents/{agent.id}/context").json()["num_archival_memory"] == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"text": ""}, 400),
        ({"text": "x" * 20_001}, 400),
        ({"text": "x", "created_at": "soon"}, 422),
        ({"text": "x", "tags": ["y" * 101]}, 400),
    ],
)
def test_a_bad_passage_is_refused_in_a_sentence(
    http: httpx.Client, agent: Any, body: dict[str, Any], status: int
) -> None:
    answer = http.post(f"/v1/agents/{agent.id}/archival-memory", json=body)
    assert answer.status_code == status, answer.text
    assert len(answer.json()["detail"]) > 20
