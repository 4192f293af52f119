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

import httpx  # noqa: E402
import qasync  # noqa: E402

from app.config import Config  # noqa: E402
from app.domain.agent import Agent, AgentDraft  # noqa: E402
from app.domain.archive import PassageDraft  # noqa: E402
from app.domain.block import BlockDraft  # noqa: E402
from app.domain.history import Actor, Origin  # noqa: E402
from app.domain.message import MessageDraft  # noqa: E402
from app.link.launcher import ensure_engine  # noqa: E402
from app.services import Services  # noqa: E402
from app.ui.application import Session, make_application, make_theme  # noqa: E402
from app.ui.archive.view import ArchiveView  # noqa: E402
from app.ui.runs.replay.view import ReplayView  # noqa: E402
from app.ui.state.errors import Errors  # noqa: E402
from app.ui.state.preferences import Preferences  # noqa: E402
from tests.support.servers.ollama_pages import Installed  # noqa: E402
from tests.support.servers.ollama_server import OllamaServer  # noqa: E402

OLLAMA_PORT = 11_434
"""Where Lares looks for it by itself; nothing else may serve there."""

SIZE = (1440, 900)
SAID = (
    "Hello Vesta!",
    "/markdown",
    "Remember that I cook on Saturdays and that Mia is vegetarian.",
    "By the way, my name is Brad, not Chad.",
)
PASSAGES = (
    ("Boiler serviced every two years by Kruse, last in May 2024.", ("heating",)),
    ("Set the heating to 18 degrees when nobody is home for more than a day.", ("house",)),
    ("Firewood comes from the farm in Elend, two cubic metres each autumn.", ("house",)),
    ("The heating engineer needs the key to the cellar; it hangs behind the coats.", ("house", "heating")),
    ("Radiator in the study bled, it had been cold at the top.", ("heating",)),
    ("Brandt’s invoice 2026-118 was paid on 30 March, 214.20 euros.", ("house", "invoices")),
    ("Brandt will bring the offer for a heat pump on 14 November, Mia is at home.", ("heating",)),
    ("Boiler serviced by Brandt on 12 March 2026, burner cleaned, pressure 1.6 bar.", ("heating", "house")),
)
"""What the demo agent's archive holds, with tags. The last one took the place of the first."""
VIEWS = (
    ("history", "dark", "memory-history"),
    ("archive", "light", "archive"),
    ("request", "dark", "context"),
    ("compact", "light", "compact-now"),
    ("inbox", "dark", "inbox"),
    ("run list", "light", "runs"),
    ("replay", "dark", "replay"),
    ("tool studio", "light", "tool-studio"),
)
"""Pages, and the names of their pictures."""
SETTLED = 2.5
"""Seconds in which a page has read what it shows."""
GB = 1_000_000_000
MODELS = (
    ("qwen3:8b", 5.2, 40_960, ("completion", "tools", "thinking")),
    ("ministral-3:8b", 6.0, 262_144, ("completion", "tools", "vision")),
    ("gemma4:e4b", 9.6, 131_072, ("completion", "tools", "vision")),
    ("mistral-small3.2:24b", 15.2, 131_072, ("completion", "tools", "vision")),
    ("nomic-embed-text:latest", 0.27, 2_048, ("embedding",)),
)
"""What the scripted Ollama of the first picture has: name, gigabytes, trained context, capabilities."""


async def main(session: Session) -> None:
    running = asyncio.ensure_future(session.run())
    window = session.window
    session.show()
    window.resize(*SIZE)
    window.activateWindow()
    connected = asyncio.Event()
    session.connection.connected.connect(lambda *_: connected.set())
    await connected.wait()
    services = session.connection.services
    await _first_run(session)
    vesta = await _furnish(services)
    await asyncio.sleep(1.5)
    await session.assembly.workspace.open_now(vesta.id)
    await asyncio.sleep(2.0)
    _take(session, "main-light")
    session.theme.set_mode("dark")
    await asyncio.sleep(0.5)
    _take(session, "main-dark")
    await _views(session)
    await _local_api(session, vesta)
    window.close()
    await running


