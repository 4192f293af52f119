"""The contract in its details, by direct requests over a real socket: shapes, numbers, states and refusals."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.rest.conftest import EMBEDDING, MODEL
from tests.support.processes.rest_streams import hear
from tests.support.servers.openai_replies import Refusal, Reply, ToolCall, error_body
from tests.support.servers.openai_server import OpenAIServer


def agent(http: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = http.post("/v1/agents/", json={"model": MODEL, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def say(http: httpx.Client, agent_id: str, text: str = "hello", **fields: Any) -> dict[str, Any]:
    answer = http.post(f"/v1/agents/{agent_id}/messages", json={"input": text, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_words_of_a_reply_are_a_string_beside_thoughts_and_calls(
    http: httpx.Client, model_server: OpenAIServer
) -> None:
    model_server.queue(
        Reply(reasoning="A fact.", text="Let me note it.", calls=(ToolCall("conversation_search", {"query": "x"}),)),
        Reply(reasoning="Done.", text="Noted."),
    )
    one = agent(http)
    replied = say(http, one["id"])
    listed = http.get(f"/v1/agents/{one['id']}/messages").json()
    for messages in (replied["messages"], listed):
        said = [message["content"] for message in messages if message["message_type"] == "assistant_message"]
        assert said == ["Let me note it.", "Noted."]


def test_user_messages_have_an_otid_and_usage_says_what_the_window_holds(http: httpx.Client) -> None:
    one = agent(http)
    usage = say(http, one["id"])["usage"]
    assert usage["context_tokens"] == usage["total_tokens"] > 0
    [user] = [
        message
        for message in http.get(f"/v1/agents/{one['id']}/messages").json()
        if message["message_type"] == "user_message"
    ]
    assert user["otid"] == f"{user['id'].removeprefix('message-')[:-2]}00"


def test_runs_and_steps_say_how_they_were_made(http: httpx.Client, model_server: OpenAIServer) -> None:
    one = agent(http, context_window_limit=8000)
    [run_id] = say(http, one["id"])["usage"]["run_ids"]
    assert http.get(f"/v1/runs/{run_id}").json()["metadata"] == {"run_type": "send_message"}
    [step] = http.get(f"/v1/runs/{run_id}/steps").json()
    assert step["model_endpoint"].rstrip("/").startswith(model_server.url.rstrip("/"))
    assert step["context_window_limit"] == 8000
    measured = http.get(f"/v1/runs/{run_id}/metrics").json()
    assert (measured["id"], measured["num_steps"], measured["tools_used"]) == (run_id, 1, [])
    assert measured["run_ns"] > 0


def test_a_run_is_running_while_its_first_step_is(http: httpx.Client, model_server: OpenAIServer) -> None:
    one = agent(http)
    model_server.queue(Reply(text="slow", hold=True))
    with model_server.released():
        run = http.post(f"/v1/agents/{one['id']}/messages/async", json={"input": "hello"}).json()
        listed = http.get("/v1/runs/", params={"agent_id": one["id"], "statuses": "running"}).json()
        assert [found["id"] for found in listed] == [run["id"]]
        assert http.post(f"/v1/agents/{one['id']}/messages/cancel").status_code == 200
    refused = http.post(f"/v1/agents/{one['id']}/messages/cancel")
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith("No active runs found")


@pytest.mark.parametrize("tokens", [False, True])
def test_sequence_numbers_have_no_gaps(http: httpx.Client, model_server: OpenAIServer, tokens: bool) -> None:
    one = agent(http)
    model_server.queue(
        Reply(text="One.", calls=(ToolCall("conversation_search", {"query": "x"}),)), Reply(text="Two words.")
    )
    url = f"{http.base_url}/v1/agents/{one['id']}/messages"
    heard = hear(url, {"input": "go", "streaming": True, "background": True, "stream_tokens": tokens})
    numbers = [event["seq_id"] for event in heard.events]
    assert numbers == list(range(1, len(numbers) + 1))
    run_id = heard.events[0]["run_id"]
    resume = f"{http.base_url}/v1/runs/{run_id}/stream"
    assert hear(resume, {"starting_after": 2}).events == heard.events[2:]
    past = hear(resume, {"starting_after": numbers[-1] + 5})
    assert past.done
    assert past.events == []


@pytest.mark.parametrize(
    ("status", "told", "kind"),
    [
        (400, 400, "llm_bad_request"),
        (401, 401, "llm_authentication"),
        (402, 402, "llm_insufficient_credits"),
        (429, 429, "llm_rate_limit"),
        (503, 503, "llm_error"),
    ],
)
def test_a_model_s_refusal_keeps_its_status(
    http: httpx.Client, model_server: OpenAIServer, status: int, told: int, kind: str
) -> None:
    one = agent(http)
    model_server.queue(*[Refusal(status, error_body(status, "No."))] * 3)
    answer = http.post(f"/v1/agents/{one['id']}/messages", json={"input": "hello"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (told, kind)
    [run] = http.get("/v1/runs/", params={"agent_id": one["id"]}).json()
    assert run["metadata"]["error"]["type"] == kind


def test_settings_are_told_whole(http: httpx.Client) -> None:
    one = agent(http, embedding=EMBEDDING, secrets={"KEY": "x", "OTHER": "y"})
    assert one["llm_config"]["temperature"] == 1.0
    changed = http.patch(f"/v1/agents/{one['id']}", json={"model_settings": {"temperature": 0.25}}).json()
    settings = changed["model_settings"]
    assert settings["temperature"] == changed["llm_config"]["temperature"] == 0.25
    assert settings["provider_type"] == "openai"
    assert settings["max_output_tokens"] == one["model_settings"]["max_output_tokens"]
    assert one["embedding_config"]["embedding_dim"] == 768
    ids = [secret["id"] for secret in one["secrets"]]
    assert len(set(ids)) == 2
    assert all(secret_id.startswith("agent-env-") for secret_id in ids)
    assert ids == [secret["id"] for secret in changed["secrets"]]
    models = http.get("/v1/models/embedding").json()
    assert [model["embedding_dim"] for model in models if model["handle"] == EMBEDDING] == [768]


def test_the_memory_proposals_and_reading_ahead_are_switched_by_fields_of_their_own(http: httpx.Client) -> None:
    usual = agent(http)
    assert (usual["memory_proposals"], usual["warm_cache"]) == ("auto", True)
    one = agent(http, memory_proposals="on", warm_cache=False)
    assert (one["memory_proposals"], one["warm_cache"]) == ("on", False)
    path = f"/v1/agents/{one['id']}"
    changed = http.patch(path, json={"memory_proposals": "off"}).json()
    assert (changed["memory_proposals"], changed["warm_cache"]) == ("off", False)
    assert http.patch(path, json={"memory_proposals": None, "description": "x"}).json()["memory_proposals"] == "off"
    assert http.get(path).json()["memory_proposals"] == "off"
    refused = http.patch(path, json={"memory_proposals": "sometimes"})
    assert (refused.status_code, "memory_proposals" in refused.text) == (422, True)
    schemas = http.get("/openapi.json").json()["components"]["schemas"]
    assert "not of the Letta API" in json.dumps(schemas["AgentState"]["properties"]["memory_proposals"])


LATER = [
    ("POST", "/v1/agents/{agent}/generate"),
    ("GET", "/v1/sources/"),
    ("POST", "/v1/sources/"),
    ("GET", "/v1/agents/{agent}/sources"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/groups/"),
    ("GET", "/v1/groups/count"),
    ("POST", "/v1/messages/batches"),
]


@pytest.mark.parametrize(("method", "path"), LATER)
def test_what_is_missing_says_so(http: httpx.Client, method: str, path: str) -> None:
    one = agent(http)
    answer = http.request(method, path.format(agent=one["id"]), json={} if method == "POST" else None)
    assert answer.status_code == 501
    assert "not part of this version" in answer.json()["detail"]


def test_small_routes_answer(http: httpx.Client) -> None:
    one = agent(http)
    assert http.get("/v1/ready").json()["status"] == "ok"
    prompt = http.post(f"/v1/agents/{one['id']}/recompile").json()
    assert http.post(f"/v1/agents/{one['id']}/system-prompt/recompile").json() == prompt
    made = {"identifier_key": one["id"], "name": "Ada", "identity_type": "user"}
    identity = http.post("/v1/identities/", json=made).json()
    properties = f"/v1/identities/{identity['id']}/properties"
    for value in ("de", "en"):
        given = [{"key": "language", "value": value, "type": "string"}]
        assert http.put(properties, json=given).status_code == 200
    assert http.get(f"/v1/identities/{identity['id']}").json()["properties"] == [
        {"key": "language", "value": "en", "type": "string"}
    ]


def test_what_would_have_no_effect_is_refused(http: httpx.Client) -> None:
    one = agent(http)
    answer = http.post(f"/v1/agents/{one['id']}/messages", json={"input": "x", "client_skills": [{"name": "s"}]})
    assert answer.status_code == 501


def names(one: dict[str, Any]) -> set[str]:
    return {tool["name"] for tool in one["tools"]}


BASE = {
    "letta_v1_agent": {"memory_insert", "memory_replace", "conversation_search"},
    "memgpt_agent": {"send_message", "core_memory_append", "core_memory_replace", "conversation_search"},
    "memgpt_v2_agent": {"send_message", "memory_insert", "memory_replace", "conversation_search"},
    "sleeptime_agent": {"memory_insert", "memory_replace", "memory_rethink", "memory_finish_edits"},
    "react_agent": set[str](),
    "workflow_agent": set[str](),
}


@pytest.mark.parametrize("agent_type", BASE)
def test_the_type_of_an_agent_decides_its_tools(http: httpx.Client, agent_type: str) -> None:
    one = agent(http, agent_type=agent_type)
    assert names(one) == BASE[agent_type]
    assert one["message_buffer_autoclear"] == (agent_type == "workflow_agent")
    assert names(agent(http, agent_type=agent_type, include_base_tools=False)) == set()


def test_an_agent_that_speaks_by_a_tool(http: httpx.Client, model_server: OpenAIServer) -> None:
    one = agent(http, agent_type="memgpt_agent", memory_blocks=[{"label": "human", "value": ""}])
    model_server.queue(
        Reply(
            calls=(
                ToolCall("core_memory_append", {"label": "human", "content": "Ada"}),
                ToolCall("send_message", {"message": "Hello, Ada!"}),
            )
        )
    )
    before = len(model_server.chats)
    url = f"{http.base_url}/v1/agents/{one['id']}/messages"
    heard = hear(url, {"input": "I am Ada.", "streaming": True, "stream_tokens": True})
    assert len(model_server.chats) == before + 1
    said = [event["content"] for event in heard.events if event["message_type"] == "assistant_message"]
    assert "".join(said) == "Hello, Ada!"
    assert [event["stop_reason"] for event in heard.events if event["message_type"] == "stop_reason"] == ["end_turn"]
    assert http.get(f"/v1/agents/{one['id']}/core-memory/blocks/human").json()["value"] == "Ada"
    kinds = [message["message_type"] for message in http.get(f"/v1/agents/{one['id']}/messages").json()]
    assert kinds[-4:] == ["user_message", "assistant_message", "tool_call_message", "tool_return_message"]


def test_an_agent_that_clears_its_buffer_sees_only_what_is_new(http: httpx.Client, model_server: OpenAIServer) -> None:
    one = agent(http, agent_type="workflow_agent")
    say(http, one["id"], "the first secret")
    say(http, one["id"], "the second one")
    assert b"first secret" not in model_server.chats[-1].raw
    assert b"second one" in model_server.chats[-1].raw


BUILT_IN = {
    "letta_core": {"send_message", "conversation_search", "archival_memory_insert", "archival_memory_search"},
    "letta_memory_core": {"core_memory_append", "core_memory_replace", "memory", "memory_apply_patch"},
    "letta_sleeptime_core": {"memory_replace", "memory_insert", "memory_rethink", "memory_finish_edits"},
    "letta_files_core": {"open_files", "grep_files", "semantic_search_files"},
    "letta_builtin": {"run_code", "run_code_with_tools", "web_search", "fetch_webpage"},
    "letta_multi_agent_core": {
        "send_message_to_agent_and_wait_for_reply",
        "send_message_to_agents_matching_tags",
        "send_message_to_agent_async",
    },
}


def test_every_built_in_tool_attaches_and_only_what_runs_is_told_to_the_model(
    http: httpx.Client, model_server: OpenAIServer
) -> None:
    listed = http.get("/v1/tools/", params={"limit": 100}).json()
    for kind, expected in BUILT_IN.items():
        assert {tool["name"] for tool in listed if tool["tool_type"] == kind} == expected
    every = sorted(name for some in BUILT_IN.values() for name in some)
    one = agent(http, tools=every, include_base_tools=False)
    assert names(one) == set(every)
    say(http, one["id"])
    body = model_server.chats[-1].body
    offered = {tool["function"]["name"] for tool in body["tools"]}
    assert {"memory_insert", "archival_memory_insert", "archival_memory_search"} <= offered
    assert {"run_code", "web_search", "fetch_webpage", "memory", "run_code_with_tools"} <= offered
    assert not offered & {"grep_files", "open_files"}


def test_one_call_at_a_time_where_it_is_asked_for(http: httpx.Client, model_server: OpenAIServer) -> None:
    one = agent(http, model_settings={"parallel_tool_calls": False}, memory_blocks=[{"label": "human", "value": ""}])
    assert one["model_settings"]["parallel_tool_calls"] is False
    first, second = ({"label": "human", "new_string": word} for word in ("one", "two"))
    model_server.queue(
        Reply(calls=(ToolCall("memory_insert", first), ToolCall("memory_insert", second))), Reply(text="Done.")
    )
    returned = [message for message in say(http, one["id"])["messages"] if "tool_returns" in message]
    assert [one["status"] for one in returned[0]["tool_returns"]] == ["success", "error"]
    assert model_server.chats[-1].body["parallel_tool_calls"] is False
    assert http.get(f"/v1/agents/{one['id']}/core-memory/blocks/human").json()["value"] == "one"


def test_dates_are_told_in_the_agent_s_time_zone(http: httpx.Client, model_server: OpenAIServer) -> None:
    one = agent(http, timezone="Pacific/Kiritimati")
    say(http, one["id"])
    there = datetime.now(ZoneInfo("Pacific/Kiritimati"))
    assert f"[{there:%A, %Y-%m-%d}".encode() in model_server.chats[-1].raw
    assert http.post("/v1/agents/", json={"model": MODEL, "timezone": "Mars/Olympus"}).status_code == 400


REFUSED = [
    ({"tool_rules": [{"type": "bogus", "tool_name": "x"}]}, 422),
    ({"tool_rules": [{"type": "run_first", "tool_name": "no_such_tool"}]}, 400),
    ({"response_format": {"type": "yaml"}}, 422),
    ({"response_format": {"json_schema": {"schema": {}}}}, 422),
    ({"model_settings": {"response_format": {"type": "json_schema", "json_schema": {}}}}, 422),
    ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"description": "x" * 50_000}}}}, 400),
]


@pytest.mark.parametrize(("fields", "status"), REFUSED)
def test_fields_without_effect_are_refused(http: httpx.Client, fields: dict[str, Any], status: int) -> None:
    assert http.post("/v1/agents/", json={"model": MODEL, **fields}).status_code == status
    one = agent(http)
    assert http.patch(f"/v1/agents/{one['id']}", json=fields).status_code == status


def test_rules_that_hold_anyway_are_taken(http: httpx.Client) -> None:
    rules = [
        {"type": "exit_loop", "tool_name": "send_message"},
        {"type": "continue_loop", "tool_name": "conversation_search"},
    ]
    one = agent(http, agent_type="memgpt_agent", tool_rules=rules, response_format={"type": "text"})
    assert one["tool_rules"] == rules


CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
IN_FORM = {"type": "json_schema", "json_schema": {"name": "place", "schema": CITY}}


def test_answers_have_the_form_that_is_asked_for(http: httpx.Client, model_server: OpenAIServer) -> None:
    one = agent(http, response_format=IN_FORM)
    assert one["response_format"] == one["llm_config"]["response_format"] == IN_FORM
    assert one["model_settings"]["response_format"] == IN_FORM
    model_server.queue(Reply(text='```json\n{"city": "Ulm",}\n```'))
    said = [message["content"] for message in say(http, one["id"])["messages"]]
    assert said == ['{"city": "Ulm"}']
    body = model_server.chats[-1].body
    assert body["response_format"] == IN_FORM
    assert body["tools"]
    path = f"/v1/agents/{one['id']}"
    assert body["messages"][0]["content"] == http.post(f"{path}/recompile").json()
    kept = http.patch(path, json={"model_settings": {"temperature": 0.5}}).json()
    assert kept["response_format"] == IN_FORM
    for given in ({"model_settings": {"response_format": {"type": "json_object"}}}, {"response_format": None}):
        http.patch(path, json=given)
        say(http, one["id"])
        sent = model_server.chats[-1].body.get("response_format")
        assert sent == (given.get("model_settings") or {}).get("response_format")
        assert http.get(path).json()["model_settings"]["response_format"] == sent


CHANGING = ("updated_at", "message_ids", "last_run_completion", "last_run_duration_ms", "last_stop_reason")


@pytest.mark.parametrize("fields", [{}, {"model_settings": {"reasoning": {"reasoning_effort": "low"}}}])
def test_settings_that_are_read_and_sent_back_stay_as_they_were(
    http: httpx.Client, model_server: OpenAIServer, fields: dict[str, Any]
) -> None:
    one = agent(http, **fields)
    path = f"/v1/agents/{one['id']}"
    say(http, one["id"])
    before = model_server.chats[-1].body
    assert "temperature" not in before
    whole = ("model_settings", "llm_config", "embedding_config", "response_format", "tool_rules", "timezone", "system")
    for names in (("model_settings",), ("llm_config",), whole):
        again = http.patch(path, json={name: one[name] for name in names})
        assert again.status_code == 200, again.text
        told = again.json()
        assert {name: told[name] for name in one if name not in CHANGING} == {
            name: one[name] for name in one if name not in CHANGING
        }
    copy = agent(http, model_settings=one["model_settings"])
    for agent_id in (one["id"], copy["id"]):
        say(http, agent_id)
        sent = model_server.chats[-1].body
        assert {**sent, "messages": [], "tools": []} == {**before, "messages": [], "tools": []}
    assert http.patch(path, json={"model_settings": {"temperature": 1.0}}).status_code == 200
    say(http, one["id"])
    assert model_server.chats[-1].body["temperature"] == 1.0
