"""What goes over the pipes of the recall process: a head in JSON, and bytes behind it."""

import json
import struct
from typing import IO, Any

from app.domain.json_value import object_of

_SIZES = struct.Struct("<II")
MOST_HEAD, MOST_BODY = 16 * 1024 * 1024, 256 * 1024 * 1024
"""Bytes; more of them is no frame of ours."""


class Broken(Exception):
    """The other side is gone, or sends what is no frame."""


def frame(head: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame."""
    text = json.dumps(head, ensure_ascii=False).encode()
    return _SIZES.pack(len(text), len(body)) + text + body


def read_frame(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next frame; None when the other side closed the pipe. Raises `Broken`."""
    sizes = pipe.read(_SIZES.size)
    if not sizes:
        return None
    head_size, body_size = _checked(sizes)
    return _frame_of(_exactly(pipe, head_size)), _exactly(pipe, body_size)


def _checked(sizes: bytes) -> tuple[int, int]:
    if len(sizes) != _SIZES.size:
        raise Broken("half a frame")
    head_size, body_size = _SIZES.unpack(sizes)
    if head_size > MOST_HEAD or body_size > MOST_BODY:
        raise Broken("no frame of ours")
    return head_size, body_size


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = pipe.read(size)
    if len(found) != size:
        raise Broken("half a frame")
    return found


def _frame_of(head: bytes) -> dict[str, Any]:
    try:
        return object_of(json.loads(head))
    except ValueError as error:
        raise Broken("no frame of ours") from error
