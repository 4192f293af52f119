"""A scripted Ollama over real HTTP, in a thread of the test or as a process of its own.

    with OllamaServer() as server:
        server.queue(Answer(text="Hello"))
        ... talk to server.url ...
        assert server.chats[0].body["options"]["num_ctx"] == 8192

    python -m tests.support.servers.ollama_server 11434 --empty

Without a queued answer it follows the rules of `openai_replies.by_rule`. Over HTTP the queue is filled by
`POST /script` (a list of fields of `Answer` or `Refusal`) and the record read by `GET /recorded`.
"""

import argparse
import asyncio
import contextlib
import hashlib
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Self

from tests.support.servers.ollama_pages import (
    Cloud,
    Installed,
    count,
    error,
    fitted,
    refusal_of,
    too_long,
    wanted,
)
from tests.support.servers.ollama_replies import Answer, Scripted, as_line, bare_done, lines_of, ruled
from tests.support.servers.openai_replies import JsonObject, Refusal, ToolCall
from tests.support.servers.serving import Exchange, Recorded, Serving

NDJSON = "application/x-ndjson"
NO_EMBEDDINGS = "This server does not support embeddings. Start it with `--embeddings`"
OFFLINE = 'pull model manifest: Get "https://registry.ollama.ai/v2/": dial tcp: lookup registry.ollama.ai: no such host'


