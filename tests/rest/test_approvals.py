"""Approvals and client-side tools over the API, by the newest client: asked, answered whole and in part, too late."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from letta_client import Letta

from tests.rest.conftest import MODEL
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

BRAD = ToolCall("memory_replace", {"label": "human", "old_string": "Chad", "new_string": "Brad"})
TEA = ToolCall("memory_insert", {"label": "human", "new_string": "Likes tea."})
WEATHER: Any = [{"name": "weather", "description": "The weather.", "parameters": {"type": "object", "properties": {}}}]


@pytest.fixture
def agent_id(client: Letta) -> Iterator[str]:
    made = client.agents.create(model=MODEL, memory_blocks=[{"label": "human", "value": "Name: Chad."}])
    for name in ("memory_replace", "memory_insert"):
        client.agents.tools.update_approval(name, agent_id=made.id, body_requires_approval=True)
    yield made.id
    client.agents.delete(made.id)


def kinds(response: Any) -> list[str]:
    return [message.message_type for message in response.messages]


def answer(call_id: str, approve: bool = True) -> Any:
    return [{"type": "approval", "approvals": [{"type": "approval", "tool_call_id": call_id, "approve": approve}]}]


def memory(client: Letta, agent_id: str) -> str:
    return client.agents.blocks.retrieve("human", agent_id=agent_id).value


def test_a_call_waits_until_it_is_approved(
    client: Letta, http: httpx.Client, agent_id: str, model_server: OpenAIServer
):
    model_server.queue(Reply(reasoning="Hm.", text="May I?", calls=(BRAD,)), Reply(text="Done."))
    asked: Any = client.agents.messages.create(agent_id, input="I am Brad")
    assert kinds(asked) == ["reasoning_message", "assistant_message", "approval_request_message"]
    assert (asked.stop_reason.stop_reason, memory(client, agent_id)) == ("requires_approval", "Name: Chad.")
    request = asked.messages[-1]
    pending = client.agents.retrieve(agent_id, include=["agent.pending_approval"]).pending_approval
    assert pending is not None
    assert pending.id == request.id
    refused = http.post(f"/v1/agents/{agent_id}/messages", json={"input": "hello?"})
    assert refused.status_code == 409
    detail = refused.json()["detail"]
    assert (detail["code"], detail["pending_request_id"]) == ("PENDING_APPROVAL", request.id)
    call_id = request.tool_calls[0].tool_call_id
    place = f"/v1/agents/{agent_id}/messages"
    assert http.post(place, json={"messages": answer("call_unknown")}).status_code == 400
    done: Any = client.agents.messages.create(agent_id, messages=answer(call_id))
    assert kinds(done) == ["tool_return_message", "assistant_message"]
    assert (done.stop_reason.stop_reason, memory(client, agent_id)) == ("end_turn", "Name: Brad.")
    again: Any = client.agents.messages.create(agent_id, messages=answer(call_id))
    assert again.messages[0].id == done.messages[0].id, "the same answer once more changes nothing"
    late = http.post(place, json={"messages": answer(call_id, False)})
    assert (late.status_code, "already approved" in late.json()["detail"]) == (409, True)
    listed = [message.message_type for message in client.agents.messages.list(agent_id, order="asc")]
    history = ["approval_request", "approval_response", "tool_return", "assistant"]
    assert listed[-4:] == [f"{one}_message" for one in history]
    model_server.queue(Reply(text="Hi."))
    client.agents.messages.create(agent_id, input="hello?")
    assert http.post(place, json={"messages": answer(call_id)}).status_code == 400, "the turn is long over"


def test_a_refusal_goes_to_the_model_with_its_reason(client: Letta, agent_id: str, model_server: OpenAIServer):
    model_server.queue(Reply(calls=(BRAD,)), Reply(text="As you wish."))
    asked: Any = client.agents.messages.create(agent_id, input="I am Brad")
    old_form: Any = {"type": "approval", "approve": False, "approval_request_id": asked.messages[-1].id}
    done: Any = client.agents.messages.create(agent_id, messages=[{**old_form, "reason": "I was joking"}])
    assert kinds(done) == ["tool_return_message", "assistant_message"]
    assert (done.messages[0].status, "I was joking" in done.messages[0].tool_return) == ("error", True)
    assert b"I was joking" in model_server.chats[-1].raw
    assert memory(client, agent_id) == "Name: Chad."


def test_several_calls_are_answered_one_by_one_and_run_with_the_last_answer(
    client: Letta, agent_id: str, model_server: OpenAIServer
):
    model_server.queue(Reply(calls=(BRAD, TEA)), Reply(text="Done."))
    streamed: list[Any] = list(
        client.agents.messages.create(agent_id, input="I am Brad", streaming=True, stream_tokens=True)
    )
    pieces = [event for event in streamed if event.message_type == "approval_request_message"]
    assert pieces, "the call is told as one that asks, while it is written"
    assert not [event for event in streamed if event.message_type == "tool_call_message"]
    ids = list(dict.fromkeys(piece.tool_call.tool_call_id for piece in pieces))
    first: Any = client.agents.messages.create(agent_id, messages=answer(ids[1]))
    assert first.stop_reason.stop_reason == "requires_approval"
    assert [call.tool_call_id for call in first.messages[0].tool_calls] == [ids[0]]
    assert memory(client, agent_id) == "Name: Chad."
    events = client.agents.messages.create(agent_id, messages=answer(ids[0], False), streaming=True)
    rest: list[Any] = [event for event in events if event.message_type != "ping"]
    assert rest[0].message_type == "tool_return_message"
    assert [one.status for one in rest[0].tool_returns] == ["error", "success"]
    assert memory(client, agent_id) == "Name: Chad.\nLikes tea."


def test_the_asking_program_runs_its_own_tools(client: Letta, agent_id: str, model_server: OpenAIServer):
    model_server.queue(Reply(calls=(ToolCall("weather", {}),)), Reply(text="Sunny."))
    asked: Any = client.agents.messages.create(agent_id, input="How is the weather?", client_tools=WEATHER)
    assert [tool["function"]["name"] for tool in model_server.chats[-1].body["tools"]][-1] == "weather"
    assert kinds(asked) == ["approval_request_message"]
    call_id = asked.messages[0].tool_calls[0].tool_call_id
    returned = {"type": "tool", "tool_call_id": call_id, "tool_return": "22 degrees", "status": "success"}
    said: Any = [{"type": "approval", "approvals": [returned]}]
    done: Any = client.agents.messages.create(agent_id, messages=said, client_tools=WEATHER)
    assert kinds(done) == ["tool_return_message", "assistant_message"]
    assert (done.messages[0].tool_return, done.messages[0].name) == ("22 degrees", "weather")


def test_rules_are_kept_told_and_enforced(client: Letta, http: httpx.Client, agent_id: str, model_server: OpenAIServer):
    rules: Any = [
        {"type": "run_first", "tool_name": "conversation_search"},
        {"type": "requires_approval", "tool_name": "memory_replace"},
        {"type": "required_before_exit", "tool_name": "memory_insert"},
    ]
    changed = http.patch(f"/v1/agents/{agent_id}", json={"tool_rules": rules})
    assert changed.json()["tool_rules"] == rules
    search = Reply(calls=(ToolCall("conversation_search", {"query": "tea"}),))
    insert = Reply(calls=(TEA,))
    model_server.queue(insert, search, Reply(text="I am done."), insert, Reply(text="Now I am."))
    said: Any = client.agents.messages.create(agent_id, input="I like tea")
    first = model_server.chats[-5]
    assert [tool["function"]["name"] for tool in first.body["tools"]] == ["conversation_search"]
    assert b"Begin each turn with conversation_search" in first.raw
    returns = [message for message in said.messages if message.message_type == "tool_return_message"]
    assert [one.status for one in returns] == ["error", "success", "success"]
    assert "begins with a call of conversation_search" in returns[0].tool_return
    assert memory(client, agent_id) == "Name: Chad.\nLikes tea."
    assert http.get(f"/v1/agents/{agent_id}/context").json()["num_tokens_tool_usage_rules"] > 0
    circle: Any = [
        {"type": "required_before_exit", "tool_name": "memory_insert"},
        {"type": "parent_last_tool", "tool_name": "memory_replace", "children": ["memory_insert"]},
        {"type": "parent_last_tool", "tool_name": "memory_insert", "children": ["memory_replace"]},
    ]
    never = http.patch(f"/v1/agents/{agent_id}", json={"tool_rules": circle})
    assert never.status_code == 400
    assert "“memory_insert” may only follow “memory_replace”" in never.json()["detail"]
    assert http.get(f"/v1/agents/{agent_id}").json()["tool_rules"] == rules, "nothing was saved"
