"""An engine that dies in the middle of writing loses nothing it acknowledged and leaves nothing half done."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.adapters.database.sqlite import check
from app.domain.archive import Archive, ArchiveContents, Passage, PassageFilter
from app.domain.page import PageRequest
from app.domain.retrieval import Term
from app.ports.storage import Repositories
from app.ports.storage.archives import Narrowed
from tests.adapters.database.conftest import Opener
from tests.adapters.database.making import World

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[3]


def write_until_killed(folder: Path, lines: int) -> list[str]:
    """Lets a child write until it has acknowledged so many lines, kills it, and returns all it acknowledged."""
    command = [sys.executable, str(Path(__file__).with_name("crashing.py")), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_environment()) as child:
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        told += child.stdout.readlines()
    # A line that was cut off by the kill was not acknowledged.
    return [line.strip() for line in told if line.endswith("\n")]


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}


async def test_killed_writers_leave_every_acknowledged_transaction_whole(
    world: World, opened: Opener, data_folder: Path, times: Callable[[int, int], int], seeded_random: random.Random
) -> None:
    await world.storage.close()
    acknowledged: list[str] = []
    for _ in range(times(3, 50)):
        acknowledged += await asyncio.to_thread(write_until_killed, data_folder, seeded_random.randrange(1, 60))
        assert check(data_folder / "lares.db") == ""
    storage = await opened()
    place = world.conversation.id
    members = await storage.read(lambda repos: repos.messages.page(place, limit=1_000_000))
    texts = [member.message.text for member in members]
    assert [member.position for member in members] == list(range(1, len(members) + 1))
    firsts, seconds = texts[::2], texts[1::2]
    assert [text[:-1] for text in firsts] == [text[:-1] for text in seconds]
    assert {text[-1] for text in firsts} == {"a"}
    stored = [text[:-2] for text in firsts]
    for line in set(acknowledged):
        assert acknowledged.count(line) <= stored.count(line)
    (hit,) = await storage.read(lambda repos: repos.search.find(texts[-1], limit=1))
    assert hit.message.text == texts[-1]
    # Each transaction stored a passage too: rows, tags, counts and the index of words agree.
    contents, archives, passages = await storage.read(_archival)
    assert len(passages) == len(firsts) == sum(archive.passages for archive in archives) == contents.passages
    assert [(tag.tag, tag.passages) for tag in contents.tags] == [("told", len(passages))]
    words = [f"note{text[0]}" for text in firsts]
    for word in set(words):
        assert await storage.read(lambda repos, word=word: len(_with_word(repos, word))) == words.count(word)


def _with_word(repos: Repositories, word: str) -> tuple[int, ...]:
    (rows,) = repos.passages.with_words((Term(word, (word,), exact=True),), PassageFilter(), Narrowed()).rows
    return rows


def _archival(repos: Repositories) -> tuple[ArchiveContents, tuple[Archive, ...], tuple[Passage, ...]]:
    archives = repos.archives.list()
    return (
        repos.passages.contents([archive.id for archive in archives]),
        archives,
        repos.passages.list(PassageFilter(), PageRequest(limit=1_000_000)),
    )
