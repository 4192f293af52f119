"""The engine about itself: what it is, where it keeps things, and its end."""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from app import __version__
from app.domain.base import Micros
from app.domain.error import Conflict, StorageError
from app.domain.system import EngineStatus
from app.ports.secrets import SecretStore
from app.services.runs import Runs

log = logging.getLogger(__name__)


class System:
    def __init__(
        self, folder: Path, secrets: SecretStore, runs: Runs, started_at: Micros, request_exit: Callable[[], None]
    ) -> None:
        self._folder = folder
        self._secrets = secrets
        self._runs = runs
        self._started_at = started_at
        self._request_exit = request_exit
        self.notices: list[str] = []
        self._recovered: asyncio.Future[tuple[tuple[str, ...], tuple[str, ...]]] = asyncio.Future()

    def set_recovered(self, resumed: tuple[str, ...], interrupted: tuple[str, ...]) -> None:
        """Told once, when it is known what becomes of the runs that the last engine left behind."""
        self._recovered.set_result((resumed, interrupted))

    async def status(self) -> EngineStatus:
        """Waits until recovery has begun, so that nobody is told too little."""
        resumed, interrupted = await asyncio.shield(self._recovered)
        usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        return EngineStatus(
            version=__version__,
            pid=os.getpid(),
            data_folder=str(self._folder),
            started_at=self._started_at,
            secrets=self._secrets.backend,
            notices=tuple(self.notices),
            resumed_runs=resumed,
            interrupted_runs=interrupted,
            free_bytes=usage.free,
        )

    async def shutdown(self, stop_runs: bool) -> None:
        """Ends the engine. Raises `Conflict` (`busy`) when runs are active and may not be stopped."""
        active = await self._runs.active()
        if active and not stop_runs:
            raise Conflict("Agents are still replying.", code="busy", details={"runs": len(active)})
        for run in active:
            try:
                await self._runs.cancel(run.id)
            except StorageError as error:  # no reason to stay: the next start ends the run
                log.warning("run %s could not be stopped: %s", run.id, error.message)
        self._request_exit()
