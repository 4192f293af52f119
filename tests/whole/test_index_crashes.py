"""`kill -9` while passages and messages are stored, embedded and taken over by Chroma: the database and the index agree
afterwards, and whatever was acknowledged is found by its meaning. Damage of Chroma's folder is said in a line.
"""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.adapters.recall.child.chroma_files import DATABASE
from app.adapters.recall.index import FOLDER
from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.archive import PassageFilter
from app.domain.retrieval import Meaning
from app.services.indexing import LINES
from tests.support.guards.source import ROOT
from tests.support.processes import inserting_engine
from tests.support.processes.hosting import hosting
from tests.support.processes.inserting_engine import PLAN, message_id, message_text, passage_text
from tests.support.processes.lares_process import lares

pytestmark = pytest.mark.anyio
KINDS = {1: "passages", 2: "messages", 3: "messages"}
"""Of vectors, and the table of what they belong to."""


@dataclass
class Acknowledged:
    """The numbers of what was stored."""

    passages: list[int] = field(default_factory=list[int])
    messages: list[int] = field(default_factory=list[int])


def live_and_be_killed(config: Config, first: int, lines: int, told: Acknowledged) -> bool:
    """Whether Chroma was there when the engine and its recall process were killed, so many lines after its start."""
    with subprocess.Popen(
        list(inserting_engine.command(config.folder, first)), stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as engine:
        assert engine.stdout is not None
        recall = 0
        for line in engine.stdout:
            word, number = line.split()
            if word == "recall":
                recall = int(number)
            else:
                (told.passages if word == "passage" else told.messages).append(int(number))
            if recall:
                lines -= 1
            if lines < 0:
                break
        there = (config.folder / FOLDER / DATABASE).exists()
        for pid in (engine.pid, recall):
            os.kill(pid, signal.SIGKILL)
    return there


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[OpenEngine]:
    engine = await open_engine(config, recall=PLAN)
    try:
        async with asyncio.timeout(60):
            await engine.recover()
            await engine.indexing.at_rest.wait()
        yield engine
    finally:
        await engine.close()


def check_agreement(folder: Path, told: Acknowledged) -> None:
    """All that was acknowledged is there; each text has its vectors, and Chroma knows the same ones."""
    with closing(sqlite3.connect(folder / "lares.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        texts = {row[0] for row in db.execute("SELECT text FROM passages")}
        assert {passage_text(number) for number in told.passages} <= texts
        assert {message_id(number) for number in told.messages} <= {
            row[0] for row in db.execute("SELECT id FROM messages")
        }
        (space,) = db.execute("SELECT seq FROM vector_spaces").fetchone()
        having = {kind: _numbers(db, f"SELECT owner_seq FROM vectors WHERE kind = {kind}") for kind in KINDS}
        for kind, table in KINDS.items():
            assert having[kind] == _numbers(db, f"SELECT seq FROM {table}"), table
    known = (
        "SELECT e.embedding_id FROM embeddings e JOIN segments s ON s.id = e.segment_id "
        "JOIN collections c ON c.id = s.collection WHERE c.name = 'space{}-kind{}'"
    )
    with closing(sqlite3.connect(folder / FOLDER / DATABASE)) as chroma:
        for kind in KINDS:
            assert _numbers(chroma, known.format(space, kind)) == having[kind], kind


def _numbers(db: sqlite3.Connection, query: str) -> set[int]:
    return {int(row[0]) for row in db.execute(query)}


async def check_found(engine: OpenEngine, told: Acknowledged, chosen: random.Random, most: int) -> None:
    """By meaning, `most` of each kind."""
    services = engine.services
    for number in chosen.sample(told.passages, min(most, len(told.passages))):
        passages = await services.archives.search(passage_text(number), PassageFilter(), way="meaning")
        assert passage_text(number) in [hit.passage.text for hit in passages.hits]
    for number in chosen.sample(told.messages, min(most, len(told.messages))):
        messages = await services.recall.messages(message_text(number))
        (found,) = [hit for hit in messages.hits if hit.message.text == message_text(number)]
        assert any(isinstance(reason, Meaning) for reason in found.reasons)


@pytest.mark.allow_logs("index of meanings")
async def test_after_kills_the_database_and_the_index_agree_and_nothing_acknowledged_is_lost(
    seeded_random: random.Random, times: Callable[[int, int], int], record: Callable[..., None]
) -> None:
    config, told, kills = Config.load(), Acknowledged(), times(3, 20)
    there = 0
    for life in range(kills):
        lines = seeded_random.randrange(2, 40)
        there += await asyncio.to_thread(live_and_be_killed, config, life * 10_000, lines, told)
    assert there >= kills // 2, "the kills came too early to test anything"
    async with opened(config) as engine:
        check_agreement(config.folder, told)
        await check_found(engine, told, seeded_random, times(20, 1_000))
    record(kills=kills, with_chroma=there, passages=len(told.passages), messages=len(told.messages))
    for file in (config.folder / FOLDER).rglob("*"):
        if file.is_file():
            file.write_bytes(b"garbage " * 200)
    async with opened(config) as engine:
        check_agreement(config.folder, told)
        await check_found(engine, told, seeded_random, 5)
        notices = (await engine.services.system.status()).notices
        assert [line for line in notices if line in LINES.values()] == [LINES["broken"]]
        async with hosting(config, engine.services):
            said = (await asyncio.to_thread(lares, "status")).stdout.splitlines()
    assert sum(line.startswith("notice") and line.endswith(LINES["broken"]) for line in said) == 1
