"""What reading and writing cost as a conversation grows: `python -m tests.benchmarks.storage [largest length]`.

Figures are medians. Nothing may grow with the history but the search for common words. `step` is what
an answered model call writes: two messages, a step with a 32 kB request, the run and three events; `commit` is the
smallest transaction, so the price of the disk. Between them stand the two ways to run a
statement that was run before.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import sqlalchemy as sa

from app.adapters.database import SqliteStorage, open_storage
from app.adapters.database.backups import FILE
from app.adapters.database.opening import prepare
from app.adapters.database.prepared import Prepared
from app.adapters.database.sqlite import reading_engine
from app.adapters.database.tables import runs
from app.adapters.system import RandomIds, SystemClock
from app.domain.agent import Agent
from app.domain.conversation import Conversation
from app.ports.storage import Repositories
from tests.adapters.database.making import World, conversation, run_event, step
from tests.benchmarks.figures import figure
from tests.support.engine.filling import fill
from tests.support.values import samples

LENGTHS = (10, 10_000, 100_000)
WINDOW = 60
REQUEST = tuple(f"part {number} ".encode() * 100 for number in range(40))
COLUMNS = ("append", "step", "commit", "in_context", "page", "earlier", "search rare", "search common")


async def timed(times: int, work: Callable[[], Awaitable[object]]) -> float:
    """Median in milliseconds."""
    taken: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


async def measure(world: World, length: int) -> list[float]:
    storage, place, ids = world.storage, world.conversation.id, RandomIds()

    def message(text: str = "How is the risotto?"):
        return world.message(text, id=ids.new("message"))

    async def append() -> None:
        said = message()
        await storage.write(lambda repos: repos.messages.append(place, said))

    run = world.run(id=ids.new("run"))
    await storage.write(lambda repos: repos.runs.add(run, "{}"))
    done = 0

    async def commit_step() -> None:
        nonlocal done
        done += 1

        def work(repos: Repositories) -> None:
            for text in ("A call.", "Its return."):
                repos.messages.append(place, message(text))
            new = f"new {done} ".encode() * 50
            repos.runs.add_step(step(run, id=ids.new("step"), step_no=done), (*REQUEST, new), b"reply " * 300)
            repos.runs.add_events(tuple(run_event(run, done * 10 + number) for number in range(3)))
            repos.runs.save(run, "{}" * 200)

        await storage.write(work)

    def read(work: Callable[[Repositories], object]) -> Callable[[], Awaitable[object]]:
        return lambda: storage.read(work)

    figures = [
        await timed(100, append),
        await timed(100, commit_step),
        await timed(100, lambda: storage.write(lambda repos: repos.settings.set("x", 1))),
    ]
    await storage.write(lambda repos: repos.runs.save(run.model_copy(update={"status": "completed"}), "{}"))
    await storage.write(lambda repos: _keep_window(repos, place))
    for work in (
        lambda repos: repos.messages.in_context(place),
        lambda repos: repos.messages.page(place, limit=50),
        lambda repos: repos.messages.page(place, before=length // 2 + 2, limit=50),
        lambda repos: repos.search.find(f"Message {length // 2}"),
        lambda repos: repos.search.find("rice wine oven unknownword"),
    ):
        figures.append(await timed(50, read(work)))
    return figures


def _keep_window(repos: Repositories, place: str) -> None:
    last = repos.messages.count(place)
    repos.messages.leave_context(place, last - WINDOW + 1, last + 1)


async def new_world(storage: SqliteStorage) -> World:
    agent: Agent = samples.agent()
    main: Conversation = conversation(agent.id, is_default=True)
    await storage.write(lambda repos: (repos.agents.add(agent), repos.conversations.add(main)))
    return World(storage, agent, main)


def statements(file: Path) -> None:
    engine = reading_engine(file)
    found = sa.select(runs).where(runs.c.id == sa.bindparam("run"))
    prepared = Prepared(found)
    with engine.connect() as db:
        ways: dict[str, Callable[[], object]] = {
            "SQLAlchemy": lambda: db.execute(found, {"run": "x"}).mappings().first(),
            "driver": lambda: prepared.first(db, {"run": "x"}),
        }
        for name, way in ways.items():
            way()
            begun = time.perf_counter()
            for _ in range(2_000):
                way()
            figure(f"a row by its id, by {name}", (time.perf_counter() - begun) * 500, "µs")
    engine.dispose()


async def main(largest: int) -> None:
    for length in (each for each in LENGTHS if each <= largest):
        with tempfile.TemporaryDirectory() as folder:
            clock, ids = SystemClock(), RandomIds()
            storage = await open_storage(Path(folder), clock, on_changed=lambda changed: None)
            world = await new_world(storage)
            await fill(storage, clock, ids, world.conversation.id, length, WINDOW)
            figures = await measure(world, length)
            await storage.close()
            begun = time.perf_counter()
            prepare(Path(folder), clock)
            figures.append((time.perf_counter() - begun) * 1000)
            for name, taken in zip((*COLUMNS, "open (once)"), figures, strict=True):
                figure(f"{length:,} messages: {name}", taken, "ms")
            if length == LENGTHS[0]:
                statements(Path(folder) / FILE)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else LENGTHS[-1]))
