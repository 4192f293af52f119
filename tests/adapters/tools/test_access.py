"""What a person allows a tool: the network, through the engine, and folders. Whatever is not allowed stays closed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.adapters.tools.sandbox.launch import Launcher
from app.adapters.tools.sandbox.network import PublicNetwork
from app.adapters.tools.sandbox.process import ProcessSandbox
from app.domain.sandbox import SandboxResult
from app.domain.tool import ToolFolder
from app.ports.sandbox import SandboxCall

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="only there Lares can keep a tool from the network"
    ),
]
LEVELS = pytest.mark.parametrize("level", ["bubblewrap", "own walls"])
NAMES = {"example.org": ("192.0.2.7",), "both.example": ("192.0.2.7", "127.0.0.1"), "house.example": ("127.0.0.1",)}

PROBES = """
import asyncio, os, socket, subprocess, sys, urllib.request

def probe(port: int) -> dict:
    seen = {}
    async def opened():
        read, write = await asyncio.open_connection("example.org", port)
        write.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
        return (await read.read()).decode().split()[-1]

    def options():
        one = socket.socket()
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.settimeout(5)
        one.connect(("example.org", port))
        return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) > 0, one.gettimeout(), one.getpeername()[0]

    def listening():
        one = socket.socket()
        one.bind(("127.0.0.1", 0))

    def packet():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"x", ("192.0.2.7", 53))

    def another_program():
        code = "import socket; socket.create_connection(('192.0.2.7', %d), 1)" % port
        return subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True).returncode

    def unpatched():
        import _socket
        with _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM) as one:
            one.connect(("127.0.0.1", port))

    attempts = {
        "urllib": lambda: urllib.request.urlopen(f"http://example.org:{port}/", timeout=5).read().decode(),
        "asyncio": lambda: asyncio.run(opened()),
        "options": options,
        "another program": another_program,
        "nobody": lambda: socket.create_connection(("nobody.example", port), 5),
        "mixed": lambda: socket.create_connection(("both.example", port), 5),
        "house": lambda: socket.create_connection(("house.example", port), 5),
        "here": lambda: socket.create_connection(("127.0.0.1", port), 5),
        "here by six": lambda: socket.create_connection(("::ffff:127.0.0.1", port), 5),
        "unpatched": unpatched,
        "packet": packet,
        "listening": listening,
        "refused": lambda: socket.create_connection(("example.org", 1), 5),
    }
    for name, attempt in attempts.items():
        try:
            seen[name] = attempt()
        except OSError as error:
            seen[name] = f"{type(error).__name__}: {error}"
    return seen
"""


def sandbox_at(level: str, secret: Path, reach: PublicNetwork | None = None) -> ProcessSandbox:
    launcher = Launcher.found() if level == "bubblewrap" else Launcher(None)
    if level == "bubblewrap" and launcher.bubblewrap is None:
        pytest.skip("this system has no bubblewrap that works")
    return ProcessSandbox(secret, launcher=launcher, reach=reach or PublicNetwork())


@pytest.fixture
async def page() -> AsyncIterator[int]:
    """Port of a server that stands for the internet."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])


class _Internet(PublicNetwork):
    """192.0.2.7, which belongs to nobody (RFC 5737), is the server of the test."""

    def __init__(self) -> None:
        async def resolve(host: str, port: int) -> Sequence[str]:
            return NAMES.get(host, ())

        super().__init__(resolve, lambda place: place == "192.0.2.7", lambda place, port: ("127.0.0.1", port))


