"""A long life: after thousands of turns the engine holds as much memory, as many files and as little log as before."""

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.processes.rest_child import PROVIDER, ServeChild, open_files
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.long

TURNS = int(os.environ.get("LARES_SOAK_TURNS", "20000"))
WARM = 0.2
"""The part of the turns after which caches are as full as they get."""
MORE_MEMORY = 1.10
MORE_FILES = 5
LOG_BYTES = 64 * 1024
AGENTS = 5


def log_size(folder: Path) -> int:
    return sum(file.stat().st_size for file in (folder / "logs").iterdir())


def test_a_long_life_leaves_nothing_behind_in_the_process(data_folder: Path, record: Callable[..., None]) -> None:
    figures: list[tuple[int, int, int, int]] = []
    with OpenAIServer() as server, ServeChild(data_folder) as child:
        child.connect_model_server(server.url)
        with httpx.Client(base_url=child.url, timeout=60, trust_env=False, verify=False) as client:
            body = {"model": f"{PROVIDER}/{server.model}", "context_window_limit": 8_192}
            memory = [{"label": "human", "value": "Name: Chad.", "limit": 2_000}]
            agents = [
                client.post("/v1/agents", json={**body, "name": f"Soak {n}", "memory_blocks": memory}).json()["id"]
                for n in range(AGENTS)
            ]
            for turn in range(1, TURNS + 1):
                said = f"Turn {turn}: how is the risotto?" if turn % 10 else f"My name is Name{turn}."
                answer = client.post(f"/v1/agents/{agents[turn % AGENTS]}/messages", json={"input": said})
                assert answer.status_code == 200, answer.text
                if turn % max(1, TURNS // 20) == 0:
                    server.requests.clear()
                    figures.append((turn, child.memory_kb(), open_files(child.pid), log_size(data_folder)))
    record(figures=[{"turn": t, "rss_mb": kb // 1024, "files": files, "log": log} for t, kb, files, log in figures])
    warm = [one for one in figures if one[0] <= TURNS * WARM]
    _, memory_kb, files, log = warm[-1]
    assert max(one[1] for one in figures) <= memory_kb * MORE_MEMORY
    assert max(one[2] for one in figures) <= files + MORE_FILES
    assert figures[-1][3] <= log + LOG_BYTES
