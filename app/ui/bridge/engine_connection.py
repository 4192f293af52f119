"""Keeps the window connected: connects, notices when the engine dies, starts it again, gives up after three deaths."""

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from app.domain.error import AppError, LinkError
from app.domain.system import EngineStatus
from app.ui.bridge.event_relay import EventRelay
from app.ui.bridge.tasks import Tasks

DEATHS = 3
WITHIN_SECONDS = 300.0


class Client(Protocol):
    """What the link's client gives."""

    services: Any

    async def wait_closed(self) -> None:
        """Returns when the link is gone, for whatever reason."""
        ...

    async def close(self) -> None: ...


class LiveServices:
    """Stands for the services of whichever engine runs now, so that views need not notice that it was replaced."""

    def __init__(self) -> None:
        self._services: Any = None

    def point_to(self, services: Any) -> None:
        self._services = services

    def __getattr__(self, noun: str) -> Any:
        if self._services is None:
            raise LinkError("Lares is still starting its engine.", code="engine_gone", hint="Wait a moment.")
        return getattr(self._services, noun)


class EngineConnection(QObject):
    """States: `starting`, `connected`, `again` (lost, being started again), `failed` (the repair page), `closing`."""

    state_changed = Signal(str)
    connected = Signal(object, bool)
    """EngineStatus, and whether an earlier engine was lost."""
    failed = Signal(object)
    """AppError: no engine can be started; a person must look."""

    def __init__(self, tasks: Tasks, relay: EventRelay, connect: Callable[[], Awaitable[Client]]) -> None:
        super().__init__(relay)
        self._tasks = tasks
        self._relay = relay
        self._connect = connect
        self._client: Client | None = None
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self.services: Any = LiveServices()
        self.state = "starting"

    def start(self) -> None:
        self._tasks.spawn(self._keep(), self)

    def retry(self) -> None:
        """From the repair page: count the deaths anew and try again."""
        if self.state == "failed":
            self._deaths.clear()
            self._set("starting")
            self.start()

    async def _keep(self) -> None:
        lost = False
        while self.state != "closing":
            try:
                await self._once(lost)
            except AppError as error:
                if self.state != "closing":
                    self._give_up(error)
                return
            lost = True
            if self.state == "closing":
                return
            if self._died_too_often():
                self._give_up(_crash_loop())
                return
            self._set("again")

    async def _once(self, lost: bool) -> None:
        """One engine: from connecting to the loss of the link."""
        client = self._client = await self._connect()
        self.services.point_to(client.services)
        following = self._tasks.spawn(self._follow(client), self)
        try:
            status: EngineStatus = await client.services.system.status()
            self._set("connected")
            self.connected.emit(status, lost)
            await client.wait_closed()
        except LinkError as error:
            if error.code != "engine_gone":
                raise
        finally:
            following.cancel()
            self.services.point_to(None)
            self._client = None

    async def _follow(self, client: Client) -> None:
        try:
            await self._relay.follow(client.services.events.subscribe)
        except LinkError as error:
            if error.code != "engine_gone":
                raise

    def _died_too_often(self) -> bool:
        now = time.monotonic()
        self._deaths.append(now)
        return len(self._deaths) == DEATHS and now - self._deaths[0] <= WITHIN_SECONDS

    def _give_up(self, error: AppError) -> None:
        self._set("failed")
        self.failed.emit(error)

    def _set(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    async def close(self, stop_runs: bool) -> None:
        """End the engine too, unless runs are to go on without a window."""
        self._set("closing")
        client = self._client
        if client is None:
            return
        if stop_runs:
            try:
                await client.services.system.shutdown(True)
            except LinkError:
                return
        await client.close()


def _crash_loop() -> LinkError:
    return LinkError(
        f"The engine stopped {DEATHS} times within 5 minutes, so Lares does not start it again by itself. "
        "Your agents and messages are on disk.",
        code="crash_loop",
        hint="Look at the log below, go back to a snapshot, or try again.",
    )
