"""Finding the model servers of this computer, each by what it answers; and the presets themselves."""

import asyncio
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from app.adapters.models.presets import CLOUD, LOCAL, PATIENCE, PRESETS, PROBED, probe
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal, error_body
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"


def entry(name: str, owner: str) -> dict[str, object]:
    return {"id": name, "object": "model", "owned_by": owner}


async def test_each_server_is_known_by_its_answers(ollama: OllamaServer, server: OpenAIServer) -> None:
    with OpenAIServer(entries=[entry("big", "vllm")]) as vllm, OpenAIServer() as lmstudio:
        lmstudio.answers["/api/v0/models"] = Refusal(200, {"object": "list", "data": [{"id": "a"}, {"id": "b"}]})
        ports = (ollama.serving.port, server.port, vllm.port, lmstudio.port)

        found = await probe((HOST, port) for port in ports)

    assert [(one.preset.name, one.models) for one in found] == [
        ("ollama", 1),
        ("llamacpp", 1),
        ("vllm", 1),
        ("lmstudio", 2),
    ]
    assert [one.preset.base_url for one in found] == [ollama.url, server.url, vllm.url, lmstudio.url]
    assert (found[0].version, found[0].preset.kind) == ("0.32.15", "ollama")


async def test_unknown_server_is_found_without_a_famous_name(server: OpenAIServer) -> None:
    server.entries = [entry("x", "somebody")]

    (found,) = await probe([(HOST, server.port)])

    assert (found.preset.name, found.preset.label, found.preset.base_url) == ("local", "Model server", server.url)


async def test_server_that_asks_for_a_key_is_found(server: OpenAIServer) -> None:
    server.key = "secret"

    (found,) = await probe([(HOST, server.port)])

    assert (found.needs_key, found.models) == (True, None)


async def test_server_that_still_loads_its_model_is_found(server: OpenAIServer) -> None:
    server.answers["/v1/models"] = Refusal(503, error_body(503, "Loading model", "unavailable_error"))

    (found,) = await probe([(HOST, server.port)])

    assert found.preset.name == "llamacpp"


@pytest.mark.parametrize(
    "page",
    [
        Refusal(200, "<html>A web site</html>", "text/html"),
        Refusal(200, {"version": 3, "data": "x"}),
        Refusal(200, [1, 2]),  # type: ignore[arg-type]
        Refusal(401, "<html>Log in</html>", "text/html"),
        Refusal(503, {"error": "down"}),
        Refusal(302, "", headers={"Location": "http://example.com/"}),
    ],
)
async def test_other_web_servers_are_left_alone(page: Refusal, server: OpenAIServer) -> None:
    paths = ("/api/version", "/api/tags", "/api/v0/models", "/v1/models")
    server.answers = dict.fromkeys(paths, page)

    assert await probe([(HOST, server.port)]) == ()


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of something that takes connections and never says a word."""
    with socket.create_server((HOST, 0)) as listening:
        yield listening.getsockname()[1]


async def test_what_does_not_answer_costs_a_second_at_most(mute: int, ollama: OllamaServer) -> None:
    begun = time.monotonic()

    found = await probe([(HOST, mute), (HOST, 1), (HOST, mute), (HOST, ollama.serving.port)])

    assert [one.preset.name for one in found] == ["ollama"]
    assert time.monotonic() - begun < PATIENCE + 1.5


async def test_only_this_computer_is_asked() -> None:
    assert await probe([("192.0.2.7", 11434), ("example.com", 80), ("not a host", 1), ("", 1)]) == ()


async def test_probing_can_be_cancelled(mute: int) -> None:
    probing = asyncio.ensure_future(probe([(HOST, mute)]))
    await asyncio.sleep(0.01)
    probing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await probing


async def test_presets_have_unique_names_and_tell_local_from_cloud() -> None:
    assert len({preset.name for preset in PRESETS}) == len(PRESETS)
    assert all(preset.local and urlsplit(preset.base_url).hostname == HOST for preset in LOCAL)
    assert [(preset.name, preset.local, preset.base_url[:8]) for preset in CLOUD] == [
        ("openai", False, "https://"),
        ("openrouter", False, "https://"),
    ]
    usual = {urlsplit(preset.base_url).port for preset in LOCAL}
    assert {port for _, port in PROBED} == usual | {9931}, "llama-server moves from 8080 to 9931"
