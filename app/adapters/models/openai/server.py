"""Any OpenAI-compatible server as a `ChatModel`: bytes out, deltas in, sentences when it goes wrong.

Speaks HTTP itself instead of using the `openai` client: the stored request must be the very bytes that were sent, and
the client drops fields of local servers (reasoning, context sizes in errors) and hides which bytes came.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.adapters.models.http import refusals as openai_errors
from app.adapters.models.http.connection import MAX_ERROR_BODY, Connection, Patience, bases_of
from app.adapters.models.http.connection_failures import died
from app.adapters.models.http.learnt import TOOLS, Learnt
from app.adapters.models.http.loose import objects
from app.adapters.models.http.sse import EventReader, TooLong
from app.adapters.models.openai.encoding import encode
from app.adapters.models.openai.models import add_lmstudio, add_props, models_of
from app.adapters.models.openai.reply import NotReadable, ReplyReader, ServerSaid
from app.domain.error import ModelError
from app.domain.json_value import is_array, is_object, object_of
from app.domain.model import Model, Provider
from app.ports.models import ChatRequest, ModelDelta, ModelFacts, ServerNotes, WireRequest

if TYPE_CHECKING:
    import aiohttp

    from app.adapters.models.http.refusals import Server

LIST_PATIENCE = 20.0
FACTS_PATIENCE = 2.0
COUNT_PATIENCE = 5.0
AT_ONCE = 4
"""Texts that a server counts at a time."""
TOKENIZING = ("llamacpp", "vllm")
"""Servers, as their lists name who owns a model, that tell how a text is cut into tokens."""
STREAM_SIGNS = (b"data:", b":", b"event:", b"id:", b"retry:", b"error:")
"""What a stream of events begins with."""


class OpenAICompatible:
    """One provider. `read_key` may block; it is called in a thread before the first request."""

    def __init__(
        self,
        provider: Provider,
        read_key: Callable[[], str | None],
        patience: Patience | None = None,
        notes: ServerNotes | None = None,
    ) -> None:
        self._provider = provider
        base, *self._other_bases = bases_of(provider.base_url)
        """Where it is, if it is not at the first."""
        self._connection = Connection(provider.title, base, read_key, patience or Patience(), given=provider.base_url)
        self._openai_itself = urlsplit(self._connection.base).hostname == "api.openai.com"
        self._first_error: ModelError | None = None
        self._was_listed = False
        self._without_tools: set[str] = set()
        """Models for which the server has no template for tools."""
        self._answered: dict[str, str] = {}
        """Who answered last in place of a model; empty: it did so itself."""
        self._only = ""
        """The one model that it has, which answers whatever name a request gives; empty: it has several."""
        self._tokenizes = ""
        """Which of `TOKENIZING` it is."""
        self._learnt = Learnt(provider, notes)

    def __repr__(self) -> str:
        return f"OpenAICompatible({self._connection!r})"

    @property
    def busy(self) -> bool:
        return self._connection.open_requests > 0

    async def prepare(self, request: ChatRequest) -> ChatRequest:
        if not self._was_listed and self._may_be_local:
            self._was_listed = True
            with contextlib.suppress(ModelError, TimeoutError):
                async with asyncio.timeout(FACTS_PATIENCE):
                    await self.models()
        await self._learnt.load()
        refused = self._learnt.of(request.model)
        no_tools = (self._only or request.model) in self._without_tools or TOOLS in refused
        if not no_tools and not refused:
            return request
        return request.model_copy(update={"facts": ModelFacts(tools=False if no_tools else None, refused=refused)})

    def encode(self, request: ChatRequest) -> WireRequest:
        return encode(request, openai_itself=self._openai_itself)

    async def count(self, model: str, texts: tuple[str, ...]) -> tuple[int, ...] | None:
        if not self._tokenizes or not self._may_be_local:
            return None
        url = f"{self._connection.base.removesuffix('/v1')}/tokenize"
        counts: list[int] = []
        for start in range(0, len(texts), AT_ONCE):
            asked = (self._counted(url, model, text) for text in texts[start : start + AT_ONCE])
            for count in await asyncio.gather(*asked):
                if count is None:
                    self._tokenizes = ""  # until it is listed again
                    return None
                counts.append(count)
        return tuple(counts)

    async def _counted(self, url: str, model: str, text: str) -> int | None:
        """llama.cpp: https://github.com/ggml-org/llama.cpp/tree/master/tools/server#post-tokenize-tokenize-a-given-text
        vLLM: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#tokenizer-api
        """
        asked: dict[str, Any] = {"content": text}
        if self._tokenizes == "vllm":
            asked = {"model": model, "prompt": text, "add_special_tokens": False}
        content = json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")
        first = COUNT_PATIENCE
        try:
            async with self._connection.request("POST", url, content=content, model=model, first=first) as response:
                body = await self._connection.body(response, COUNT_PATIENCE)
                answer = object_of(json.loads(body)) if response.status == 200 else {}
        except (ModelError, TimeoutError, ValueError):
            return None
        tokens, count = answer.get("tokens"), answer.get("count")
        if is_array(tokens):
            return len(tokens)
        return count if isinstance(count, int) else None

    async def stream(self, wire: WireRequest) -> AsyncGenerator[ModelDelta, None]:
        head: dict[str, Any] = json.loads(_closed(wire.parts[0]))
        model = str(head["model"])
        try:
            for base in self._bases():
                with self._here_or_elsewhere(base):
                    async for delta in self._chat(f"{base}/chat/completions", wire, model):
                        yield delta
                    return
        except ModelError as error:
            await self._learnt.take_in(model, error, head)
            raise

    async def _chat(self, url: str, wire: WireRequest, model: str) -> AsyncGenerator[ModelDelta, None]:
        async with self._connection.request("POST", url, content=wire.body, model=model) as response:
            if response.status != 200:
                raise await self._connection.refusal(response, model)
            async for delta in self._events(response, self._connection.server(url, model), model):
                yield delta

    def _bases(self) -> tuple[str, ...]:
        return (self._connection.base, *self._other_bases)

    @contextlib.contextmanager
    def _here_or_elsewhere(self, base: str) -> Generator[None, None, None]:
        """Remembers where the server is. Where it is nowhere, the first address is the one to tell of."""
        try:
            yield
        except ModelError as error:
            if error.code != "wrong_address" or not self._other_bases:
                raise
            self._first_error = self._first_error or error
            if base == self._bases()[-1]:
                first, self._first_error = self._first_error, None
                raise first from error
        else:
            self._connection.base, self._other_bases, self._first_error = base, [], None

    async def models(self) -> tuple[Model, ...]:
        """What the server offers. Asks local servers once more for what their list does not say."""
        self._was_listed = True
        try:
            listing = await self._listing()
        except ModelError:
            await self._learnt.forget(only=[TOOLS])  # when it is there again it may have been started otherwise
            raise
        models = models_of(self._provider.name, listing)
        if not self._may_be_local:
            return models
        self._tokenizes = _owner(listing)
        root = self._connection.base.removesuffix("/v1")
        if _is_llamacpp(listing):
            models = add_props(models, await self._get_or_nothing(f"{root}/props"))
            self._without_tools = {model.name for model in models if model.tools is False}
            self._only = models[0].name if len(models) == 1 else ""
            return models
        if all(model.context_window for model in models):
            return models
        return add_lmstudio(models, await self._get_or_nothing(f"{root}/api/v0/models"))

    async def _listing(self) -> dict[str, Any]:
        for base in self._bases():
            with self._here_or_elsewhere(base):
                return await self._get(f"{base}/models")
        raise AssertionError("the last address raises")

    @property
    def _may_be_local(self) -> bool:
        return not self._connection.base.startswith("https:")

    async def close(self) -> None:
        await self._connection.close()

    async def _events(
        self, response: "aiohttp.ClientResponse", server: "Server", model: str
    ) -> AsyncGenerator[ModelDelta, None]:
        # Whatever its content type says: some leave it out, and some send a reply in one piece.
        reader, reply = EventReader(), ReplyReader()
        begun = bytearray()
        try:
            async for chunk in self._connection.chunks(response, model, lambda: reply.phase):
                if reply.phase == "waiting" and len(begun) < MAX_ERROR_BODY:
                    begun += chunk
                    if _is_no_reply(begun):
                        begun += await self._connection.body(response)
                        raise NotReadable
                for event in reader.feed(chunk):
                    for delta in reply.read(event):
                        yield delta
            events, rest = reader.end()
            for event in events:
                for delta in reply.read(event):
                    yield delta
        except ServerSaid as said:
            in_one_piece = reply.phase == "waiting" and begun.lstrip().startswith(b"{")
            raise openai_errors.said_in_stream(server, said.answer, 200 if in_one_piece else 500) from said
        except (NotReadable, TooLong) as problem:
            if begun.lstrip().startswith(STREAM_SIGNS):
                raise _unreadable(server) from problem
            raise self._no_reply(server, response, bytes(begun)) from problem
        if reply.phase == "waiting" and begun.strip() and not begun.lstrip().startswith(STREAM_SIGNS):
            raise self._no_reply(server, response, bytes(begun))
        if not reply.finish and not reply.done:
            raise died(server, "the stream ended without a finish reason")
        for delta in reply.close(rest):
            yield delta
        if self._may_be_local and reply.model:
            other = "" if _is_one_model(reply.model, model) else reply.model
            await self._note_answer(model, other)
            if other:
                yield ModelDelta(answered_by=other)

    async def _note_answer(self, model: str, other: str) -> None:
        """A server that was started with another model: what is known is of the one before."""
        if self._answered.get(model, "") != other:
            self._answered[model] = other
            self._was_listed = False
            await self._learnt.forget(only=[TOOLS])

    @staticmethod
    def _no_reply(server: "Server", response: "aiohttp.ClientResponse", body: bytes) -> ModelError:
        """What came with status 200 and is no reply."""
        return openai_errors.refused(server, 200, body, response.headers.get("content-type", ""))

    async def _get(self, url: str) -> dict[str, Any]:
        async with self._connection.request("GET", url, first=LIST_PATIENCE) as response:
            if response.status != 200:
                raise await self._connection.refusal(response, "")
            body = await self._connection.body(response, LIST_PATIENCE)
        try:
            answer = json.loads(body)
        except ValueError as problem:
            content_type = response.headers.get("content-type", "")
            raise openai_errors.refused(self._connection.server(url), 200, body, content_type) from problem
        if is_array(answer):
            return {"data": answer}
        if not is_object(answer) or ("error" in answer and "data" not in answer):
            raise openai_errors.refused(self._connection.server(url), 200, body, "application/json")
        return answer

    async def _get_or_nothing(self, url: str) -> dict[str, Any]:
        try:
            return await self._get(url)
        except ModelError:
            return {}


def _closed(head: bytes) -> bytes:
    """The first part of a request is an object without its closing brace."""
    return head + b"}"


def _is_one_model(answered: str, asked: str) -> bool:
    """Whether two names are of one model: servers tell files with folder and ending, and versions behind the name."""
    short, longer = sorted((_bare(answered), _bare(asked)), key=len)
    return short == longer or (bool(short) and longer.startswith(short) and not longer[len(short)].isalnum())


def _bare(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1].casefold().removesuffix(".gguf").removesuffix(":latest")


def _is_no_reply(begun: bytearray) -> bool:
    """Whether a body is neither events nor JSON, by its first bytes."""
    first = bytes(begun[:40]).removeprefix(b"\xef\xbb\xbf").lstrip()
    if first.startswith((b"{", b"[", *STREAM_SIGNS)):
        return False
    return not any(sign.startswith(first) for sign in (*STREAM_SIGNS, b"\xef\xbb\xbf"))


def _is_llamacpp(listing: dict[str, Any]) -> bool:
    return _owner(listing) == "llamacpp"


def _owner(listing: dict[str, Any]) -> str:
    """Which kind of server that tells tokens wrote the list; empty for others."""
    owners = {entry.get("owned_by") for entry in objects(listing.get("data"))}
    return next((one for one in TOKENIZING if one in owners), "")


def _unreadable(server: "Server") -> ModelError:
    return server.error(
        f"{server.name} sent a reply that cannot be read.",
        "server_error",
        "Try again. If it keeps happening, update the server.",
        retryable=True,
    )
