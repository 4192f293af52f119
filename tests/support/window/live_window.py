"""The whole window over a real engine, behind the real link."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from app.ui.theme import Theme
from tests.support.window.household import Furnish, Household, LiveEngine
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


async def play(
    household: Household,
    folder: Path,
    theme: Theme,
    furnish: Furnish,
    story: Callable[[LiveWindow], Awaitable[None]],
) -> None:
    """Opens a window over an engine that has what `furnish` made, and closes both after the story.

    In one go: between two runs of the loop pytest-qt handles Qt's events, and would step what the link waits for.
    """
    engine = await household.open(folder, furnish)
    window = LiveWindow(theme, folder, engine)
    try:
        await window.open()
        await story(window)
    finally:
        await window.close()
        await engine.close()
