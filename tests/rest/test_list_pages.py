"""Pages of lists whose rows come and go, and filters that hold before the limit counts."""

from typing import Any

import httpx
import pytest
from letta_client import Letta

from tests.rest.conftest import MODEL

UNKNOWN = "00000000-0000-4000-8000-000000000000"
OTHER_USER = "user-11111111-1111-4111-8111-111111111111"
LISTS = {
    "/v1/agents": "agent",
    "/v1/blocks": "block",
    "/v1/conversations": "conv",
    "/v1/identities": "identity",
    "/v1/tools": "tool",
    "/v1/runs": "run",
    "/v1/steps": "step",
    "/v1/messages": "message",
}


def ids(http: httpx.Client, path: str, **query: Any) -> list[str]:
    answer = http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()]


def make(http: httpx.Client, path: str, count: int, **body: Any) -> list[str]:
    """So many new rows, oldest first. A `{}` in a text of the body is their number."""
    made: list[str] = []
    for number in range(count):
        filled = {name: value.format(number) if isinstance(value, str) else value for name, value in body.items()}
        answer = http.post(path, json=filled)
        assert answer.status_code == 200, answer.text
        made.append(answer.json()["id"])
    return made


@pytest.mark.parametrize("path", LISTS)
def test_what_is_no_id_is_refused_and_what_was_never_there_is_not_found(http: httpx.Client, path: str) -> None:
    for cursor in ("after", "before"):
        assert http.get(path, params={cursor: "nonsense"}).status_code == 422
        assert http.get(path, params={cursor: f"{LISTS[path]}-{UNKNOWN}"}).status_code == 404


@pytest.mark.parametrize("path", [*LISTS, "/v1/tags"])
def test_an_unknown_order_is_refused_with_the_known_ones(http: httpx.Client, path: str) -> None:
    answer = http.get(path, params={"order_by": "secret"})
    assert answer.status_code == 422
    order = "name" if path == "/v1/tags" else "created_at"
    assert http.get(path, params={"order_by": order}).status_code == 200
    if path == "/v1/blocks":
        assert "can be sorted by created_at" in http.get(path, params={"order_by": "updated_at"}).text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/agents", {"name": "Goes {}", "model": MODEL}),
        ("/v1/blocks", {"label": "goes {}", "value": ""}),
        ("/v1/identities", {"identifier_key": "goes {}", "name": "N", "identity_type": "user"}),
    ],
)
def test_a_walk_goes_on_where_a_deleted_row_was(http: httpx.Client, path: str, body: dict[str, str]) -> None:
    made = make(http, path, 5, **body)
    walked = ids(http, path, limit=2)
    assert walked == made[:2:-1]
    for row_id in (made[3], made[0]):
        assert http.delete(f"{path}/{row_id}").status_code == 200
    assert ids(http, path, limit=2, after=made[3]) == [made[2], made[1]]
    assert ids(http, path, limit=1, before=made[3]) == [made[4]]
    assert ids(http, path, limit=2, after=made[3], order="asc")[:1] == [made[4]]
    assert made[3] not in ids(http, path, limit=10_000)


def test_a_deleted_identity_leaves_its_key_to_others(http: httpx.Client) -> None:
    body = {"identifier_key": "taken twice", "name": "N", "identity_type": "user"}
    (first,) = make(http, "/v1/identities", 1, **body)
    assert http.post("/v1/identities", json=body).status_code == 409
    http.delete(f"/v1/identities/{first}")
    assert http.get(f"/v1/identities/{first}").status_code == 404
    (second,) = make(http, "/v1/identities", 1, **body)
    assert ids(http, "/v1/identities", identifier_key="taken twice") == [second]


def test_conversations_and_runs_are_walked_although_they_go(http: httpx.Client, client: Letta) -> None:
    agent = client.agents.create(model=MODEL)
    threads = [client.conversations.create(agent_id=agent.id).id for _ in range(3)]
    client.conversations.delete(threads[1])
    assert ids(http, "/v1/conversations", agent_id=agent.id, after=threads[1])[:1] == [threads[0]]
    assert ids(http, "/v1/conversations", agent_id=agent.id, before=threads[1], limit=1) == [threads[2]]
    for number in range(3):
        client.agents.messages.create(agent.id, input=f"number {number}")
    runs = ids(http, "/v1/runs", agent_id=agent.id)
    assert http.delete(f"/v1/runs/{runs[1]}").status_code == 200
    assert ids(http, "/v1/runs", agent_id=agent.id) == [runs[0], runs[2]]
    assert ids(http, "/v1/runs", agent_id=agent.id, after=runs[1]) == [runs[2]]


