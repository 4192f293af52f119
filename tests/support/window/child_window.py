"""For child processes: a whole window over fake services with a conversation open, and what it then weighs."""

import asyncio
import sys
import tempfile
from pathlib import Path

import qasync

from app.config import Config
from app.ui.application import Session, make_application, make_theme
from app.ui.state.errors import Errors
from app.ui.state.preferences import Preferences
from tests.support.window.fake_services import fake_services
from tests.support.window.opened_window import FakeClient
from tests.support.window.sample import furnish_sample

SMAPS = Path("/proc/self/smaps_rollup")


def live(folder: str) -> dict[str, object]:
    qt = make_application()
    loop = qasync.QEventLoop(qt)
    asyncio.set_event_loop(loop)
    preferences = Preferences(Path(folder or tempfile.mkdtemp()))
    services = fake_services()

    async def connect() -> FakeClient:
        return FakeClient(services)

    session = Session(make_theme(qt, preferences), Config(Path(folder)), preferences, Errors(), connect)

    async def look() -> dict[str, object]:
        await furnish_sample(services)
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
