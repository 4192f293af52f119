"""Model servers: one request in, a stream of deltas out."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

from app.domain.base import Field, Frozen
from app.domain.message import Message
from app.domain.model import Model, Provider
from app.domain.run import Usage
from app.domain.tool import Tool


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
    context_window: int
    """Tokens the request and the reply may fill together; sent to servers that can be told."""
    images: dict[str, tuple[str, bytes]] = Field(default_factory=dict)
    """Media type and bytes of each image of `messages`, by sha256."""


class WireRequest(Frozen):
    """A request as bytes. The parts joined are the body, byte by byte."""

    parts: tuple[bytes, ...]
    """Cut so that a later request repeats the earlier parts: system, tools, then one part per message."""

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)


class ModelDelta(Frozen):
    """One thing the model said. Exactly one group of fields is set."""

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
    raw: bytes = b""
    """The bytes of the reply that this delta was made of (empty where one line made several deltas)."""


class ChatModel(Protocol):
    """One provider's way of talking."""

    def encode(self, request: ChatRequest) -> WireRequest:
        """The exact bytes to send. Pure: the same request gives the same bytes."""
        ...

    def stream(self, wire: WireRequest) -> AsyncGenerator[ModelDelta]:
        """Sends the bytes and yields deltas until the reply is complete.

        Raises `ModelError` (never a library's exception); a connection that ends without a finish is `server_died`.
        Closing the iterator closes the connection, so that the server stops writing.
        """
        ...


class ModelCatalog(Protocol):
    """All providers' models; how the engine finds the adapter for a handle."""

    def chat(self, provider: Provider) -> ChatModel:
        """The adapter for a provider. Cheap; connections are kept and reused."""
        ...

    async def models(self, provider: Provider) -> tuple[Model, ...]:
        """Asks the server for its models. Raises `ModelError`."""
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


class TokenCounter(Protocol):
    """Counts tokens of text without the model's tokenizer: an estimate, calibrated by real counts elsewhere."""

    def count(self, text: str) -> int: ...
