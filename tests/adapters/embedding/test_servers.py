"""Embedding models of servers: asked at the given address with the given key, whatever the environment names."""

import math

import pytest

from app.adapters.embedding.servers import NO_KEY, embedded
from app.domain.embedding import EmbeddingFailed
from app.domain.model import Provider
from app.domain.vector import Vector
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal
from tests.support.servers.openai_server import OpenAIServer
from tests.support.values.samples import NOON, some_id

pytestmark = pytest.mark.anyio
ELSEWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OPENAI_BASE_URL", "OLLAMA_HOST"):
        monkeypatch.setenv(name, ELSEWHERE)
    monkeypatch.setenv("OPENAI_API_KEY", "somebody's")
    monkeypatch.setenv("OLLAMA_API_KEY", "somebody's")


def provider(kind: str, url: str) -> Provider:
    given = {"id": some_id("provider"), "name": "here", "kind": kind, "base_url": url}
    return Provider.model_validate({**given, "created_at": NOON, "updated_at": NOON})


def rows(*vectors: list[float]) -> Refusal:
    listed = [{"object": "embedding", "index": at, "embedding": one} for at, one in enumerate(vectors)]
    return Refusal(
        200, {"object": "list", "model": "m", "data": listed, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    )


async def test_an_openai_compatible_server_is_asked_with_its_own_address_and_key():
    with OpenAIServer() as server:
        server.answers["/v1/embeddings"] = rows([3.0, 4.0], [0.0, -2.0])
        here = provider("openai", server.url)
        first, second = await embedded("here/embed", here, "own", ["one", ""])
        await embedded("here/embed", here, None, ["one", "two"])
    asked = [request for request in server.requests if request.path == "/v1/embeddings"]
    assert [request.headers["authorization"] for request in asked] == ["Bearer own", f"Bearer {NO_KEY}"]
    assert asked[0].body["model"] == "embed"
    assert asked[0].body["input"] == ["one", " "]
    assert list(first.numbers) == [95, 127]
    assert math.isclose(first.scale * 127, 0.8, abs_tol=1e-3)
    assert Vector.unpacked(second.packed()).numbers == bytes((0, 0x81))


@pytest.mark.parametrize(
    "answer",
    [
        rows([1.0]),
        rows([], []),
        rows([1.0, 2.0], [1.0]),
        Refusal(500, {"error": "no"}),
        Refusal(200, {"data": "nonsense"}),
    ],
)
async def test_whatever_else_a_server_says_is_a_sentence(answer: Refusal):
    with OpenAIServer() as server:
        server.answers["/v1/embeddings"] = answer
        with pytest.raises(EmbeddingFailed, match="gave no vectors of here/embed"):
            await embedded("here/embed", provider("openai", server.url), None, ["one", "two"])


async def test_ollama_is_asked_at_its_address():
    with OllamaServer(installed=[Installed(name="nomic-embed-text:latest", capabilities=("embedding",))]) as server:
        vectors = await embedded("here/nomic-embed-text", provider("ollama", server.url), None, ["one", "two", "three"])
        assert [list(vector.numbers) for vector in vectors] == [[127, 0]] * 3
    with pytest.raises(EmbeddingFailed):
        await embedded("here/nomic-embed-text", provider("ollama", ELSEWHERE), None, ["one"])
