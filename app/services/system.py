"""The engine about itself: what it is, where it keeps things, what it took up at its start."""

import asyncio
import os
import shutil
from pathlib import Path

from app import __version__
from app.domain.base import Micros
from app.domain.system import EngineStatus
from app.ports.secrets import SecretStore


class System:
    def __init__(self, folder: Path, secrets: SecretStore, started_at: Micros) -> None:
        self._folder = folder
        self._secrets = secrets
        self._started_at = started_at
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
