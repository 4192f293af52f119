"""What programs written for the retired server are used to beside its lists: doubles, retries, refusals in words."""

import asyncio

import httpx
import pytest
from letta_client import APIStatusError, BadRequestError, Letta, RateLimitError

from app.services import Services
from tests.rest.conftest import MODEL
from tests.support.processes.rest_child import ServeChild
from tests.support.processes.rest_streams import hear
from tests.support.servers.openai_replies import Refusal, Reply, ToolCall, error_body
from tests.support.servers.openai_server import OpenAIServer
from tests.support.window.seeing import until


def test_two_blocks_of_one_label_are_both_kept(client: Letta) -> None:
    shared = client.blocks.create(label="Human", value="shared")
    agent = client.agents.create(
        model=MODEL,
        block_ids=[shared.id],
        memory_blocks=[{"label": "human", "value": "one"}, {"label": "human", "value": "two"}],
    )
    assert {block.label: block.value for block in agent.blocks} == {
        "Human": "shared",
        "human_2": "one",
        "human_3": "two",
    }
    assert client.agents.blocks.retrieve("Human", agent_id=agent.id).value == "shared"


def test_a_limit_binds_the_agent_and_not_the_program(
    client: Letta, child: ServeChild, model_server: OpenAIServer
) -> None:
    block = client.blocks.create(label="long", value="x" * 20, limit=10)
    agent = client.agents.create(
        model=MODEL, block_ids=[block.id], memory_blocks=[{"label": "human", "value": "y" * 20, "limit": 10}]
    )
    assert {one.label: (len(one.value), one.limit) for one in agent.blocks} == {"long": (20, 10), "human": (20, 10)}
    model_server.queue(
        Reply(calls=(ToolCall("memory_insert", {"label": "human", "new_string": "more"}),)), Reply(text="Full.")
    )
    returned = client.agents.messages.create(agent.id, input="hello").messages[1]
    assert returned.message_type == "tool_return_message"
    assert returned.status == "error"

    async def duplicate(services: Services) -> str:
        return (await services.agents.duplicate(agent.id)).id

    copy = client.agents.retrieve(child.over_link(duplicate))
    assert sorted(len(one.value) for one in copy.blocks) == [20, 20]


def test_a_message_never_changes(client: Letta, http: httpx.Client) -> None:
    agent = client.agents.create(model=MODEL)
    message = client.agents.messages.create(agent.id, input="hello").messages[0]
    answer = http.patch(f"/v1/agents/{agent.id}/messages/{message.id}", json={"content": "other"})
    assert answer.status_code == 405
    assert "never change" in answer.json()["detail"]
    assert client.messages.retrieve(message.id)[0] == message


def test_a_stream_is_taken_up_by_the_message_that_began_it(client: Letta, child: ServeChild) -> None:
    agent = client.agents.create(model=MODEL)
    url = f"{child.url}/v1/conversations/{agent.id}"
    for number in range(2):
        said = {"role": "user", "content": f"number {number}", "otid": f"{agent.id}-{number}"}
        hear(f"{url}/messages", {"messages": [said], "background": True})
    heard = hear(f"{url}/stream", {"otid": f"{agent.id}-0"})
    assert heard.events[0]["content"].endswith("number 0")
    with pytest.raises(APIStatusError, match="No run") as raised:
        client.conversations.messages.stream(agent.id, otid="unheard of")
    assert raised.value.status_code == 404


def test_a_turn_that_takes_longer_than_its_asker_waits_runs_once(
    client: Letta, http: httpx.Client, model_server: OpenAIServer
) -> None:
    agent = client.agents.create(model=MODEL)
    url, body = f"/v1/agents/{agent.id}/messages", {"input": "take your time"}
    model_server.queue(Reply(text="At last.", hold=True))
    with model_server.released(), pytest.raises(httpx.ReadTimeout):
        http.post(url, json=body, timeout=0.5)
    # As the SDKs do by themselves after a minute.
    again = http.post(url, json=body, headers={"x-stainless-retry-count": "1"}).json()
    assert again["messages"][-1]["content"] == "At last."
    assert len(client.runs.list(agent_id=agent.id).items) == 1
    # What was answered is over: the same words later are a turn of their own.
    anew = http.post(url, json=body, headers={"x-stainless-retry-count": "1"}).json()
    assert anew["messages"][-1]["run_id"] != again["messages"][-1]["run_id"]


def test_a_turn_that_failed_is_not_asked_for_again_by_the_client(client: Letta, model_server: OpenAIServer) -> None:
    agent = client.agents.create(model=MODEL)
    model_server.queue(*[Refusal(429, error_body(429, "Slow down."))] * 20)
    with pytest.raises(RateLimitError, match="is not accepting more requests"):
        client.with_options(max_retries=2).agents.messages.create(agent.id, input="hello")
    model_server.forget_queue()
    assert len(client.runs.list(agent_id=agent.id).items) == 1


def test_where_nothing_runs_there_is_nothing_to_take_up(client: Letta) -> None:
    thread = client.conversations.create(agent_id=client.agents.create(model=MODEL).id)
    with pytest.raises(BadRequestError, match="background=true"):
        client.conversations.messages.stream(thread.id)


