"""Ollama by its own API: as a `ChatModel`, as a list of models, and as a `ModelStore`.

Its OpenAI-compatible routes cannot set the context size, and cut what does not fit without a word.

Not by the `ollama` package: it waits for ever by default, takes address and key from the environment, drops the ids of
tool calls and schema keys, raises the exceptions of its HTTP library as they are, and takes a stream that was cut for a
complete one. What is left after mending that are six plain JSON requests, which our own connection makes anyway.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from app.adapters.models.http.connection import Connection, Patience, Phase, Words
from app.adapters.models.http.connection_failures import died
from app.adapters.models.http.learnt import THINKING, TOOLS, Learnt
from app.adapters.models.http.loose import JsonObject, text
from app.adapters.models.http.sse import TooLong
from app.adapters.models.ollama import errors as ollama_errors
from app.adapters.models.ollama.encoding import encode
from app.adapters.models.ollama.models import (
    Shown,
    digest_of,
    entries_of,
    facts_of,
    full_name,
    loaded_of,
    model_of,
    shown,
)
from app.adapters.models.ollama.pull import Pulling
from app.adapters.models.ollama.reply import LineReader, OllamaReply, cut_call
from app.adapters.models.openai.reply import NotReadable, ServerSaid
from app.domain.address import is_here
from app.domain.error import ModelError
from app.domain.json_value import is_object
from app.domain.model import Model, Provider, PullProgress
from app.ports.models import ChatRequest, ModelDelta, ServerNotes, WireRequest

if TYPE_CHECKING:
    import aiohttp

PORT = 11434
LIST_PATIENCE = 20.0
FACTS_PATIENCE = 5.0
SHOW_BUDGET = 2.0
"""Seconds for asking about all models of a list; those that take longer are listed by their file alone."""
SIDE_BY_SIDE = 8

T = TypeVar("T")

_WORDS = Words(ollama_errors.refused, ollama_errors.USUAL_ADDRESS)


class Ollama:
    """One server. `read_key` may block; it is called in a thread before the first request."""

    def __init__(
        self,
        provider: Provider,
        read_key: Callable[[], str | None],
        patience: Patience | None = None,
        notes: ServerNotes | None = None,
    ) -> None:
        self._provider = provider
        base = root_of(provider.base_url)
        words, given = _WORDS, provider.base_url
        self._connection = Connection(provider.title, base, read_key, patience or Patience(), words, given)
        self._version = ""
        self._known: dict[str, tuple[str, Shown]] = {}
        """What `show` said, with the digest it was said of, by full name."""
        self._learnt = Learnt(provider, notes)
        """What a model claimed or was thought to take and then refused, by full name."""

    def __repr__(self) -> str:
        return f"Ollama({self._connection!r})"

    @property
    def busy(self) -> bool:
        return self._connection.open_requests > 0

    # Chatting

    async def prepare(self, request: ChatRequest) -> ChatRequest:
        try:
            about, version = await asyncio.gather(self._about(request.model), self._or_none(self._server_version))
        except ModelError:
            return request
        facts = facts_of(about, version or "")
        await self._learnt.load()
        if refused := self._learnt.of(full_name(request.model)):
            update: dict[str, Any] = {"tools": False if TOOLS in refused else facts.tools, "refused": refused}
            update |= {"thinking": "none" if THINKING in refused else facts.thinking}
            facts = facts.model_copy(update=update)
        return request.model_copy(update={"facts": facts})

    def encode(self, request: ChatRequest) -> WireRequest:
        return encode(request)

    async def count(self, model: str, texts: tuple[str, ...]) -> tuple[int, ...] | None:
        """Ollama has no way to ask for it: https://github.com/ollama/ollama/issues/3582"""
        return None

    async def stream(self, wire: WireRequest) -> AsyncGenerator[ModelDelta, None]:
        head = json.loads(wire.parts[0] + b"}")
        model = str(head["model"])
        try:
            async with self._connection.request("POST", self._url("chat"), content=wire.body, model=model) as response:
                if response.status == 200:
                    async for delta in self._reply(response, model):
                        yield delta
                else:
                    for delta in await self._refusal(response, model):
                        yield delta
        except ModelError as error:
            await self._learn(model, error, head)
            if error.code == "prompt_too_large":
                error.details.setdefault("n_ctx", head["options"]["num_ctx"])
            raise

    async def _reply(self, response: "aiohttp.ClientResponse", model: str) -> AsyncGenerator[ModelDelta, None]:
        server = self._connection.server(self._url("chat"), model)
        reply = OllamaReply()
        try:
            async for line in self._lines(response, model, lambda: reply.phase):
                for delta in reply.read(line):
                    yield delta
        except ServerSaid as said:
            answer = json.dumps(said.answer).encode()
            if name := ollama_errors.cut_call_name(answer):
                for delta in cut_call(name, answer):
                    yield delta
                return
            raise ollama_errors.said_in_stream(server, said.answer) from said
        except (NotReadable, TooLong) as problem:
            raise ollama_errors.unreadable(server, begun=reply.phase != "waiting") from problem
        if not reply.done:
            raise died(server, "the stream ended without done")
        for delta in reply.close():
            yield delta

    async def _refusal(self, response: "aiohttp.ClientResponse", model: str) -> list[ModelDelta]:
        """Raises why there is no reply; but one that was lost with its cut tool call is still a reply."""
        if response.status == 500:
            body = await self._connection.refusal_body(response)
            if name := ollama_errors.cut_call_name(body):
                return cut_call(name, body)
            content_type = response.headers.get("content-type", "")
            raise ollama_errors.refused(self._connection.server(self._url("chat"), model), 500, body, content_type)
        raise await self._connection.refusal(response, model)

    async def _learn(self, model: str, error: ModelError, head: JsonObject) -> None:
        name = full_name(model)
        await self._learnt.take_in(name, error, head)
        if error.code == "model_missing":
            await self._forget(name)
        if ollama_errors.cloud_is_off(error):
            self._known[name] = ("", Shown(cloud=True, cloud_off=True))

    # The list

    async def models(self) -> tuple[Model, ...]:
        """What is on the server. Raises `ModelError`."""
        self._version = ""
        tags, ps, _ = await asyncio.gather(
            self._ask("GET", "tags"), self._or_none(lambda: self._ask("GET", "ps")), self._or_none(self._server_version)
        )
        if "models" not in tags:
            url = self._url("tags")
            raise ollama_errors.refused(self._connection.server(url), 200, json.dumps(tags).encode(), "")
        entries = entries_of(tags)
        await self._forget_changed(entries)
        about = await self._about_all(entries)
        running = loaded_of(ps)
        return tuple(
            model_of(
                self._provider.name,
                name,
                entry,
                about[name],
                None if running is None else running.get(name, False),
            )
            for name, entry in entries.items()
        )

    async def _about_all(self, entries: dict[str, JsonObject]) -> dict[str, Shown]:
        places = asyncio.Semaphore(SIDE_BY_SIDE)
        deadline = asyncio.get_running_loop().time() + SHOW_BUDGET

        async def one(name: str, entry: JsonObject) -> Shown:
            try:
                async with asyncio.timeout_at(deadline), places:
                    return await self._about(name, digest_of(entry))
            except (TimeoutError, ModelError):
                return Shown()

        found = await asyncio.gather(*(one(name, entry) for name, entry in entries.items()))
        return dict(zip(entries, found, strict=True))

    async def _about(self, model: str, digest: str = "") -> Shown:
        name = full_name(model)
        if name in self._known:
            return self._known[name][1]
        try:
            answer = await self._ask("POST", "show", {"model": model}, first=FACTS_PATIENCE)
            about = shown(answer)
        except ModelError as error:
            if not ollama_errors.cloud_is_off(error):
                raise
            about = Shown(cloud=True, cloud_off=True)
        self._known[name] = (digest, about)
        return about

    async def _forget_changed(self, entries: dict[str, JsonObject]) -> None:
        """A model pulled again under its name is another model; the cloud may be switched on again."""
        digests = {full_name(name): digest_of(entry) for name, entry in entries.items()}
        for name, (digest, about) in list(self._known.items()):
            if not digest or about.cloud_off:
                self._known.pop(name)
            elif digests.get(name) != digest:
                await self._forget(name)

    async def _forget(self, name: str) -> None:
        self._known.pop(full_name(name), None)
        await self._learnt.forget(full_name(name))

    # The store

    async def pull(self, name: str) -> AsyncGenerator[PullProgress, None]:
        server = self._connection.server(self._url("pull"))
        pulling = Pulling(name)
        try:
            async with self._connection.request("POST", self._url("pull"), content=_body({"model": name})) as response:
                if response.status != 200:
                    raise await self._connection.refusal(response, "")
                async for line in self._lines(response, "", lambda: "waiting"):
                    if progress := pulling.read(line):
                        yield progress
        except ServerSaid as said:
            raise ollama_errors.pull_failed(server, name, json.dumps(said.answer).encode()) from said
        except (NotReadable, TooLong) as problem:
            raise ollama_errors.unreadable(server, begun=True) from problem
        except ModelError as error:
            if error.code != "server_died":
                raise
            raise ollama_errors.pull_broke_off(server, name, str(error.details.get("reason", ""))) from error
        if not pulling.finished:
            raise ollama_errors.pull_broke_off(server, name, "the stream ended without success")
        await self._forget(name)

    async def delete(self, name: str) -> None:
        await self._ask("DELETE", "delete", {"model": name})
        await self._forget(name)

    async def unload(self, name: str) -> None:
        await self._ask("POST", "chat", {"model": name, "messages": [], "stream": False, "keep_alive": 0})

    async def close(self) -> None:
        await self._connection.close()

    # The wire

    async def _server_version(self) -> str:
        if not self._version:
            answer = await self._ask("GET", "version", first=FACTS_PATIENCE)
            self._version = text(answer.get("version"))
        return self._version

    async def _ask(
        self, method: str, route: str, content: JsonObject | None = None, *, first: float = LIST_PATIENCE
    ) -> JsonObject:
        """One request with one answer; an empty one is an empty object."""
        url = self._url(route)
        sent = None if content is None else _body(content)
        async with self._connection.request(method, url, content=sent, first=first) as response:
            if response.status != 200:
                raise await self._connection.refusal(response, "")
            body = await self._connection.body(response, first)
        if not body.strip():
            return {}
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if not is_object(answer) or "error" in answer:
            content_type = response.headers.get("content-type", "")
            raise ollama_errors.refused(self._connection.server(url), 200, body, content_type)
        return answer

    @staticmethod
    async def _or_none(ask: Callable[[], Awaitable[T]]) -> T | None:
        """Takes what it awaits unmade: made beforehand, it would never be awaited where this is cancelled first."""
        try:
            return await ask()
        except ModelError:
            return None

    async def _lines(
        self, response: "aiohttp.ClientResponse", model: str, phase: Callable[[], Phase]
    ) -> AsyncIterator[bytes]:
        reader = LineReader()
        async for chunk in self._connection.chunks(response, model, phase):
            for line in reader.feed(chunk):
                yield line
        for line in reader.end():
            yield line

    def _url(self, route: str) -> str:
        return f"{self._connection.base}/api/{route}"


def root_of(address: str) -> str:
    """The address before `/api`, however it was typed or taken from OLLAMA_HOST."""
    parts = urlsplit(address.strip() if "://" in address else f"http://{address.strip()}")
    path = parts.path.rstrip("/")
    for route in ("/completions", "/chat", "/generate", "/tags", "/models", "/api", "/v1"):
        path = path.removesuffix(route)
    place = parts.netloc.rpartition("@")[2]
    if parts.hostname == "0.0.0.0":
        # An address to listen on, not to connect to; Windows refuses it.
        place = place.replace("0.0.0.0", "127.0.0.1")
    try:
        if parts.port is None and is_here(f"http://{place}"):
            place = f"{place.rstrip(':')}:{PORT}"
    except ValueError:
        pass
    return f"{parts.scheme}://{place}{path}"


def _body(content: JsonObject) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
