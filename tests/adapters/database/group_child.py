"""A process that writes in one group and, if told so, dies between the last savepoint and the commit.

`python group_child.py FOLDER NUMBER [die]`: prints the number of each transaction once it was told that it is stored.
"""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from app.adapters.database import SqliteStorage, group_commit, open_storage
from app.adapters.system import SystemClock
from app.ports.storage import Repositories


async def write_group(storage: SqliteStorage, first: int, count: int, die: bool) -> None:
    held = threading.Event()
    holding = asyncio.ensure_future(storage.write(lambda repos: held.wait(10)))

    async def one(number: int) -> None:
        def work(repos: Repositories) -> None:
            repos.settings.set(f"{number}", number)
            if die and number == first + count - 1:
                os.kill(os.getpid(), signal.SIGKILL)

        await storage.write(work)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()

    everyone = [asyncio.ensure_future(one(first + number)) for number in range(count)]
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(holding, *everyone)


async def main(folder: Path, first: int, die: bool) -> None:
    group_commit.MOST_SECONDS = 10.0  # one group on a busy computer too
    storage = await open_storage(folder, SystemClock(), on_changed=lambda changed: None)
    await write_group(storage, first, 20, False)
    await write_group(storage, first + 20, 20, die)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), "die" in sys.argv))
