"""The engine's process from its lock to its orderly end. What the engine is made of comes in from outside."""

import asyncio
import errno
import gc
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import FrameType
from typing import Any, Protocol

from filelock import FileLock, Timeout

from app import __version__
from app.config import Config
from app.descriptors import raise_descriptor_limit
from app.domain.error import AppError, LinkError, StorageError
from app.link.crash_loop import forget_starts, note_start
from app.link.engine_file import EngineNote, read_note, write_note
from app.link.host import Host
from app.link.log import last_lines, open_log
from app.link.protocol import PROTOCOL
from app.link.spawn import make_folder
from app.link.values import error_to_wire

log = logging.getLogger(__name__)

LOCK_SECONDS = 10.0
ENDED, FAILED, HELD = 0, 1, 3
"""Exit codes: an orderly end; could not start (reported); another engine holds the data folder."""


class OpenEngine(Protocol):
    """An engine whose storage is open."""

    @property
    def services(self) -> Any:
        """A dataclass of services."""
        ...

    @property
    def exit_requested(self) -> asyncio.Event:
        """Set by whoever wants another engine in place of this one (restore of a backup)."""
        ...

    def busy(self) -> bool:
        """True while a run or other work goes on that must not be left alone."""
        ...

    async def recover(self) -> None:
        """Takes up what an earlier engine left. Called once, after the link listens."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class EnginePlan:
    """How to run an engine."""

    open_engine: Callable[[Config], Awaitable[OpenEngine]]
    report: Callable[[dict[str, Any]], None]
    """Told once how the start went; see `app.link.spawn`."""
    alongside: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None
    """Another server over the same services; with it the engine stays although no client is connected."""
    version: str = __version__


def run_engine(config: Config, plan: EnginePlan) -> int:
    """Until the engine ends. At most one per data folder: a second one reports `held` and returns at once."""
    # Of what the engine writes, nothing is for other users of the computer.
    os.umask(0o077)
    raise_descriptor_limit()
    try:
        with _storage_errors(config):
            make_folder(config)
            lock = _take_lock(config)
            if lock is None:
                plan.report({"state": "held"})
                return HELD
        with lock:
            return _run_locked(config, plan)
    except AppError as error:
        plan.report({"state": "failed", "error": error_to_wire(error)})
        return FAILED


def _take_lock(config: Config) -> FileLock | None:
    """None when another engine serves. One that is only beginning or ending is waited for."""
    lock = FileLock(config.engine_lock, mode=0o600)
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if read_note(config.engine_file) is not None or time.monotonic() > until:
                return None
            time.sleep(0.05)
        else:
            return lock


def _run_locked(config: Config, plan: EnginePlan) -> int:
    with _storage_errors(config):
        config.engine_file.unlink(missing_ok=True)
        note_start(config)
        file = open_log(config.logs, "engine", config.settings.log.level)
    log.info("engine %s starts, process %d", plan.version, os.getpid())
    process = _Process(config, plan)
    try:
        asyncio.run(process.main())
    except AppError as error:
        log.error("the engine cannot go on: %s %s", error.code, error, exc_info=error.__cause__)
        return process.fail(error)
    except Exception:
        log.exception("the engine cannot go on")
        return process.fail(_unexpected(config))
    finally:
        log.info("engine ends")
        file.close()
    forget_starts(config)
    return ENDED


def _spare_what_stays() -> None:
    """What the start has loaded stays to the end: the garbage collector need not walk through it at every full round.

    Under load full collections took a tenth of each turn. A turn makes some thousands of objects, nearly all of which
    die by their reference count, so that rounds may be rare: a tenth as many of the young, a fifth of the old ones.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(7_000, 20, 50)


class _Process:
    def __init__(self, config: Config, plan: EnginePlan) -> None:
        self._config = config
        self._plan = plan
        self._reported = False

    async def main(self) -> None:
        stop = asyncio.Event()
        _on_signals(stop)
        while True:
            engine = await self._plan.open_engine(self._config)
            try:
                await self._serve(engine, stop)
            finally:
                await engine.close()
            # Without another server beside it, the client that wants a new engine starts it.
            if self._plan.alongside is None or stop.is_set():
                return
            self._reported = False

    async def _serve(self, engine: OpenEngine, stop: asyncio.Event) -> None:
        token = secrets.token_hex(32)
        host = Host(
            engine.services,
            token,
            version=self._plan.version,
            may_stop=lambda with_work: self._plan.alongside is None and (with_work or not engine.busy()),
            stop=stop.set,
        )
        alongside = self._plan.alongside(engine.services) if self._plan.alongside else nullcontext()
        try:
            async with alongside:
                self._note(await host.start(), token)
                self._report({"state": "ready"})
                await engine.recover()
                _spare_what_stays()
                await self._until_end(engine, host, stop)
        finally:
            # First of all, so that no client comes to an engine that is about to end.
            self._config.engine_file.unlink(missing_ok=True)
            await host.close()

    def _note(self, port: int, token: str) -> None:
        with _storage_errors(self._config):
            note = EngineNote(port, os.getpid(), token, PROTOCOL, self._plan.version, time.time())
            write_note(self._config.engine_file, note)

    async def _until_end(self, engine: OpenEngine, host: Host, stop: asyncio.Event) -> None:
        reasons: list[asyncio.Task[Any]] = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(engine.exit_requested.wait()),
        ]
        if self._plan.alongside is None:
            reasons.append(asyncio.create_task(self._until_idle(engine, host)))
        await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
        for task in reasons:
            task.cancel()
        await asyncio.wait(reasons)

    async def _until_idle(self, engine: OpenEngine, host: Host) -> None:
        seconds = self._config.settings.engine.idle_seconds
        await host.idle_for(seconds)
        while engine.busy():
            await host.idle_for(seconds)

    def fail(self, error: AppError) -> int:
        """A start that failed with a reason is no crash: it may be tried again as often as a person likes."""
        if not self._reported:
            forget_starts(self._config)
            self._report({"state": "failed", "error": error_to_wire(error)})
        return FAILED

    def _report(self, said: dict[str, Any]) -> None:
        self._reported = True
        self._plan.report(said)


def _on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT ask for an orderly end."""
    loop = asyncio.get_running_loop()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            # Its loop knows no signals.
            signal.signal(number, on_signal)
        else:
            loop.add_signal_handler(number, stop.set)


@contextmanager
def _storage_errors(config: Config) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error, config) from error


def storage_error(error: OSError, config: Config) -> StorageError:
    """What a person must know when the data folder cannot be used."""
    details = {"folder": str(config.folder), "reason": str(error)}
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            "The disk is full, so Lares cannot start. Nothing is damaged.",
            code="disk_full",
            hint="Free some space, then try again.",
            details=details,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError(
            f"Lares is not allowed to write to its data folder, {config.folder}, so it cannot save anything.",
            code="read_only",
            hint="Allow writing there, or start Lares with another folder (--data).",
            details=details,
        )
    return StorageError(
        f"Lares cannot use {config.folder} as its data folder.",
        code="storage",
        hint="Start Lares with another folder (--data).",
        details=details,
    )


def _unexpected(config: Config) -> LinkError:
    return LinkError(
        "The Lares engine could not start because of an internal error. Your agents and messages are safe on disk.",
        code="engine_start",
        hint="Try again. If it keeps happening, the log below shows why.",
        details={"log": last_lines(config.logs / "engine.log")},
    )
