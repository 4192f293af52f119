"""letta-client's own response models parse every answer of the core, strictly: no unknown type, no missing field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from letta_client import Letta, NotFoundError, UnprocessableEntityError
from pydantic import BaseModel

from app.rest.routes import ENDPOINTS
from tests.rest.conftest import MODEL
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@dataclass
class Lived:
    """An agent with a history: two runs, one with a tool call."""

    agent: Any
    response: Any
    run_id: str
    step_id: str


@pytest.fixture(scope="module")
def lived(client: Letta, model_server: OpenAIServer) -> Lived:
    agent = client.agents.create(
        model=MODEL,
        memory_blocks=[{"label": "human", "value": "Name: Chad.", "tags": ["person"], "metadata": {"a": 1}}],
        tags=["first", "tea"],
        metadata={"team": 7},
        description="A test.",
        secrets={"API_KEY": "planted-secret-value"},
        timezone="Europe/Berlin",
        tool_rules=[{"type": "exit_loop", "tool_name": "send_message"}],
        model_settings={"provider_type": "openai", "temperature": 0.3, "max_output_tokens": 700},
    )
    replace = {"label": "human", "old_string": "Chad", "new_string": "Brad"}
    model_server.queue(
        Reply(reasoning="Hm.", text="One moment.", calls=(ToolCall("memory_replace", replace),)), Reply(text="Done.")
    )
    response = client.agents.messages.create(agent.id, input="I am Brad")
    client.agents.messages.create(
        agent.id,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}},
                ],
            }
        ],
    )
    run_id = response.messages[0].run_id
    return Lived(agent, response, run_id, response.messages[0].step_id)


def check(value: Any) -> None:
    """Every answer is of the SDK's own types, all the way down: what it could not parse it leaves as plain dicts."""
    items = value if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, BaseModel):
            type(item).model_validate(item.model_dump(mode="json", by_alias=True), strict=False)


def test_agent_is_given_back_as_it_was_asked_for(client: Letta, lived: Lived) -> None:
    agent = client.agents.retrieve(lived.agent.id)
    check(agent)
    assert agent.tags == ["first", "tea"]
    assert agent.metadata == {"team": 7}
    assert agent.timezone == "Europe/Berlin"
    assert [secret.key for secret in agent.secrets or []] == ["API_KEY"]
    assert "planted-secret-value" not in agent.model_dump_json()
    assert agent.tool_rules is not None
    assert agent.tool_rules[0].type == "exit_loop"
    assert agent.api_model_settings.temperature == 0.3
    assert agent.api_model_settings.max_output_tokens == agent.llm_config.max_tokens == 700
    assert agent.last_stop_reason == "end_turn"
    assert agent.message_ids
    assert agent.blocks[0].value == "Name: Brad."


def test_parts_of_one_message_share_its_id(lived: Lived) -> None:
    first, second, third, returned, last = lived.response.messages
    assert first.id == second.id == third.id != returned.id != last.id
    assert [m.otid[-2:] for m in (first, second, third)] == ["00", "01", "02"]
    assert third.tool_call.name == third.tool_calls[0].name == "memory_replace"
    assert returned.tool_returns[0].status == returned.status == "success"
    assert lived.response.usage.total_tokens == (
        lived.response.usage.prompt_tokens + lived.response.usage.completion_tokens
    )


def _walk(client: Letta, lived: Lived) -> Iterator[tuple[str, Any]]:
    agent_id, run_id, step_id = lived.agent.id, lived.run_id, lived.step_id
    block_id, tool_id = lived.agent.blocks[0].id, lived.agent.tools[0].id
    yield "GET /v1/health", client.health()
    yield "GET /v1/agents", client.agents.list(limit=3).items
    yield "GET /v1/agents/{agent_id}", client.agents.retrieve(agent_id)
    yield "PATCH /v1/agents/{agent_id}", client.agents.update(agent_id, description="Changed.")
    yield "GET /v1/agents/{agent_id}/core-memory/blocks", client.agents.blocks.list(agent_id).items
    yield "GET …/core-memory/blocks/{block_label}", client.agents.blocks.retrieve("human", agent_id=agent_id)
    yield "GET /v1/agents/{agent_id}/tools", client.agents.tools.list(agent_id).items
    yield "PATCH …/tools/detach", client.agents.tools.detach(tool_id, agent_id=agent_id)
    yield "PATCH …/tools/attach", client.agents.tools.attach(tool_id, agent_id=agent_id)
    yield "GET /v1/agents/{agent_id}/messages", client.agents.messages.list(agent_id).items
    yield "POST /v1/agents/{agent_id}/recompile", client.agents.recompile(agent_id)
    yield "GET /v1/blocks", client.blocks.list().items
    yield "GET /v1/blocks/{block_id}", client.blocks.retrieve(block_id)
    yield "PATCH /v1/blocks/{block_id}", client.blocks.update(block_id, description="Who.")
    yield "GET /v1/blocks/{block_id}/agents", client.blocks.agents.list(block_id).items
    yield "GET /v1/runs", client.runs.list(agent_id=agent_id).items
    yield "GET /v1/runs/{run_id}", client.runs.retrieve(run_id)
    yield "GET /v1/runs/{run_id}/messages", client.runs.messages.list(run_id).items
    yield "GET /v1/runs/{run_id}/usage", client.runs.usage.retrieve(run_id)
    yield "GET /v1/runs/{run_id}/steps", client.runs.steps.list(run_id).items
    yield "GET /v1/runs/{run_id}/trace", client.runs.trace.retrieve(run_id)
    yield "GET /v1/steps", client.steps.list().items
    yield "GET /v1/steps/{step_id}", client.steps.retrieve(step_id)
    yield "GET /v1/steps/{step_id}/metrics", client.steps.metrics.retrieve(step_id)
    yield "GET /v1/steps/{step_id}/trace", client.steps.trace.retrieve(step_id)
    yield "GET /v1/steps/{step_id}/messages", client.steps.messages.list(step_id).items
    yield "GET /v1/tools", client.tools.list().items
    yield "GET /v1/tools/{tool_id}", client.tools.retrieve(tool_id)
    yield "GET /v1/models", client.models.list()
    yield "GET /v1/models/embedding", client.models.embeddings.list()
    yield "GET /v1/tags", client.tags.list()
    yield "GET /v1/messages", client.messages.list()
    yield "GET /v1/messages/{message_id}", client.messages.retrieve(lived.response.messages[0].id)
    yield "POST /v1/messages/search", client.messages.search(query="Brad")


