"""Compaction over the API: a summary takes the place of the oldest messages, as the agent is set or as is asked."""

from typing import Any

import httpx
import pytest

from tests.rest.conftest import MODEL
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer

SUMMARY = (
    "Ada told the agent four times about her garden; the roses are to be cut in March, and the fence is still open."
)


@pytest.fixture
def agent(http: httpx.Client) -> dict[str, Any]:
    made = http.post("/v1/agents/", json={"model": MODEL, "include_base_tools": False}).json()
    for number in range(4):
        said = {"input": f"{number}: the roses are to be cut in March, and the fence is open.", "streaming": False}
        assert http.post(f"/v1/agents/{made['id']}/messages", json=said).status_code == 200
    return made


def test_a_summary_takes_the_place_of_the_oldest(http: httpx.Client, model_server: OpenAIServer, agent: dict[str, Any]):
    before = http.get(f"/v1/agents/{agent['id']}").json()["message_ids"]
    model_server.queue(Reply(text=SUMMARY))
    done = http.post(f"/v1/agents/{agent['id']}/summarize")
    assert done.status_code == 200, done.text
    told = done.json()
    assert told["summary"] == SUMMARY
    assert told["num_messages_before"] == 8 > told["num_messages_after"]
    after = http.get(f"/v1/agents/{agent['id']}").json()["message_ids"]
    assert after[0] == before[0]
    assert set(after[2:]) < set(before)
    listed = http.get(f"/v1/agents/{agent['id']}/messages", params={"order": "asc", "limit": 100}).json()
    summary = next(one for one in listed if one["message_type"] == "summary_message")
    assert (summary["id"], summary["summary"]) == (after[1], SUMMARY)
    context = http.get(f"/v1/agents/{agent['id']}/context").json()
    assert context["summary_memory"] == SUMMARY
    assert context["num_tokens_summary_memory"] > 0


def test_a_conversation_is_compacted_whole_where_it_is_asked(
    http: httpx.Client, model_server: OpenAIServer, agent: dict[str, Any]
):
    model_server.queue(Reply(text=SUMMARY))
    body = {"compaction_settings": {"mode": "all"}, "agent_id": agent["id"]}
    done = http.post("/v1/conversations/default/compact", params={"agent_id": agent["id"]}, json=body)
    assert done.status_code == 200, done.text
    assert done.json()["num_messages_after"] == 3


def test_how_the_summary_is_asked_for_is_as_the_settings_say(
    http: httpx.Client, model_server: OpenAIServer, agent: dict[str, Any]
):
    of_model = {"provider_type": "openai", "temperature": 0.7, "max_output_tokens": 90}
    settings = {"prompt": "Sum up.", "model_settings": of_model, "prompt_acknowledgement": True}
    model_server.queue(Reply(text=SUMMARY))
    done = http.post(f"/v1/agents/{agent['id']}/summarize", json={"compaction_settings": settings})
    assert done.status_code == 200, done.text
    sent = model_server.chats[-1].body
    assert (sent["temperature"], sent["max_tokens"]) == (0.7, 90)
    assert [one["role"] for one in sent["messages"]] == ["system", "user", "assistant", "user"]
    assert sent["messages"][0]["content"] == "Sum up."
    assert "with the summary alone" in sent["messages"][2]["content"]


def test_nothing_to_compact_is_a_bad_request(http: httpx.Client):
    made = http.post("/v1/agents/", json={"model": MODEL, "include_base_tools": False}).json()
    refused = http.post(f"/v1/agents/{made['id']}/summarize")
    assert refused.status_code == 400
    assert "nothing to compact" in refused.text


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "none"},
        {"mode": 1},
        {"clip_chars": "many"},
        {"clip_chars": 5},
        {"model": 7},
        {"sliding_window_percentage": 3},
        {"prompt_acknowledgement": 1},
        {"model_settings": "warm"},
        {"model_settings": {"temperature": 3}},
        {"model_settings": {"max_output_tokens": 0}},
        {"model_settings": {"verbosity": "low"}},
    ],
)
def test_settings_that_cannot_be_are_refused(http: httpx.Client, settings: dict[str, Any]):
    body = {"model": MODEL, "compaction_settings": settings}
    assert http.post("/v1/agents/", json=body).status_code == 422
    once = {"compaction_settings": settings}
    made = http.post("/v1/agents/", json={"model": MODEL}).json()
    assert http.post(f"/v1/agents/{made['id']}/summarize", json=once).status_code == 422


def test_what_no_agent_does_yet_is_said(http: httpx.Client):
    body = {"model": MODEL, "compaction_settings": {"mode": "self_compact_all"}}
    assert http.post("/v1/agents/", json=body).status_code == 501
