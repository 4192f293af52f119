"""What the writing thread has read before, kept, so that the transactions of a turn read only what is new.

Exact, because this thread alone writes the database: whoever changes a row forgets it here or keeps it as it was
written, in the same transaction, and a transaction that is rolled back forgets all that it touched. Another process
must not write it (`app.link.engine_process` holds the lock of the data folder); if one does all the same, everything
is forgotten (`seen_by_others`).
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeVar, cast

T = TypeVar("T")
Kind = Literal[
    "agent",
    "block",
    "conversation",
    "end of conversation",
    "holding blocks",
    "largest windows",
    "last change",
    "last request",
    "last step",
    "provider",
    "run",
    "run seq",
    "setting",
    "tool",
    "window",
]
MOST_BYTES = 16 * 1024 * 1024
"""Some 100 windows of 8,000 tokens."""
OVERHEAD = 3_000
"""Bytes that a value takes beside its text."""


class NothingKnown:
    """For transactions that only read: a reader may see an older state than the writer, so it reads everything."""

    def recall(self, kind: Kind, key: str, read: Callable[[], T], weigh: Callable[[T], int] | None = None) -> T:
        """What is known by this key, else what `read` gives, kept from now on. `weigh`: bytes of its texts."""
        return read()

    def find(self, kind: Kind, key: str) -> Any:
        """What is known by this key; None where nothing is."""
        return None

    def keep(self, kind: Kind, key: str, value: object, bytes: int = 0) -> None:
        """Keeps a value as it was just read or written."""

    def forget(self, kind: Kind, *keys: str) -> None:
        """Forgets what was changed."""

    def forget_all(self) -> None:
        """After a change that concerns more than can be named."""


class _Entry(NamedTuple):
    value: Any
    weight: int


class KnownRows(NothingKnown):
    """Least recently used first out. For one thread."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._entries: OrderedDict[tuple[Kind, str], _Entry] = OrderedDict()
        self._touched: list[tuple[Kind, str]] = []
        self._version: int | None = None

    @property
    def bytes(self) -> int:
        return self._bytes

    def begin(self) -> None:
        """A transaction begins."""
        self._touched.clear()

    def mark(self) -> int:
        """A savepoint, for `undo`."""
        return len(self._touched)

    def undo(self, mark: int = 0) -> None:
        """What was done since the mark was rolled back; without one, the whole transaction."""
        for place in self._touched[mark:]:
            self._drop(place)
        del self._touched[mark:]

    def seen_by_others(self, version: int) -> None:
        """`version` changes when another connection has written: then nothing is known any more."""
        if version != self._version:
            self.forget_all()
            self._version = version

    def recall(self, kind: Kind, key: str, read: Callable[[], T], weigh: Callable[[T], int] | None = None) -> T:
        entry = self._entries.get((kind, key))
        if entry is not None:
            self._entries.move_to_end((kind, key))
            return cast(T, entry.value)
        value = read()
        self.keep(kind, key, value, weigh(value) if weigh is not None else 0)
        return value

    def find(self, kind: Kind, key: str) -> Any:
        entry = self._entries.get((kind, key))
        return None if entry is None else entry.value

    def keep(self, kind: Kind, key: str, value: object, bytes: int = 0) -> None:
        place: tuple[Kind, str] = (kind, key)
        weight = bytes + OVERHEAD
        self._drop(place)
        self._touched.append(place)
        if weight <= self._most:
            self._entries[place] = _Entry(value, weight)
            self._bytes += weight
            while self._bytes > self._most:
                self._bytes -= self._entries.popitem(last=False)[1].weight

    def forget(self, kind: Kind, *keys: str) -> None:
        for key in keys:
            self._drop((kind, key))

    def forget_all(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def _drop(self, place: tuple[Kind, str]) -> None:
        entry = self._entries.pop(place, None)
        if entry is not None:
            self._bytes -= entry.weight


NOTHING_KNOWN = NothingKnown()
"""For transactions that only read."""
