"""Messages that were read before, kept as they were parsed: a message never changes, so a turn reads only new ones.

Filled by reading transactions alone: what a writing one sees may still be rolled back, and its id written again with
another content.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from app.domain.message import Member

MOST_BYTES = 16 * 1024 * 1024
"""Some 100 windows of 8,000 tokens."""
OVERHEAD = 3_000
"""Bytes that a message takes beside its text."""


class ParsedMessages:
    """By message id, least recently used first out. Safe in several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._known: OrderedDict[str, tuple[Member, int]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        return self._bytes

    def find(self, ids: Iterable[str]) -> dict[str, Member]:
        """Those of these ids that are at hand, each as a member of the conversation it was last read in."""
        with self._lock:
            found: dict[str, Member] = {}
            for one in ids:
                known = self._known.get(one)
                if known is not None:
                    self._known.move_to_end(one)
                    found[one] = known[0]
            return found

    def keep(self, members: Mapping[str, tuple[Member, int]]) -> None:
        """Members by message id, each with the length of its stored text."""
        with self._lock:
            for one, (member, length) in members.items():
                self._bytes -= self._known.pop(one, (None, 0))[1]
                weight = length + OVERHEAD
                if weight <= self._most:
                    self._known[one] = (member, weight)
                    self._bytes += weight
            while self._bytes > self._most:
                self._bytes -= self._known.popitem(last=False)[1][1]
