"""Computers whose clock is wrong: a real engine in 2020 or forty days on forgets nothing, and its agents answer."""

import os
from pathlib import Path

import httpx
import pytest

from app.services import Services
from tests.support.processes.rest_child import ServeChild

SITE = Path(__file__).resolve().parents[1] / "support" / "guards" / "watched"
DAY = 24 * 3600
YEARS = -6.5 * 365 * DAY
CLOCK = """
import runpy, time
runpy.run_path({site!r})
shift = {shift}
seconds, nanoseconds = time.time, time.time_ns
time.time = lambda: seconds() + shift
time.time_ns = lambda: nanoseconds() + int(shift * 1_000_000_000)
"""


@pytest.mark.long
@pytest.mark.parametrize("lives", [(YEARS, 0), (40 * DAY, 0, 40 * DAY, YEARS)], ids=["in 2020", "forty days on"])
def test_a_wrong_clock_forgets_nothing_and_stops_nothing(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lives: tuple[float, ...]
) -> None:
    child = ServeChild(data_folder)
    deleted: list[str] = []

    def say() -> str:
        with httpx.Client(base_url=child.url, timeout=60, trust_env=False, verify=False) as client:
            agent = client.post("/v1/agents", json={"name": "Vesta", "model": "demo/vesta"}).json()["id"]
            answer = client.post(f"/v1/agents/{agent}/messages", json={"input": "hello"})
            answer.raise_for_status()
            client.delete(f"/v1/agents/{agent}").raise_for_status()
            deleted.append(agent)
            return str(answer.json()["messages"][0]["date"])

    async def bring_back(services: Services) -> None:
        for agent in deleted:
            await services.agents.undelete(agent)

    with child:
        right = say()
    for number, shift in enumerate(lives):
        site = tmp_path / f"clock {number}"
        site.mkdir()
        (site / "sitecustomize.py").write_text(CLOCK.format(site=str(SITE / "sitecustomize.py"), shift=shift), "utf-8")
        with monkeypatch.context() as patch:
            patch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ["PYTHONPATH"]]))
            with child:
                at = say()
                assert (at[:4] != right[:4]) or shift >= 0
                assert len(list((data_folder / "backups").glob("*daily*"))) >= 1
    with child:
        say()
        child.over_link(bring_back)
