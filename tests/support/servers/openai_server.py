"""A scripted OpenAI-compatible server over real HTTP, in a thread of the test or as a process of its own.

    with OpenAIServer() as server:
        server.queue(Reply(text="Hello"), LOADING)
        ... talk to server.url ...
        assert server.requests[0].body["model"] == "tiny"

    python -m tests.support.servers.openai_server 8080

Without a queued answer it follows `by_rule`, which is the same in every process. Over HTTP the queue is filled by
`POST /script` (a list of fields of `Reply` or `Refusal`) and the record read by `GET /recorded`.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from app.adapters.models.tokens import EstimatingCounter
from tests.support.servers.openai_replies import (
    JsonObject,
    Refusal,
    Reply,
    Scripted,
    ToolCall,
    by_rule,
    choice,
    chunk,
    deltas_of,
    error_body,
    finish_of,
    too_long,
    usage_of,
    whole_of,
)

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 500: "Internal Server Error"}


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


@dataclass
class OpenAIServer:
    port: int = 0
    """0: any free one, readable after the start."""
    model: str = "tiny"
    context: int = 32_768
    """Tokens it serves; longer prompts are refused with both numbers."""
    key: str | None = None
    template: bool = True
    """False: the model's template knows no tools, so they are dropped without a word."""
    tokens_per_second: float = 0
    """Pace of replies that name none themselves."""
    hold_after: int | None = None
    """Replies wait after so many events until `release`; see `hold`."""
    entries: list[JsonObject] | None = None
    """Entries of the list of models; None: what llama-server says."""
    warming: Scripted = field(default_factory=lambda: Reply(text="A"))
    """What a request gets that asks for one token, so that its prompt is read; it takes nothing from the queue."""
    rule: Callable[[JsonObject], Scripted | None] | None = None
    """Answers chats that nothing was queued for, where it gives an answer."""
    answers: dict[str, Scripted] = field(default_factory=dict)
    """Fixed answers by path, before everything else."""
    requests: list[Recorded] = field(default_factory=list)
    connections: int = 0
    aborted: int = 0
    """Replies whose client went away before the end."""

    def __post_init__(self) -> None:
        self._queue: deque[Scripted] = deque()
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._released: asyncio.Event | None = None
        self._stopping: asyncio.Event | None = None
        self._conversations: set[asyncio.Task[None]] = set()
        self._transports: weakref.WeakSet[asyncio.WriteTransport] = weakref.WeakSet()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=asyncio.run, args=(self.serve(),), name="openai-server")
        self._thread.start()
        self.wait_for(lambda: self._stopping is not None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop and self._stopping and self._thread:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def queue(self, *answers: Scripted) -> None:
        """Those with `hold` or `hold_body` wait for a `release` that comes after this."""
        held = any(isinstance(one, Reply) and (one.hold or one.hold_body) for one in answers)
        if held and self._loop and self._released:
            self._loop.call_soon_threadsafe(self._released.clear)
        self._queue.extend(answers)

    def forget_queue(self) -> None:
        """What an earlier test queued and never got."""
        self._queue.clear()

    def hold(self, after: int = 3) -> None:
        """From now on replies wait after so many events until `release`."""
        assert self._loop is not None
        assert self._released is not None
        self.hold_after = after
        self._loop.call_soon_threadsafe(self._released.clear)

    def release(self) -> None:
        """Lets everything that waits go on: replies with `hold` or `hold_body`, and those that `hold` stopped."""
        self.hold_after = None
        if self._loop and self._released:
            self._loop.call_soon_threadsafe(self._released.set)

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Whatever happens inside, nobody waits for a held reply afterwards."""
        try:
            yield
        finally:
            self.release()

    def wait_for(self, met: Callable[[], bool], seconds: float = 20.0) -> None:
        """Waits until something that the server sees or counts is true. Blocks: async tests call it in a thread."""
        with self._changed:
            if not self._changed.wait_for(met, seconds):
                raise TimeoutError(f"the server did not see it: {self.requests=}, {self.aborted=}")

    @property
    def chats(self) -> list[Recorded]:
        """Those that ask for a reply."""
        return [one for one in self._completions if not _is_warming(one.body)]

    @property
    def warmups(self) -> list[Recorded]:
        """Chat requests that only have a prompt read."""
        return [one for one in self._completions if _is_warming(one.body)]

    @property
    def _completions(self) -> list[Recorded]:
        return [request for request in self.requests if request.path.endswith("/chat/completions")]

    async def serve(self, started: Callable[[], None] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._released, stopping = asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        with self._noted():
            self._stopping = stopping
        if started:
            started()
        try:
            await stopping.wait()
        finally:
            # Who was just let in gets a task and a transport to close, which a closed server gives nobody any more.
            for listener in server.sockets:
                self._loop.remove_reader(listener.fileno())
            await _settle()
            server.close()
            for task in self._conversations:
                task.cancel()
            await asyncio.gather(*self._conversations, return_exceptions=True)
            for transport in self._transports:
                transport.abort()
            await _settle()

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        with self._changed:
            yield
            self._changed.notify_all()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Notes each connection at once: one that comes while the server stops must be closed too."""
        self._transports.add(writer.transport)
        task = asyncio.ensure_future(self._connection(reader, writer))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._noted():
            self.connections += 1
        try:
            while request := await _request(reader):
                with self._noted():
                    self.requests.append(request)
                if not await self._answer(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            # The server stops; a cancelled task would be logged as an error.
            pass
        finally:
            writer.close()

    async def _answer(self, request: Recorded, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request; whether the connection lives on."""
        answer = self._scripted(request)
        if isinstance(answer, Refusal):
            await _send_whole(writer, answer)
            return True
        body = request.body
        model = self.model
        if not body.get("stream") and answer.raw is None:
            await _send_whole(writer, Refusal(200, whole_of(answer, model, self.count(body))))
            return True
        stream = asyncio.create_task(self._stream(answer, body, writer))
        gone = asyncio.create_task(reader.read(1))
        await asyncio.wait({stream, gone}, return_when=asyncio.FIRST_COMPLETED)
        left_early = not stream.done()
        for task in (stream, gone):
            task.cancel()
        results = await asyncio.gather(stream, gone, return_exceptions=True)
        if left_early or isinstance(results[0], ConnectionError):
            with self._noted():
                self.aborted += 1
            return False
        return results[0] is True

    def _scripted(self, request: Recorded) -> Scripted:
        path = request.path.partition("?")[0]
        if path in self.answers:
            return self.answers[path]
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return Refusal(401, error_body(401, "Invalid API Key", "authentication_error"))
        match request.method, path:
            case "POST", "/v1/chat/completions":
                return self.warming if _is_warming(request.body) else self._chat(request.body)
            case "GET", "/v1/models":
                return Refusal(200, self._listing())
            case "GET", "/props":
                return Refusal(200, self._props())
            case "POST", "/tokenize":
                return Refusal(200, {"tokens": [0] * self.tokens(request.body["content"])})
            case "GET", "/health":
                return Refusal(200, {"status": "ok"})
            case "POST", "/script":
                self.queue(*(_answer_of(fields) for fields in request.body))
                return Refusal(200, {"queued": len(self._queue)})
            case "GET", "/recorded":
                return Refusal(200, {"chats": [one.body for one in self.chats], "aborted": self.aborted})
            case _:
                return Refusal(404, error_body(404, "File Not Found", "not_found_error"))

    def _chat(self, body: JsonObject) -> Scripted:
        if self._queue:
            return self._queue.popleft()
        if self.rule is not None and (answer := self.rule(body)) is not None:
            return answer
        needed = self.count(body)
        return too_long(needed, self.context) if needed > self.context else by_rule(body)

    def _listing(self) -> JsonObject:
        meta = {"n_ctx": self.context, "n_ctx_train": 131_072, "n_embd": 960, "n_params": 2_110_000, "size": 4_931_989}
        entry = {"id": self.model, "object": "model", "created": 1_763_800_000, "owned_by": "llamacpp", "meta": meta}
        return {"object": "list", "data": [entry] if self.entries is None else self.entries}

    def _props(self) -> JsonObject:
        caps = {"supports_tools": self.template, "supports_tool_calls": self.template}
        settings = {"n_ctx": self.context}
        return {"default_generation_settings": settings, "total_slots": 1, "chat_template_caps": caps}

    @staticmethod
    def count(body: JsonObject) -> int:
        """Tokens of the prompt, by the counter that the application uses."""
        text = json.dumps([body.get("messages"), body.get("tools")], ensure_ascii=False)
        return EstimatingCounter().count(text)

    @staticmethod
    def tokens(text: str) -> int:
        """How it cuts a text: by words."""
        return len(text.split())

    async def _stream(self, reply: Reply, body: JsonObject, writer: asyncio.StreamWriter) -> bool:
        """Sends one reply; whether the connection lives on."""
        assert self._released
        if reply.hold:
            await self._released.wait()
        writer.write(_head(200, {"Content-Type": reply.content_type, "Transfer-Encoding": "chunked"}))
        await writer.drain()
        if reply.hold_body:
            await self._released.wait()
        pause = 1 / rate if (rate := reply.tokens_per_second or self.tokens_per_second) else 0
        for number, payload in enumerate(self._payloads(reply, body)):
            if reply.die_after is not None and number > reply.die_after:
                writer.transport.abort()
                return False
            if reply.hang_after is not None and number > reply.hang_after:
                await asyncio.Event().wait()
            if reply.error_after is not None and number > reply.error_after:
                await _write(
                    writer, _event(reply.error or error_body(500, "model runner has unexpectedly stopped")), reply
                )
                break
            await _write(writer, payload, reply)
            if number == self.hold_after:
                await self._released.wait()
            if pause:
                await asyncio.sleep(pause)
        if reply.stays_open:
            await asyncio.Event().wait()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    def _payloads(self, reply: Reply, body: JsonObject) -> Iterator[bytes]:
        if reply.raw is not None:
            yield reply.raw
            return
        model, asked = self.model, (body.get("stream_options") or {}).get("include_usage")
        yield _event(chunk(model, choice({"role": "assistant", "content": None})))
        for delta in deltas_of(reply):
            yield _event(chunk(model, choice(delta)))
        if reply.with_finish:
            yield _event(chunk(model, choice({}, finish_of(reply))))
        if reply.with_usage and asked:
            yield _event(chunk(model, [], usage=usage_of(reply, self.count(body))))
        if reply.with_done:
            yield b"data: [DONE]\n\n"


def _is_warming(body: JsonObject) -> bool:
    return 1 in (body.get("max_tokens"), body.get("max_completion_tokens"))


def _answer_of(fields: JsonObject) -> Scripted:
    if "status" in fields:
        return Refusal(**fields)
    calls = tuple(ToolCall(**call) for call in fields.pop("calls", ()))
    return Reply(calls=calls, **fields)


async def _settle() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


async def _request(reader: asyncio.StreamReader) -> Recorded | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Recorded(method, path, headers, raw)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Other')}",
        "Server: llama.cpp",
        "Access-Control-Allow-Origin: *",
    ]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


async def _send_whole(writer: asyncio.StreamWriter, answer: Refusal) -> None:
    payload = answer.payload
    headers = {"Content-Type": answer.content_type, "Content-Length": str(len(payload))} | answer.headers
    writer.write(_head(answer.status, headers) + payload)
    await writer.drain()


def _event(value: JsonObject) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


async def _write(writer: asyncio.StreamWriter, payload: bytes, reply: Reply) -> None:
    size = reply.slice_bytes or len(payload)
    for start in range(0, len(payload), size):
        part = payload[start : start + size]
        writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await writer.drain()
        if reply.slice_bytes:
            await asyncio.sleep(0)


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible server for tests.")
    parser.add_argument("port", type=int)
    parser.add_argument("--context", type=int, default=32_768)
    parser.add_argument("--tokens-per-second", type=float, default=0)
    parser.add_argument("--key")
    given = parser.parse_args()
    server = OpenAIServer(given.port, context=given.context, key=given.key, tokens_per_second=given.tokens_per_second)

    def tell_port() -> None:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(tell_port))


if __name__ == "__main__":
    main()
