"""The scripted Ollama is a fair double: the official client understands it, and it says what a real one said."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import ollama as official
import pytest

from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import NO_EMBEDDINGS, OllamaServer
from tests.support.servers.openai_replies import ToolCall
from tests.support.servers.openai_requests import tool

ASKED = [{"role": "user", "content": "Hello"}]
LOOK = {"type": "function", "function": {"name": "look", "parameters": tool("look", "at").parameters}}
CALL = ToolCall("look", {"at": "🎉"})


@pytest.fixture
def client(ollama: OllamaServer) -> Iterator[official.Client]:
    client = official.Client(host=ollama.url, trust_env=False)
    yield client
    client._client.close()


@pytest.fixture
def wire(ollama: OllamaServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=ollama.url, trust_env=False, verify=False) as client:
        yield client


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.text.splitlines()]


def test_official_client_reads_a_stream(ollama: OllamaServer, client: official.Client) -> None:
    ollama.queue(Answer(text="Hi 🎉 there", thinking="Hm. ", calls=(CALL,), slice_bytes=5))

    chunks = list(client.chat("tiny", ASKED, tools=[LOOK], stream=True))

    calls = [call for chunk in chunks for call in chunk.message.tool_calls or ()]
    assert "".join(chunk.message.content or "" for chunk in chunks) == "Hi 🎉 there"
    assert "".join(chunk.message.thinking or "" for chunk in chunks) == "Hm. "
    assert [(call.function.name, call.function.arguments) for call in calls] == [("look", {"at": "🎉"})]
    assert (chunks[-1].done, chunks[-1].done_reason, (chunks[-1].prompt_eval_count or 0) > 0) == (True, "stop", True)


def test_official_client_reads_lists_and_pages(ollama: OllamaServer, client: official.Client) -> None:
    client.chat("tiny", ASKED, options={"num_ctx": 2048})

    (listed,), (running,) = client.list().models, client.ps().models
    page = client.show("tiny")

    assert (listed.model, listed.size, listed.digest) == ("tiny:latest", 4_931_989, ollama.installed[0].digest)
    assert running.context_length == 2048
    assert page.capabilities == ["tools", "thinking", "completion"]
    assert (page.modelinfo or {})["llama.context_length"] == 16_384


def test_official_client_pulls_and_deletes(ollama: OllamaServer, client: official.Client) -> None:
    steps = [step.status for step in client.pull("qwen3:4b", stream=True)]
    client.delete("tiny")

    assert (steps[0], steps[-1]) == ("pulling manifest", "success")
    assert [model.model for model in client.list().models] == ["qwen3:4b"]


def test_official_client_gets_the_errors_of_a_real_server(client: official.Client) -> None:
    with pytest.raises(official.ResponseError, match="model 'nope' not found") as raised:
        client.chat("nope", ASKED)
    assert raised.value.status_code == 404


def test_501_for_embeddings_of_a_chat_model(ollama: OllamaServer, wire: httpx.Client) -> None:
    refused = wire.post("/api/embed", json={"model": "tiny", "input": "a"})
    ollama.installed = [Installed(capabilities=("embedding",))]
    served = wire.post("/api/embed", json={"model": "tiny", "input": ["a", "b"]})

    assert (refused.status_code, refused.json()) == (501, {"error": NO_EMBEDDINGS})
    assert (served.status_code, len(served.json()["embeddings"])) == (200, 2)


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"model": ""}, 400, "model is required"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}, 400, "content of type string"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]},
            400,
            "can't find closing '}' symbol",
        ),
        ({"think": "bogus"}, 400, "invalid think value"),
        ({"options": {"num_ctx": "many"}}, 500, "must be of type integer"),
        ({"messages": [{"role": "user", "content": "a", "images": ["eA=="]}]}, 500, "image input is not supported"),
    ],
)
def test_request_that_a_real_server_refuses_is_refused(
    change: dict[str, Any], status: int, words: str, wire: httpx.Client
) -> None:
    response = wire.post("/api/chat", json={"model": "tiny", "messages": ASKED} | change)

    assert response.status_code == status
    assert words in response.json()["error"]


def test_without_num_ctx_the_oldest_turns_are_dropped_without_a_word(ollama: OllamaServer, wire: httpx.Client) -> None:
    turns = [{"role": "user", "content": f"{turn} " + "the quick brown fox " * 30} for turn in range(41)]
    system = {"role": "system", "content": "You are kind."}

    (*_, last) = lines(wire.post("/api/chat", json={"model": "tiny", "messages": [system, *turns]}))

    assert (last["done"], last["prompt_eval_count"] <= 4096) == (True, True)
    assert ollama.seen[0][0] == system
    assert ollama.seen[0][1] != turns[0]
    assert ollama.seen[0][-1] == turns[-1]


def test_messages_may_be_empty_to_load_and_unload(ollama: OllamaServer, wire: httpx.Client) -> None:
    loaded = wire.post("/api/chat", json={"model": "tiny", "messages": []}).json()
    unloaded = wire.post("/api/chat", json={"model": "tiny", "messages": [], "keep_alive": 0}).json()

    assert (loaded["done_reason"], unloaded["done_reason"], ollama.loaded) == ("load", "unload", {})


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
def test_unknown_origin_or_host_gets_403_with_an_empty_body(headers: dict[str, str], wire: httpx.Client) -> None:
    response = wire.get("/api/tags", headers=headers)

    assert (response.status_code, response.content) == (403, b"")


def test_it_runs_as_a_process_and_is_scripted_over_http() -> None:
    command = [sys.executable, "-m", "tests.support.servers.ollama_server", "0", "--empty"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        base = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        with httpx.Client(base_url=base, trust_env=False, timeout=20, verify=False) as client:
            assert client.get("/api/tags").json() == {"models": []}
            client.post("/api/pull", json={"model": "qwen3:4b"})
            client.post("/script", json=[{"text": "Scripted."}, {"status": 503, "body": {"error": "busy"}}])
            asked = {"model": "qwen3:4b", "messages": ASKED}
            first, second = lines(client.post("/api/chat", json=asked)), client.post("/api/chat", json=asked)
            recorded = client.get("/recorded").json()
        process.terminate()

    assert (first[0]["message"]["content"], second.status_code) == ("Scripted.", 503)
    assert len(recorded["chats"]) == 2
