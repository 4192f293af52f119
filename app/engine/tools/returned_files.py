"""Files that a program left behind: kept with the conversation, so that they can be seen and saved."""

import asyncio
import base64
import binascii
import hashlib
import mimetypes
from collections.abc import Iterable
from pathlib import PurePosixPath

from app.domain.image import SIGNATURES
from app.domain.message import ReturnedFile
from app.domain.sandbox import SandboxFile
from app.domain.system import Blob
from app.ports.storage import Repositories, Storage

ANY_FILE = "application/octet-stream"
MOST_NAME = 200
"""Characters of a name, its last ones: more than file systems take, few enough for a card."""


async def stored_files(storage: Storage, files: Iterable[SandboxFile]) -> tuple[ReturnedFile, ...]:
    """Stores what came with its bytes. Raises `StorageError`."""
    found = await asyncio.to_thread(lambda: tuple(_read(one) for one in files if one.data is not None))
    if not found:
        return ()

    def work(repos: Repositories) -> None:
        for file, content in found:
            repos.blobs.put(Blob(sha256=file.sha256, media_type=file.media_type, size=file.size), content)

    await storage.write(work)
    return tuple(file for file, _ in found)


def files_told(files: Iterable[SandboxFile]) -> str:
    """What a model is told of them."""
    kept = [f"{one.name} ({one.size:,} bytes)" for one in files if one.data is not None]
    lost = [f"{one.name} ({one.size:,} bytes)" for one in files if one.data is None]
    lines = [f"Files shown to the person: {', '.join(kept)}"] if kept else []
    return "\n".join([*lines, *([f"Files too large to be shown: {', '.join(lost)}"] if lost else [])])


def _read(file: SandboxFile) -> tuple[ReturnedFile, bytes]:
    try:
        content = base64.b64decode(file.data or "", validate=True)
    except (binascii.Error, ValueError):
        content = b""
    name = " ".join(PurePosixPath(file.name).as_posix().split())[-MOST_NAME:] or "file"
    told = ReturnedFile(
        name=name,
        sha256=hashlib.sha256(content).hexdigest(),
        media_type=_media_type(name, content),
        size=len(content),
    )
    return told, content


def _media_type(name: str, content: bytes) -> str:
    """A picture by its first bytes alone, since windows draw it."""
    for media_type, signatures in SIGNATURES.items():
        if content.startswith(signatures):
            return media_type
    guessed = mimetypes.guess_type(name)[0] or ANY_FILE
    return ANY_FILE if guessed in SIGNATURES else guessed
