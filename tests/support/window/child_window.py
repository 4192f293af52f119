"""For child processes: a whole window with a conversation open, and what it then weighs. Its engine lives elsewhere."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import qasync

from app import __version__
from app.config import Config
from app.link.client import Client, open_link
from app.link.engine_file import EngineNote
from app.link.protocol import PROTOCOL
from app.ui.application import Session, make_application, make_theme
from app.ui.state.errors import Errors
from app.ui.state.preferences import Preferences

SMAPS = Path("/proc/self/smaps_rollup")


def live(folder: str, port: int, token: str) -> dict[str, object]:
    qt = make_application()
    loop = qasync.QEventLoop(qt)
    asyncio.set_event_loop(loop)
    preferences = Preferences(Path(folder or tempfile.mkdtemp()))
    note = EngineNote(port, 1, token, PROTOCOL, __version__, time.time())

    async def connect() -> Client:
        return await open_link(note, "window")

    session = Session(make_theme(qt, preferences), Config(Path(folder)), preferences, Errors(), connect)

    async def look() -> dict[str, object]:
        session.window.resize(1440, 900)
        session.window.show()
        running = asyncio.ensure_future(session.run())
        view = session.assembly
        ready = lambda: view.chat is not None and view.chat.model.rowCount() and view.right.memory.count.text()  # noqa: E731
        while not ready():  # noqa: ASYNC110  (what a person sees has no event of its own)
            await asyncio.sleep(0.01)
        found: dict[str, object] = {"modules": sorted(sys.modules), "own_mb": own_megabytes()}
        session.window.closing.emit()
        await running
        return found

    with loop:
        return loop.run_until_complete(asyncio.wait_for(look(), 20))


def own_megabytes() -> float:
    """Private pages and the part of shared ones that falls to this process; 0 where the system does not say."""
    if not SMAPS.exists():
        return 0.0
    lines = dict(line.split(":", 1) for line in SMAPS.read_text().splitlines()[1:])
    return int(lines["Pss"].split()[0]) / 1024
