"""Every route that is served is called once over a real socket, and its answer read by the newest client's own types.

What those types do not know (jobs, what only older clients read) is held to the contract's list of fields.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
import pytest
from letta_client.types import (
    AgentState,
    Archive,
    BlockResponse,
    Conversation,
    EmbeddingModel,
    HealthResponse,
    ModelListResponse,
    ProviderTrace,
    Step,
    TagListResponse,
    Tool,
)
from letta_client.types.agents import (
    LettaResponse,
    LettaStreamingResponse,
    Message,
    PassageSearchResponse,
    Run,
)
from letta_client.types.message_search_response import MessageSearchResponse
from letta_client.types.passage import Passage
from letta_client.types.passage_search_response import PassageSearchResponseItem
from letta_client.types.runs import UsageRetrieveResponse
from letta_client.types.steps import MetricRetrieveResponse
from pydantic import TypeAdapter

from app.rest.call import KINDS
from app.rest.routes import ENDPOINTS
from tests.rest.conftest import EMBEDDING, MODEL
from tests.support.servers.openai_server import OpenAIServer
from tests.support.values.contract_routes import CONTRACT

MESSAGES = list[Message]
STREAM = "stream"
JOB = (
    "id status created_at completed_at stop_reason metadata job_type background agent_id callback_url callback_sent_at "
    "callback_status_code callback_error ttft_ns total_duration_ns user_id"
)
CONTEXT = (
    "context_window_size_max context_window_size_current num_messages num_archival_memory num_recall_memory "
    "num_tokens_external_memory_summary external_memory_summary num_tokens_system system_prompt num_tokens_core_memory "
    "core_memory num_tokens_summary_memory summary_memory num_tokens_functions_definitions functions_definitions "
    "num_tokens_messages messages"
)
RUN_METRICS = "id organization_id agent_id run_start_ns run_ns num_steps tools_used"
IDENTITY = "id identifier_key name identity_type agent_ids block_ids properties"
MCP_SERVER = "id server_name mcp_server_type command server_url"
SANDBOX = "id type config organization_id"
VARIABLE = "id key value description sandbox_config_id organization_id"
FOUND_TOOL = "tool embedded_text fts_rank vector_rank combined_score"
PROVIDER = "id name provider_type provider_category api_key base_url"

Call = tuple[str, Any, Any]
"""A route, what is sent with it, and what its answer is: a type, or the names of its fields. In a list: of each item.

