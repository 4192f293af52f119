"""Model servers: one request in, a stream of deltas out."""

from collections.abc import AsyncGenerator
from typing import Any, Literal, NamedTuple, Protocol

from app.domain.base import Field, Frozen
from app.domain.message import Message
from app.domain.model import Model, Provider, PullProgress
from app.domain.run import Usage
from app.domain.tool import Tool


class ModelFacts(Frozen):
    """What an adapter learnt of a model and its server, and needs to write a request for it. None: not known."""

    tools: bool | None = None
    vision: bool | None = None
    thinking: Literal["none", "switch", "levels"] | None = None
    """`switch`: on or off. `levels`: always on, more or less."""
    trained_context: int | None = None
    server_version: str = ""
    refused: frozenset[str] = frozenset()
    """What the server refused for this model and the request does without, in the adapter's words."""


class ChatRequest(Frozen):
    """What the agent wants to say to a model, before it becomes bytes of one server's wire."""

    model: str
    """The model's name at its provider (without the provider)."""
    system: str
    """The compiled system prompt."""
    messages: tuple[Message, ...]
    """Oldest first; tool calls and their returns always complete."""
    tools: tuple[Tool, ...] = ()
    temperature: float | None = None
    max_output_tokens: int = 2048
    reasoning: Literal["auto", "off", "low", "medium", "high"] = "auto"
    calls_allowed: bool = True
    """False: the tools are only told, because they stood in the requests before; the reply is to be words."""
    parallel_tool_calls: bool = True
    """False: asks servers that understand it for one call in a reply."""
    context_window: int
    """Tokens the request and the reply may fill together; sent to servers that can be told.

    One number for all requests to a model, titles and summaries too: another one makes Ollama load it anew.
    """
    images: dict[str, tuple[str, bytes]] = Field(default_factory=dict)
    """Media type and bytes of each image of `messages`, by sha256."""
    answer_schema: dict[str, Any] | None = None
    """JSON schema that the server shall force the reply's text into. Not together with tools."""
    response_format: dict[str, Any] | None = None
    """The JSON that the answer is to be, in the words of `Agent.response_format`; calls of tools stay what they are.
    Without effect beside `answer_schema`."""
    calls_as_json: bool = False
    """True: tools are to be called by JSON text even where the model has calls of its own."""
    facts: ModelFacts | None = None
    """Filled in by `ChatModel.prepare`; part of the request so that encoding stays pure."""


class WireRequest(Frozen):
    """A request as bytes. The parts joined are the body, byte by byte."""

    parts: tuple[bytes, ...]
    """Cut so that a later request repeats the earlier parts: system, tools, then one part per message."""

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)


class Timing(Frozen):
    """Where a server says the time of a reply went, in milliseconds."""

    load_ms: int = 0
    """Loading the model; near 0 when it was loaded."""
    prompt_ms: int = 0
    reply_ms: int = 0


class ModelDelta(NamedTuple):
    """One thing the model said, as it came. Exactly one group of fields is set. No model of its own: one a token."""

    text: str = ""
    reasoning: str = ""
    call_index: int | None = None
    """Which tool call of this reply `call_*` belongs to, from 0."""
    call_id: str = ""
    call_name: str = ""
    call_arguments: str = ""
    """The next piece of the arguments' JSON."""
    finish: str = ""
    """`stop`, `tool_calls`, `length`, or the server's own word; the last but one delta at most."""
    usage: Usage | None = None
    """What the server counted. `prompt_tokens` 0: it did not say (older Ollamas leave it out for a cached prompt)."""
    timing: Timing | None = None
    """Comes with `usage`."""
    raw: bytes = b""
    """The bytes of the reply that this delta was made of (empty where one line made several deltas)."""
    answered_by: str = ""
    """The model that a server on this computer answered with, where it is not the one that was asked for."""


class TokenEstimate(NamedTuple):
    """What a text costs a model, where no server has counted it."""

    tokens: int
    """As near as can be told without the model's vocabulary."""
    most: int
    """What no vocabulary exceeds; at least `tokens`."""


class ServerNotes(Protocol):
    """Keeps what was learnt of servers, by provider, over restarts."""

    async def read(self, provider: Provider) -> dict[str, frozenset[str]]:
        """What the server refused, by model; nothing when its address is another one by now. Raises `StorageError`."""
        ...

    async def write(self, provider: Provider, refused: dict[str, frozenset[str]]) -> None:
        """Keeps this instead. Raises `StorageError`."""
        ...


class ChatModel(Protocol):
    """One provider's way of talking."""

    async def prepare(self, request: ChatRequest) -> ChatRequest:
        """The request with what must be known of its model (`facts`), learnt from the server once and remembered.

        To be called before each `encode`, retries too: a refusal may have taught something. Never raises; when the
        server does not answer the request comes back as it was, and `stream` will say why.
        """
        ...

    def encode(self, request: ChatRequest) -> WireRequest:
        """The exact bytes to send. Pure: the same request gives the same bytes."""
        ...

    async def count(self, model: str, texts: tuple[str, ...]) -> tuple[int, ...] | None:
        """How many tokens each text is to the model, as its server cuts it; None where no server on this computer or
        nearby says so. Never raises.
        """
        ...

    def stream(self, wire: WireRequest) -> AsyncGenerator[ModelDelta]:
        """Sends the bytes and yields deltas until the reply is complete.

        Raises `ModelError` (never a library's exception); a connection that ends without a finish is `server_died`.
        Closing the iterator closes the connection, so that the server stops writing.
        """
        ...


class ModelAdapters(Protocol):
    """All providers' models; how the engine finds the adapter for a handle.

    A server that awaits a consent is not reached: `ModelError` (`needs_consent`).
    """

    def chat(self, provider: Provider) -> ChatModel:
        """The adapter for a provider. Cheap; connections are kept and reused."""
        ...

    async def models(self, provider: Provider) -> tuple[Model, ...]:
        """Asks the server for its models. Raises `ModelError`."""
        ...

    def store(self, provider: Provider) -> "ModelStore | None":
        """The provider's models as files; None where the server leaves them to its own program."""
        ...

    async def forget(self, provider_id: str) -> None:
        """Closes the connections of a provider that is no more, as soon as no reply comes through them."""
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


class ModelStore(Protocol):
    """A server that keeps models on its disk and loads them (Ollama). Everything raises `ModelError`."""

    def pull(self, name: str) -> AsyncGenerator[PullProgress]:
        """Downloads a model. Closing the iterator pauses the download; pulling again goes on where it was."""
        ...

    async def delete(self, name: str) -> None:
        """Removes a model from the disk."""
        ...

    async def unload(self, name: str) -> None:
        """Frees the memory of a loaded model at once."""
        ...
