"""The bytes of messages that were encoded before: a message never changes, so each is encoded once.

A memo of a pure function. Not `functools.lru_cache`: hashing a message costs more than encoding it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from app.domain.message import Message

MOST_BYTES = 8 * 1024 * 1024
"""Of encoded text, the message beside it counted; some 130 windows of 8,000 tokens."""
OVERHEAD = 500
"""Bytes that an entry takes beside its texts."""


class EncodedMessages:
    """By message id, least recently used first out. Safe in several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._known: OrderedDict[str, tuple[Message, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def weight(self) -> int:
        """Bytes in all, as bounded."""
        return self._bytes

    def get(self, message: Message, encode: Callable[[Message], bytes]) -> bytes:
        """`encode(message)`, or what it gave the last time for a message with this id, role and parts."""
        with self._lock:
            known = self._known.get(message.id)
            if known is not None and _is_same(known[0], message):
                self._known.move_to_end(message.id)
                return known[1]
        encoded = encode(message)
        with self._lock:
            self._drop(message.id)
            self._known[message.id] = (message, encoded)
            self._bytes += _weight(encoded)
            while self._bytes > self._most:
                self._drop(next(iter(self._known)))
        return encoded

    def _drop(self, message_id: str) -> None:
        known = self._known.pop(message_id, None)
        if known is not None:
            self._bytes -= _weight(known[1])


def _is_same(known: Message, message: Message) -> bool:
    """A window may show a message with a date before it, or joined with the next one: copies, made anew each time."""
    return known is message or (known.role == message.role and known.parts == message.parts)


def _weight(encoded: bytes) -> int:
    return 2 * len(encoded) + OVERHEAD