@LEVELS
async def test_pythons_connections_go_to_public_addresses_alone(level: str, page: int, tmp_path: Path) -> None:
    sandbox = sandbox_at(level, tmp_path / "secret", _Internet())
    call = SandboxCall(source=PROBES, function="probe", arguments={"port": page}, network=True)
    result = await sandbox.run(call)
    closed = await sandbox.run(call.model_copy(update={"network": False}))
    await sandbox.close()
    assert result.ok, result
    seen = result.value
    assert (seen["urllib"], seen["asyncio"], seen["options"]) == ("hello", "hello", [True, 5.0, "127.0.0.1"])
    assert seen["another program"] == 1
    assert seen["nobody"].startswith("gaierror: [Errno -2] There is no “nobody.example” on the internet")
    for name in ("mixed", "house"):
        assert "belongs to this computer or its network, where tools may not go" in seen[name]
    for name in ("here", "here by six"):
        assert seen[name].startswith("PermissionError: [Errno 13]"), seen[name]
    for name in ("unpatched", "packet", "listening"):
        assert seen[name].startswith("PermissionError: [Errno 1]"), seen[name]
    assert seen["refused"].startswith("ConnectionRefusedError")
    assert closed.ok, closed
    assert all(name == "another program" or "rror" in str(said) for name, said in closed.value.items()), closed.value


FOLDERS = """
import os, pathlib

def probe(read: str, write: str, beside: str) -> dict:
    seen = {}
    attempts = {
        "read": lambda: (pathlib.Path(read) / "note").read_text(),
        "list": lambda: sorted(os.listdir(read)),
        "change": lambda: (pathlib.Path(read) / "note").write_text("x"),
        "make": lambda: (pathlib.Path(read) / "new").write_text("x"),
        "write": lambda: (pathlib.Path(write) / "made").write_text("done"),
        "beside": lambda: (pathlib.Path(beside) / "secret").read_text(),
        "up": lambda: (pathlib.Path(read) / ".." / "secret").read_text(),
        "link": lambda: (pathlib.Path(read) / "link").read_text(),
    }
    for name, attempt in attempts.items():
        try:
            seen[name] = attempt()
        except OSError as error:
            seen[name] = type(error).__name__
    return seen
"""


async def folders_seen(level: str, home: Path) -> tuple[SandboxResult, SandboxResult]:
    read, write = home / "read", home / "write"
    sandbox = sandbox_at(level, home / "engine" / "lares.db")
    given = (ToolFolder(path=str(read)), ToolFolder(path=str(write), writable=True))
    arguments = {"read": str(read), "write": str(write), "beside": str(home)}
    call = SandboxCall(source=FOLDERS, function="probe", arguments=arguments, folders=given)
    seen, none = await sandbox.run(call), await sandbox.run(call.model_copy(update={"folders": ()}))
    for path, words in (
        (home, "holds what Lares keeps"),
        (home / "engine", "holds what Lares"),
        (home / "no", "is not"),
    ):
        refused = await sandbox.run(call.model_copy(update={"folders": (ToolFolder(path=str(path)),)}))
        assert words in refused.error
    await sandbox.close()
    return seen, none


@LEVELS
async def test_a_tool_sees_the_folders_it_was_given_and_nothing_beside_them(level: str, tmp_path: Path) -> None:
    for name in ("read", "write", "engine"):
        (tmp_path / name).mkdir(mode=0o777)
        (tmp_path / name).chmod(0o777)
    # A root's tools are other people; ordinary ones are who owns the folder.
    for one in (tmp_path, *(tmp_path.parents if os.getuid() == 0 else ())):
        if one.stat().st_uid == os.getuid() and one != Path(one.anchor):
            one.chmod(one.stat().st_mode | 0o055)
    (tmp_path / "secret").write_text("SECRET")
    (tmp_path / "read" / "note").write_text("milk")
    (tmp_path / "read" / "link").symlink_to(tmp_path / "secret")
    seen, none = await folders_seen(level, tmp_path)
    assert seen.ok, seen
    assert (seen.value["read"], seen.value["list"], seen.value["write"]) == ("milk", ["link", "note"], 4)
    closed = ("FileNotFoundError", "PermissionError", "OSError")
    for name in ("change", "make", "beside", "up", "link"):
        assert seen.value[name] in closed, (name, seen.value[name])
    assert all(one in closed for one in none.value.values()), none.value
    assert (tmp_path / "write" / "made").read_text() == "done"
    assert (tmp_path / "read" / "note").read_text() == "milk"
