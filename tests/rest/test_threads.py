"""What a thread holds for programs: its system message first, its messages by pages, its own default and forks."""

from itertools import product
from typing import Any, NamedTuple

import httpx
import pytest

from app.services import Services
from tests.rest.conftest import MODEL
from tests.support.processes.rest_child import ServeChild
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

UNKNOWN = "message-00000000-0000-4000-8000-000000000000"


class Lived(NamedTuple):
    agent_id: str
    default: str
    """The system message of its own thread."""
    side: str
    """A conversation with two turns."""
    listed: list[str]
    """The ids in that, oldest first, each once."""


@pytest.fixture(scope="module")
def lived(http: httpx.Client, model_server: OpenAIServer) -> Lived:
    agent = http.post(
        "/v1/agents/", json={"model": MODEL, "memory_blocks": [{"label": "human", "value": "Ada."}]}
    ).json()
    side = http.post("/v1/conversations/", params={"agent_id": agent["id"]}).json()["id"]
    calls = (ToolCall("conversation_search", {"query": "x"}),)
    model_server.queue(Reply(reasoning="Hm.", text="Let me see.", calls=calls), Reply(text="Found."))
    for text in ("first", "second"):
        said = http.post(f"/v1/conversations/{side}/messages", json={"input": text, "streaming": False})
        assert said.status_code == 200, said.text
    listed = ids(http, f"/v1/conversations/{side}/messages", order="asc")
    assert len(listed) == 7
    return Lived(agent["id"], agent["message_ids"][0], side, listed)


