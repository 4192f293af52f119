"""The bytes of what was encoded before: messages never change and tools hardly ever, so each is encoded once.

Memos of pure functions. Not `functools.lru_cache`: hashing a message costs more than encoding it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable

from app.domain.message import Message
from app.domain.tool import Tool

MOST_BYTES = 8 * 1024 * 1024
"""Of encoded text, the message beside it counted; some 50 windows of 8,000 tokens."""
OVERHEAD = 3_000
"""Bytes that an entry takes beside its texts."""
MOST_TOOLS = 64
"""Sets of tools: as many kinds of agents."""


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

    def of(
        self, messages: Iterable[Message], encode: Callable[[Message], bytes | None]
    ) -> list[tuple[Message, bytes | None]]:
        """Each with `encode(message)`, or with what that gave the last time for a message with this id, role and parts.

        What `encode` gives None for is not kept.
        """
        found: list[tuple[Message, bytes | None]] = []
        new: list[int] = []
        with self._lock:
            for message in messages:
                known = self._known.get(message.id)
                if known is not None and _is_same(known[0], message):
                    self._known.move_to_end(message.id)
                    found.append((message, known[1]))
                else:
                    new.append(len(found))
                    found.append((message, None))
        for place in new:
            message = found[place][0]
            found[place] = message, encode(message)
        if new:
            with self._lock:
                for place in new:
                    self._keep(*found[place])
        return found

    def _keep(self, message: Message, encoded: bytes | None) -> None:
        self._drop(message.id)
        if encoded is not None:
            self._known[message.id] = (message, encoded)
            self._bytes += _weight(encoded)
            while self._bytes > self._most:
                self._drop(next(iter(self._known)))

    def _drop(self, message_id: str) -> None:
        known = self._known.pop(message_id, None)
        if known is not None:
            self._bytes -= _weight(known[1])


def _is_same(known: Message, message: Message) -> bool:
    """A window may show a message with a date before it, or joined with the next one: copies, made anew each time."""
    return known is message or (known.role == message.role and known.parts == message.parts)


def _weight(encoded: bytes) -> int:
    return 2 * len(encoded) + OVERHEAD


class EncodedTools:
    """By the very tools, whose rows storage keeps, least recently used first out. Safe in several threads."""

    def __init__(self, encode: Callable[[tuple[Tool, ...]], bytes]) -> None:
        self._encode = encode
        self._known: OrderedDict[tuple[int, ...], tuple[tuple[Tool, ...], bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tools: tuple[Tool, ...]) -> bytes:
        """`encode(tools)`, or what it gave the last time for these."""
        key = tuple(id(tool) for tool in tools)  # no other tool can have them while they are held here
        with self._lock:
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = (tools, self._encode(tools))
            self._known.move_to_end(key)
            while len(self._known) > MOST_TOOLS:
                self._known.popitem(last=False)
        return known[1]
