"""Makes the pictures of the README from the running program: `python packaging/pictures.py` in its environment.

Opens the real window (without a screen) over a real engine on a throw-away data folder, talks to the demo agent, and
stores what it shows in `resources/pictures`.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "resources" / "pictures"
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import qasync  # noqa: E402

from app.config import Config  # noqa: E402
from app.domain.agent import Agent, AgentDraft  # noqa: E402
from app.domain.block import BlockDraft  # noqa: E402
from app.domain.message import MessageDraft  # noqa: E402
from app.link.launcher import ensure_engine  # noqa: E402
from app.services import Services  # noqa: E402
from app.ui.application import Session, make_application, make_theme  # noqa: E402
from app.ui.errors import Errors  # noqa: E402
from app.ui.preferences import Preferences  # noqa: E402

SIZE = (1440, 900)
SAID = (
    "Hello Vesta!",
    "/markdown",
    "Remember that I cook on Saturdays and that Mia is vegetarian.",
    "By the way, my name is Brad, not Chad.",
)


async def main(session: Session) -> None:
    running = asyncio.ensure_future(session.run())
    window = session.window
    window.resize(*SIZE)
    connected = asyncio.Event()
    session.connection.connected.connect(lambda *_: connected.set())
    await connected.wait()
    await asyncio.sleep(1.0)
    _take(session, "first-run-light")
    vesta = await _furnish(session.connection.services)
    await asyncio.sleep(1.5)
    await session.assembly.workspace.open_now(vesta.id)
    await asyncio.sleep(2.0)
    _take(session, "main-light")
    session.theme.set_mode("dark")
    await asyncio.sleep(0.5)
    _take(session, "main-dark")
    session.assembly.show_tab("history")
    await asyncio.sleep(1.5)
    _take(session, "memory-history-dark")
    session.theme.set_mode("light")
    window.close()
    await running


async def _furnish(services: Services) -> Agent:
    vesta = await services.agents.create_demo()
    draft = AgentDraft(
        name="Field notes",
        model="demo/vesta",
        description="Walks and weather",
        blocks=(BlockDraft(label="places", value="Harz: trail map is saved."),),
    )
    await _say(services, await services.agents.create(draft), "Good morning!")
    for text in SAID:
        await _say(services, vesta, text)
    return vesta


async def _say(services: Services, agent: Agent, text: str) -> None:
    thread = (await services.conversations.of_agent(agent.id))[0]
    run = await services.runs.start(thread.active_id, MessageDraft.of(text))
    async for _ in services.runs.subscribe(run.id):
        pass


def _take(session: Session, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    session.window.grab().save(str(PICTURES / f"{name}.png"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        application = make_application()
        loop = qasync.QEventLoop(application)
        asyncio.set_event_loop(loop)
        config = Config.load(Path(folder))
        preferences = Preferences(config.folder)
        theme = make_theme(application, preferences)
        theme.set_mode("light")
        loop.run_until_complete(main(Session(theme, config, preferences, Errors(), lambda: ensure_engine(config))))
