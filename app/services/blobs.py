"""Blobs: images and files that tools made, stored once by their hash."""

import asyncio
import base64
import binascii
import hashlib

from app.domain.error import Invalid
from app.domain.image import IMAGE_BYTES_MAX, SIGNATURES
from app.domain.system import Blob
from app.engine.deps import EngineDeps


class Blobs:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def put(self, data_base64: str, media_type: str) -> Blob:
        """Stores an image (PNG, JPEG, GIF or WebP, at most `IMAGE_BYTES_MAX`). Raises `Invalid` for anything else."""
        content = await asyncio.to_thread(_decoded, data_base64, media_type)
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        blob = Blob(sha256=sha256, media_type=media_type, size=len(content))
        await self._deps.storage.write(lambda repos: repos.blobs.put(blob, content))
        return blob

    async def get(self, sha256: str) -> str:
        """The bytes as base64."""
        _, content = await self._deps.storage.read(lambda repos: repos.blobs.get(sha256))
        return await asyncio.to_thread(lambda: base64.b64encode(content).decode())


def _decoded(data_base64: str, media_type: str) -> bytes:
    signatures = SIGNATURES.get(media_type)
    if signatures is None:
        raise Invalid(f"Images of type “{media_type}” cannot be attached.", hint="Use PNG, JPEG, GIF or WebP.")
    try:
        content = base64.b64decode(data_base64, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("The image did not arrive completely.", hint="Attach it again.") from None
    if len(content) > IMAGE_BYTES_MAX:
        size = len(content) / 1024 / 1024
        raise Invalid(
            f"The image is {size:.1f} MB; the limit is {IMAGE_BYTES_MAX // 2**20} MB.", hint="Make it smaller first."
        )
    if not content.startswith(signatures):
        raise Invalid("The file is not the kind of image that its name says.", hint="Save it again as PNG or JPEG.")
    return content
