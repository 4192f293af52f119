"""Storing a passage where the same, or nearly the same, may be stored already. Runs inside a transaction."""

import difflib

from app.domain.archive import Archive, Passage, PassageDraft, PassageFilter, Stored
from app.domain.search_text import words_of
from app.engine.memory.archive_changes import ArchiveChanges
from app.engine.retrieval.near_duplicates import nearly_the_same
from app.ports.storage import Repositories

LOOKED_AT = 10
"""Passages with the most words of the new one: one that says nearly the same is among the first."""
COMPARED = 2_000
"""Characters from which a query for alike passages is made; more would only name more common words."""


def insert(archives: ArchiveChanges, archive: Archive, draft: PassageDraft) -> Stored:
    """Stores a passage, unless the archive has the same text and it is still true. Raises `Invalid`."""
    repos = archives.changes.repos
    same = repos.passages.same(archive.id, draft.text)
    if same is not None and same.superseded_at is None:
        return Stored(passage=same, is_new=False)
    alike = _alike(repos, archive, draft.text)
    nearly = None if alike is None else (alike.id, alikeness(draft.text, alike.text))
    return Stored(passage=archives.add_passage(archive, draft, nearly), nearly=alike)


def alikeness(text: str, other: str) -> float:
    """How much of two texts' words are the same and in the same order, 0 to 1."""
    pair = difflib.SequenceMatcher(None, words_of(text), words_of(other), autojunk=False)
    return round(pair.ratio(), 2)


def _alike(repos: Repositories, archive: Archive, text: str) -> Passage | None:
    wanted = PassageFilter(archive_ids=(archive.id,), validity="valid")
    found = repos.passages.search(text[:COMPARED], wanted, LOOKED_AT)
    return next((one.passage for one in found if nearly_the_same(text, one.passage.text)), None)
