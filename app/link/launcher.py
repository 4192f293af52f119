"""Finds the engine of a data folder or starts one, and says in a sentence when that cannot be done."""

import asyncio
import time

from app import __version__
from app.config import Config
from app.domain.error import LinkError
from app.link.client import Client, open_link
from app.link.crash_loop import MOST, forget_starts, recent_starts
from app.link.engine_file import read_note
from app.link.log import last_lines
from app.link.protocol import PROTOCOL
from app.link.spawn import Command, Report, Start, engine_command, start_early, start_engine
from app.link.values import error_from_wire

__all__ = ["Start", "end_idle_engine", "ensure_engine", "start_early"]

START_SECONDS = 30.0
LOOK_SECONDS = 0.05
HELD_SECONDS = 2.0


async def ensure_engine(
    config: Config, kind: str = "window", started: Start | None = None, *, command: Command = engine_command
) -> Client:
    """A client of the engine of this folder, started if need be. `started`: what `start_early` gave.

    Raises `LinkError` (`engine_start`, `other_version`, `crash_loop`), or what kept the engine from starting, for
    example `StorageError`.
    """
    return await _Search(config, kind, command, started).run()


async def end_idle_engine(config: Config) -> bool:
    """Ends an engine of this folder that nobody is connected to and that has nothing to do; False where it stays."""
    try:
        client = await open_link(read_note(config.engine_file), "terminal")
    except LinkError:
        # It has just ended by itself; whoever starts the next one finds out.
        return True
    try:
        if not await client.stop_engine():
            return False
        await client.wait_closed()
        return True
    finally:
        await client.close()


class _Search:
    def __init__(self, config: Config, kind: str, command: Command, started: Start | None) -> None:
        self._config = config
        self._kind = kind
        self._command = command
        self._start = started
        self._deaths = 0
        self._not_before = 0.0

    async def run(self) -> Client:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            client = await self._connect()
            if client is not None:
                return client
            if self._start is None and time.monotonic() >= self._not_before:
                self._start_again()
            await self._hear()
        raise self._no_answer()

    async def _connect(self) -> Client | None:
        """None while no engine of this version answers."""
        try:
            client = await open_link(read_note(self._config.engine_file), self._kind)
        except LinkError:
            return None
        if (client.engine_version, client.engine_protocol) == (__version__, PROTOCOL):
            return client
        try:
            await self._replace(client)
        finally:
            await client.close()
        return None

    async def _replace(self, client: Client) -> None:
        """Asks an older engine to end if it has nothing to do."""
        theirs = (_order(client.engine_version), client.engine_protocol)
        if theirs > (_order(__version__), PROTOCOL):
            raise _newer(client.engine_version)
        if not await client.stop_engine():
            raise _older(client.engine_version)
        await client.wait_closed()

    def _start_again(self) -> None:
        if len(recent_starts(self._config)) >= MOST or self._deaths >= MOST:
            # Said once: whoever asks again has decided to try again.
            forget_starts(self._config)
            raise self._crash_loop()
        self._start = start_engine(self._config, self._command)

    async def _hear(self) -> None:
        """Waits a moment for what the engine that is being started says."""
        if self._start is None:
            await asyncio.sleep(LOOK_SECONDS)
            return
        report = asyncio.wrap_future(self._start.report)
        done, _ = await asyncio.wait([report], timeout=LOOK_SECONDS)
        if done:
            self._start = None
            self._judge(report.result())

    def _judge(self, report: Report) -> None:
        match report.get("state"):
            case "failed":
                raise error_from_wire(report.get("error") or {})
            case "held":
                self._not_before = time.monotonic() + HELD_SECONDS
            case "died":
                self._deaths += 1
            case _:
                # Ready: the next look finds it.
                return

    def _log(self) -> str:
        parts = (last_lines(self._config.logs / name) for name in ("engine.log", "engine-output.log"))
        return "\n".join(part for part in parts if part)

    def _crash_loop(self) -> LinkError:
        return LinkError(
            f"The Lares engine stopped {MOST} times within 5 minutes, so Lares no longer restarts it by itself. "
            "Your agents and messages are on disk.",
            code="crash_loop",
            hint="Look at the log below, restore a backup, or try again.",
            details={"log": self._log()},
        )

    def _no_answer(self) -> LinkError:
        note = read_note(self._config.engine_file)
        process = f" (process {note.pid})" if note else ""
        return LinkError(
            f"The Lares engine{process} did not respond within {START_SECONDS:.0f} seconds.",
            code="engine_start",
            hint="Wait until the computer is less busy and try again, or end that process first.",
            details={"log": self._log()},
        )


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))


def _newer(version: str) -> LinkError:
    return LinkError(
        f"A newer Lares ({version}) is using this data folder; this one is {__version__}.",
        code="other_version",
        hint="Close the newer one first, or use it instead of this one.",
        details={"running": version, "this": __version__},
    )


def _older(version: str) -> LinkError:
    return LinkError(
        f"An older Lares ({version}) is still using this data folder.",
        code="other_version",
        hint="Close its window, or wait until its run has ended, then start this one again.",
        details={"running": version, "this": __version__},
    )
