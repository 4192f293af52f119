"""Search by words: what is common to all texts, and that over messages."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.domain.base import Micros
from app.domain.message import Message, MessageScope, Role, SearchHit
from app.domain.retrieval import Term


class WordRows(NamedTuple):
    """Which texts (messages, or passages) have a query's terms."""

    total: int
    """How many texts are searched, about."""
    frequencies: tuple[int, ...]
    """How many of them have each term; of common ones an estimate."""
    rows: tuple[tuple[int, ...], ...]
    """The seqs of texts with each term, newest first; of common terms only some."""


class FoundText(NamedTuple):
    """A message that may be a hit."""

    message: Message
    around: str
    """What was said before and after it."""


class MessageSearch(Protocol):
    """Called inside a transaction (see `app.ports.storage`), hence synchronous."""

    def find(
        self,
        query: str,
        *,
        agent_id: str | None = None,
        roles: tuple[Role, ...] = (),
        start: Micros | None = None,
        end: Micros | None = None,
        conversation_id: str | None = None,
        limit: int = 20,
    ) -> tuple[SearchHit, ...]:
        """Best first. All words must occur; if nothing has all, any. Case and accents do not matter, CJK works.

        `conversation_id`: only what this conversation or branch shows. The limit counts what all conditions leave.
        """
        ...

    def with_words(self, terms: Sequence[Term], scope: MessageScope) -> WordRows:
        """The messages within the scope that have any of the terms. All conditions lie inside the search."""
        ...

    def within(self, scope: MessageScope) -> tuple[int, ...]:
        """The seqs of all spoken messages within a scope."""
        ...

    def texts(self, seqs: Sequence[int], scope: MessageScope) -> dict[int, FoundText]:
        """Those of these messages that are within the scope and shown in a conversation, by seq."""
        ...

    def hits(self, seqs: Sequence[int], scope: MessageScope, words: str) -> tuple[SearchHit, ...]:
        """These messages with the places where they are shown, in the order given. `words`: the query, for snippets."""
        ...
