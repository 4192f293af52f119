"""One window per data folder: the first holds a lock, a second asks it to come to the front."""

import asyncio
import logging
import time
from pathlib import Path

from filelock import FileLock, Timeout

from app.config import Config
from app.domain.error import StorageError
from app.link.launcher import ensure_engine
from app.link.spawn import Command, engine_command, make_folder

log = logging.getLogger(__name__)

RAISE_SECONDS = 10.0


def claim_window(config: Config) -> FileLock | None:
    """The lock of the first window, to be released when it closes; None when another window has it."""
    lock = FileLock(config.window_lock, mode=0o600)
    try:
        make_folder(config)
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except (OSError, StorageError) as error:
        # The engine meets the same trouble and says it in a sentence, which the window then shows.
        log.warning("no window lock: %s", error)
    return lock


def window_is_open(folder: Path) -> bool:
    """Whether a window works on this folder."""
    try:
        with FileLock(Config(folder).window_lock, mode=0o600).acquire(timeout=0):
            return False
    except Timeout:
        return True


def raise_first_window(config: Config, command: Command = engine_command) -> bool:
    """Asks the first window to come to the front; False if none listens. One that is still starting is waited for."""
    return asyncio.run(_raise(config, command))


async def _raise(config: Config, command: Command) -> bool:
    client = await ensure_engine(config, "second", command=command)
    try:
        until = time.monotonic() + RAISE_SECONDS
        while time.monotonic() < until:
            if await client.raise_window():
                return True
            await asyncio.sleep(0.1)
        return False
    finally:
        await client.close()
