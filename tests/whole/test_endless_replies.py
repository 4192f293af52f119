"""A reply without end, from a server to the disk and into the window: it is cut, and costs what a long one costs."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import qasync
from PySide6.QtWidgets import QApplication

from tests.support.processes.rest_child import PROVIDER, ServeChild
from tests.support.servers.endless import ENDLESS, MODEL, EndlessServer
from tests.support.window.seeing import until
from tests.whole.test_window import LaresApp

MB = 1024 * 1024


@pytest.fixture
def served(data_folder: Path) -> Iterator[tuple[ServeChild, EndlessServer]]:
    with EndlessServer() as server, ServeChild(data_folder) as child:
        child.connect_model_server(server.url)
        yield child, server


def stored(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("lares.db*"))


def most_memory(child: ServeChild) -> int:
    status = Path(f"/proc/{child.pid}/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def talk(child: ServeChild, name: str, model: str = f"{PROVIDER}/{MODEL}") -> str:
    """How the run ends in which an agent with this name answers."""
    with httpx.Client(base_url=child.url, timeout=300, trust_env=False, verify=False) as client:
        made = client.post("/v1/agents", json={"name": name, "model": model, "max_steps": 2})
        agent = made.raise_for_status().json()["id"]
        client.post(f"/v1/agents/{agent}/messages", json={"input": "Write without end."})
        run = client.get("/v1/runs", params={"agent_id": agent}).json()[0]
        return f"{run['status']}: {run['stop_reason']}"


@pytest.mark.long
def test_replies_without_end_are_cut_and_open_at_once(
    served: tuple[ServeChild, EndlessServer],
    qapp: QApplication,
    loop: qasync.QEventLoop,
    wait_for: Callable[..., Any],
    record: Callable[..., None],
) -> None:
    child, server = served
    figures: dict[str, Any] = {}
    talk(child, "small", "demo/vesta")
    for kind in ENDLESS:
        before = stored(child.folder)
        server.kind = kind
        begun = time.perf_counter()
        ended = talk(child, kind)
        figures[kind] = {
            "ended": ended,
            "s": round(time.perf_counter() - begun, 1),
            "stored_mb": round((stored(child.folder) - before) / MB, 1),
            "rss_mb": most_memory(child) // MB,
        }
    record(**figures)
    assert max(one["stored_mb"] for one in figures.values()) <= 30
    assert most_memory(child) <= 300 * MB

    async def path() -> None:
        lares = LaresApp(qapp, loop)
        await lares.open()
        workspace = lares.session.assembly.workspace
        await until(lambda: bool(workspace.agents.rows), "the agents")
        giant, small = (
            next(row.agent.id for row in workspace.agents.rows if row.agent.name == name) for name in ("text", "small")
        )
        for agent in (small, giant, small):
            begun = time.thread_time()
            workspace.open(agent)
            await until(lambda agent=agent: opened(lares, agent), "the conversation")
            took = time.thread_time() - begun
            figures[f"opened {agent[:12]}"] = round(took, 3)
        record(opened_cpu_s=round(took, 3))
        assert took <= 0.3
        await lares.close()

    wait_for(path(), 60)


def opened(lares: LaresApp, agent_id: str) -> bool:
    chat = lares.session.assembly.chat
    return chat is not None and chat.agent.id == agent_id and chat.model.rowCount() > 0 and chat.area.mounted
