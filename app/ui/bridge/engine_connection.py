"""Keeps the window connected: connects, notices when the engine dies, connects to the next one.

Starting engines, and refusing to after three deaths, is the launcher's: here an `AppError` of it means the repair page.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, cast

from PySide6.QtCore import QObject, Signal

from app.domain.error import AppError, LinkError
from app.domain.system import EngineStatus
from app.ui.bridge.event_relay import EventRelay
from app.ui.bridge.tasks import Tasks

if TYPE_CHECKING:
    from app.link.client import Services


class Client(Protocol):
    """What the link's client gives."""

    services: "Services"
    on_notice: Callable[[str], None]

    async def wait_closed(self) -> None:
        """Returns when the link is gone, for whatever reason."""
        ...

    async def stop_engine(self, with_work: bool = False) -> bool:
        """Ends the engine if nobody else needs it."""
        ...

    async def close(self) -> None: ...


class LiveServices:
    """Stands for the services of whichever engine runs now, so that views need not notice that it was replaced."""

    def __init__(self) -> None:
        self._services: Services | None = None

    def point_to(self, services: "Services | None") -> None:
        self._services = services

    def __getattr__(self, noun: str) -> object:
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
    raise_wanted = Signal()
    """Another start of Lares asks for this window."""

    def __init__(self, tasks: Tasks, relay: EventRelay, connect: Callable[[], Awaitable[Client]]) -> None:
        super().__init__(relay)
        self._tasks = tasks
        self._relay = relay
        self._connect = connect
        self._client: Client | None = None
        self._live = LiveServices()
        self.services = cast("Services", self._live)
        """Those of whichever engine runs now."""
        self.state = "starting"

    def start(self) -> None:
        self._tasks.spawn(self._keep(), self)

    def retry(self) -> None:
        """From the repair page."""
        if self.state == "failed":
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
            self._set("again")

    async def _once(self, lost: bool) -> None:
        """One engine: from connecting to the loss of the link."""
        client = self._client = await self._connect()
        client.on_notice = self._notice
        self._live.point_to(client.services)
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
            self._relay.drop()
            self._live.point_to(None)
            self._client = None

    def _notice(self, name: str) -> None:
        if name == "raise":
            self.raise_wanted.emit()

    async def _follow(self, client: Client) -> None:
        try:
            await self._relay.follow(client.services.events.subscribe)
        except LinkError as error:
            if error.code != "engine_gone":
                raise

    def _give_up(self, error: AppError) -> None:
        self._set("failed")
        self.failed.emit(error)

    def _set(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    async def close(self, stop_work: bool) -> None:
        """Leave the engine to its work, or stop that, and end the engine unless another client needs it."""
        self._set("closing")
        client = self._client
        if client is None:
            return
        try:
            if stop_work:
                await client.services.runs.stop_all()
                await client.stop_engine(True)
        except LinkError:
            # It went by itself meanwhile, which is what was wanted.
            pass
        finally:
            await client.close()