async def _first_run(session: Session) -> None:
    """No server; one that appears; a download that has come half way."""
    await asyncio.sleep(1.0)
    _take(session, "first-run-empty-light")
    installed = [
        Installed(name, size=int(size * GB), context=context, capabilities=able, tags_capabilities=able)
        for name, size, context, able in MODELS
    ]
    library = {"qwen3:4b": (int(2.5 * GB), 1_500, 400)}
    ollama = OllamaServer(
        port=OLLAMA_PORT, installed=installed, library=library, pull_step=38_000_000, pull_seconds=0.5
    )
    with ollama:
        async with asyncio.timeout(30):
            while not session.assembly.first_run.use.isEnabled():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        provider = next(p for p in await session.connection.services.providers.list() if p.kind == "ollama")
        await session.connection.services.models.pull(provider.id, "qwen3:4b")
        await asyncio.sleep(6.0)
        _take(session, "first-run-light")
        await session.connection.services.models.cancel_pull(provider.id, "qwen3:4b")
    await session.connection.services.providers.delete(provider.id)


async def _views(session: Session) -> None:
    """What shows memory beyond the window, each light or dark, once all of it is read for its meaning."""
    async with asyncio.timeout(120):
        while not (told := await session.connection.services.recall.progress()).looked or told.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
    assembly, theme = session.assembly, session.theme
    for page, mode, name in VIEWS:
        theme.set_mode(mode)
        assembly.show_tab(page)
        await asyncio.sleep(SETTLED)
        shown = assembly.centre.page_named(page)
        if isinstance(shown, ArchiveView):
            shown.field.setText("when was Brandt here for the heating")
            await asyncio.sleep(SETTLED)
        elif isinstance(shown, ReplayView):
            shown.setup.play.click()
            await asyncio.sleep(2 * SETTLED)
        _take(session, f"{name}-{mode}")
    theme.set_mode("light")


async def _local_api(session: Session, vesta: Agent) -> None:
    api = session.connection.services.api
    url = (await api.start(8283)).url
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as program:
        program.headers["User-Agent"] = "letta-client/1.12.1"
        await program.get("/v1/agents/")
        said = {"messages": [{"role": "user", "content": "What do you know about me?"}]}
        await program.post(f"/v1/agents/{vesta.id}/messages", json=said)
        await program.get(f"/v1/agents/{vesta.id}/core-memory/blocks")
    session.assembly.pages.local_api()
    await asyncio.sleep(1.5)
    _take(session, "local-api-light")
    await api.stop()


async def _furnish(services: Services) -> Agent:
    vesta = await services.agents.create_demo()
    draft = AgentDraft(
        name="Field notes",
        model="demo/vesta",
        description="Walks and weather",
        blocks=(BlockDraft(label="places", value="Harz: trail map is saved."),),
    )
    await _say(services, await services.agents.create(draft), "Good morning!")
    by_agent = Origin(actor=Actor(kind="agent", name=vesta.name))
    ids: list[str] = []
    for number, (text, tags) in enumerate(PASSAGES):
        draft = PassageDraft(text=text, tags=tags)
        stored = await services.archives.insert_for(vesta.id, draft, by_agent if number % 2 else Origin())
        ids.append(stored.passage.id)
    await services.archives.supersede((ids[0],), by=ids[-1])
    for text in SAID:
        await _say(services, vesta, text)
    return vesta


async def _say(services: Services, agent: Agent, text: str) -> None:
    thread = await services.conversations.default_of(agent.id)
    run = await services.runs.start(thread.active_id, MessageDraft.of(text))
    while (await services.runs.get(run.id)).active:  # noqa: ASYNC110  (a reader of its events may be too slow)
        await asyncio.sleep(0.2)


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
