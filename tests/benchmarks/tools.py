"""Calls of tools that people write: `python -m tests.benchmarks.tools`.

Between two calls stands a pause, as a model's answer stands between them: the process of the next one is made ready
meanwhile. A fresh start is what the first call costs, and each of several at once but the first.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from app.adapters.tools.sandbox.process import ProcessSandbox
from app.ports.sandbox import SandboxCall
from tests.benchmarks.figures import figure

CALLS, PAUSE, AT_ONCE, ROUNDS = 15, 2.0, 8, 4
TICK = 0.002
PLAIN = SandboxCall(
    source="def add(a: int, b: int) -> int:\n    return a + b\n", function="add", arguments={"a": 1, "b": 2}
)
MODELS = SandboxCall(
    source="""from pydantic import BaseModel

class Person(BaseModel):
    name: str
    born: int

def greet(person: Person) -> str:
    return person.name
""",
    function="greet",
    arguments={"person": {"name": "Ada", "born": 1815}},
    converts=True,
)


async def milliseconds(sandbox: ProcessSandbox, call: SandboxCall) -> float:
    begun = time.perf_counter()
    result = await sandbox.run(call)
    assert result.ok, result
    return 1000 * (time.perf_counter() - begun)


async def in_turn(sandbox: ProcessSandbox, call: SandboxCall) -> float:
    """The middle one of many, the first not counted."""
    await milliseconds(sandbox, call)
    found: list[float] = []
    for _ in range(CALLS):
        await asyncio.sleep(PAUSE)
        found.append(await milliseconds(sandbox, call))
    return statistics.median(found)


async def lateness(until: asyncio.Event) -> list[float]:
    """How long this loop kept others waiting, in milliseconds, each time that somebody waited."""
    found: list[float] = []
    while not until.is_set():
        wanted = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        found.append(1000 * (time.perf_counter() - wanted))
    return sorted(found)


async def side_by_side(sandbox: ProcessSandbox) -> float:
    """p99 of the loop's lateness while many calls run."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(lateness(over))
        for _ in range(ROUNDS):
            await asyncio.gather(*(milliseconds(sandbox, PLAIN) for _ in range(AT_ONCE)))
        over.set()
    late = watching.result()
    return late[int(len(late) * 0.99)]


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        sandbox = ProcessSandbox(Path(folder) / "secret")
        figure("fresh start of a process, with the look for a sandbox", await milliseconds(sandbox, PLAIN), "ms")
        figure("a call", await in_turn(sandbox, PLAIN), "ms p50", 35)
        figure("a call with models as arguments", await in_turn(sandbox, MODELS), "ms p50", 120)
        figure(f"{AT_ONCE} calls at once: the loop is late", await side_by_side(sandbox), "ms p99", 60)
        await sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
