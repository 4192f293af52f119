"""The scripted server is a fair double: the official client understands it, and it does as a real one did."""

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.servers.openai_replies import Refusal, Reply, ToolCall, too_long
from tests.support.servers.openai_requests import tool
from tests.support.servers.openai_server import OpenAIServer

if TYPE_CHECKING:  # a second to load, which each worker would spend while it collects
    import openai

CALL = ToolCall("memory_replace", {"label": "human", "old_string": "Chad 🎉", "new_string": "Brad"})
ASKED = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def client(server: OpenAIServer) -> "openai.OpenAI":
    import openai

    return openai.OpenAI(
        base_url=server.url, api_key="none", max_retries=0, http_client=httpx.Client(trust_env=False, verify=False)
    )


def test_official_client_reads_a_streamed_reply(server: OpenAIServer, client: "openai.OpenAI") -> None:
    server.queue(Reply(text="Hi 🎉 there", reasoning="Hm. ", calls=(CALL, ToolCall("look")), slice_bytes=5))
    with client:
        stream = client.chat.completions.create(
            model="tiny",
            messages=ASKED,  # type: ignore[arg-type]
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)

    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    pieces = [call for delta in deltas for call in delta.tool_calls or ()]
    names = {call.index: call.function.name for call in pieces if call.function and call.function.name}
    arguments = "".join(call.function.arguments or "" for call in pieces if call.function and call.index == 0)
    assert (deltas[0].role, deltas[0].content) == ("assistant", None)
    assert "".join(delta.content or "" for delta in deltas) == "Hi 🎉 there"
    assert "".join(getattr(delta, "reasoning_content", "") for delta in deltas) == "Hm. "
    assert names == {0: "memory_replace", 1: "look"}
    assert json.loads(arguments) == CALL.arguments
    assert chunks[-2].choices[0].finish_reason == "tool_calls"
    assert (chunks[-1].choices, chunks[-1].usage is not None) == ([], True)


def test_official_client_reads_a_whole_reply_and_the_list_of_models(
    server: OpenAIServer, client: "openai.OpenAI"
) -> None:
    with client:
        reply = client.chat.completions.create(model="tiny", messages=ASKED)  # type: ignore[arg-type]
        models = [model.id for model in client.models.list()]

    assert reply.choices[0].message.content == "You said: Hello"
    assert models == ["tiny"]


def test_official_client_gets_the_error_of_a_real_server(server: OpenAIServer, client: "openai.OpenAI") -> None:
    import openai

    server.queue(too_long(30031, 4096))

    with client, pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="tiny", messages=ASKED, stream=True)  # type: ignore[arg-type]

    error = raised.value
    assert (error.type, error.body["n_prompt_tokens"]) == ("exceed_context_size_error", 30031)  # type: ignore[index]


def test_without_a_script_a_name_is_corrected_by_a_tool_call(server: OpenAIServer) -> None:
    offered = tool("memory_replace", "label", "old_string", "new_string")
    messages = [
        {"role": "system", "content": "<human>\n<value>\nName: Chad.\n</value>\n</human>"},
        {"role": "user", "content": "My name is Brad, not Chad."},
    ]
    tools = [{"type": "function", "function": {"name": offered.name, "parameters": offered.parameters}}]
    with httpx.Client(trust_env=False, verify=False) as client:
        answers = [
            client.post(f"{server.url}/chat/completions", json={"messages": messages, "tools": tools}).json()
            for _ in range(2)
        ]

    calls = [one["choices"][0]["message"]["tool_calls"][0]["function"] for one in answers]
    assert calls[0] == calls[1]
    assert json.loads(calls[0]["arguments"]) == {
        "label": "human",
        "old_string": "Name: Chad.",
        "new_string": "Name: Brad.",
    }


def test_as_a_process_of_its_own_it_is_scripted_over_http() -> None:
    command = [sys.executable, "-m", "tests.support.servers.openai_server", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        port = process.stdout.readline().strip()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False) as client:
            script = [
                {"text": "ok", "calls": [{"name": "f", "arguments": {"a": 1}}]},
                {"status": 503, "body": {"error": {"message": "Loading model"}}},
            ]
            client.post("/script", json=script)
            first = client.post("/v1/chat/completions", json={"messages": ASKED})
            second = client.post("/v1/chat/completions", json={"messages": ASKED})
            recorded = client.get("/recorded").json()
        assert first.json()["choices"][0]["message"]["tool_calls"][0]["function"] == {
            "name": "f",
            "arguments": '{"a": 1}',
        }
        assert second.status_code == 503
        assert [one["messages"] for one in recorded["chats"]] == [ASKED, ASKED]
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()


def test_fixed_answer_of_a_path_wins(server: OpenAIServer) -> None:
    server.answers["/health"] = Refusal(503, {"error": {"message": "Loading model"}})

    with httpx.Client(trust_env=False, verify=False) as client:
        assert client.get(f"http://127.0.0.1:{server.port}/health").status_code == 503
