"""What reading a streamed reply costs per token: `python -m tests.benchmarks.sse`.

`reader` is our own part (events, JSON, deltas) over bytes in memory; `http` the whole way from a local server's socket.
The budget for the reader is 40 microseconds per token.
"""

import asyncio
import json
import time

from app.adapters.models.http.sse import EventReader
from app.adapters.models.openai.reply import ReplyReader
from app.adapters.models.openai.server import OpenAICompatible
from tests.benchmarks.figures import figure
from tests.support.servers.openai_replies import Reply, choice, chunk
from tests.support.servers.openai_requests import QUICK, answer, provider
from tests.support.servers.openai_server import OpenAIServer

TOKENS = 20_000


def _stream(delta: dict[str, object]) -> bytes:
    line = json.dumps(chunk("qwen3-8b-instruct-q4_k_m", choice(delta)), separators=(",", ":"))
    return f"data: {line}\n\n".encode() * TOKENS


def read(stream: bytes, size: int) -> float:
    """Microseconds per token when the bytes come in pieces of this size."""
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    reader, reply, deltas = EventReader(), ReplyReader(), 0
    begun = time.perf_counter()
    for piece in pieces:
        for event in reader.feed(piece):
            deltas += len(reply.read(event))
    taken = time.perf_counter() - begun
    assert deltas == TOKENS
    return taken / TOKENS * 1e6


async def over_http() -> float:
    with OpenAIServer() as server:
        model = OpenAICompatible(provider(server.url), lambda: None, QUICK)
        await answer(model)
        server.queue(Reply(text=" word" * TOKENS))
        begun = time.perf_counter()
        deltas = await answer(model)
        taken = time.perf_counter() - begun
        await model.close()
    assert len(deltas) == TOKENS + 2
    return taken / TOKENS * 1e6


def main() -> None:
    text = _stream({"content": " word"})
    call = _stream({"tool_calls": [{"index": 0, "function": {"arguments": ' "x"'}}]})
    event = len(text) // TOKENS
    rows = [
        ("reader, one event per chunk", read(text, event)),
        ("reader, 64 kB per chunk", read(text, 65_536)),
        ("reader, 10 bytes per chunk", read(text, 10)),
        ("reader, tool arguments", read(call, 65_536)),
        ("http, server in the same process", asyncio.run(over_http())),
    ]
    for name, taken in rows:
        figure(f"a token of {event} bytes: {name}", taken, "µs")


if __name__ == "__main__":
    main()