def test_what_an_agent_lost_is_still_a_place_in_its_lists(http: httpx.Client) -> None:
    blocks = [{"label": f"part {number}", "value": ""} for number in range(3)]
    agent = http.post("/v1/agents", json={"model": MODEL, "memory_blocks": blocks}).json()
    path = f"/v1/agents/{agent['id']}/core-memory/blocks"
    held = ids(http, path)
    assert held == [block["id"] for block in agent["blocks"]][::-1]
    assert http.patch(f"{path}/detach/{held[1]}").status_code == 200
    assert ids(http, path, after=held[1]) == [held[2]]
    tools = ids(http, f"/v1/agents/{agent['id']}/tools")
    assert http.patch(f"/v1/agents/{agent['id']}/tools/detach/{tools[1]}").status_code == 200
    assert ids(http, f"/v1/agents/{agent['id']}/tools", after=tools[1]) == tools[2:]


def test_tags_mean_themselves_whole_and_in_their_own_case(http: httpx.Client) -> None:
    body = {"model": MODEL, "tags": ["Blue", "sky"], "identity_ids": [], "metadata": {"tag": "green"}}
    (agent,) = make(http, "/v1/agents", 1, **body)
    (other,) = make(http, "/v1/agents", 1, model=MODEL, tags=["sky"])
    assert ids(http, "/v1/agents", tags="Blue") == [agent]
    for absent in ("blue", "Blu", "green"):
        assert ids(http, "/v1/agents", tags=absent) == []
    assert ids(http, "/v1/agents", tags=["sky"]) == [other, agent]
    assert ids(http, "/v1/agents", tags=["Blue", "sky"], match_all_tags=True) == [agent]
    assert ids(http, "/v1/agents", tags=["Blue", "sky"], limit=1, after=other) == [agent]
    assert http.get("/v1/agents/count", params={"tags": "sky"}).json() == 2
    assert http.patch(f"/v1/agents/{agent}", json={"tags": ["grey"]}).status_code == 200
    assert ids(http, "/v1/agents", tags="Blue") == []
    assert "Blue" not in http.get("/v1/tags").json()
    http.delete(f"/v1/agents/{agent}")
    assert "grey" not in http.get("/v1/tags").json()


def test_tags_are_walked_both_ways(http: httpx.Client) -> None:
    for tag in ("walk c", "walk a", "walk b"):
        make(http, "/v1/blocks", 2, label="x", value="", tags=[tag, "walk all"])

    def tags(**query: Any) -> list[str]:
        return http.get("/v1/tags", params={"name": "walk", **query}).json()

    everything = ["walk a", "walk all", "walk b", "walk c"]
    assert tags() == everything
    assert tags(order="desc") == everything[::-1]
    assert tags(limit=2, after="walk all") == ["walk b", "walk c"]
    assert tags(limit=1, before="walk b") == ["walk all"]
    assert tags(limit=2, after="walk b", order="desc") == ["walk all", "walk a"]
    assert tags(after="walk aaa", limit=1) == ["walk all"]
    assert tags(after="walk a", before="walk c") == ["walk all", "walk b"]


def test_filters_hold_before_the_limit(http: httpx.Client) -> None:
    agents = make(http, "/v1/agents", 3, name="Zoë {}", model=MODEL)
    make(http, "/v1/agents", 3, name="Other {}", model=MODEL)
    assert ids(http, "/v1/agents", query_text="zoë", limit=2) == agents[:0:-1]
    assert ids(http, "/v1/agents", query_text="zoë", limit=2, after=agents[1]) == agents[:1]
    blocks = make(http, "/v1/blocks", 2, label="Ähre", value="x_y")
    make(http, "/v1/blocks", 3, label="other", value="xzy")
    assert ids(http, "/v1/blocks", label_search="ähr", limit=2) == blocks[::-1]
    assert ids(http, "/v1/blocks", value_search="x_y", limit=2) == blocks[::-1]
    assert ids(http, "/v1/blocks", label="Ähre", name="other") == []
    assert ids(http, "/v1/blocks", templates_only=True) == []


