"""Archives and their passages."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.domain.archive import ALL_PASSAGES, Archive, ArchiveContents, FoundPassage, Passage, PassageFilter
from app.domain.base import Micros
from app.domain.page import OLDEST_FIRST, PageRequest
from app.domain.retrieval import Term
from app.ports.search import WordRows


class ArchiveEmbedder(NamedTuple):
    """The embedder for an archive's passages."""

    seq: int
    archive_id: str
    handle: str | None
    """None: it asked for none, so it has the usual one."""


class ArchiveRepository(Protocol):
    """Archives, and to which agents they are attached."""

    def get(self, archive_id: str) -> Archive:
        """Raises `NotFound`, for a deleted one too."""
        ...

    def find(self, archive_id: str) -> Archive | None:
        """None where `get` raises."""
        ...

    def list(
        self, *, agent_id: str | None = None, name: str | None = None, page: PageRequest = OLDEST_FIRST
    ) -> tuple[Archive, ...]:
        """Of those that are not deleted. `agent_id`: those attached to it; `name`: those of just this name. Order:
        created_at.
        """
        ...

    def embedders(self, wanted: PassageFilter = ALL_PASSAGES) -> tuple[ArchiveEmbedder, ...]:
        """Which embedder each archive that is not deleted has asked for; of those that a filter lets through."""
        ...

    def of_agent(self, agent_id: str) -> tuple[Archive, ...]:
        """Those attached to an agent, in the order in which they were; the agent writes to the first."""
        ...

    def count_for(self, agent_id: str) -> int:
        """How many passages an agent can find."""
        ...

    def add(self, archive: Archive) -> None:
        """Stores a new one, without passages and attached to nobody."""
        ...

    def save(self, archive: Archive) -> None:
        """Writes all fields but `passages`, which is counted where passages come and go."""
        ...

    def delete(self, archive_id: str, at: Micros) -> None:
        """Soft, with its passages; its agents stay linked for `undelete`."""
        ...

    def undelete(self, archive_id: str) -> None:
        """Raises `NotFound` when it is no longer kept."""
        ...

    def holding(self, archive_id: str) -> tuple[str, ...]:
        """Ids of the agents to which an archive is attached, deleted or not."""
        ...

    def holders(self, archive_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Ids of the agents that are not deleted and share each of these archives; those of nobody are missing."""
        ...

    def attach(self, agent_id: str, archive_id: str, position: int) -> None:
        """Links both; later ones of the agent move up."""
        ...

    def detach(self, agent_id: str, archive_id: str) -> None:
        """Parts both; the archive stays. No error where they are not linked."""
        ...


class Narrowed(NamedTuple):
    """The passages that a filter lets through, by their seqs."""

    among: tuple[int, ...] | None = None
    """Only these; None: all of the archives."""
    but: tuple[int, ...] = ()
    """None of these. Where few are left out, the search goes on over all others."""


class PassageRepository(Protocol):
    """Rows, tags, search index and the counts of archives are written together."""

    def get(self, passage_id: str) -> Passage:
        """Raises `NotFound`, for one that is deleted or whose archive is."""
        ...

    def find(self, passage_id: str) -> Passage | None:
        """None where `get` raises."""
        ...

    def many(self, passage_ids: Sequence[str]) -> tuple[Passage, ...]:
        """Those that exist, in the order given."""
        ...

    def list(self, wanted: PassageFilter, page: PageRequest = OLDEST_FIRST) -> tuple[Passage, ...]:
        """A page in the order in which they were written. Raises `NotFound` for a cursor that was never a passage."""
        ...

    def contents(self, archive_ids: Sequence[str]) -> ArchiveContents:
        """What these archives hold, counted. Reads an index of all their passages."""
        ...

    def same(self, archive_id: str, text: str) -> Passage | None:
        """One of the archive with the same text, whatever its spaces and capitals."""
        ...

    def replaced_by(self, passage_id: str) -> tuple[Passage, ...]:
        """Those that this one superseded, newest first."""
        ...

    def search(self, query: str, wanted: PassageFilter, limit: int) -> tuple[FoundPassage, ...]:
        """By words: first those with all words, then with any. Case and accents do not matter, CJK works. All
        conditions lie inside the search: the limit counts what they leave.
        """
        ...

    def with_words(self, terms: Sequence[Term], wanted: PassageFilter, narrowed: Narrowed) -> WordRows:
        """The passages that pass a filter and have any of the terms. All conditions lie inside the search.

        `narrowed`: what `within` says of the same filter.
        """
        ...

    def within(self, wanted: PassageFilter) -> Narrowed:
        """Which passages a filter lets through, beside archives."""
        ...

    def texts(self, seqs: Sequence[int]) -> dict[int, str]:
        """The texts of those of these passages that exist, by seq."""
        ...

    def at(self, seqs: Sequence[int]) -> dict[int, Passage]:
        """Those of these passages that exist, by seq."""
        ...

    def add(self, *passages: Passage) -> None:
        """All of one archive."""
        ...

    def save(self, *passages: Passage) -> None:
        """Writes all fields but the archive and the time of creation. Raises `NotFound`."""
        ...

    def delete(self, passage_ids: Sequence[str], at: Micros) -> None:
        """Soft."""
        ...

    def undelete(self, passage_ids: Sequence[str]) -> None:
        """Raises `NotFound` when one is no longer kept."""
        ...

    def note_found(self, passage_ids: Sequence[str], at: Micros) -> None:
        """An agent's search has found them. No change of the passages: neither version nor history."""
        ...