@dataclass
class OllamaServer:
    port: int = 0
    """0: any free one."""
    version: str = "0.32.15"
    installed: list[Installed] = field(default_factory=lambda: [Installed()])
    library: dict[str, tuple[int, ...]] = field(default_factory=lambda: {"qwen3:4b": (2_500_000, 1_500, 400)})
    """What can be pulled: sizes of the layers by name."""
    default_context: int = 4096
    """Tokens for requests that name no num_ctx."""
    serves: int | None = None
    """Tokens that it serves whatever it is asked for."""
    cuts_silently: bool = False
    """True: an old version, for which `truncate: false` is an unknown field."""
    load_seconds: float = 0.0
    hold_loads: bool = False
    """Loading ends with `release`."""
    parallel: int = 1
    """Requests that a loaded model serves at once; the others wait without a word."""
    busy: bool = False
    """True: requests that need a load find the queue full."""
    turned_away: int = 0
    """How many did."""
    cloud: Cloud = "signed out"
    tokens_per_second: float = 0
    offline: bool = False
    """True: pulls do not reach the library."""
    pull_step: int = 250_000
    pull_seconds: float = 0.0
    """Pause after each line of a pull."""
    hold_replies: bool = False
    """True: every reply waits for `release`; see `hold`."""
    hold_pull_at: int | None = None
    """Bytes at which a pull waits for `release`."""
    fail_pull_at: int | None = None
    pull_error: str = "max retries exceeded: unexpected EOF"
    answers: dict[str, Refusal] = field(default_factory=dict)
    """Fixed answers by path, before everything else."""
    loaded: dict[str, int] = field(default_factory=dict)
    """num_ctx by name."""
    loads: list[tuple[str, int]] = field(default_factory=list)
    seen: list[list[JsonObject]] = field(default_factory=list)
    """The messages that the model really read, for each reply."""

    def __post_init__(self) -> None:
        self.serving = Serving(self._answer, self.port)
        self._queue: deque[Scripted] = deque()
        self._released = asyncio.Event()
        self._shift: dict[str, bool] = {}
        self._places = asyncio.Semaphore(self.parallel)
        self._layers: dict[str, int] = {}
        """Bytes that are there, by digest; a pull goes on from them."""

    def __enter__(self) -> Self:
        self.serving.__enter__()
        return self

    def __exit__(self, *gone: object) -> None:
        self.serving.__exit__(*gone)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.serving.port}"

    @property
    def requests(self) -> list[Recorded]:
        return self.serving.requests

    @property
    def chats(self) -> list[Recorded]:
        """Chat requests that have messages and ask for a reply."""
        return [one for one in self._with_messages if not _is_warming(one.body)]

    @property
    def warmups(self) -> list[Recorded]:
        """Those that only have a prompt read: they ask for one token, and take nothing from the queue."""
        return [one for one in self._with_messages if _is_warming(one.body)]

    @property
    def _with_messages(self) -> list[Recorded]:
        return [one for one in self.requests if one.path == "/api/chat" and one.body.get("messages")]

    @property
    def aborted(self) -> int:
        return self.serving.aborted

    def queue(self, *answers: Scripted) -> None:
        self._queue.extend(answers)

    def forget_queue(self) -> None:
        self._queue.clear()

    def begin_anew(self, installed: Iterable[Installed]) -> None:
        """As at its start, with these models; between two tests, while nobody asks it."""
        fresh = type(self)(self.port)
        for one in fields(self):
            if one.name != "port":
                setattr(self, one.name, getattr(fresh, one.name))
        self.installed = [*installed]
        self.requests.clear()
        self._queue.clear()
        self._layers.clear()
        self.serving.run_soon(self._released.clear)

    def hold(self) -> None:
        """From now on replies, loads and pulls that are held wait for the next `release`; every reply is held."""
        self.hold_replies = True
        self.serving.run_soon(self._released.clear)

    def release(self) -> None:
        """Lets answers, loads and pulls that are held go on."""
        self.hold_replies = False
        self.serving.run_soon(self._released.set)

    def wait_for(self, met: Callable[[], bool], seconds: float = 20.0) -> None:
        self.serving.wait_for(met, seconds)

    def model(self, name: Any) -> Installed | None:
        return next((one for one in self.installed if one.name == wanted(name)), None)

    # Requests

    async def _answer(self, exchange: Exchange) -> None:
        request = exchange.request
        host = request.headers.get("host", "").rpartition(":")[0]
        if host not in ("127.0.0.1", "localhost") or "origin" in request.headers:
            await exchange.send(403, "", "text/plain")
            return
        path = request.path.partition("?")[0]
        if path in self.answers:
            fixed = self.answers[path]
            await exchange.send(fixed.status, fixed.body, fixed.content_type)
            return
        streams = {"/api/chat": self._chat, "/api/pull": self._pull}
        if request.method == "POST" and path in streams:
            await streams[path](exchange)
            return
        status, body = self._page(request.method, path, request)
        await exchange.send(status, body, "text/plain" if isinstance(body, str) else "application/json; charset=utf-8")

    def _page(self, method: str, path: str, request: Recorded) -> tuple[int, Any]:
        """Answers that are one piece."""
        match method, path:
            case "GET" | "HEAD", "/":
                return 200, "Ollama is running"
            case "GET", "/api/version":
                return 200, {"version": self.version}
            case "GET", "/api/tags":
                return 200, {"models": [one.entry() for one in self.installed]}
            case "GET", "/api/ps":
                return 200, {"models": [self._running(name, num_ctx) for name, num_ctx in self.loaded.items()]}
            case "POST", "/api/show":
                return self._show(request.body)
            case "POST", "/api/embed":
                return self._embed(request.body)
            case "DELETE", "/api/delete":
                return self._delete(request.body)
            case "POST", "/script":
                self.queue(*(_scripted(fields) for fields in request.body))
                return 200, {"queued": len(self._queue)}
            case "GET", "/recorded":
                return 200, {"chats": [one.body for one in self.chats], "loads": self.loads, "aborted": self.aborted}
            case _:
                return 404, "404 page not found"

    def _running(self, name: str, num_ctx: int) -> JsonObject:
        model = self.model(name)
        entry = model.entry() if model else {"name": name}
        return entry | {"expires_at": "2026-05-01T10:30:00Z", "size_vram": 0, "context_length": num_ctx}

    def _show(self, body: JsonObject) -> tuple[int, Any]:
        model = self.model(body.get("model"))
        if model is None:
            return 404, {"error": f"model '{wanted(body.get('model'))}' not found"}
        if model.cloud and self.cloud == "off":
            return 403, {"error": "ollama cloud is disabled: remote model details are unavailable"}
        return 200, model.page()

    def _embed(self, body: JsonObject) -> tuple[int, Any]:
        model = self.model(body.get("model"))
        if model is None:
            return 404, {"error": f'model "{body.get("model")}" not found, try pulling it first'}
        if model.capabilities and "embedding" not in model.capabilities:
            return 501, {"error": NO_EMBEDDINGS}
        given = body.get("input", [])
        texts = [text for text in ([given] if isinstance(given, str) else given) if text]
        return 200, {"model": body["model"], "embeddings": [[1.0, 0.0] for _ in texts]}

    def _delete(self, body: JsonObject) -> tuple[int, Any]:
        model = self.model(body.get("model") or body.get("name"))
        if model is None:
            return 404, {"error": f"model '{body.get('model')}' not found"}
        self.installed.remove(model)
        self.loaded.pop(model.name, None)
        return 200, ""

    # Chat

    async def _chat(self, exchange: Exchange) -> None:
        body = exchange.request.body
        model = self.model(body.get("model"))
        refused = refusal_of(body, model, self.cloud)
        if refused is not None or model is None:
            await _refuse(exchange, refused or error(404, "model not found"))
        elif not body.get("messages"):
            await self._load_or_unload(exchange, body, model)
        else:
            async with self._places:
                await (self._warm_up if _is_warming(body) else self._reply)(exchange, body, model)

    async def _warm_up(self, exchange: Exchange, body: JsonObject, model: Installed) -> None:
        load_ms, answer = await self._load(body, model), Answer(text="A")
        lines = lines_of(answer, body, model, count(body["messages"], body.get("tools")), load_ms)
        assert isinstance(lines, list)
        await self._stream(exchange, answer, lines)

    async def _load_or_unload(self, exchange: Exchange, body: JsonObject, model: Installed) -> None:
        if body.get("keep_alive") == 0:
            with self.serving.noted():
                self.loaded.pop(model.name, None)
            await exchange.send(200, bare_done(body["model"], "unload"))
        else:
            await self._load(body, model)
            await exchange.send(200, bare_done(body["model"], "load"))

    async def _reply(self, exchange: Exchange, body: JsonObject, model: Installed) -> None:
        answer = self._queue.popleft() if self._queue else None
        if isinstance(answer, Refusal):
            await _refuse(exchange, answer)
            return
        if self._needs_load(body, model) and self.busy:
            with self.serving.noted():
                self.turned_away += 1
            await _refuse(exchange, error(503, "server busy, please try again.  maximum pending requests exceeded"))
            return
        load_ms = await self._load(body, model)
        num_ctx = self.loaded.get(model.name, self.default_context)
        needed = count(body["messages"], body.get("tools"))
        if needed > num_ctx and body.get("truncate") is False and not self.cuts_silently:
            await _refuse(exchange, too_long(needed, num_ctx))
            return
        kept = fitted(body, num_ctx)
        with self.serving.noted():
            self.seen.append(kept)
        answer = answer or ruled(body | {"messages": kept}, model)
        if answer.hold or self.hold_replies:
            await self._released.wait()
        lines = lines_of(answer, body, model, count(kept, body.get("tools")), load_ms)
        if isinstance(lines, Refusal):
            await _refuse(exchange, lines)
        elif body.get("stream", True):
            await self._stream(exchange, answer, lines)
        else:
            await exchange.send(200, lines[-1].decode())

    def _needs_load(self, body: JsonObject, model: Installed) -> bool:
        same_size = self.loaded.get(model.name) == self._num_ctx(body, model)
        return not same_size or self._shift.get(model.name, True) != body.get("shift", True)

    def _num_ctx(self, body: JsonObject, model: Installed) -> int:
        wanted_size = (body.get("options") or {}).get("num_ctx") or self.default_context
        return self.serves or min(wanted_size, model.context)

    async def _load(self, body: JsonObject, model: Installed) -> float:
        """Loads the model where it is not, or not like this. Milliseconds that took."""
        if model.cloud or not self._needs_load(body, model):
            return 0.4
        num_ctx = self._num_ctx(body, model)
        with self.serving.noted():
            self.loads.append((model.name, num_ctx))
        if self.hold_loads:
            await self._released.wait()
        await asyncio.sleep(self.load_seconds)
        with self.serving.noted():
            self.loaded[model.name] = num_ctx
            self._shift[model.name] = body.get("shift", True)
        return max(1.0, self.load_seconds * 1000)

    async def _stream(self, exchange: Exchange, answer: Answer, lines: list[bytes]) -> None:
        await exchange.begin(NDJSON)
        if answer.raw is not None:
            await exchange.write(answer.raw, answer.slice_bytes)
            lines = []
        pause = 1 / rate if (rate := answer.tokens_per_second or self.tokens_per_second) else 0
        for number, line in enumerate(lines):
            if number == answer.end_after:
                break
            if number == answer.die_after:
                exchange.cut()
            if number == answer.hang_after:
                await asyncio.Event().wait()
            if number == answer.error_after:
                await exchange.write(as_line({"error": answer.error}))
                break
            await exchange.write(line, answer.slice_bytes)
            if pause:
                await asyncio.sleep(pause)
        await exchange.end()

    # Pull

    async def _pull(self, exchange: Exchange) -> None:
        name = exchange.request.body.get("model") or exchange.request.body.get("name") or ""
        await exchange.begin(NDJSON)
        async for line in self._pulling(name):
            await exchange.write(as_line(line))
            await asyncio.sleep(self.pull_seconds)
        await exchange.end()

    async def _pulling(self, name: str) -> AsyncIterator[JsonObject]:
        yield {"status": "pulling manifest"}
        if self.offline:
            yield {"error": OFFLINE}
            return
        sizes = self.library.get(name)
        if sizes is None:
            yield {"error": "pull model manifest: file does not exist"}
            return
        digests = {f"sha256:{hashlib.sha256(f'{name} {i}'.encode()).hexdigest()}": n for i, n in enumerate(sizes)}
        while any(self._layers.get(digest, 0) < size for digest, size in digests.items()):
            for digest, size in digests.items():
                there = self._layers.get(digest, 0)
                line = {"status": f"pulling {digest[7:19]}", "digest": digest, "total": size}
                yield line | ({"completed": there} if there else {})
                done = sum(self._layers.values())
                if self.hold_pull_at is not None and done >= self.hold_pull_at:
                    await self._released.wait()
                if self.fail_pull_at is not None and done >= self.fail_pull_at:
                    yield {"error": self.pull_error}
                    return
                self._layers[digest] = min(size, there + self.pull_step)
        for digest, size in digests.items():
            yield {"status": f"pulling {digest[7:19]}", "digest": digest, "total": size, "completed": size}
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            yield {"status": status}
        with self.serving.noted():
            self.installed.append(Installed(name, size=sum(sizes)))


async def _refuse(exchange: Exchange, refusal: Refusal) -> None:
    await exchange.send(refusal.status, refusal.body, refusal.content_type)


def _is_warming(body: JsonObject) -> bool:
    return (body.get("options") or {}).get("num_predict") == 1


def _scripted(fields: JsonObject) -> Scripted:
    if "status" in fields:
        return Refusal(**fields)
    calls = tuple(ToolCall(**call) for call in fields.pop("calls", ()))
    return Answer(calls=calls, **fields)


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted Ollama for tests.")
    parser.add_argument("port", type=int)
    parser.add_argument("--empty", action="store_true", help="no model is installed; qwen3:4b can be pulled")
    parser.add_argument("--tokens-per-second", type=float, default=0)
    parser.add_argument("--pull-seconds", type=float, default=0, help="pause after each line of a pull")
    given = parser.parse_args()
    server = OllamaServer(
        given.port,
        installed=[] if given.empty else [Installed()],
        tokens_per_second=given.tokens_per_second,
        pull_seconds=given.pull_seconds,
    )

    def tell_port() -> None:
        sys.stdout.write(f"{server.serving.port}\n")
        sys.stdout.flush()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serving.serve(tell_port))


if __name__ == "__main__":
    main()
