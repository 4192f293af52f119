"""Starts `python -m app` and the toy engine by a fork of a process that has loaded them, which takes seconds of CPU.

What runs is a process of its own as before: own pid, handles, environment, exit status, killed by `kill -9`. What
differs is only how Python came to be there, so the tiers `--long` and `--live` start it by `exec` as a user does, and
so does whatever asks for more than a fork can give (another folder, other Python variables, a function without a name).

A request is one connection: the command and its handles go there, the pid comes back at once and the exit status at the
end. Forked processes start their engines by the same way.
"""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import os
import pickle
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from tests.support.guards.network import WATCHED
from tests.support.guards.source import ROOT

EXEC = "LARES_TEST_EXEC"
"""In a child's environment: start it by `exec` after all."""
_LIKE_OURS = ("PYTHON", "LC_", "LANG", "LD_", "QT_")
NO_RING = "keyring.backends.fail.Keyring"
_OWN = ("PYTHONPATH", "PYTHONIOENCODING", "PYTHON_KEYRING_BACKEND", "QT_QPA_PLATFORM")
_COMMAND = [sys.executable, "-m"]
_PROGRAMS = (
    *("app", "tests.support.processes.toy_engine"),
    *("tests.support.processes.inserting_engine", "tests.support.processes.word_embedder"),
)
_STATUS_BYTES = 8
_PR_SET_PDEATHSIG = 1
_libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
LOADED = (
    *("app.bootstrap", "app.link.engine_process", "app.link.launcher", "app.rest.server"),
    *("app.terminal.chat", "app.terminal.commands.models", "app.terminal.commands.servers"),
    *("app.terminal.commands.status", "app.terminal.display", "aiohttp", "importlib_metadata", "secretstorage"),
    *("uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.off", "_strptime", "encodings.idna"),
)
"""Not Qt."""
LOADED_FOR = {
    "--mcp-child": (
        *("app.adapters.mcp.child.main", "app.adapters.mcp.child.http"),
        *("mcp.client.client", "mcp.client.streamable_http", "mcp.client.sse"),
    ),
    "--index-from": ("numpy", "chromadb", "app.adapters.recall.child.vectors"),
}
"""What is loaded when it is first asked for: it takes two seconds, and few tests need it."""
_exec: Any = subprocess.Popen


@dataclass(frozen=True)
class _Order:
    program: str
    words: list[str]
    environment: dict[str, str]
    new_session: bool
    umask: int
    before: bytes
    """A pickled function to be called last, or nothing."""


@dataclass
class _Place:
    """Where this process and its children find the one that forks."""

    path: str = ""
    process: Any = None
    folder: Any = None


_place = _Place()


def install() -> None:
    if hasattr(os, "fork") and sys.platform == "linux":
        setattr(subprocess, "Popen", Preforked)  # noqa: B010


def uninstall() -> None:
    if _place.process is not None:
        _place.process.stdin.close()
        _place.process.wait(10)
        _place.folder.cleanup()
        _place.process = None