def test_addresses_that_are_not_served_name_what_is(http: httpx.Client) -> None:
    for path in ("/", "/v1", "/docs"):
        answer = http.get(path)
        assert answer.status_code == 404
        assert "/openapi.json" in answer.json()["detail"]
    wrong = http.put("/v1/agents")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    assert "GET, POST" in wrong.json()["detail"]


def test_all_events_are_written_as_compactly_as_the_first(
    client: Letta, http: httpx.Client, model_server: OpenAIServer
) -> None:
    agent = client.agents.create(model=MODEL)
    text = http.post(f"/v1/agents/{agent.id}/messages/stream", json={"input": "hi"}).text
    assert 'data: {"message_type":"stop_reason","stop_reason":"end_turn"' in text


def test_a_label_may_hold_slashes(client: Letta) -> None:
    agent = client.agents.create(model=MODEL, memory_blocks=[{"label": "notes/plans/2026", "value": "tea"}])
    assert client.agents.blocks.retrieve("notes/plans/2026", agent_id=agent.id).value == "tea"
    changed = client.agents.blocks.update("notes/plans/2026", agent_id=agent.id, value="coffee")
    assert changed.value == "coffee"


def test_null_in_a_change_leaves_what_is_there(client: Letta, http: httpx.Client) -> None:
    agent = client.agents.create(model=MODEL, memory_blocks=[{"label": "human", "value": "x"}], tags=["one"])
    nothing = dict.fromkeys(("name", "description", "tags", "metadata", "block_ids", "tool_ids", "identity_ids"))
    assert http.patch(f"/v1/agents/{agent.id}", json=nothing).status_code == 200
    after = client.agents.retrieve(agent.id)
    assert (after.name, after.tags, len(after.blocks)) == (agent.name, ["one"], 1)
    assert [tool.name for tool in after.tools] == [tool.name for tool in agent.tools]
    emptied = http.patch(f"/v1/agents/{agent.id}", json={"tags": [], "tool_ids": [], "block_ids": []}).json()
    assert (emptied["tags"], emptied["tools"], emptied["blocks"]) == ([], [], [])


def test_an_offer_of_another_protocol_does_not_cost_the_body(http: httpx.Client) -> None:
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
    answer = http.post("/v1/blocks/", json={"label": "human", "value": "x"}, headers=offer)
    assert (answer.status_code, answer.json()["value"]) == (200, "x")


def test_a_callback_belongs_to_requests_that_do_not_wait_and_needs_an_address(
    client: Letta, http: httpx.Client
) -> None:
    agent = client.agents.create(model=MODEL)
    place = f"/v1/agents/{agent.id}/messages"
    waited = http.post(place, json={"input": "hello", "callback_url": "http://127.0.0.1:9/"}).json()
    run = http.get(f"/v1/runs/{waited['usage']['run_ids'][0]}").json()
    assert run["callback_url"] is None
    run = http.post(f"{place}/async", json={"input": "hello", "callback_url": "//x"}).json()
    asyncio.run(until(lambda: http.get(f"/v1/runs/{run['id']}").json()["callback_error"], "the callback to be noted"))
    run = http.get(f"/v1/runs/{run['id']}").json()
    assert "begins with http" in run["callback_error"]
    assert run["callback_sent_at"] is not None


def test_a_tag_that_is_given_twice_is_one_and_what_is_nested_too_deeply_is_called_so(
    client: Letta, http: httpx.Client
) -> None:
    agent = client.agents.create(model=MODEL, tags=["x", "y", "x"])
    assert client.agents.retrieve(agent.id).tags == ["x", "y"]
    assert client.agents.update(agent.id, tags=["z", "z"]).tags == ["z"]
    for levels, status in ((90, 200), (101, 422), (240, 422), (900, 422)):
        deep: object = "x"
        for _ in range(levels):
            deep = {"a": deep}
        answer = http.patch(f"/v1/agents/{agent.id}", json={"metadata": {"deep": deep}})
        assert answer.status_code == status
        assert status == 200 or "nested too deeply" in answer.text
        assert client.agents.retrieve(agent.id).tags == ["z"]


def test_metadata_have_a_bound_that_is_said(http: httpx.Client) -> None:
    long, fitting = {"note": "x" * 60_000}, {"note": "x" * 49_000}
    agent = http.post("/v1/agents/", json={"model": MODEL, "metadata": fitting}).json()
    block = http.post("/v1/blocks/", json={"label": "note", "value": "", "metadata": fitting}).json()
    archive = http.post("/v1/archives/", json={"name": "House"}).json()
    asked = [
        ("PATCH", f"/v1/agents/{agent['id']}", {"metadata": long}),
        ("PATCH", f"/v1/blocks/{block['id']}", {"metadata": long}),
        ("POST", f"/v1/archives/{archive['id']}/passages", {"text": "x", "metadata": long}),
    ]
    for method, path, body in asked:
        refused = http.request(method, path, json=body)
        assert refused.status_code == 422, path
        assert "has 60,012 characters as JSON; 50,000 are the most" in refused.text
    assert http.get(f"/v1/agents/{agent['id']}").json()["metadata"] == fitting
