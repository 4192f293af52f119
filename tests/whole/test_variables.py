"""Model servers named by variables of the environment: there at once, talked to, shown as such, their keys nowhere."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from letta_client import Letta

from app.services import Services
from tests.support.processes.lares_process import free_port
from tests.support.processes.rest_child import ServeChild
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

KEY = "sk-planted-77aa0b1c2d"
ENTRIES = [
    {"id": "gpt-4.1", "object": "model", "owned_by": "openai"},
    {"id": "text-embedding-3-small", "object": "model", "owned_by": "openai"},
]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(key=KEY, model="gpt-4.1", entries=ENTRIES) as opened:
        yield opened


def test_the_first_example_of_letta_with_two_variables_and_nothing_clicked(
    server: OpenAIServer, data_folder: Path
) -> None:
    variables = {"OPENAI_API_KEY": KEY, "OPENAI_API_BASE": server.url}
    with ServeChild(data_folder, variables=variables) as child:
        begun = time.monotonic()
        listed = httpx.get(f"{child.url}/v1/models/", verify=False).json()
        assert time.monotonic() - begun <= 3
        assert "openai/gpt-4.1" in [model["handle"] for model in listed]
        server.queue(
            Reply(calls=(ToolCall("memory_replace", {"label": "human", "old_string": "Chad", "new_string": "Brad"}),)),
            Reply(text="Nice to meet you, Brad!"),
        )
        talk_to_sam(child.url)
        child.over_link(run_fails_with_the_key_in_its_words)
        said = child.end()
    assert KEY not in said
    assert any(KEY in request.headers.get("authorization", "") for request in server.requests)
    assert [file.name for file in data_folder.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()] == []


def talk_to_sam(url: str) -> None:
    """As it stands in Letta's README, but for its address."""
    client = Letta(base_url=url)
    agent_state = client.agents.create(
        model="openai/gpt-4.1",
        embedding="openai/text-embedding-3-small",
        memory_blocks=[
            {"label": "human", "value": "The human's name is Chad. They like vibe coding."},
            {"label": "persona", "value": "My name is Sam, a helpful assistant."},
        ],
        tools=["web_search", "run_code"],
    )
    response = client.agents.messages.create(
        agent_id=agent_state.id, messages=[{"role": "user", "content": "Hey, nice to meet you, my name is Brad."}]
    )
    kinds = [message.message_type for message in response.messages]
    assert kinds == ["tool_call_message", "tool_return_message", "assistant_message"]
    human = client.agents.blocks.retrieve("human", agent_id=agent_state.id).value
    assert human == "The human's name is Brad. They like vibe coding."


async def run_fails_with_the_key_in_its_words(services: Services) -> None:
    (openai,) = [one for one in await services.providers.list() if one.name == "openai"]
    assert (openai.variable, openai.has_key) == ("OPENAI_API_BASE", True)
    assert KEY not in openai.model_dump_json()


def test_ollama_named_by_its_variable_is_listed(data_folder: Path) -> None:
    with OllamaServer() as ollama, ServeChild(data_folder, variables={"OLLAMA_BASE_URL": ollama.url}) as child:
        assert "ollama/tiny:latest" in handles_of(child)


def test_serve_connects_what_it_finds_also_later_and_not_what_was_removed(data_folder: Path) -> None:
    """OLLAMA_HOST of this computer is a place to look at, as a port that is usual for model servers."""
    port = free_port()
    with ServeChild(data_folder, variables={"OLLAMA_HOST": f"127.0.0.1:{port}"}) as child:
        child.end()
        with OllamaServer(port=port):
            child.start()
            assert "ollama/tiny:latest" in handles_of(child)
            child.over_link(remove_ollama)
            child.end()
            child.start()
            assert "ollama/tiny:latest" not in handles_of(child)


def handles_of(child: ServeChild) -> list[str]:
    return [model["handle"] for model in httpx.get(f"{child.url}/v1/models/", verify=False).json()]


async def remove_ollama(services: Services) -> None:
    (ollama,) = [one for one in await services.providers.list() if one.name == "ollama"]
    assert ollama.variable == ""
    await services.providers.delete(ollama.id)
