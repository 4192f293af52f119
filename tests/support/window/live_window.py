"""The whole window over a real engine, behind the real link."""

from pathlib import Path
from typing import Any

from app.ui.theme import Theme
from tests.support.window.household import LiveEngine
from tests.support.window.opened_window import OpenedWindow


class LiveWindow(OpenedWindow):
    def __init__(self, theme: Theme, folder: Path, engine: LiveEngine) -> None:
        services: Any = engine.services
        super().__init__(theme, folder, services)
        self.engine = engine

    async def open(self, width: int = 1440, height: int = 900) -> None:
        await self.engine.furnish(lambda engine: engine.recover())
        await super().open(width, height)

    async def _connect(self) -> Any:
        if self.refuse is not None:
            raise self.refuse
        return await self.engine.connect()
