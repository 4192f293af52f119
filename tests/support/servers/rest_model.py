"""A model server without any latency, in a process of its own: what a bare call of it costs is the yardstick.

    python -m tests.support.servers.rest_model

It answers `POST /v1/chat/completions` at once: with a memory tool call when the last message begins with "tool" and
is a person's, with 500 tokens for "long", else with one short sentence.
"""

import asyncio
import json
import sys
import time
from typing import Any

TOKENS = 500


def _chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": [choice]}
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def _usage() -> bytes:
    usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": []}
    return b"data: " + json.dumps({**body, "usage": usage}).encode() + b"\n\ndata: [DONE]\n\n"


def _tool(number: int) -> bytes:
    arguments = json.dumps({"label": "human", "new_memory": f"Name: Brad. Fact {number}."})
    function = {"name": "memory_rethink", "arguments": arguments}
    call = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
    return _chunk({"tool_calls": [call]}) + _chunk({}, "tool_calls") + _usage()


PLAIN = _chunk({"role": "assistant", "content": "All is well."}) + _chunk({}, "stop") + _usage()
LONG = b"".join(_chunk({"content": f" word{n}"}) for n in range(TOKENS)) + _chunk({}, "stop") + _usage()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: "


class Answering(asyncio.Protocol):
    """One connection; whole requests come in one or more pieces."""

    calls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._got = b""

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, rest = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if len(rest) < length:
            return
        self._got = rest[length:]
        if head.startswith(b"GET"):
            self._send(b'{"object":"list","data":[{"id":"tiny","object":"model"}]}', b"application/json")
        else:
            self._answer(json.loads(rest[:length]))

    def _answer(self, body: dict[str, Any]) -> None:
        last = body["messages"][-1]
        content = last.get("content")
        text = (content if isinstance(content, str) else "").splitlines()[-1] if content else ""
        if last["role"] == "user" and text.startswith("tool"):
            Answering.calls += 1
            self._send(_tool(Answering.calls))
        elif text.startswith("stamp"):
            self._send(_chunk({"content": f"{time.time():.6f}"}) + _chunk({}, "stop") + _usage())
        else:
            self._send(LONG if text.startswith("long") else PLAIN)

    def _send(self, payload: bytes, kind: bytes = b"text/event-stream") -> None:
        head = HEAD.replace(b"text/event-stream", kind)
        self._transport.write(head + str(len(payload)).encode() + b"\r\n\r\n" + payload)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
