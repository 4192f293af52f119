"""What the local API costs beside the model: `python -m tests.benchmarks.rest`.

A model server without latency in one process, `lares serve` in another, this client in a third. Figures are medians,
also as ratios to the bare call of the model server on the same machine, so that slow machines can be compared.
"""

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.model import ProviderDraft
from tests.benchmarks.figures import figure as note
from tests.support.engine.filling import fill
from tests.support.guards.source import ROOT
from tests.support.processes.rest_child import PROVIDER, ServeChild

MODEL = f"{PROVIDER}/tiny"
ROUNDS = 40


@contextlib.contextmanager
def model_server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.servers.rest_model"], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.terminate()
        process.wait(10)


async def median_ms(
    work: Callable[[int], Awaitable[Any]], rounds: int = ROUNDS, before: Callable[[], Awaitable[None]] | None = None
) -> float:
    times: list[float] = []
    for number in range(rounds + 3):
        if before is not None:
            await before()
        begun = time.perf_counter()
        await work(number)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times[3:])


def bare_body(text: str) -> dict[str, Any]:
    return {"model": "tiny", "stream": True, "messages": [{"role": "user", "content": text}]}


class Measured:
    def __init__(self, client: httpx.AsyncClient, model_url: str) -> None:
        self.client = client
        self.model_url = model_url
        self.rows: list[tuple[str, float, str, float | None]] = []

    def row(self, name: str, figure: float, unit: str, budget: float | None = None) -> None:
        self.rows.append((name, figure, unit, budget))
        note(name, figure, unit, budget)

    async def new_agent(self) -> str:
        body = {"model": MODEL, "memory_blocks": [{"label": "human", "value": "Name: Chad."}]}
        body |= {"tools": ["memory_rethink"]}
        answer = await self.client.post("/v1/agents/", json=body)
        answer.raise_for_status()
        return answer.json()["id"]

    async def empty(self, agent_id: str) -> None:
        """Its window, so that what is measured does not grow with the measuring."""
        (await self.client.patch(f"/v1/agents/{agent_id}/reset-messages", json={})).raise_for_status()

    async def say(self, agent_id: str, text: str) -> dict[str, Any]:
        answer = await self.client.post(f"/v1/agents/{agent_id}/messages", json={"input": text})
        answer.raise_for_status()
        return answer.json()

    async def bare(self, text: str) -> bytes:
        return (await self.client.post(f"{self.model_url}/chat/completions", json=bare_body(text))).content

    async def round_trips(self) -> None:
        agent = await self.new_agent()
        bare = await median_ms(lambda n: self.bare("hello"))
        empty = partial(self.empty, agent)
        plain = await median_ms(lambda n: self.say(agent, f"hello {n}"), before=empty)
        tool = await median_ms(lambda n: self.say(agent, f"tool {n}"), before=empty)
        self.row("bare call of the model server", bare, "ms")
        self.row("plain reply, over the bare call", plain - bare, "ms", 8)
        self.row("plain reply, ratio to the bare call", plain / bare, "x")
        self.row("one memory tool, over two bare calls", tool - 2 * bare, "ms", 15)
        self.row("one memory tool, ratio to two bare calls", tool / (2 * bare), "x")

    async def streams(self) -> None:
        agent = await self.new_agent()
        delays = [await self._first_token(agent) for _ in range(ROUNDS)]
        self.row("first SSE token after the model sent it", statistics.median(delays), "ms", 5)
        bare = await median_ms(lambda n: self.bare("long"))
        whole = await median_ms(lambda n: self._long(agent))
        self.row("500 tokens unthrottled, over the bare stream", whole - bare, "ms", 40)
        self.row("500 tokens unthrottled, ratio", whole / bare, "x")

    async def _first_token(self, agent: str) -> float:
        async for event in self.events(agent, "stamp"):
            if event["message_type"] == "assistant_message":
                return (time.time() - float(event["content"])) * 1000
        raise AssertionError("no token came")

    async def _long(self, agent: str) -> None:
        count = 0
        async for event in self.events(agent, "long"):
            count += event["message_type"] == "assistant_message"
        assert count == 500

    async def events(self, agent: str, text: str) -> Any:
        body = {"input": text, "streaming": True, "stream_tokens": True, "include_pings": False}
        async with self.client.stream("POST", f"/v1/agents/{agent}/messages", json=body) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line[6:])

    async def agents(self) -> None:
        self.row("create an agent", await median_ms(lambda n: self.new_agent()), "ms", 10)
        listed = (await self.client.get("/v1/agents/?limit=2000")).json()
        for _ in range(1_000 - len(listed)):
            await self.new_agent()

        async def list_all(_: int) -> None:
            answer = await self.client.get("/v1/agents/?limit=1000", headers={"X-Stainless-Package-Version": "1"})
            assert answer.content.count(b'"agent_type":"letta_v1_agent","llm_config"') == 1000

        self.row("list 1,000 agents", await median_ms(list_all, 10), "ms", 100)

    async def together(self) -> None:
        agents = [await self.new_agent() for _ in range(8)]
        each = 40

        async def talk(agent: str) -> None:
            for number in range(each):
                await self.say(agent, f"hello {number}")

        begun = time.perf_counter()
        await asyncio.gather(*(talk(agent) for agent in agents))
        self.row("8 agents at once", 8 * each / (time.perf_counter() - begun), "messages/s", 150)


async def history(model_url: str) -> float:
    """How much slower a message is after 10,000 others than after 10, with equally filled windows."""
    with tempfile.TemporaryDirectory() as folder:
        engine = await open_engine(Config.load(Path(folder)), demo_pace=0)
        await engine.recover()
        await engine.services.providers.add(ProviderDraft(name=PROVIDER, base_url=model_url))
        async with engine.services.api.serving("127.0.0.1", 0, lambda said: None):
            url = engine.services.api.url
            async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
                ratio = await _ratio(Measured(client, model_url), engine)
        await engine.close()
    return ratio


async def _ratio(bench: Measured, engine: OpenEngine) -> float:
    times: dict[str, list[float]] = {}
    for count in (10, 10_000):
        agent = await bench.new_agent()
        thread = await engine.services.conversations.default_of(agent)
        await fill(engine.storage, engine.clock, engine.ids, thread.id, count, 10)
        times[agent] = []
    for number in range(ROUNDS):
        for agent, taken in times.items():
            begun = time.perf_counter()
            await bench.say(agent, f"hello {number}")
            taken.append((time.perf_counter() - begun) * 1000)
    few, many = (statistics.median(taken) for taken in times.values())
    return many / few


async def measure(child: ServeChild, model_url: str) -> None:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=child.url, timeout=60, limits=limits, trust_env=False) as client:
        bench = Measured(client, model_url)
        await bench.round_trips()
        await bench.streams()
        await bench.together()
        await bench.agents()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, model_server() as model_url:
        begun = time.perf_counter()
        with ServeChild(Path(folder) / "d") as child:
            httpx.get(f"{child.url}/v1/health/", trust_env=False).raise_for_status()
            note("serve answers health after", (time.perf_counter() - begun) * 1000, "ms", 1000)
            note("idle memory", child.memory_kb() / 1000, "MB", 150)
            child.connect_model_server(model_url)
            asyncio.run(measure(child, model_url))
        note("10,000 stored messages, ratio to 10", asyncio.run(history(model_url)), "x", 1.1)


if __name__ == "__main__":
    main()
