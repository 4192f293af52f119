"""The process of the next call stands ready: it serves one, behind the same walls, and dies with the engine."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.adapters.tools.sandbox.process import ProcessSandbox
from app.adapters.tools.sandbox.workers import MOST_SPARES
from app.domain.sandbox import SandboxResult
from app.ports.sandbox import SandboxCall
from tests.support.guards.source import ROOT

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(os.name == "nt", reason="the processes are looked at as Linux and macOS show them"),
]

LOOK = """
import builtins, os, socket

def look(secret):
    seen = {"told": os.environ.get("TOLD"), "inherited": os.environ.get("ENGINES_OWN")}
    seen["mark"] = hasattr(builtins, "mark")
    builtins.mark = True
    open("left.txt", "w").close()
    seen["files"] = sorted(os.listdir("."))
    connect = lambda: socket.socket().connect(("127.0.0.1", 9))
    for name, attempt in (("secret", lambda: open(secret)), ("network", connect)):
        try:
            attempt()
            seen[name] = "open"
        except OSError as error:
            seen[name] = type(error).__name__
    return seen
"""
NOTHING = SandboxCall(source="def nothing() -> None:\n    pass\n", function="nothing", arguments={})
PARENT = """
import asyncio, sys
from pathlib import Path
from app.adapters.tools.sandbox.process import ProcessSandbox
from app.ports.sandbox import SandboxCall

async def main():
    sandbox = ProcessSandbox(Path("secret"))
    await sandbox.run(SandboxCall(source="def nothing(): pass", function="nothing", arguments={}))
    while not sandbox.workers.ready:
        await asyncio.sleep(0.005)
    print(*sandbox.workers.ready, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not met():  # noqa: ASYNC110  (another process acts)
            await asyncio.sleep(0.005)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_each_call_has_a_process_of_its_own_behind_the_same_walls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINES_OWN", "secret")
    secret = tmp_path / "secret"
    secret.write_text("SECRET", "utf-8")
    sandbox = ProcessSandbox(secret)

    def look(told: str) -> SandboxCall:
        return SandboxCall(
            source=LOOK, function="look", arguments={"secret": str(secret)}, environment={"TOLD": told} if told else {}
        )

    found: list[SandboxResult] = []
    pids: list[int] = []
    for told in ("first", "second", ""):
        found.append(await sandbox.run(look(told)))
        await until(lambda: bool(sandbox.workers.ready))
        pids += sandbox.workers.ready
    await sandbox.close()

    seen = [one.value for one in found]
    assert [one["told"] for one in seen] == ["first", "second", None]
    assert {one["inherited"] for one in seen} == {None}
    assert {one["mark"] for one in seen} == {False}
    assert [one["files"] for one in seen] == [["left.txt"]] * 3
    walls = {(one["secret"], one["network"]) for one in seen}
    assert len(walls) == 1
    assert "open" not in next(iter(walls))
    assert len(set(pids)) == 3
    assert not any(is_there(one) for one in pids)


async def test_several_at_once_each_get_their_own_and_one_more_is_left(tmp_path: Path) -> None:
    sandbox = ProcessSandbox(tmp_path / "secret")
    await sandbox.run(NOTHING)
    results = await asyncio.gather(*(sandbox.run(NOTHING) for _ in range(3)))
    await until(lambda: bool(sandbox.workers.ready))
    assert all(one.ok for one in results)
    assert len(sandbox.workers.ready) == 1
    await sandbox.close()


async def test_one_that_nobody_needs_ends(tmp_path: Path) -> None:
    sandbox = ProcessSandbox(tmp_path / "secret", idle_seconds=1.0)
    await sandbox.run(NOTHING)
    await until(lambda: bool(sandbox.workers.ready))
    (pid,) = sandbox.workers.ready
    await until(lambda: not is_there(pid))
    assert sandbox.workers.ready == ()
    await sandbox.close()


async def test_one_that_was_killed_while_it_waited_is_replaced(tmp_path: Path) -> None:
    sandbox = ProcessSandbox(tmp_path / "secret")
    await sandbox.run(NOTHING)
    await until(lambda: bool(sandbox.workers.ready))
    (pid,) = sandbox.workers.ready
    os.killpg(pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert (await sandbox.run(NOTHING)).ok
    await sandbox.close()


async def test_what_holds_is_looked_up_without_one_being_left(tmp_path: Path) -> None:
    sandbox = ProcessSandbox(tmp_path / "secret")
    assert (await sandbox.enforced()).network
    assert sandbox.workers.ready == ()
    await sandbox.close()


async def test_there_are_never_many(tmp_path: Path) -> None:
    sandbox = ProcessSandbox(tmp_path / "secret")
    for network, packages in ((False, ()), (True, ()), (False, (tmp_path,))):
        assert (await sandbox.run(NOTHING.model_copy(update={"network": network, "packages": packages}))).ok
    await until(lambda: len(sandbox.workers.ready) == MOST_SPARES)
    await sandbox.close()


def test_it_dies_with_the_engine(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path, env=environment) as engine:
        assert engine.stdout is not None
        pid = int(engine.stdout.readline())
        watched = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
        assert is_there(pid)
        engine.kill()
    if watched >= 0:
        assert select.select([watched], [], [], 10)[0], "it outlived the engine"
        os.close(watched)
