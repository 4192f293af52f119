"""The bytes of messages that were encoded before: a message never changes, so each is encoded once.

A memo of a pure function, like `functools.lru_cache`, which cannot be used: comparing two messages costs more than
encoding one. Here a message is known by its identity, which it keeps while the storage holds it parsed.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from app.domain.message import Message

MOST_BYTES = 8 * 1024 * 1024
"""Of encoded text; some 1,000 windows of 8,000 tokens."""
OVERHEAD = 200
"""Bytes that an entry takes beside its text."""


class EncodedMessages:
    """Least recently used first out. Safe in several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._known: OrderedDict[int, tuple[Message, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, message: Message, encode: Callable[[Message], bytes]) -> bytes:
        """`encode(message)`, or what it gave the last time."""
        # The entry holds the message, so that its identity cannot become another's.
        known = self._known.get(id(message))
        if known is not None:
            return known[1]
        encoded = encode(message)
        with self._lock:
            self._known[id(message)] = (message, encoded)
            self._bytes += len(encoded) + OVERHEAD
            while self._bytes > self._most and len(self._known) > 1:
                self._bytes -= len(self._known.popitem(last=False)[1][1]) + OVERHEAD
        return encoded
