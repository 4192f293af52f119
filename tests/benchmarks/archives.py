"""100,000 passages: how fast they are stored, listed and found by words: `python -m tests.benchmarks.archives`.

Texts are made up of words as frequent as those of a language (the n-th word 1/n as often as the first). What meaning
adds is measured by `tests.benchmarks.retrieval`.
"""

import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.bootstrap import open_engine
from app.config import Config
from app.domain.archive import ArchiveDraft, PassageDraft, PassageFilter
from app.domain.page import PageRequest
from app.services import Services
from tests.benchmarks.figures import figure

MANY, PORTION, QUERIES = 100_000, 500, 200
WORDS, LENGTH = 20_000, 18
LEAST_INSERTS = 500
MOST_MS, MOST_TAGGED_MS = 50, 150


class Texts:
    """Words by their frequency, the same each time."""

    def __init__(self) -> None:
        self._dice = random.Random(7)
        sounds = [c + v for c in "bdfgklmnprst" for v in "aiou"]
        self._words = ["".join(three) for three in itertools.islice(itertools.product(sounds, repeat=3), WORDS)]
        self._dice.shuffle(self._words)
        weights, total = [1 / number for number in range(1, WORDS + 1)], 0.0
        self._sums = [total := total + weight for weight in weights]

    def some(self, number: int) -> str:
        return " ".join(self._dice.choices(self._words, cum_weights=self._sums, k=number))

    def draft(self, number: int) -> PassageDraft:
        tags = ("all", f"month {number % 12}", f"topic {number % 500}")
        return PassageDraft(text=self.some(LENGTH), tags=tags)


async def p95_ms(work: Callable[[int], Awaitable[object]], times: int = QUERIES) -> float:
    taken: list[float] = []
    for number in range(times):
        begun = time.perf_counter()
        await work(number)
        taken.append((time.perf_counter() - begun) * 1000)
    return sorted(taken)[int(len(taken) * 0.95)]


async def measure(services: Services) -> None:
    texts, archives = Texts(), services.archives
    agent = await services.agents.create_demo()
    archive = await archives.create(ArchiveDraft(name="Large"), agent.id)
    begun = time.perf_counter()
    for start in range(0, MANY, PORTION):
        await archives.add(archive.id, tuple(texts.draft(number) for number in range(start, start + PORTION)))
    figure("passages stored, rows and words", MANY / (time.perf_counter() - begun), "a second", LEAST_INSERTS)
    one = await p95_ms(lambda number: archives.insert(archive.id, texts.draft(number)), 50)
    figure("one stored, looked for its like, p95", one, "ms")
    everything = PassageFilter(agent_id=agent.id)
    queries = [texts.some(3) for _ in range(QUERIES)]

    def searched(**wanted: object) -> Callable[[int], Awaitable[object]]:
        narrowed = everything.model_copy(update=wanted)
        return lambda number: archives.search(queries[number], narrowed, 20)

    figure("search, three words, p95", await p95_ms(searched()), "ms", MOST_MS)
    figure("search, a tag of 0.2 %, p95", await p95_ms(searched(tags=("topic 7",))), "ms", MOST_TAGGED_MS)
    figure("search, a tag of 8 %, p95", await p95_ms(searched(tags=("month 7",))), "ms", MOST_TAGGED_MS)
    both = searched(tags=("all", "month 7"), all_tags=True)
    figure("search, two tags of which all have one, p95", await p95_ms(both), "ms", MOST_TAGGED_MS)
    tagged = everything.model_copy(update={"tags": ("topic 7",)})
    page = await p95_ms(lambda number: archives.passages(everything, PageRequest(limit=100)), 50)
    figure("a page of 100, p95", page, "ms")
    page = await p95_ms(lambda number: archives.passages(tagged, PageRequest(limit=100)), 50)
    figure("a page of 100 with a tag, p95", page, "ms")
    figure("what an archive holds, counted, p95", await p95_ms(lambda _: archives.contents((archive.id,)), 20), "ms")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = await open_engine(Config(Path(folder)))
        await engine.services.recall.pause_indexing()  # it would have the other processor
        await measure(engine.services)
        await engine.close()


if __name__ == "__main__":
    asyncio.run(main())
