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
from app.domain.block import BlockDraft  # noqa: E402
from app.domain.message import MessageDraft  # noqa: E402
from app.link.launcher import ensure_engine  # noqa: E402
from app.services import Services  # noqa: E402
from app.ui.application import Session, make_application, make_theme  # noqa: E402
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
    session.assembly.show_tab("history")
    await asyncio.sleep(1.5)
    _take(session, "memory-history-dark")
    session.theme.set_mode("light")
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
    for text in SAID:
        await _say(services, vesta, text)
    return vesta


async def _say(services: Services, agent: Agent, text: str) -> None:
    thread = await services.conversations.default_of(agent.id)
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