def test_every_answer_is_parsed_strictly(client: Letta, lived: Lived) -> None:
    seen = 0
    for route, answer in _walk(client, lived):
        assert answer is not None, route
        check(answer)
        if isinstance(answer, list):
            assert answer, f"{route} was empty, so nothing was parsed"
        seen += 1
    assert seen == 34


def test_conversations_are_threads_of_their_own(client: Letta, lived: Lived) -> None:
    agent_id = lived.agent.id
    thread = client.conversations.create(agent_id=agent_id, summary="Side talk")
    check(thread)
    events = list(client.conversations.messages.create(thread.id, input="hello there"))
    kinds = [event.message_type for event in events]
    assert kinds == ["ping", "assistant_message", "stop_reason", "usage_statistics"]
    assert events[1].content.endswith("hello there")
    newest_first = client.conversations.messages.list(thread.id).items
    assert [one.message_type for one in newest_first] == ["assistant_message", "user_message", "system_message"]
    assert "hello there" in str(client.agents.messages.list(agent_id).items)
    mine = client.agents.messages.list(agent_id, conversation_id="default").items
    assert "hello there" not in str(mine)
    assert next(iter(client.conversations.list(agent_id=agent_id))).id == thread.id
    assert client.conversations.update(thread.id, summary="Renamed").summary == "Renamed"
    forked = client.conversations.fork(thread.id)
    assert len(client.conversations.messages.list(forked.id).items) == 3
    assert "Name: Brad." in client.conversations.recompile(thread.id)
    own = client.conversations.messages.list("default", agent_id=agent_id).items
    assert len(own) == len(client.conversations.messages.list(agent_id).items) > 2
    client.conversations.delete(thread.id)
    with pytest.raises(NotFoundError):
        client.conversations.retrieve(thread.id)


def test_pages_go_on_until_they_are_empty(client: Letta) -> None:
    made = [client.blocks.create(label=f"page{n}", value="", tags=["paged"]).id for n in range(7)]
    assert [one.id for one in client.blocks.list(tags=["paged"], limit=2)] == made[::-1]
    assert [one.id for one in client.blocks.list(tags=["paged"], limit=3, order="asc")] == made
    before = client.blocks.list(tags=["paged"], limit=2, order="asc", before=made[4]).items
    assert [one.id for one in before] == made[2:4]


def test_messages_of_an_agent_are_a_window_that_reads_forwards(client: Letta, lived: Lived) -> None:
    everything = client.agents.messages.list(lived.agent.id, order="asc", limit=100).items
    newest = client.agents.messages.list(lived.agent.id, limit=2).items
    assert newest == everything[-len(newest) :]
    walked = [one.id for one in client.agents.messages.list(lived.agent.id, order="asc", limit=2)]
    assert walked == [one.id for one in everything]


def test_feedback_is_kept_and_found(client: Letta, lived: Lived) -> None:
    client.steps.feedback.create(lived.step_id, feedback="positive", tags=["good"])
    assert client.steps.retrieve(lived.step_id).feedback == "positive"
    assert [one.id for one in client.steps.list(feedback="positive")] == [lived.step_id]
    assert client.steps.retrieve(lived.step_id).tags == ["good"]


def test_traces_hold_what_went_over_the_wire(client: Letta, lived: Lived) -> None:
    trace = client.steps.trace.retrieve(lived.step_id)
    assert trace is not None
    assert trace.request_json["messages"][-1]["content"].endswith("I am Brad")
    assert trace.response_json["chunks"]


def test_built_in_tools_are_all_there(client: Letta) -> None:
    names = {tool.name for tool in client.tools.list(limit=100)}
    assert names >= {
        *("send_message", "conversation_search", "archival_memory_insert", "archival_memory_search"),
        *("core_memory_append", "core_memory_replace", "memory", "memory_apply_patch"),
        *("memory_replace", "memory_insert", "memory_rethink", "memory_finish_edits"),
        *("open_files", "grep_files", "semantic_search_files"),
        *("run_code", "run_code_with_tools", "web_search", "fetch_webpage"),
        *("send_message_to_agent_and_wait_for_reply", "send_message_to_agents_matching_tags"),
        "send_message_to_agent_async",
    }


def test_wrong_and_unknown_ids_are_told_apart(client: Letta) -> None:
    with pytest.raises(UnprocessableEntityError):
        client.agents.retrieve("agent-1")
    with pytest.raises(NotFoundError):
        client.agents.retrieve("agent-00000000-0000-4000-8000-000000000000")


def test_an_agent_is_deleted(client: Letta) -> None:
    agent = client.agents.create(model=MODEL)
    assert agent.id in str(client.agents.delete(agent.id))
    with pytest.raises(NotFoundError):
        client.agents.retrieve(agent.id)


def test_each_core_route_has_one_entry_in_the_table() -> None:
    routes = [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS]
    assert len(set(routes)) == len(routes) >= 150