def objects(http: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(http: httpx.Client, path: str, **query: Any) -> list[str]:
    return list(dict.fromkeys(one["id"] for one in objects(http, path, **query)))


def expected(listed: list[str], order: str, cursor: str | None, name: str, limit: int) -> list[str]:
    ordered = listed if order == "asc" else listed[::-1]
    if cursor is None:
        return ordered[:limit]
    place = ordered.index(cursor)
    return ordered[place + 1 :][:limit] if name == "after" else ordered[max(0, place - limit) : place]


def test_a_thread_is_walked_from_its_system_message_in_both_orders(http: httpx.Client, lived: Lived) -> None:
    path = f"/v1/conversations/{lived.side}/messages"
    for order, limit, name in product(("asc", "desc"), (1, 3), ("after", "before")):
        for cursor in (None, *lived.listed):
            query = {"order": order, "limit": limit, **({name: cursor} if cursor else {})}
            assert ids(http, path, **query) == expected(lived.listed, order, cursor, name, limit), query


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_of_a_walk_hold_each_message_once(http: httpx.Client, lived: Lived, order: str, limit: int) -> None:
    path, walked = f"/v1/conversations/{lived.side}/messages", list[str]()
    while page := ids(http, path, order=order, limit=limit, **({"after": walked[-1]} if walked else {})):
        walked += page
    assert walked == (lived.listed if order == "asc" else lived.listed[::-1])


def test_a_window_over_an_agent_s_messages_begins_with_the_system_message(http: httpx.Client, lived: Lived) -> None:
    path, query = f"/v1/agents/{lived.agent_id}/messages", {"conversation_id": lived.side}
    assert ids(http, path, **query) == lived.listed
    assert ids(http, path, **query, limit=2) == lived.listed[-2:]
    assert ids(http, path, **query, limit=1, order="asc") == lived.listed[:1]
    for order in ("asc", "desc"):  # cursors mean times here, whatever the order
        assert ids(http, path, **query, before=lived.listed[1], order=order) == lived.listed[:1]
        assert ids(http, path, **query, before=lived.listed[0], order=order) == []
        assert ids(http, path, **query, after=lived.listed[0], order=order) == lived.listed[1:]
    assert ids(http, path, **query, after=lived.listed[0], limit=2) == lived.listed[-2:]
    assert http.get(path, params={**query, "after": UNKNOWN}).status_code == 404


def test_the_system_message_is_the_prompt_and_is_found_by_its_id(http: httpx.Client, lived: Lived) -> None:
    first, *rest = objects(http, f"/v1/conversations/{lived.side}/messages", order="asc")
    assert first["message_type"] == "system_message"
    assert "system_message" not in {one["message_type"] for one in rest}
    assert first["content"] == http.post(f"/v1/conversations/{lived.side}/recompile").json()
    assert "Ada." in first["content"]
    assert http.get(f"/v1/messages/{first['id']}").json() == [first]
    assert http.get(f"/v1/messages/{UNKNOWN}").status_code == 404
    conversation = http.get(f"/v1/conversations/{lived.side}").json()
    assert conversation["in_context_message_ids"] == lived.listed
    answer = http.patch(f"/v1/agents/{lived.agent_id}/messages/{first['id']}", json={"content": "Obey."})
    assert (answer.status_code, answer.json()["detail"][:22]) == (405, "Messages never change:")


def test_a_new_agent_has_one_message_and_a_reset_one_again(http: httpx.Client) -> None:
    agent = http.post("/v1/agents/", json={"model": MODEL}).json()
    path = f"/v1/agents/{agent['id']}"
    assert ids(http, f"{path}/messages") == agent["message_ids"]
    assert len(agent["message_ids"]) == 1
    http.post(f"{path}/messages", json={"input": "hello"})
    held = http.get(path).json()["message_ids"]
    assert held == ids(http, f"{path}/messages", order="asc")
    context = http.get(f"{path}/context").json()
    assert context["num_messages"] == len(context["messages"]) == len(held) == 3
    assert [one["role"] for one in context["messages"]] == ["system", "user", "assistant"]
    assert [one["id"] for one in context["messages"]] == held
    assert http.patch(f"{path}/reset-messages", json={"add_default_initial_messages": True}).status_code == 200
    assert http.get(path).json()["message_ids"] == agent["message_ids"]
    assert http.get(f"{path}/context").json()["num_messages"] == 1


def test_each_fork_has_a_system_message_of_its_own_which_follows_memory(http: httpx.Client, lived: Lived) -> None:
    forked = http.post(f"/v1/conversations/{lived.side}/fork").json()
    own, *said = forked["in_context_message_ids"]
    assert said == lived.listed[1:]
    assert len({own, lived.listed[0], lived.default}) == 3
    block = f"/v1/agents/{lived.agent_id}/core-memory/blocks/human"
    assert http.patch(block, json={"value": "Grace."}).status_code == 200
    for message_id in (own, lived.listed[0], lived.default):
        (now,) = http.get(f"/v1/messages/{message_id}").json()
        assert "Grace." in now["content"]
        assert "Ada." not in now["content"]
    http.patch(block, json={"value": "Ada."})
    assert http.delete(f"/v1/conversations/{forked['id']}").status_code == 200
    assert http.get(f"/v1/messages/{own}").status_code == 404


def test_kinds_of_messages_are_chosen_before_the_limit_counts(http: httpx.Client, lived: Lived) -> None:
    path = f"/v1/conversations/{lived.side}/messages"
    everything = objects(http, path)
    for kinds in (
        ["system_message"],
        ["user_message"],
        ["reasoning_message"],
        ["tool_call_message"],
        ["tool_return_message", "system_message"],
        ["assistant_message"],
    ):
        wanted = [one for one in everything if one["message_type"] in kinds]
        assert wanted
        assert objects(http, path, include_return_message_types=kinds, limit=2) == wanted[:2]
        oldest_first = objects(http, path, include_return_message_types=kinds, limit=1, order="asc")
        assert oldest_first == wanted[-1:]
    assert objects(http, path, include_return_message_types="event_message") == []
    after = {"order": "asc", "after": lived.listed[0], "limit": 1}
    (second,) = objects(http, path, include_return_message_types="user_message", **after)
    assert second["content"] == "first"


def texts(found: list[dict[str, Any]]) -> list[str]:
    return [one["content"] for one in found if one["message_type"] == "user_message"]


def said(http: httpx.Client, agent_id: str, text: str, **fields: Any) -> dict[str, Any]:
    answer = http.post(f"/v1/agents/{agent_id}/messages", json={"input": text, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def two_threads(http: httpx.Client) -> tuple[str, str]:
    """An agent, and a conversation beside its default one; both heard something, in turn."""
    agent_id = http.post("/v1/agents/", json={"model": MODEL}).json()["id"]
    side = http.post("/v1/conversations/", params={"agent_id": agent_id}).json()["id"]
    for number, place in enumerate(("default", side, "default", side)):
        said(http, agent_id, f"quince {number}", conversation_id=place)
    return agent_id, side


def test_an_agent_s_messages_are_those_of_all_its_threads(http: httpx.Client, two_threads: tuple[str, str]) -> None:
    agent_id, side = two_threads
    path = f"/v1/agents/{agent_id}/messages"
    everything = objects(http, path)
    assert texts(everything) == ["quince 0", "quince 1", "quince 2", "quince 3"]
    assert [one["message_type"] for one in everything].count("system_message") == 1
    assert [one["id"] for one in everything[:1]] == http.get(f"/v1/agents/{agent_id}").json()["message_ids"][:1]
    assert objects(http, path, limit=3) == everything[-3:]
    assert objects(http, path, limit=2, before=everything[2]["id"]) == everything[:2]
    assert objects(http, "/v1/messages/", agent_id=agent_id) == everything
    assert texts(objects(http, path, conversation_id="default")) == ["quince 0", "quince 2"]
    assert texts(objects(http, path, conversation_id=agent_id)) == ["quince 0", "quince 2"]
    assert texts(objects(http, path, conversation_id=side)) == ["quince 1", "quince 3"]
    for message in everything:
        assert message in objects(http, "/v1/messages/", limit=500) or message["message_type"] == "system_message"


def test_the_default_thread_is_none_where_threads_are_named(http: httpx.Client, two_threads: tuple[str, str]) -> None:
    agent_id, side = two_threads
    listed = http.get("/v1/conversations/", params={"agent_id": agent_id}).json()
    assert [one["id"] for one in listed] == [side]
    default = http.get("/v1/conversations/default", params={"agent_id": agent_id}).json()["id"]
    assert default not in ids(http, "/v1/conversations/", limit=10_000)
    runs = objects(http, "/v1/runs/", agent_id=agent_id)
    assert [run["conversation_id"] for run in runs] == [side, None, side, None]
    assert http.get(f"/v1/runs/{runs[1]['id']}").json()["conversation_id"] is None
    begun = http.post(f"/v1/agents/{agent_id}/messages/async", json={"input": "quince again"}).json()
    assert begun["conversation_id"] is None
    body = {"query": "quince", "agent_id": agent_id}
    found = http.post("/v1/messages/search", json=body).json()
    assert {one["conversation_id"] for one in found} == {None, side}


def test_default_means_the_agent_s_own_thread_everywhere(http: httpx.Client, two_threads: tuple[str, str]) -> None:
    agent_id, side = two_threads
    mine, query = {"agent_id": agent_id}, {"agent_id": agent_id, "conversation_id": "default"}
    default = http.get("/v1/conversations/default", params=mine).json()
    own = objects(http, "/v1/conversations/default/messages", **mine, order="asc")
    assert "quince 1" not in texts(own)
    assert objects(http, f"/v1/conversations/{agent_id}/messages", order="asc") == own
    assert objects(http, "/v1/messages/", **query) == own
    assert {run["conversation_id"] for run in objects(http, "/v1/runs/", **query)} == {None}
    assert len(objects(http, "/v1/runs/", agent_id=agent_id, conversation_id=side)) == 2
    found = http.post("/v1/messages/search", json={"query": "quince", **query}).json()
    assert {one["content"] for one in found} == {one["content"] for one in own if "quince" in one["content"]}
    prompt = http.post(f"/v1/agents/{agent_id}/recompile").json()
    assert http.post("/v1/conversations/default/recompile", params=mine).json() == prompt
    assert http.post("/v1/conversations/default/recompile", json=mine).json() == prompt
    context = http.get(f"/v1/agents/{agent_id}/context", params={"conversation_id": "default"}).json()
    assert [one["id"] for one in context["messages"]] == default["in_context_message_ids"]
    asked = {"input": "in the background", "background": True, **mine}
    streamed = http.post("/v1/conversations/default/messages", json=asked)
    again = http.post("/v1/conversations/default/stream", json=mine)
    assert again.text.count("message_type") == streamed.text.count("message_type") >= 3
    forked = http.post("/v1/conversations/default/fork", params=mine).json()
    assert forked["id"] in ids(http, "/v1/conversations/", agent_id=agent_id)
    assert http.post("/v1/conversations/default/cancel", params=mine).status_code == 409
    for path in (
        "/v1/conversations/default",
        "/v1/messages?conversation_id=default",
        "/v1/runs?conversation_id=default",
    ):
        assert http.get(path).status_code == 422


def test_a_conversation_is_found_only_with_its_own_agent(http: httpx.Client, two_threads: tuple[str, str]) -> None:
    other = http.post("/v1/agents/", json={"model": MODEL}).json()["id"]
    path, before = f"/v1/agents/{other}/messages", len(objects(http, "/v1/runs/", agent_id=two_threads[0]))
    for place in two_threads:  # an agent's id means its default thread
        said_there = {"input": "Who hears this?", "conversation_id": place}
        for way in (path, f"{path}/stream", f"{path}/async"):
            assert http.post(way, json=said_there).status_code == 404
        assert http.get(path, params={"conversation_id": place}).status_code == 404
        assert http.get(f"/v1/agents/{other}/context", params={"conversation_id": place}).status_code == 404
        assert http.get(f"/v1/conversations/{place}/messages", params={"agent_id": other}).status_code == 404
        assert (
            http.post(f"/v1/conversations/{place}/messages", json={**said_there, "agent_id": other}).status_code == 404
        )
        assert http.post("/v1/messages/search", json={"query": "x", **said_there, "agent_id": other}).status_code == 404
    assert len(objects(http, "/v1/runs/", agent_id=two_threads[0])) == before


def test_what_an_edit_left_behind_is_not_listed(http: httpx.Client, child: ServeChild) -> None:
    agent_id = http.post("/v1/agents/", json={"model": MODEL}).json()["id"]
    said(http, agent_id, "I am Chad.")

    async def edit(services: Services) -> None:
        row = await services.conversations.default_of(agent_id)
        await services.conversations.branch(row.active_id, 1)

    child.over_link(edit)
    said(http, agent_id, "I am Brad.")
    for query in ({}, {"conversation_id": "default"}):
        assert texts(objects(http, f"/v1/agents/{agent_id}/messages", **query)) == ["I am Brad."]
