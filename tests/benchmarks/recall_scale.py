"""Searching very much: `python -m tests.benchmarks.recall_scale [passages] [messages] [--kept FOLDER]`.

100,000 passages by meaning and words, with made-up vectors, and 1,000,000 messages by words. Every search goes through
the services of a whole engine with a recall process of its own; there the query gets a vector that costs nothing, since
what the built-in embedder takes for one is a figure of its own. `--kept` keeps both databases for the next time: they
take two minutes to fill. Machines are shared, so each p95 is that of the best of several rounds, beside the processor
time that a search took in both processes.
"""

import argparse
import asyncio
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.adapters.database import mapping
from app.adapters.database.backups import FILE
from app.adapters.recall.child.quantised import packed_rows
from app.adapters.recall.client import RecallProcess
from app.adapters.recall.index import RecallIndex
from app.bootstrap import OpenEngine, RecallPlan, open_engine
from app.config import Config
from app.domain.archive import ArchiveDraft, PassageFilter
from app.domain.embedding import BUILT_IN_MODEL
from app.domain.message import Message, MessageScope, Role, TextPart
from app.domain.page import PageRequest
from app.domain.search_text import index_text, stem_of
from app.domain.vector import Vector
from app.ports.storage.vectors import OwnVector
from tests.benchmarks.archives import MANY, PORTION, Texts
from tests.benchmarks.figures import figure
from tests.support.processes import word_embedder

MESSAGES, AGENTS, LENGTH = 1_000_000, 8, 18
ROUNDS, QUERIES = 4, 60
SIDES: tuple[Role, ...] = ("user", "assistant")
LEAST_INSERTS = 500
MOST_MS, MOST_TAGGED_MS = 50, 150
MOST_RARE_MS, MOST_COMMON_MS = 100, 500
COMMON = 0.01
"""Share of the messages from which on a word is a common one."""
TOPICS = 500
"""Groups in which the made-up vectors lie, as texts about one matter do."""
SECOND = 1_000_000
STARTS = 5
PARTS = ("passages", "messages")


class Taken(NamedTuple):
    p50: float
    p95: float
    cpu: float


class Watch:
    """Takes the time of searches, in the engine and in its recall process."""

    def __init__(self, engine: OpenEngine) -> None:
        self._engine = engine

    async def rounds(self, work: Callable[[int], Awaitable[object]]) -> Taken:
        """Milliseconds: of the best round each, wall and processor."""
        await work(0)
        rounds = [await self._round(work) for _ in range(ROUNDS)]
        return Taken(*(min(each) for each in zip(*rounds, strict=True)))

    async def _round(self, work: Callable[[int], Awaitable[object]]) -> Taken:
        taken: list[float] = []
        cpu = self._cpu()
        for number in range(QUERIES):
            begun = time.perf_counter()
            await work(number)
            taken.append((time.perf_counter() - begun) * 1000)
        cpu = (self._cpu() - cpu) * 1000 / QUERIES
        return Taken(statistics.median(taken), sorted(taken)[int(QUERIES * 0.95)], cpu)

    def _cpu(self) -> float:
        pid = self._engine.recall_process.pid
        told = Path(f"/proc/{pid}/stat")
        if pid is None or not told.exists():
            return time.process_time()
        user, system = told.read_text("utf-8").rpartition(")")[2].split()[11:13]
        return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def measured(watch: Watch, name: str, work: Callable[[int], Awaitable[object]], budget: float) -> None:
    taken = await watch.rounds(work)
    figure(f"{name}, p50", taken.p50, "ms")
    figure(f"{name}, p95", taken.p95, "ms", budget)
    figure(f"{name}, processor", taken.cpu, "ms")


async def opened(folder: Path) -> OpenEngine:
    engine = await open_engine(Config(folder), recall=RecallPlan(word_embedder.command, 0, 0))
    await engine.services.recall.pause_indexing()  # it would have the other processor
    return engine


async def fill_passages(folder: Path, texts: Texts) -> None:
    engine = await opened(folder)
    agent = await engine.services.agents.create_demo()
    archive = await engine.services.archives.create(ArchiveDraft(name="Large"), agent.id)
    begun, cpu = time.perf_counter(), time.process_time()
    for start in range(0, MANY, PORTION):
        drafts = tuple(texts.draft(number) for number in range(start, start + PORTION))
        await engine.services.archives.add(archive.id, drafts)
    figure("passages stored, rows and words", MANY / (time.perf_counter() - begun), "a second", LEAST_INSERTS)
    figure("passages stored in a second of a processor", MANY / (time.process_time() - cpu), "a second", LEAST_INSERTS)
    seqs = await engine.storage.read(lambda repos: [one.seq for one in repos.archives.embedders()])
    for start, vectors in enumerate(made_up_vectors(MANY, PORTION)):
        own = [OwnVector("passage", start * PORTION + at + 1, seqs[0], vector) for at, vector in enumerate(vectors)]
        await engine.storage.write(
            lambda repos, own=own: repos.vectors.add(repos.vectors.space(BUILT_IN_MODEL, 1), own)
        )
    await engine.close()