class Preforked(subprocess.Popen[Any]):
    """`subprocess.Popen`, which it is for every other command."""

    _line: socket.socket | None = None

    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, *more: Any) -> None:
        names = _exec._execute_child.__code__.co_varnames[4:]
        asked = dict(zip(names, more, strict=False))
        order = _order(args, executable, preexec_fn, asked)
        if order is None:
            _exec._execute_child(self, args, executable, preexec_fn, *more)
            return
        pipes = [asked[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")]
        theirs = [pipes[0], pipes[3], pipes[5]]
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.connect(_server())
            message = pickle.dumps(order)
            handles = [one if one != -1 else standard for standard, one in enumerate(theirs)]
            socket.send_fds(line, [len(message).to_bytes(4, "big")], handles)
            line.sendall(message)
            self.pid = int.from_bytes(_exactly(line, _STATUS_BYTES), "big", signed=True)
        except BaseException:
            line.close()
            raise
        finally:
            _exec._close_pipe_fds(self, *pipes)
        self._line = line
        self._child_created = True

    def _internal_poll(self, _deadstate: Any = None, *more: Any) -> Any:
        if self._line is None:
            return _exec._internal_poll(self, _deadstate, *more)
        if self.returncode is None and _readable(self._line, 0):
            self._take_status()
        return self.returncode

    def _wait(self, timeout: float | None) -> Any:
        if self._line is None:
            return _exec._wait(self, timeout)
        if self.returncode is None:
            if not _readable(self._line, timeout):
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self._take_status()
        return self.returncode

    def _take_status(self) -> None:
        line = self._line
        # Two threads may wait for one process.
        with self._waitpid_lock:  # type: ignore[attr-defined]
            if self.returncode is None and line is not None:
                status = int.from_bytes(_exactly(line, _STATUS_BYTES), "big", signed=True)
                self.returncode = os.waitstatus_to_exitcode(status)
                line.close()


def _order(args: Any, executable: Any, preexec_fn: Any, asked: dict[str, Any]) -> _Order | None:
    words = [os.fspath(word) for word in args] if isinstance(args, (list, tuple)) else []
    ours = words[:2] == _COMMAND and words[2:3] and words[2] in _PROGRAMS
    plain = ours and executable is None and not asked["shell"] and not asked["pass_fds"]
    folder = asked["cwd"]
    environment = os.environ if asked["env"] is None else asked["env"]
    own = all(asked[name] in (None, -1) for name in ("gid", "gids", "uid", "umask"))
    here = folder is not None and Path(folder) == ROOT
    if not plain or not own or not here or EXEC in environment or _python_of(environment) != _python_of(os.environ):
        return None
    try:
        before = pickle.dumps(preexec_fn) if preexec_fn is not None else b""
    except (pickle.PicklingError, AttributeError):
        return None
    with open("/proc/self/status", encoding="ascii") as status:
        umask = next(int(row.split()[1], 8) for row in status if row.startswith("Umask:"))
    return _Order(words[2], words[3:], dict(environment), asked["start_new_session"], umask, before)


def _python_of(environment: Any) -> dict[str, str]:
    """What Python looks at while it starts; a fork has started already."""
    return {name: value for name, value in environment.items() if name.startswith(_LIKE_OURS) and name not in _OWN}


def _server() -> str:
    if not _place.path:
        _place.folder = tempfile.TemporaryDirectory(prefix="lares-prefork-")
        path = str(Path(_place.folder.name) / "line")
        program = f"from tests.support.processes.prefork import serve; serve({path!r})"
        # What it lives through once must not hang on the test that happens to be the first.
        environment = {**os.environ, "PYTHONPATH": str(WATCHED), "PYTHON_KEYRING_BACKEND": NO_RING}
        process = _exec(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        process.stdout.readline()
        process.stdout.close()
        _place.path, _place.process = path, process
    return _place.path


def _readable(line: socket.socket, timeout: float | None) -> bool:
    waiting = select.poll()
    waiting.register(line, select.POLLIN)
    return bool(waiting.poll(None if timeout is None else max(0.0, timeout) * 1000))


def _exactly(line: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = line.recv(size - len(got))
        if not piece:
            raise OSError("the process that forks is gone")
        got += piece
    return got


# The process that forks


def serve(path: str) -> NoReturn:
    """Loads the engine and the terminal once, then forks until its standard input ends."""
    for name in LOADED:
        importlib.import_module(name)
    asyncio.run(_live_once())
    for name in [name for name in sys.modules if name.partition(".")[0] == "keyring"]:
        del sys.modules[name]  # it reads its variable while it is loaded
    _place.path = path
    install()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        listener.bind(path)
        listener.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        run = _fork_until_the_end(listener)
    if run is None:
        sys.exit(0)
    # The child: it has left the loop and everything of its parent behind.
    run()
    sys.exit(0)


async def _live_once() -> None:
    """What an engine builds when something is used for the first time, each child would build again."""
    from app.bootstrap import open_engine
    from app.config import Config
    from app.link.client import open_link
    from app.link.host import Host
    from tests.support.engine.talking import say
    from tests.support.window.household import TOKEN, engine_note

    with tempfile.TemporaryDirectory(prefix="lares-prefork-") as folder:
        engine = await open_engine(Config.load(Path(folder)), demo_pace=0)
        await engine.recover()
        host = Host(engine.services, TOKEN)
        client = await open_link(engine_note(await host.start()), "test")
        await say(client.services, await client.services.agents.create_demo(), "My name is Brad, not Chad.")
        await client.close()
        await host.close()
        await engine.close()


def _fork_until_the_end(listener: socket.socket) -> Callable[[], None] | None:
    """None in the parent, at its end; in each child what it is to do."""
    alive: dict[int, socket.socket] = {}
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    while True:
        ready, _, _ = select.select([listener, woken, sys.stdin], [], [])
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                woken.recv(4096)
        _bury(alive)
        if sys.stdin in ready:
            return None
        if listener not in ready:
            continue
        line, _ = listener.accept()
        head, handles, _, _ = socket.recv_fds(line, 4, 3)
        order: _Order = pickle.loads(_exactly(line, int.from_bytes(head, "big")))
        for name in LOADED_FOR.get(" ".join(order.words[:1]), ()):
            importlib.import_module(name)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for one in (listener, woken, wake, line, *alive.values()):
                one.detach()
            _become(order, handles, parent)
            return partial(_run, order.program)
        for handle in handles:
            os.close(handle)
        alive[pid] = line
        with contextlib.suppress(OSError):
            line.sendall(pid.to_bytes(_STATUS_BYTES, "big", signed=True))


def _bury(alive: dict[int, socket.socket]) -> None:
    while alive:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        line = alive.pop(pid)
        with contextlib.closing(line), contextlib.suppress(OSError):
            line.sendall(status.to_bytes(_STATUS_BYTES, "big", signed=True))


def _become(order: _Order, handles: list[int], parent: int) -> None:
    """What `exec` and a new interpreter would have done. It ends with the process that forks, and so with the tests,
    also where they were killed.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    for standard, handle in enumerate(handles):
        os.dup2(handle, standard)
    os.closerange(3, 4096)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(order.umask)
    if order.new_session:
        os.setsid()
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv = sys.orig_argv = [order.program, *order.words]  # the first becomes the file's path when it is run
    sys.path[0] = str(ROOT)
    encoding = order.environment.get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    sys.stdin = open(0, encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding=encoding, errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    random.seed()
    for folder in order.environment.get("PYTHONPATH", "").split(os.pathsep):
        watch = Path(folder) / "sitecustomize.py"
        if folder and Path(folder) != WATCHED and watch.exists():
            runpy.run_path(str(watch))
            break
    if order.before:
        pickle.loads(order.before)()


def _run(program: str) -> None:
    runpy.run_module(program, run_name="__main__", alter_sys=True)
