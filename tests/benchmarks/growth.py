"""What a turn leaves behind, as a conversation grows: `python -m tests.benchmarks.growth [turns ...]`.

Bytes of the database and of the process for each turn around that length, with all messages in the context window and
a scripted model server. Neither may grow with the length.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from app.adapters.database.backups import FILE
from app.adapters.database.sqlite import plain_connection
from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import AgentDraft
from app.domain.block import BlockDraft
from app.domain.model import ProviderDraft
from tests.benchmarks.figures import figure
from tests.benchmarks.rest import MODEL, PROVIDER, model_server
from tests.support.engine.talking import say

TURNS = (10, 300, 1_200)
AROUND = 10
"""Turns that a figure is the mean of."""
MOST = 20_000
TEXT = "How is the risotto, and who is coming on Saturday? " * 4


async def main(lengths: tuple[int, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder, model_server() as url:
        engine = await open_engine(Config.load(Path(folder)), demo_pace=0)
        await engine.services.providers.add(ProviderDraft(name=PROVIDER, base_url=url))
        block = BlockDraft(label="human", value="Name: Chad.")
        draft = AgentDraft(name="Growing", model=MODEL, context_window=1_000_000, blocks=(block,))
        agent = await engine.services.agents.create(draft)
        done = 0
        for length in lengths:
            while done < length:
                await say(engine.services, agent, TEXT)
                done += 1
            before, memory = await stored(engine, Path(folder)), resident()
            for _ in range(AROUND):
                await say(engine.services, agent, TEXT)
            done += AROUND
            more = await stored(engine, Path(folder)) - before
            figure(f"stored for a turn after {length:,}", more / AROUND, "bytes", MOST)
            figure(f"memory of the process after {length:,} turns", memory / 1e6, "MB")
        await engine.close()


async def stored(engine: OpenEngine, folder: Path) -> int:
    """Bytes of what the tables hold, without room that is kept free."""

    def count() -> int:
        with plain_connection(folder / FILE) as connection:
            return int(connection.execute("SELECT sum(payload) FROM dbstat").fetchone()[0])

    return await asyncio.to_thread(count)


def resident() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    asyncio.run(main(tuple(int(one) for one in sys.argv[1:]) or TURNS))
