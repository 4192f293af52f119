"""Finding and starting the engine: real processes, every way it can go wrong."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from app import __version__
from app.config import Config
from app.detached import child_environment
from app.domain.error import AppError, LinkError, StorageError
from app.link import launcher
from app.link.client import Client, connect, open_link
from app.link.engine_file import EngineNote, read_note, write_note
from app.link.engine_process import storage_error
from app.link.protocol import PROTOCOL
from app.link.single_instance import claim_window, raise_first_window
from app.link.spawn import engine_command, start_early
from tests.support.processes import prefork
from tests.support.processes.toy_engine import life_of, toy_command

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("engines")]


async def ensured(config: Config, behaviour: str = "", **more: Any) -> Any:
    return await launcher.ensure_engine(config, command=toy_command(behaviour), **more)


async def failure_of(awaitable: Awaitable[Any]) -> AppError:
    with pytest.raises(AppError) as caught:
        await awaitable
    return caught.value


async def until(happened: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110  another process sets no event here
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """A killed child counts as dead only once it is gone from the process table."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_of(config: Config) -> int:
    note = read_note(config.engine_file)
    assert note is not None
    return note.pid


async def kill(config: Config, client: Client) -> int:
    pid = pid_of(config)
    os.kill(pid, signal.SIGKILL)
    await asyncio.wait_for(client.wait_closed(), 5)
    await client.close()
    return pid


def set_idle(config: Config, seconds: float) -> None:
    config.settings_file.write_text(f"[engine]\nidle_seconds = {seconds}\n")


async def test_engine_is_started_once_and_then_found(config: Config, record: Callable[..., None]) -> None:
    began = time.perf_counter()
    first = await ensured(config)
    record(start_s=round(time.perf_counter() - began, 2))
    second = await ensured(config)
    assert await first.services.echo.any(1) == await second.services.echo.any(1)
    assert life_of(config) == [f"opened {pid_of(config)}", f"recovered {pid_of(config)}"]
    await first.close()
    await second.close()


@pytest.mark.skipif(sys.platform == "win32", reason="has other permissions")
async def test_new_data_folder_and_token_are_for_this_user_only(config: Config) -> None:
    config.folder.rmdir()
    client = await ensured(config)
    assert config.folder.stat().st_mode & 0o777 == 0o700
    assert config.engine_file.stat().st_mode & 0o777 == 0o600
    await client.close()


async def test_ten_starters_at_once_end_with_one_engine(config: Config) -> None:
    clients = await asyncio.gather(*(ensured(config) for _ in range(10)))
    assert [line for line in life_of(config) if line.startswith("opened")] == [f"opened {pid_of(config)}"]
    assert await asyncio.gather(*(client.services.echo.any(7) for client in clients)) == [7] * 10
    for client in clients:
        await client.close()


async def test_what_a_dead_engine_left_behind_does_not_disturb(config: Config) -> None:
    first = await ensured(config)
    dead = await kill(config, first)
    assert pid_of(config) == dead
    assert config.engine_lock.exists()
    second = await ensured(config)
    assert pid_of(config) != dead
    await second.close()


async def test_calls_fail_at_once_when_the_engine_is_killed(config: Config) -> None:
    client = await ensured(config)
    waiting = asyncio.create_task(client.services.echo.wait())
    await client.services.echo.any(1)
    await kill(config, client)
    error = await asyncio.wait_for(failure_of(waiting), 2)
    assert (type(error), error.code) == (LinkError, "engine_gone")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", None])
