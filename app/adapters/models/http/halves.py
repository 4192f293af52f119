"""Joins characters that arrive in two pieces: surrogate halves, each escaped in a chunk of its own, and raw bytes.

Some servers write each token as JSON by itself, although an emoji or a Chinese character takes several tokens.
"""

import re

_INCOMPLETE = re.compile(r"(?:[\ud800-\udbff]|[\udcc2-\udcf4][\udc80-\udcbf]{0,2})\Z")
"""The beginning of a character at the end of a text: a high half, or raw bytes that more may follow."""
_STRANGE = re.compile("[\ud800-\udfff]")
_RAW_BYTES = re.compile("[\udc80-\udcff]+")


def decoded(data: bytes) -> str:
    """UTF-8 as text. Bytes that are none of it become low surrogates, so that `HalfJoiner` can still join them."""
    return data.decode("utf-8", "surrogateescape")


class HalfJoiner:
    """Joins the pieces of texts that stream in side by side, each under its own key."""

    def __init__(self) -> None:
        self._held: dict[object, str] = {}

    def feed(self, key: object, text: str) -> str:
        """The text with whole characters; the beginning of one at its end is held back for the next piece."""
        if not self._held and (text.isascii() or not _STRANGE.search(text)):
            return text
        text = self._held.pop(key, "") + text
        if found := _INCOMPLETE.search(text):
            self._held[key] = found[0]
            text = text[: found.start()]
        return _whole(text)

    def rest(self) -> dict[object, str]:
        """What is still held back at the end of a reply, as characters that stand for unreadable ones."""
        held, self._held = self._held, {}
        return {key: _whole(text) for key, text in held.items()}


def _whole(text: str) -> str:
    if not _STRANGE.search(text):
        return text
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return _STRANGE.sub("\ufffd", _RAW_BYTES.sub(_bytes_read, joined))


def _bytes_read(found: re.Match[str]) -> str:
    return found[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
