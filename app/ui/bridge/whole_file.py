"""Writing a file whole or not at all."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path


async def write_whole(path: Path, pieces: AsyncIterator[str], newline: str = "\n") -> None:
    """Written beside the file, it takes its place at the end. Raises `OSError`, then the old file is as it was."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with contextlib.ExitStack() as closing:
            file = await asyncio.to_thread(beside.open, "w", encoding="utf-8", newline=newline)
            closing.callback(file.close)
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
        await asyncio.to_thread(os.replace, beside, path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