Routes that are called twice, or with other rows than the first of their kind, have other names for their ids.
"""
LOOKS: tuple[Call, ...] = (
    ("GET /v1/health", None, HealthResponse),
    ("GET /v1/ready", None, HealthResponse),
    ("GET /v1/agents", None, list[AgentState]),
    ("GET /v1/agents/count", None, int),
    ("GET /v1/agents/{agent_id}", None, AgentState),
    ("GET /v1/agents/{agent_id}/context", None, CONTEXT),
    ("GET /v1/agents/{agent_id}/tools", None, list[Tool]),
    ("GET /v1/agents/{agent_id}/core-memory", None, "agent_type git_enabled blocks file_blocks prompt_template"),
    ("GET /v1/agents/{agent_id}/core-memory/blocks", None, list[BlockResponse]),
    ("GET /v1/agents/{agent_id}/core-memory/blocks/{block_label}", None, BlockResponse),
    ("GET /v1/agents/{agent_id}/messages", None, MESSAGES),
    ("GET /v1/conversations", None, list[Conversation]),
    ("GET /v1/conversations/{conversation_id}", None, Conversation),
    ("GET /v1/conversations/{conversation_id}/messages", None, MESSAGES),
    ("GET /v1/messages", None, MESSAGES),
    ("GET /v1/messages/{message_id}", None, MESSAGES),
    ("POST /v1/messages/search", {"query": "hello"}, MessageSearchResponse),
    ("GET /v1/blocks", None, list[BlockResponse]),
    ("GET /v1/blocks/count", None, int),
    ("GET /v1/blocks/{block_id}", None, BlockResponse),
    ("GET /v1/blocks/{block_id}/agents", None, list[AgentState]),
    ("GET /v1/tools", None, list[Tool]),
    ("GET /v1/tools/count", None, int),
    ("GET /v1/tools/{tool_id}", None, Tool),
    ("POST /v1/tools/search", {"query": "memory"}, [FOUND_TOOL]),
    ("GET /v1/sandbox-config", None, [SANDBOX]),
    ("GET /v1/sandbox-config/count", None, int),
    ("GET /v1/sandbox-config/{sandbox_config_id}", None, SANDBOX),
    ("GET /v1/sandbox-config/{sandbox_config_id}/environment-variable", None, [VARIABLE]),
    ("GET /v1/models", None, ModelListResponse),
    ("GET /v1/models/embedding", None, list[EmbeddingModel]),
    ("GET /v1/models/embeddings", None, list[EmbeddingModel]),
    ("GET /v1/tags", None, TagListResponse),
    ("GET /v1/runs", None, list[Run]),
    ("GET /v1/runs/active", None, list[Run]),
    ("GET /v1/runs/{run_id}", None, Run),
    ("GET /v1/runs/{run_id}/messages", None, MESSAGES),
    ("GET /v1/runs/{run_id}/usage", None, UsageRetrieveResponse),
    ("GET /v1/runs/{run_id}/steps", None, list[Step]),
    ("GET /v1/runs/{run_id}/metrics", None, RUN_METRICS),
    ("GET /v1/runs/{run_id}/trace", None, list[dict[str, Any]]),
    ("GET /v1/jobs", None, [JOB]),
    ("GET /v1/jobs/active", None, [JOB]),
    ("GET /v1/jobs/{job_id}", None, JOB),
    ("GET /v1/steps", None, list[Step]),
    ("GET /v1/steps/{step_id}", None, Step),
    ("GET /v1/steps/{step_id}/messages", None, MESSAGES),
    ("GET /v1/steps/{step_id}/metrics", None, MetricRetrieveResponse),
    ("GET /v1/steps/{step_id}/trace", None, ProviderTrace),
    ("GET /v1/telemetry/{step_id}", None, ProviderTrace),
    ("GET /v1/identities", None, [IDENTITY]),
    ("GET /v1/identities/count", None, int),
    ("GET /v1/identities/{identity_id}", None, IDENTITY),
    ("GET /v1/identities/{identity_id}/agents", None, list[AgentState]),
    ("GET /v1/identities/{identity_id}/blocks", None, list[BlockResponse]),
    ("GET /v1/providers", None, [PROVIDER]),
    ("GET /v1/providers/{provider_id}", None, PROVIDER),
    ("GET /v1/mcp-servers", None, [MCP_SERVER]),
    ("GET /v1/mcp-servers/{mcp_server_id}", None, MCP_SERVER),
    ("GET /v1/mcp-servers/{mcp_server_id}/tools", None, list[Tool]),
    ("GET /v1/mcp-servers/{mcp_server_id}/tools/{tool_id}", None, 404),
    ("GET /v1/tools/mcp/servers", None, "routes"),
    ("GET /v1/tools/mcp/servers/{mcp_server_name}/tools", None, 502),
    ("GET /v1/archives", None, list[Archive]),
    ("GET /v1/archives/{archive_id}", None, Archive),
    ("GET /v1/archives/{archive_id}/agents", None, list[AgentState]),
    ("GET /v1/agents/{agent_id}/archival-memory", None, list[Passage]),
    ("GET /v1/agents/{agent_id}/archival-memory/search?query=Ada", None, PassageSearchResponse),
    ("POST /v1/passages/search", {"query": "Ada"}, list[PassageSearchResponseItem]),
)
MESSAGE = {"input": "hello"}
NEW_IDENTITY = {"identifier_key": "routes", "name": "Routes", "identity_type": "user"}
SOURCE = {"source_code": "def f() -> str:\n    return ''"}
PROGRAM = {"server_name": "program", "command": "no-such-program"}
NOBODY = {"mcp_server_type": "streamable_http", "server_url": "http://127.0.0.1:9/mcp"}
WRITES: tuple[Call, ...] = (
    ("PATCH /v1/agents/{agent_id}", {"description": "Changed."}, AgentState),
    ("PATCH /v1/agents/{agent_id}/tools/detach/{tool_id}", None, AgentState),
    ("PATCH /v1/agents/{agent_id}/tools/attach/{tool_id}", None, AgentState),
    ("PATCH /v1/agents/{agent_id}/tools/approval/{tool_name}", {"requires_approval": False}, AgentState),
    ("PATCH /v1/agents/{agent_id}/core-memory/blocks/{block_label}", {"value": "Grace."}, BlockResponse),
    ("PATCH /v1/agents/{agent_id}/core-memory/blocks/attach/{free_block_id}", None, AgentState),
    ("PATCH /v1/agents/{agent_id}/core-memory/blocks/detach/{free_block_id}", None, AgentState),
    ("PATCH /v1/agents/{agent_id}/identities/attach/{identity_id}", None, AgentState),
    ("PATCH /v1/agents/{agent_id}/identities/detach/{identity_id}", None, AgentState),
    ("POST /v1/agents/{agent_id}/recompile", None, str),
    ("POST /v1/agents/{agent_id}/system-prompt/recompile", None, str),
    ("POST /v1/agents/{agent_id}/messages", MESSAGE, LettaResponse),
    ("POST /v1/agents/{agent_id}/messages/preview-raw-payload", MESSAGE, "model stream messages tools"),
    ("POST /v1/conversations/{conversation_id}/messages/preview-raw-payload", MESSAGE, "model stream messages tools"),
    ("POST /v1/conversations/{conversation_id}/preview-raw-payload", MESSAGE, "model stream messages tools"),
    ("POST /v1/agents/{agent_id}/messages/stream", MESSAGE, STREAM),
    ("POST /v1/agents/{agent_id}/messages/async", MESSAGE, Run),
    ("POST /v1/agents/{agent_id}/messages/cancel", {"run_ids": ["{run_id}"]}, {"{run_id}": "failed"}),
    ("PATCH /v1/agents/{agent_id}/messages/{message_id}", {"content": "x"}, 405),
    ("PATCH /v1/conversations/{conversation_id}", {"summary": "Side"}, Conversation),
    ("POST /v1/conversations/{conversation_id}/fork", None, Conversation),
    ("POST /v1/conversations/{conversation_id}/recompile", None, str),
    ("POST /v1/agents/{agent_id}/summarize", None, "summary num_messages_before num_messages_after"),
    ("POST /v1/conversations/{conversation_id}/compact", None, 400),
    ("POST /v1/conversations/{conversation_id}/messages", {**MESSAGE, "background": True}, STREAM),
    ("POST /v1/conversations/{conversation_id}/stream", None, STREAM),
    ("POST /v1/conversations/{conversation_id}/cancel", None, 409),
    ("POST /v1/runs/{streamed_run_id}/stream", None, STREAM),
    ("PATCH /v1/blocks/{block_id}", {"description": "Who."}, BlockResponse),
    ("PATCH /v1/steps/{step_id}/feedback", {"feedback": "positive"}, Step),
    ("POST /v1/tools/add-base-tools", None, list[Tool]),
    ("POST /v1/sandbox-config/local", {"config": {"sandbox_dir": "/tmp/x"}}, SANDBOX),
    ("POST /v1/sandbox-config/local/default", None, SANDBOX),
    ("PATCH /v1/sandbox-config/{sandbox_config_id}", {"config": {"template": "x"}}, 400),
    ("PATCH /v1/sandbox-config/environment-variable/{sandbox_env_id}", {"value": "2"}, VARIABLE),
    ("DELETE /v1/sandbox-config/environment-variable/{sandbox_env_id}", None, object),
    ("DELETE /v1/sandbox-config/{sandbox_config_id}", None, object),
    # What `test_written_tools.py` does where programs may.
    ("POST /v1/tools", SOURCE, 403),
    ("PUT /v1/tools", SOURCE, 403),
    ("PATCH /v1/tools/{tool_id}", SOURCE, 403),
    ("POST /v1/tools/run", {**SOURCE, "args": {}}, 403),
    ("POST /v1/agents/{agent_id}/tools/{tool_name}/run", {"args": {}}, 403),
    ("DELETE /v1/tools/{tool_id}", None, 400),
    # What `test_mcp_servers.py` does where programs may, with servers that answer.
    ("PATCH /v1/mcp-servers/{mcp_server_id}", {"config": {"custom_headers": {"X-Team": "a"}}}, MCP_SERVER),
    ("PATCH /v1/mcp-servers/{mcp_server_id}/refresh", None, 502),
    ("POST /v1/mcp-servers/{mcp_server_id}/tools/{tool_id}/run", {"args": {}}, 404),
    ("PUT /v1/tools/mcp/servers", PROGRAM, 403),
    ("POST /v1/tools/mcp/servers/test", PROGRAM, 403),
    ("POST /v1/tools/mcp/servers/connect", PROGRAM, 403),
    ("PATCH /v1/tools/mcp/servers/{mcp_server_name}", {"auth_token": "Bearer x"}, "server_name server_url auth_token"),
    ("POST /v1/tools/mcp/servers/{mcp_server_name}/{mcp_tool_name}", None, 404),
    ("DELETE /v1/tools/mcp/servers/{mcp_server_name}", None, [MCP_SERVER]),
    ("DELETE /v1/mcp-servers/{mcp_server_id}", None, 404),
    ("PUT /v1/identities", {**NEW_IDENTITY, "name": "Other"}, IDENTITY),
    ("PATCH /v1/identities/{identity_id}", {"name": "Third"}, IDENTITY),
    ("PUT /v1/identities/{identity_id}/properties", [{"key": "a", "value": "b", "type": "string"}], object),
    ("POST /v1/providers/check", {"provider_type": "openai", "api_key": "k", "base_url": "{address}"}, "message"),
    ("POST /v1/providers/{provider_id}/check", None, "message"),
    ("PATCH /v1/providers/{provider_id}", {"base_url": "{address}"}, PROVIDER),
    ("PATCH /v1/agents/{agent_id}/archives/detach/{archive_id}", None, object),
    ("PATCH /v1/agents/{agent_id}/archives/attach/{archive_id}", None, object),
    ("POST /v1/agents/{agent_id}/archival-memory", {"text": "Ada is here."}, list[Passage]),
    ("POST /v1/archives/{archive_id}/passages/batch", {"passages": [{"text": "One."}]}, list[Passage]),
    ("DELETE /v1/agents/{agent_id}/archival-memory/{memory_id}", None, "message"),
    ("DELETE /v1/archives/{archive_id}/passages/{passage_id}", None, object),
    ("PATCH /v1/archives/{archive_id}", {"description": "Changed."}, Archive),
    ("DELETE /v1/archives/{archive_id}", None, object),
    ("PATCH /v1/agents/{agent_id}/reset-messages", {"add_default_initial_messages": True}, AgentState),
    ("PATCH /v1/jobs/{job_id}/cancel", None, JOB),
    ("DELETE /v1/jobs/{job_id}", None, JOB),
    ("DELETE /v1/runs/{run_id}", None, Run),
    ("DELETE /v1/conversations/{conversation_id}", None, "message"),
    ("DELETE /v1/blocks/{free_block_id}", None, object),
    ("DELETE /v1/identities/{identity_id}", None, object),
    ("DELETE /v1/providers/{provider_id}", None, object),
    ("DELETE /v1/agents/{agent_id}", None, "message"),
)
CREATED: tuple[Call, ...] = (
    ("POST /v1/blocks", {"label": "free", "value": "", "tags": ["routes"]}, BlockResponse),
    ("POST /v1/identities", NEW_IDENTITY, IDENTITY),
    (
        "POST /v1/providers",
        {"name": "routes", "provider_type": "openai", "base_url": "{address}", "api_key": "k"},
        PROVIDER,
    ),
    (
        "POST /v1/agents",
        {"model": MODEL, "embedding": EMBEDDING, "memory_blocks": [{"label": "human", "value": "Ada."}]},
        AgentState,
    ),
    ("POST /v1/conversations?agent_id={agent_id}", None, Conversation),
    ("POST /v1/archives", {"name": "Routes"}, Archive),
    ("POST /v1/archives/{archive_id}/passages", {"text": "Ada likes tea."}, Passage),
    ("POST /v1/mcp-servers", {"server_name": "routes", "config": NOBODY}, MCP_SERVER),
    ("POST /v1/sandbox-config", {"config": {}}, SANDBOX),
    ("POST /v1/sandbox-config/{sandbox_config_id}/environment-variable", {"key": "K", "value": "1"}, VARIABLE),
)
OTHER_NAMES = {"{free_block_id}": "{block_id}", "{streamed_run_id}": "{run_id}"}


def filled(value: Any, known: Mapping[str, str]) -> Any:
    """The same value with the ids of this server in it."""
    if isinstance(value, str) and "{" in value:
        for name, given in known.items():
            value = value.replace(f"{{{name}}}", given)
        return value
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    if isinstance(value, dict):
        return {filled(name, known): filled(one, known) for name, one in value.items()}
    return value


def called(http: httpx.Client, call: Call, known: Mapping[str, str]) -> httpx.Response:
    route, body, shape = call
    method, _, path = filled(route, known).partition(" ")
    answer = http.request(method, path, json=filled(body, known))
    status = shape if isinstance(shape, int) else 200
    assert answer.status_code == status, f"{route}: {answer.status_code} {answer.text[:300]}"
    read(route, answer, filled(shape, known) if isinstance(shape, dict) else shape)
    return answer


def read(route: str, answer: httpx.Response, shape: Any) -> None:
    """Fails when an answer is not what its route should give."""
    if shape == STREAM:
        *events, last = [block.partition("data: ")[2] for block in answer.text.strip().split("\n\n")]
        assert last == "[DONE]", route
        for event in events:
            adapter(LettaStreamingResponse).validate_json(event)
    elif isinstance(shape, dict):
        assert answer.json() == shape, route
    elif isinstance(shape, int):
        assert len(answer.json()["detail"]) > 20, route
    elif isinstance(shape, str | list) and not isinstance(shape, type):
        names = set((shape[0] if isinstance(shape, list) else shape).split())
        for item in answer.json() if isinstance(shape, list) else [answer.json()]:
            assert names <= item.keys(), f"{route} lacks {names - item.keys()}"
    else:
        adapter(shape).validate_json(answer.content)


@cache
def adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


@pytest.fixture(scope="module")
def known(http: httpx.Client, model_server: OpenAIServer) -> dict[str, str]:
    """Ids of everything that routes need, by the names of their parameters; all made by the routes that make them."""
    ids = {"address": model_server.url, "block_label": "human", "mcp_server_name": "routes", "mcp_tool_name": "none"}
    names = ("free_block", "identity", "provider", "agent", "conversation", "archive", "passage", "mcp_server")
    names = (*names, "sandbox_config", "sandbox_env")
    for (route, _, _), name in zip(CREATED, names, strict=True):
        call = next(call for call in CREATED if call[0] == route)
        made = called(http, call, ids).json()
        ids[f"{name}_id"] = made["id"]
        if name == "agent":
            ids |= {"block_id": made["blocks"][0]["id"], "tool_id": made["tools"][0]["id"]}
            ids["tool_name"] = made["tools"][0]["name"]
    http.patch(f"/v1/agents/{ids['agent_id']}/archives/attach/{ids['archive_id']}")
    second = http.post(f"/v1/agents/{ids['agent_id']}/archival-memory", json={"text": "Ada likes coffee."}).json()
    ids["memory_id"] = second[0]["id"]
    said = http.post(f"/v1/agents/{ids['agent_id']}/messages", json={"input": "hello"}).json()["messages"][0]
    ids |= {"message_id": said["id"], "run_id": said["run_id"], "step_id": said["step_id"]}
    other = http.post(
        f"/v1/agents/{ids['agent_id']}/messages", json={"input": "again", "streaming": True, "background": True}
    )
    ids["streamed_run_id"] = other.text.partition('"run_id":"')[2].partition('"')[0]
    return ids | {"job_id": f"job-{ids['streamed_run_id'][4:]}"}


def table(calls: tuple[Call, ...]) -> set[str]:
    """The routes of calls as the app names them."""
    routes = set[str]()
    for route, _, _ in calls:
        route = route.partition("?")[0]
        for ours, theirs in OTHER_NAMES.items():
            route = route.replace(ours, theirs)
        routes.add(route)
    return routes


def served(*, later: bool) -> set[str]:
    found = (one for one in ENDPOINTS if bool(one.since) == later)
    return {f"{one.method} {one.path.replace(':path}', '}')}" for one in found}


def test_every_route_of_the_contract_is_served_and_every_served_one_called() -> None:
    assert set(CONTRACT) - served(later=False) - served(later=True) == set()
    assert table(CREATED) | table(LOOKS) | table(WRITES) == served(later=False)


def test_every_route_answers_in_its_shape(http: httpx.Client, known: dict[str, str]) -> None:
    for call in (*LOOKS, *WRITES):
        called(http, call, known)


def test_every_route_that_is_not_there_yet_says_what_is_missing(http: httpx.Client) -> None:
    for route in sorted(served(later=True)):
        method, _, path = route.partition(" ")
        uuid = "00000000-0000-4000-8000-000000000000"
        for name, (kind, *_) in KINDS.items():
            path = path.replace(f"{{{name}}}", f"{kind}-{uuid}")
        answer = http.request(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)
        assert answer.status_code == 501, f"{route}: {answer.status_code} {answer.text[:200]}"
        detail = answer.json()["detail"]
        assert detail.endswith(".")
        assert "not part of this version" in detail or "no meaning on your own computer" in detail, route


def test_what_does_not_fit_is_noticed() -> None:
    """The check itself: an answer without a field, or with one of another kind, fails."""
    for shape, value in (
        (Run, {"id": "run-1"}),
        ("id name", {"id": "x"}),
        (list[Tool], [{"tags": 7}]),
        (STREAM, "data: {}"),
    ):
        text = value if isinstance(value, str) else json.dumps(value)
        with pytest.raises((AssertionError, ValueError)):
            read("GET /", httpx.Response(200, text=text), shape)
