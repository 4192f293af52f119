"""What servers do wrong: each is told in a sentence, in time, and the next call is answered."""

import asyncio
import contextlib
import json
import os
import threading
import time
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.adapters.mcp import client
from app.adapters.mcp.client import McpProcess
from app.domain.mcp import McpAnswer, McpError, McpHello
from app.ports.mcp import McpEvent, McpTarget
from tests.support.servers.mcp_target import target

pytestmark = pytest.mark.anyio
SECONDS = 1.0
"""Of a call or a start that never ends."""
NEVER = "It did not answer within 1 seconds."


class Heard(list[McpEvent]):
    """The events of all sessions."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def __call__(self, event: McpEvent) -> None:
        self.append(event)
        self._more.set()

    async def of(self, session: str, kind: str) -> McpEvent:
        async with asyncio.timeout(10):
            while True:
                for event in self:
                    if (event.session, event.kind) == (session, kind):
                        return event
                self._more.clear()
                await self._more.wait()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def process(heard: Heard, tmp_path: Path) -> AsyncIterator[McpProcess]:
    """Its login shell adds a folder to PATH, in which only `from-login` is."""
    only = tmp_path / "login bin"
    only.mkdir()
    program = only / "from-login"
    program.write_text('#!/bin/sh\nexec "$@"\n')
    program.chmod(0o755)
    (tmp_path / ".profile").write_text(f'PATH="{only}:$PATH"\necho "welcome home"\n')
    own = {**os.environ, "SHELL": "/bin/sh", "HOME": str(tmp_path), "OPENAI_API_KEY": "not theirs"}
    opened = McpProcess(environment=own)
    opened.listen(heard)
    yield opened
    await opened.close()


async def outcome(work: "asyncio.Future[McpHello] | asyncio.Future[McpAnswer]") -> str:
    """What came of it, as one text."""
    try:
        found = await work
    except McpError as error:
        return f"{error.code}: {error.message} {error.hint}".strip()
    return f"offers {len(found.offers)}" if isinstance(found, McpHello) else f"{found.ok}: {found.text}"


STARTS = {
    "exit": "mcp_exited: It ended (code 3). It said last: the key is missing",
    "silent": f"mcp_timeout: {NEVER}",
    "garbage": "mcp_garbage: What it writes is not MCP.",
    "binary": "mcp_garbage: What it writes is not MCP.",
    "endless": "mcp_too_large: It sent a message of more than 8 MB",
    "refuses": "mcp_refused: It answered with an error: no licence.",
    "shapeless": "mcp_refused: Its answer is not as MCP has it",
    "old": "mcp_refused: Its answer is not as MCP has it: Unsupported protocol version from the server: 1999-01-01",
    "toolless": f"mcp_timeout: {NEVER}",
    "banner": "offers 24",
    "many": "offers 500",
    "circle": "offers 2",
    "strange": "offers 4",
    "deaf": "offers 24",
}


async def test_starts_that_come_to_nothing_and_others_beside_them(process: McpProcess):
    await process.start("good", target())
    missing = {
        "missing": McpTarget(transport="stdio", command="no-such-program"),
        "no file": McpTarget(transport="stdio", command="/no/such/program"),
        "no folder": target().model_copy(update={"folder": "/no/such/folder"}),
        "no program": McpTarget(transport="stdio", command=str(Path(__file__).parent / "no" / "x")),
        "closed port": McpTarget(transport="streamable_http", url="http://127.0.0.1:9/mcp"),
    }
    targets = {mode: target(mode, start_seconds=SECONDS if NEVER in says else 20.0) for mode, says in STARTS.items()}
    begun = time.monotonic()
    said = await asyncio.gather(
        *(outcome(process.start(name, each)) for name, each in {**targets, **missing}.items()),
        outcome(process.call("good", "echo", {"text": "still here"}, 10)),
    )
    told = dict(zip([*targets, *missing, "good"], said, strict=True))
    for mode, says in STARTS.items():
        assert told[mode].startswith(says), mode
    assert "“no-such-program” was not found on the path of your login shell." in told["missing"]
    assert told["missing"].startswith("mcp_not_found")
    assert told["no file"].startswith("mcp_not_found: There is no program /no/such/program.")
    assert told["no folder"].startswith("mcp_not_found: The folder /no/such/folder does not exist.")
    assert told["closed port"].startswith("mcp_unreachable: Its address does not answer")
    assert told["good"] == "True: still here"
    assert time.monotonic() - begun < 30


CALLS: list[tuple[str, dict[str, object], str]] = [
    ("echo", {"text": "hi"}, "True: hi"),
    ("refuse", {}, "mcp_refused: It answered with an error: not today."),
    ("fail", {}, "False: The disk is full."),
    ("rubbish", {}, "True: fine"),
    ("wrong", {}, "mcp_refused: Its answer is not as MCP has it"),
    ("other", {}, "True: this one"),
    ("twice", {}, "True: first"),
    ("flood", {}, "True: after the flood"),
    ("chatty", {"lines": 400}, "True: logged"),
    ("picture", {}, "True: [image/png, about 3 bytes: not shown]\na: file:///a.txt"),
    ("structured", {}, 'True: {"degrees": 7}'),
    ("mismatch", {}, "mcp_refused: Its answer is not as MCP has it: Invalid structured content"),
    ("long", {"characters": 500_000}, "True: zzz"),
    ("ask", {}, 'True: {"jsonrpc":"2.0","id":"q","error"'),
    ("no_such_tool", {}, "mcp_refused: It answered with an error: no tool no_such_tool."),
    ("hang", {}, f"mcp_timeout: {NEVER}"),
    ("echo", {"text": "after all that"}, "True: after all that"),
    ("half", {}, f"mcp_timeout: {NEVER}"),
]


async def test_calls_that_go_wrong_in_one_session(process: McpProcess, heard: Heard):
    await process.start("one", target())
    for name, given, says in CALLS:
        said = await outcome(process.call("one", name, given, SECONDS if NEVER in says else 10))
        assert said.startswith(says), name
        assert len(said) < 401_000
    lines = [line for event in heard if event.kind == "log" for line in event.lines]
    assert all(len(line) <= 2_000 for line in lines)
    assert len(lines) < 400
    assert [event for event in heard if event.kind != "log"] == []


async def test_ends_of_sessions_are_told_and_end_nobody_else(process: McpProcess, heard: Heard):
    ends = {"die": "mcp_exited", "huge": "mcp_too_large", "noise": "mcp_garbage"}
    await asyncio.gather(*(process.start(name, target()) for name in (*ends, "good")))
    said = await asyncio.gather(*(outcome(process.call(name, name, {"megabytes": 30}, 20)) for name in ends))
    for name, told in zip(ends, said, strict=True):
        assert told.startswith(ends[name]), told
        assert (await heard.of(name, "ended")).code == ends[name]
    assert said[0] == "mcp_exited: It ended (code 7). It said last: out of luck Its log says more."
    assert await outcome(process.call("good", "echo", {"text": "x"}, 10)) == "True: x"
    assert await outcome(process.call("die", "echo", {"text": "x"}, 10)) == "mcp_exited: It was stopped."


async def test_a_program_gets_few_variables_and_is_found_by_the_login_shell(process: McpProcess):
    plain = target()
    wrapped = {"command": "from-login", "args": (plain.command, *plain.args), "env": {"OWN": "mine"}}
    hello = await process.start("one", plain.model_copy(update=wrapped))
    assert hello.program.endswith("login bin/from-login")
    told = json.loads((await process.call("one", "environment", {"name": "OWN"}, 10)).text)
    assert told["value"] == "mine"
    allowed = {"HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"}
    assert set(told["names"]) <= {*allowed, "OWN", "LARES_MCP_SESSION"} | {"PWD", "OLDPWD", "SHLVL", "_"}


class Refusing(BaseHTTPRequestHandler):
    """An address that is no MCP server, in the way that its path says."""

    def do_POST(self) -> None:
        status = {"/401": 401, "/404": 404, "/500": 500, "/away": 307}.get(self.path, 200)
        self.send_response(status)
        if self.path == "/away":
            self.send_header("Location", "http://127.0.0.1:9/mcp")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(100 if self.path == "/huge" else 1):
                self.wfile.write(b"x" * (1_000_000 if self.path == "/huge" else 10))

    def log_message(self, format: str, *args: object) -> None:
        pass


ADDRESSES = {
    "/401": "mcp_unauthorized: It wants to know who asks (401).",
    "/404": "mcp_unreachable: There is no MCP server at this address (404).",
    "/500": "mcp_unreachable: It answered with the status 500.",
    "/away": "mcp_unreachable: It answered with the status 307.",
    "/huge": "mcp_too_large: It sent a message of more than 8 MB",
    "/garbage": "mcp_refused",
}


async def test_addresses_that_are_no_servers(process: McpProcess):
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            for path, says in ADDRESSES.items():
                place = f"http://127.0.0.1:{server.server_port}{path}"
                wanted = McpTarget(transport="streamable_http", url=place, start_seconds=5)
                said = await outcome(process.start(path, wanted))
                assert said.startswith(says), path
        finally:
            server.shutdown()
            thread.join()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_whatever_a_server_started_ends_with_it_and_with_the_process(process: McpProcess):
    await asyncio.gather(process.start("one", target()), process.start("two", target("deaf")))
    left = [
        int((await process.call(name, "leave", {"own_session": own}, 10)).text)
        for name in ("one", "two")
        for own in (False, True)
    ]
    assert all(alive(pid) for pid in left)
    await process.stop("one")
    assert [alive(pid) for pid in left] == [False, False, True, True]
    begun = time.monotonic()
    await process.close()
    assert time.monotonic() - begun < 4
    assert not any(alive(pid) for pid in left)


async def test_a_killed_process_is_told_and_comes_again(process: McpProcess, heard: Heard):
    await process.start("one", target())
    calling = asyncio.ensure_future(process.call("one", "hang", {}, 60))
    await process.call("one", "echo", {"text": "x"}, 10)
    assert process.pid is not None
    os.kill(process.pid, 9)
    assert (await outcome(calling)).startswith("mcp_gone")
    assert (await heard.of("one", "ended")).code == "mcp_gone"
    assert (await process.start("again", target())).title == "scripted"


async def test_a_session_that_starts_as_the_idle_process_leaves_gets_one_that_stays(
    process: McpProcess, monkeypatch: pytest.MonkeyPatch
):
    await process.start("one", target())
    first = process.pid
    monkeypatch.setattr(client, "IDLE_SECONDS", 0)
    await process.stop("one")
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the process has been told to leave, and may still be there
    async with asyncio.timeout(15):
        hello = await process.start("two", target())
    assert hello.offers
    assert process.pid not in (None, first)


async def test_a_call_that_is_given_up_does_not_hold_the_next(process: McpProcess):
    await process.start("one", target())
    calling = asyncio.ensure_future(process.call("one", "flood", {}, 60))
    await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert await outcome(process.call("one", "echo", {"text": "x"}, 10)) == "True: x"


async def test_resources_prompts_and_changed_lists(process: McpProcess, heard: Heard):
    await process.start("one", target())
    assert [one.uri for one in await process.resources("one", 5)] == ["note://one"]
    assert (await process.read("one", "note://one", 5)).text == "text of note://one"
    assert [(one.name, one.required) for one in await process.prompts("one", 5)] == [("ask", ("topic",))]
    assert (await process.prompt("one", "ask", {"topic": "tea"}, 5)).text == "What of tea?"
    await process.call("one", "change", {}, 5)
    await heard.of("one", "tools")
    assert "letters" in (await process.offers("one", 5))[0].description
    assert len([event for event in heard if event.kind == "tools"]) == 1
