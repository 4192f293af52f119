"""Embedding models of servers, through the packages of Ollama and of OpenAI.

Chat goes its own way, because the bytes on its wire are stored. Of embeddings nothing is stored but the numbers, so the
packages do. Both read variables by themselves, so address and key are always given, and `trust_env` is off.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

from app.adapters.models.http.connection import bases_of
from app.adapters.models.ollama.server import root_of
from app.domain.embedding import EmbeddingFailed
from app.domain.json_value import array_of
from app.domain.model import ModelHandle, Provider
from app.domain.vector import Vector

AT_ONCE = 32
"""Texts of one request."""
LONGEST = 8_000
"""Characters of a text: about the 2,000 tokens that most embedding models read."""
SECONDS = 60.0
"""For one request."""
NO_KEY = "none"
"""Sent where a server wants no key: without one the package would look for a variable."""


async def embedded(handle: str, provider: Provider, key: str | None, texts: Sequence[str]) -> tuple[Vector, ...]:
    """A vector for each text. Raises `EmbeddingFailed`."""
    name = ModelHandle.parse(handle).name
    ask = _of_ollama if provider.kind == "ollama" else _of_openai
    found: list[Vector] = []
    for start in range(0, len(texts), AT_ONCE):
        portion = [text[:LONGEST] or " " for text in texts[start : start + AT_ONCE]]
        try:
            rows = await ask(provider, key, name, portion)
            vectors = [_vector(row) for row in rows]
        except Exception as error:  # the boundary of one server: packages let errors of three libraries through
            raise _failed(provider, handle, error) from error
        if len(vectors) != len(portion) or len({vector.dimension for vector in vectors}) != 1:
            raise _failed(provider, handle, ValueError("another number of vectors than of texts"))
        found += vectors
    return tuple(found)


async def _of_ollama(provider: Provider, key: str | None, model: str, texts: list[str]) -> list[Any]:
    await asyncio.to_thread(__import__, "ollama")  # it takes half a second, which the event loop has not
    import ollama

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    client = ollama.AsyncClient(root_of(provider.base_url), headers=headers, timeout=SECONDS, trust_env=False)
    try:
        answer = await client.embed(model, texts)
    finally:
        await client.close()
    return list(answer.embeddings)


async def _of_openai(provider: Provider, key: str | None, model: str, texts: list[str]) -> list[Any]:
    await asyncio.to_thread(__import__, "openai")  # it takes a second
    import openai

    base, *_ = bases_of(provider.base_url)
    async with openai.DefaultAsyncHttpxClient(trust_env=False, timeout=SECONDS) as http:
        client = openai.AsyncOpenAI(
            api_key=key or NO_KEY, base_url=base, organization="", project="", max_retries=1, http_client=http
        )
        answer = await client.embeddings.create(model=model, input=texts, encoding_format="float")
        return [row.embedding for row in sorted(answer.data, key=lambda row: row.index)]


def _vector(row: Any) -> Vector:
    numbers = [float(number) for number in array_of(list(row))]
    length = math.sqrt(sum(number * number for number in numbers))
    if not numbers or not math.isfinite(length):
        raise ValueError("no vector")
    return Vector.of([number / length for number in numbers] if length else numbers)


def _failed(provider: Provider, handle: str, error: Exception) -> EmbeddingFailed:
    return EmbeddingFailed(
        f"{provider.title} gave no vectors of {handle}.",
        hint="Words are searched all the same. Check that the server runs and has the model.",
        details={"reason": f"{type(error).__name__}: {error}"[:500]},
    )