async def test_foreign_listener_on_the_noted_port_is_left_alone(
    config: Config, answer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.link.client.OPENING_SECONDS", 1.0)
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is None:
            await done.wait()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    write_note(
        config.engine_file,
        EngineNote(server.sockets[0].getsockname()[1], os.getpid(), "t", PROTOCOL, __version__, 0.0),
    )
    client = await ensured(config)
    assert pid_of(config) != os.getpid()
    await client.close()
    done.set()
    server.close()


@pytest.mark.parametrize("version", ["0.0.9", "0.0"])
async def test_idle_older_engine_is_replaced(config: Config, version: str) -> None:
    old = await older(config, version)
    client = await ensured(config)
    assert client.engine_version == __version__
    assert f"closed {old}" in life_of(config)
    await client.close()


async def older(config: Config, version: str) -> int:
    """Starts an engine of another version; its process id."""
    start = start_early(config, toy_command(version=version))
    assert start is not None
    report = await asyncio.wait_for(asyncio.wrap_future(start.report), 10)
    assert report == {"state": "ready"}
    return start.pid


async def test_older_engine_at_work_is_left_alone_and_named(config: Config) -> None:
    old = await older(config, "0.0.9")
    (config.folder / "busy").touch()
    error = await failure_of(ensured(config))
    assert (type(error), error.code) == (LinkError, "other_version")
    assert error.message == "An older Lares (0.0.9) is still using this data folder."
    assert pid_of(config) == old


async def test_older_engine_with_a_window_is_left_alone(config: Config) -> None:
    await older(config, "0.0.9")
    window = await open_link(read_note(config.engine_file), "window")
    assert (await failure_of(ensured(config))).code == "other_version"
    await window.close()


async def test_newer_engine_is_never_replaced(config: Config) -> None:
    newer = await older(config, "99.0.1")
    error = await failure_of(ensured(config))
    assert error.code == "other_version"
    assert error.message.startswith("A newer Lares (99.0.1) is using this data folder")
    assert "Close the newer one" in error.hint
    assert (await failure_of(connect(config))).code == "other_version"
    assert alive(newer)


async def test_engine_that_keeps_dying_is_given_up_with_its_log(config: Config) -> None:
    error = await failure_of(ensured(config, "dies"))
    assert (type(error), error.code) == (LinkError, "crash_loop")
    assert "stopped 3 times within 5 minutes" in error.message
    assert "Fatal Python error: Aborted" in error.details["log"]
    assert len(life_of(config)) == 3
    (config.folder / "mended").touch()
    client = await ensured(config, "dies")
    await client.close()


async def test_engine_killed_three_times_is_not_started_a_fourth_time(config: Config) -> None:
    for _ in range(3):
        await kill(config, await ensured(config))
    assert (await failure_of(ensured(config))).code == "crash_loop"


async def test_reason_of_a_failed_start_reaches_the_client_as_itself_however_often(config: Config) -> None:
    for _ in range(4):
        error = await failure_of(ensured(config, "newer_data"))
        assert (type(error), error.code, error.message) == (
            StorageError,
            "newer_data",
            "This was written by a newer Lares.",
        )
        assert (error.hint, error.details) == ("Get it.", {"version": 9})


async def test_fault_at_the_start_comes_with_the_log(config: Config) -> None:
    error = await failure_of(ensured(config, "fault"))
    assert (type(error), error.code) == (LinkError, "engine_start")
    assert "RuntimeError: a fault of its own" in error.details["log"]
    assert "RuntimeError" not in error.message


@pytest.mark.skipif(sys.platform != "linux", reason="needs a place that nobody may write to")
async def test_read_only_data_folder_is_named() -> None:
    error = await failure_of(ensured(Config(Path("/sys/lares"))))
    assert (type(error), error.code) == (StorageError, "read_only")
    assert "/sys/lares" in error.message
    assert "--data" in error.hint


async def test_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    error = await failure_of(ensured(Config(place)))
    assert (type(error), error.code) == (StorageError, "storage")
    assert str(place) in error.message


async def test_engine_without_clients_and_work_ends_in_order(config: Config) -> None:
    set_idle(config, 0.2)
    client = await ensured(config)
    pid = pid_of(config)
    await client.close()
    await until(lambda: not alive(pid))
    assert life_of(config)[-1] == f"closed {pid}"
    assert not config.engine_file.exists()
    assert not config.starts_file.exists()


async def test_engine_at_work_stays_without_clients(config: Config) -> None:
    set_idle(config, 0.1)
    (config.folder / "busy").touch()
    client = await ensured(config)
    pid = pid_of(config)
    await client.close()
    again = await ensured(config)
    assert pid_of(config) == pid
    await again.close()
    (config.folder / "busy").unlink()
    await until(lambda: not alive(pid))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_ends_the_engine_in_order(config: Config, number: signal.Signals) -> None:
    client = await ensured(config)
    pid = pid_of(config)
    os.kill(pid, number)
    await asyncio.wait_for(client.closed, 2)
    await until(lambda: not alive(pid), 2)
    assert life_of(config)[-1] == f"closed {pid}"
    await client.close()


async def test_new_client_waits_for_an_engine_that_is_ending(config: Config) -> None:
    client = await ensured(config)
    old = pid_of(config)
    os.kill(old, signal.SIGTERM)
    await asyncio.wait_for(client.closed, 5)
    again = await ensured(config)
    assert pid_of(config) != old
    await client.close()
    await again.close()


async def test_early_start_is_taken_up_and_not_repeated(config: Config) -> None:
    start = start_early(config, toy_command())
    assert start is not None
    client = await ensured(config, started=start)
    assert pid_of(config) == start.pid
    assert start_early(config, toy_command()) is None
    await client.close()


async def test_early_start_that_failed_gives_its_reason(config: Config) -> None:
    error = await failure_of(ensured(config, started=start_early(config, toy_command("newer_data"))))
    assert error.code == "newer_data"


def inherited(pid: int) -> Iterable[str]:
    return (os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_engine_is_detached_and_inherits_nothing(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(prefork.EXEC, "yes")  # a fork of another process could inherit nothing of this one
    mark = os.open(tmp_path / "mark", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(mark, True)
    client = await ensured(config)
    pid = pid_of(config)
    os.close(mark)
    assert os.getsid(pid) == pid
    assert not [path for path in inherited(pid) if path.endswith("mark")]
    assert [os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1)] == ["/dev/null", "/dev/null"]
    await client.close()


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
async def test_engine_outlives_the_process_that_started_it(config: Config) -> None:
    script = (
        "import os, signal, sys\n"
        "from app.config import Config\n"
        "from app.link.spawn import start_early\n"
        "from tests.support.processes.toy_engine import toy_command\n"
        "start_early(Config.load(sys.argv[1]), toy_command()).report.result(20)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script, str(config.folder)], timeout=30)
    client: Any = await connect(config)
    assert await client.services.echo.any("alive") == "alive"
    await client.close()


def test_frozen_build_starts_itself_and_gives_back_the_library_path(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine_command(config)[1:] == ["-m", "app", "--engine", "--data", str(config.folder)]
    own = {"LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/own", "DYLD_LIBRARY_PATH": "/bundle", "HOME": "h"}
    assert child_environment(own) == own
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert engine_command(config)[1:] == ["--engine", "--data", str(config.folder)]
    assert child_environment(own) == {"LD_LIBRARY_PATH": "/own", "HOME": "h", "PYINSTALLER_RESET_ENVIRONMENT": "1"}


def test_second_start_says_when_no_window_listens(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.link.single_instance.RAISE_SECONDS", 0.2)
    assert raise_first_window(config, toy_command()) is False


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EROFS, "read_only"),
        (errno.EACCES, "read_only"),
        (errno.EIO, "storage"),
    ],
)
def test_trouble_with_the_data_folder_is_named_by_its_kind(config: Config, number: int, code: str) -> None:
    error = storage_error(OSError(number, os.strerror(number)), config)
    assert error.code == code
    assert error.hint
    assert os.strerror(number) in error.details["reason"]
    assert os.strerror(number) not in error.message


def test_only_the_first_window_gets_the_lock(config: Config) -> None:
    first = claim_window(config)
    assert first is not None
    script = (
        "import sys\n"
        "from app.config import Config\n"
        "from app.link.single_instance import claim_window\n"
        "print(claim_window(Config.load(sys.argv[1])))\n"
    )
    second = [sys.executable, "-c", script, str(config.folder)]
    assert subprocess.run(second, capture_output=True, text=True, timeout=30).stdout.strip() == "None"
    first.release()
    assert subprocess.run(second, capture_output=True, text=True, timeout=30).stdout.strip() != "None"