def made_up_vectors(many: int, at_once: int) -> Iterator[list[Vector]]:
    rng, dimension = np.random.default_rng(3), BUILT_IN_MODEL.dimension
    topics = rng.normal(size=(TOPICS, dimension)).astype(np.float32)
    for _ in range(0, many, at_once):
        rows = topics[rng.integers(0, TOPICS, at_once)] + rng.normal(size=(at_once, dimension)).astype(np.float32)
        packed = packed_rows((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
        step = len(packed) // at_once
        yield [Vector.unpacked(packed[at * step : (at + 1) * step]) for at in range(at_once)]


async def search_passages(folder: Path, texts: Texts) -> None:
    engine = await opened(folder)
    (row,) = await engine.services.agents.list()
    everything = PassageFilter(agent_id=row.agent.id)
    queries = [texts.some(3) for _ in range(QUERIES)]
    (first,) = await engine.services.archives.passages(everything, PageRequest(limit=1, descending=False))
    (last,) = await engine.services.archives.passages(everything, PageRequest(limit=1))
    watch = Watch(engine)

    async def searched(name: str, budget: float, **wanted: object) -> None:
        narrowed = everything.model_copy(update=wanted)

        async def search(number: int) -> None:
            found = await engine.services.archives.search(queries[number], narrowed, 20)
            assert found.state.by_meaning, found.state.note

        await measured(watch, name, search, budget)

    compared = "all compared one by one"
    await searched(f"search, {compared}", MOST_MS)
    await searched("a tag of 0.2 %", MOST_TAGGED_MS, tags=("topic 7",))
    await searched("a tag of 8 %", MOST_TAGGED_MS, tags=("month 7",))
    await searched("two tags, one on all", MOST_TAGGED_MS, tags=("all", "month 7"), all_tags=True)
    await searched("a tag on all", MOST_TAGGED_MS, tags=("all",))
    middle = (first.created_at + last.created_at) // 2
    await searched("the newer half by date", MOST_TAGGED_MS, start=middle)
    index, more, begun = RecallIndex(engine.recall_process, engine.storage.file), True, time.perf_counter()
    while more:
        _, more, _ = await index.follow(BUILT_IN_MODEL.space, "passage", was_made=True)
    figure("index over all of them made, or found made", time.perf_counter() - begun, "s")
    await searched("search, the index made", MOST_MS)
    await engine.close()


async def starts(filled: Path) -> None:
    """Opening an engine with 100,000 passages against one with none, in turns."""
    with tempfile.TemporaryDirectory() as empty:
        folders = {"none": Path(empty), "100,000 passages": filled}
        taken: dict[str, list[float]] = {name: [] for name in folders}
        for _ in range(STARTS + 1):
            for name, folder in folders.items():
                begun = time.perf_counter()
                engine = await open_engine(Config(folder), recall=RecallPlan(word_embedder.command, 0, 0))
                await engine.recover()
                taken[name].append((time.perf_counter() - begun) * 1000)
                await engine.close()
        for name, times in taken.items():
            figure(f"engine opened with {name}, best of {STARTS}", min(times[1:]), "ms")


async def embedding() -> None:
    process = RecallProcess()
    begun = time.perf_counter()
    await process.embed(["The first one loads it."])
    figure("built-in embedder loaded, with the first query", (time.perf_counter() - begun) * 1000, "ms")
    taken: list[float] = []
    for number in range(QUERIES):
        begun = time.perf_counter()
        await process.embed([f"Who looked after the heating in October {number}?"])
        taken.append((time.perf_counter() - begun) * 1000)
    await process.close()
    figure("a query embedded, p50", statistics.median(taken), "ms")
    figure("a query embedded, p95", sorted(taken)[int(QUERIES * 0.95)], "ms")


def fill_messages(folder: Path, texts: Texts) -> None:
    """Straight into the tables and the index of words, as the engine writes them one by one."""
    agents, places = asyncio.run(_agents(folder))
    db = sqlite3.connect(folder / FILE)
    db.execute("PRAGMA synchronous=OFF")
    first = mapping.message_values(_message(0, agents[0], ""))
    columns = ", ".join(("seq", *first))
    insert = f"INSERT INTO messages ({columns}) VALUES ({', '.join('?' * (len(first) + 1))})"
    begun = time.perf_counter()
    for start in range(0, MESSAGES, 20_000):
        many = [_message(at, agents[at % AGENTS], texts.some(LENGTH)) for at in range(start, start + 20_000)]
        db.executemany(insert, [(start + at + 1, *mapping.message_values(one).values()) for at, one in enumerate(many)])
        db.executemany(
            "INSERT INTO conversation_messages (conversation_seq, position, message_seq, entered_seq, left_seq) "
            "VALUES (?, ?, ?, ?, ?)",
            [
                (places[at % AGENTS], at // AGENTS + 1, at + 1, at // AGENTS + 1, MESSAGES)
                for at in range(start, start + 20_000)
            ],
        )
        db.executemany(
            "INSERT INTO message_search (rowid, words, scope) VALUES (?, ?, ?)",
            [
                (start + at + 1, index_text(one.text), f"{one.agent_id.replace('-', '')} role{one.role}")
                for at, one in enumerate(many)
            ],
        )
        db.commit()
    db.close()
    figure("messages written in bulk", MESSAGES / (time.perf_counter() - begun), "a second")


async def _agents(folder: Path) -> tuple[list[str], list[int]]:
    engine = await opened(folder)
    agents = [await engine.services.agents.create_demo() for _ in range(AGENTS)]
    file = engine.storage.file
    await engine.close()
    db = sqlite3.connect(file)
    seqs = dict(db.execute("SELECT agent_id, seq FROM conversations"))
    db.close()
    return [agent.id for agent in agents], [seqs[agent.id] for agent in agents]


def _message(number: int, agent_id: str, text: str) -> Message:
    return Message(
        id=f"message-{number:032d}",
        agent_id=agent_id,
        role=SIDES[number // AGENTS % 2],
        parts=(TextPart(text=text),),
        created_at=(number + 1) * 60 * SECOND,
    )


def words_by_share(file: Path) -> dict[str, float]:
    """The share of the messages that have each word or one of its forms, as the search looks for it."""
    db = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    db.execute("CREATE VIRTUAL TABLE temp.held USING fts5vocab(main, message_search, col)")
    forms: dict[str, int] = {}
    for word, many in db.execute("SELECT term, doc FROM held WHERE col = 'words'"):
        forms[stem_of(word)] = forms.get(stem_of(word), 0) + many
    db.close()
    return {stem: many / MESSAGES for stem, many in forms.items()}


async def search_messages(folder: Path) -> None:
    shares = words_by_share(folder / FILE)
    dice = random.Random(11)
    common = sorted(word for word, share in shares.items() if share >= COMMON)
    rare = sorted(word for word, share in shares.items() if share < COMMON)
    edge = sorted((word for word in rare), key=lambda word: -shares[word])[:60]
    print(f"{len(common)} common words, {len(rare)} rare ones")
    rare_ones = [" ".join((dice.choice(rare), *dice.choices(common, k=number % 4))) for number in range(QUERIES)]
    at_the_edge = [" ".join((dice.choice(edge), *dice.choices(common, k=number % 4))) for number in range(QUERIES)]
    common_ones = [" ".join(dice.sample(common, k=1 + number % 4)) for number in range(QUERIES)]
    most_common = sorted(common, key=lambda word: -shares[word])[:12]
    commonest = [" ".join(dice.sample(most_common, k=1 + number % 4)) for number in range(QUERIES)]
    engine = await opened(folder)
    agents = await engine.services.agents.list()
    watch = Watch(engine)

    async def searched(name: str, queries: Sequence[str], budget: float, **wanted: object) -> None:
        scope = MessageScope.model_validate(wanted)

        async def search(number: int) -> None:
            await engine.services.recall.messages(queries[number], scope, 20, by_meaning=False)

        await measured(watch, name, search, budget)

    kinds = (
        ("a rare word and up to 3 common ones", rare_ones, MOST_RARE_MS),
        ("one just below 1 % and up to 3 common ones", at_the_edge, MOST_RARE_MS),
        ("1 to 4 common words", common_ones, MOST_COMMON_MS),
        ("1 to 4 of the commonest dozen", commonest, MOST_COMMON_MS),
    )
    late = MESSAGES * 54 * SECOND
    for name, queries, budget in kinds:
        await searched(name, queries, budget)
        await searched(f"{name}; one agent", queries, budget, agent_id=agents[3].agent.id)
        await searched(f"{name}; one agent, newest tenth", queries, budget, agent_id=agents[3].agent.id, start=late)
        await searched(f"{name}; one side, oldest tenth", queries, budget, roles=("user",), end=MESSAGES * 6 * SECOND)

    async def listed(number: int) -> None:
        await engine.services.messages.search(common_ones[number], limit=20)

    await measured(watch, "the window's list, 1 to 4 common words", listed, MOST_COMMON_MS)
    await engine.close()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", metavar="passages|messages", help="one of the two; none: both")
    asked.add_argument("--kept", type=Path, help="folder that keeps both databases from one time to the next")
    given = asked.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        asked.error(f"there is no part {', '.join(sorted(unknown))}")
    parts = given.parts or PARTS
    with tempfile.TemporaryDirectory() as thrown_away:
        folder: Path = given.kept or Path(thrown_away)
        if "passages" in parts:
            here, texts = folder / "passages", Texts()
            if not (here / "done").exists():
                asyncio.run(fill_passages(here, texts))
                (here / "done").touch()
            asyncio.run(search_passages(here, texts))
            asyncio.run(starts(here))
            asyncio.run(embedding())
        if "messages" in parts:
            here = folder / "messages"
            if not (here / "done").exists():
                fill_messages(here, Texts())
                (here / "done").touch()
            asyncio.run(search_messages(here))


if __name__ == "__main__":
    main()
