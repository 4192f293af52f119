"""A model server that never ends its replies, and sends them as fast as they are taken."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

MODEL = "endless"


def _event(delta: dict[str, Any]) -> bytes:
    body = {"id": "x", "object": "chat.completion.chunk", "model": MODEL, "choices": [{"index": 0, "delta": delta}]}
    return f"data: {json.dumps(body)}\n\n".encode()


def _words() -> Iterator[str]:
    """None comes twice, so that nobody takes them for a loop."""
    return (f"{number * 2_654_435_761 % 4_294_967_296:x} of {number:,} " * 3 for number in itertools.count())


def _call(number: int) -> dict[str, Any]:
    function = {"name": "conversation_search", "arguments": json.dumps({"query": f"word {number}"})}
    return {"tool_calls": [{"index": number, "id": f"call-{number}", "type": "function", "function": function}]}


def _arguments() -> Iterator[bytes]:
    yield _event(
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "memory_insert", "arguments": '{"a": "'}}]}
    )
    for word in _words():
        yield _event({"tool_calls": [{"index": 0, "function": {"arguments": word}}]})


ENDLESS: dict[str, Callable[[], Iterator[bytes]]] = {
    "text": lambda: (_event({"content": word}) for word in _words()),
    "thoughts": lambda: (_event({"reasoning_content": word}) for word in _words()),
    "arguments": _arguments,
    "calls": lambda: (_event(_call(number)) for number in itertools.count()),
    "one letter at a time": lambda: (_event({"content": word[number % 9]}) for number, word in enumerate(_words())),
    "comments": lambda: (f": still there {number}\n\n".encode() for number in itertools.count()),
    "empty events": lambda: (_event({}) for _ in itertools.count()),
    "a line without end": lambda: itertools.chain((b"data: ",), (word.encode() for word in _words())),
    "lines without a blank one": lambda: (f"data: {word}\n".encode() for word in _words()),
}


class EndlessServer:
    """`kind` says what the next reply is made of."""

    def __init__(self) -> None:
        self.kind = "text"
        owner = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                try:
                    for pieces in _together(ENDLESS[owner.kind]()):
                        self.wfile.write(pieces)
                except OSError:
                    return

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _together(pieces: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        yield b"".join(itertools.islice(pieces, 200))
