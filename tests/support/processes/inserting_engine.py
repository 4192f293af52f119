"""An engine that stores passages and messages without end, embeds them and has Chroma follow:
`python -m tests.support.processes.inserting_engine DATA FIRST`.

It prints a line for each text when it is acknowledged, and the pid of its recall process while Chroma follows.
"""

import asyncio
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from app.bootstrap import OpenEngine, RecallPlan, open_engine
from app.config import Config
from app.domain.archive import ArchiveDraft, PassageDraft
from app.domain.base import Micros
from tests.support.processes import word_embedder
from tests.support.values import samples

PLAN = RecallPlan(word_embedder.indexing_command, start_after=0, settle=0)

BURST, REST = 6, 10
"""Texts of each kind that are stored in a row, and hundredths of a second after them: Chroma follows then."""


def command(data: Path, first: int) -> Sequence[str]:
    """`first`: the number that the first text has."""
    return [sys.executable, "-m", "tests.support.processes.inserting_engine", str(data), str(first)]


def passage_text(number: int) -> str:
    return f"cupboard {_code(number)} holds spoon {_code(number + 1)}"


def message_text(number: int) -> str:
    return f"drawer {_code(number)} holds fork {_code(number + 3)}"


def _code(number: int) -> str:
    """No two of them are alike."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:12]


def message_id(number: int) -> str:
    return f"message-00000000-0000-4000-8000-{number:012d}"


def tell(word: str, number: int) -> None:
    sys.stdout.write(f"{word} {number}\n")
    sys.stdout.flush()


async def store(engine: OpenEngine, first: int) -> None:
    services = engine.services
    rows = await services.archives.list()
    archive_id = rows[0].id if rows else (await services.archives.create(ArchiveDraft(name="House"))).id
    agents = await services.agents.list()
    agent_id = agents[0].agent.id if agents else (await services.agents.create_demo()).id
    here = (await services.conversations.default_of(agent_id)).active_id
    number = first
    while True:
        for _ in range(BURST):
            await services.archives.insert(archive_id, PassageDraft(text=passage_text(number)))
            tell("passage", number)
            at: Micros = samples.NOON + number
            fields = {"id": message_id(number), "agent_id": agent_id, "at": at}
            said = samples.message("user", message_text(number), **fields)
            await engine.storage.write(lambda repos, said=said: repos.messages.append(here, said))
            tell("message", number)
            number += 1
        for _ in range(REST):
            await asyncio.sleep(0.01)
            tell("recall", engine.recall_process.pid or 0)


async def main(data: Path, first: int) -> None:
    engine = await open_engine(Config.load(data), recall=PLAN)
    await engine.recover()
    await store(engine, first)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