def test_agents_of_somebody_else_are_none(http: httpx.Client) -> None:
    (agent,) = make(http, "/v1/agents", 1, model=MODEL)
    mine = http.get(f"/v1/agents/{agent}").json()["created_by_id"]
    assert agent in ids(http, "/v1/agents", created_by_id=mine)
    assert ids(http, "/v1/agents", created_by_id=OTHER_USER) == []
    assert http.get("/v1/agents/count", params={"created_by_id": OTHER_USER}).json() == 0


def test_an_unknown_relation_is_refused(http: httpx.Client) -> None:
    assert http.get("/v1/agents", params={"include": "agent.dreams"}).status_code == 422
    assert http.get("/v1/agents", params={"include": ["agent.tools", "agent.managed_group"]}).status_code == 200


def test_tools_are_found_by_several_names_and_types(http: httpx.Client) -> None:
    def names(**query: Any) -> set[str]:
        return {tool["name"] for tool in http.get("/v1/tools", params={"limit": 100, **query}).json()}

    assert names(name="memory_insert", names=["conversation_search"]) == {"memory_insert", "conversation_search"}
    both = names(tool_types="letta_core,letta_memory_core")
    assert both == names(tool_types=["letta_core", "letta_memory_core"]) > names(tool_types="letta_core")
    assert names(exclude_tool_types="letta_core,letta_memory_core").isdisjoint(both)
    count = http.get("/v1/tools/count", params={"tool_types": "letta_memory_core"}).json()
    assert count == len(names(tool_types="letta_memory_core")) < http.get("/v1/tools/count").json()
    assert names(search="CONVERSATION", limit=1) == names(search="conversation", limit=1)


def test_an_identity_is_found_by_a_part_of_its_name(http: httpx.Client) -> None:
    made = make(http, "/v1/identities", 2, identifier_key="part {}", name="Größe {}", identity_type="org")
    assert ids(http, "/v1/identities", name="größe") == made[::-1]
    assert ids(http, "/v1/identities", name="größe", limit=1, after=made[1]) == made[:1]
    assert http.get("/v1/identities/count", params={"name": "größe"}).json() == 2


def test_agents_are_sorted_by_their_last_change_and_their_last_run(http: httpx.Client, client: Letta) -> None:
    made = make(http, "/v1/agents", 3, name="Sorted {}", model=MODEL, tags=["sorted"])
    client.agents.messages.create(made[1], input="hello")
    client.agents.messages.create(made[0], input="hello")
    by_run = ids(http, "/v1/agents", tags="sorted", order_by="last_run_completion")
    assert by_run == [made[0], made[1], made[2]]
    assert ids(http, "/v1/agents", tags="sorted", order_by="last_run_completion", after=made[0]) == by_run[1:]
    assert ids(http, "/v1/agents", tags="sorted", last_stop_reason="end_turn") == [made[1], made[0]]
    http.patch(f"/v1/agents/{made[1]}", json={"description": "new"})
    by_change = ids(http, "/v1/agents", tags="sorted", order_by="updated_at")
    assert by_change[0] == made[1]
    assert ids(http, "/v1/agents", tags="sorted", order_by="updated_at", before=by_change[2], limit=1) == [by_change[1]]


def test_a_search_finds_what_all_its_conditions_leave(http: httpx.Client, client: Letta) -> None:
    agent = client.agents.create(model=MODEL)
    side = client.conversations.create(agent_id=agent.id)
    list(client.conversations.messages.create(side.id, input="rhubarb at the side"))
    for number in range(4):
        client.agents.messages.create(agent.id, input=f"rhubarb {number}")

    def found(**body: Any) -> list[dict[str, Any]]:
        asked = {"query": "rhubarb", "agent_id": agent.id, "limit": 1, **body}
        return http.post("/v1/messages/search", json=asked).json()

    (there,) = found(conversation_id=side.id)
    assert (there["content"], there["conversation_id"]) == ("rhubarb at the side", side.id)
    assert [one["content"] for one in found(end_date=there["created_at"])] == ["rhubarb at the side"]
    asked = [one for one in found(conversation_id="default", limit=10) if one["message_type"] == "user_message"]
    assert len(asked) == 4
    forked = client.conversations.fork(side.id)
    (everywhere,) = found(query="side")
    assert everywhere["conversation_ids"] == [side.id, forked.id]
    (asked_for,) = found(query="side", conversation_id=forked.id)
    assert (asked_for["conversation_id"], asked_for["conversation_ids"]) == (forked.id, [forked.id])
    assert {tuple(one["conversation_ids"]) for one in asked} == {(None,)}
