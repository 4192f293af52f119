"""Archival memory: archives of passages, which agents share. Agents search it; none of it fills their window."""

from typing import Any, Literal, NamedTuple

from app.domain.base import Field, Frozen, Micros
from app.domain.history import Actor
from app.domain.retrieval import Reason, SearchState

MAX_TEXT = 20_000
"""Characters of a passage. It is found and given as a whole, and a small model reads no more at once."""
MAX_TAGS = 50
"""Of a passage."""
MAX_TAG = 100
"""Characters."""
MAX_NAME = 200
"""Characters of an archive's name."""
FIRST_TIME, LAST_TIME = -62_135_510_400_000_000, 253_402_214_400_000_000
"""Times of a passage: from 2 January of the year 1 until 31 December 9999, so that every zone has a date for each."""


class Archive(Frozen):
    """A store of passages. Agents to which it is attached search it; what an agent inserts goes to its first one."""

    id: str
    name: str
    description: str = ""
    embedding: str | None = None
    """Handle of the embedding model that was asked for; None: the one that Lares uses for all."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    made_for: str | None = None
    """The agent whose first passage made it."""
    passages: int = 0
    """How many it has."""
    version: int = 1
    """Grows by one with each change of any field but `passages`."""
    created_at: Micros
    updated_at: Micros


class ArchiveDraft(Frozen):
    """An archive that is to be created; fields as in `Archive`."""

    name: str
    description: str = ""
    embedding: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class ArchivePatch(Frozen):
    """Fields to change; None leaves a field as it is."""

    name: str | None = None
    description: str | None = None
    embedding: str | None = None
    """Its passages are embedded again, in the background."""
    metadata: dict[str, Any] | None = None


class Passage(Frozen):
    """A piece of text that agents find again, with what is known of where it comes from and how long it was true."""

    id: str
    archive_id: str
    text: str
    tags: tuple[str, ...] = ()
    """Each once, in the order in which they were given."""
    created_at: Micros
    updated_at: Micros
    valid_from: Micros | None = None
    """Since when it is true; None: nobody said, so since it was written."""
    superseded_at: Micros | None = None
    """Since when it is true no longer."""
    superseded_by: str | None = None
    """The passage that says what is true instead."""
    actor: Actor = Actor()
    """Who wrote it."""
    message_id: str | None = None
    """The person's message that led to it."""
    run_id: str | None = None
    source: str = ""
    """Where its text comes from, if from elsewhere: the name of a file."""
    nearly: str | None = None
    """A passage of the same archive that said nearly the same when this one was written; nobody has chosen yet."""
    alikeness: float = 0.0
    """How alike both are, 0 to 1."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    found_count: int = 0
    """How often an agent's search has found it."""
    last_found_at: Micros | None = None
    version: int = 1
    """Grows by one with each change, not with each finding."""

    def true_at(self, at: Micros) -> bool:
        """Whether it was true then, as far as anybody said."""
        since = self.created_at if self.valid_from is None else self.valid_from
        return since <= at and (self.superseded_at is None or at < self.superseded_at)


class PassageDraft(Frozen):
    """A passage that is to be stored; fields as in `Passage`."""

    text: str
    tags: tuple[str, ...] = ()
    created_at: Micros | None = None
    """None: now."""
    valid_from: Micros | None = None
    superseded_at: Micros | None = None
    source: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)


class PassagePatch(Frozen):
    """Fields to change; None leaves a field as it is."""

    text: str | None = None
    tags: tuple[str, ...] | None = None
    valid_from: Micros | None = None
    metadata: dict[str, Any] | None = None


Validity = Literal["all", "valid", "superseded"]


class PassageFilter(Frozen):
    """Which passages are wanted: those that pass every field that is given. `start` and `end` are included."""

    agent_id: str | None = None
    """Those of the archives attached to this agent."""
    archive_ids: tuple[str, ...] = ()
    """Those of these archives; none: of all."""
    tags: tuple[str, ...] = ()
    all_tags: bool = False
    """True: those with all of the tags; else those with any."""
    start: Micros | None = None
    end: Micros | None = None
    """When they were written."""
    validity: Validity = "all"
    as_of: Micros | None = None
    """Those that were true at this time."""
    actor: Actor | None = None
    search: str | None = None
    """A part of the text, in any case."""
    nearly: bool = False
    """True: those that wait because they say nearly what another one says."""


ALL_PASSAGES = PassageFilter()
"""Those of every archive."""


class FoundPassage(NamedTuple):
    """A passage that has words of a query."""

    seq: int
    """By which its vector is known."""
    passage: Passage


class PassageHit(Frozen):
    """A passage that a search found."""

    passage: Passage
    score: float
    """Higher is better; comparable within one search only."""
    reasons: tuple[Reason, ...] = ()
    """Why it was found."""


class PassageSearchResult(Frozen):
    """What a search found, best first."""

    hits: tuple[PassageHit, ...] = ()
    state: SearchState = SearchState(by_meaning=False)
    names: tuple[str, ...] = ()
    """What of the query stands for one thing (an identifier, a number, a quote), as it was typed: it is looked for as
    it stands."""


class TagCount(Frozen):
    """How many passages have a tag."""

    tag: str
    passages: int


class WriterCount(Frozen):
    """How many passages somebody wrote."""

    actor: Actor
    passages: int


class ArchiveContents(Frozen):
    """What archives hold, counted."""

    passages: int = 0
    superseded: int = 0
    nearly: int = 0
    """Passages that wait because they say nearly what another one says."""
    tags: tuple[TagCount, ...] = ()
    """Most used first."""
    writers: tuple[WriterCount, ...] = ()
    """Who wrote most comes first."""


class Stored(Frozen):
    """A passage after an insert, and what it resembles."""

    passage: Passage
    """The one that was stored; where the very same text was there already, that one."""
    is_new: bool = True
    nearly: Passage | None = None
    """What says nearly the same; `passage.alikeness` tells how nearly."""


class PassageChange(Frozen):
    """What a change left, and how it is undone."""

    passages: tuple[Passage, ...]
    """Those that it concerned, as they are now; deleted ones are missing."""
    changes: tuple[int, ...] = ()
    """Its events in the history, oldest first; undone from the last."""


class Imported(Frozen):
    """What an import brought."""

    added: int = 0
    already_there: int = 0
    """Texts that the archive had, or that the file has twice."""
    changes: tuple[int, ...] = ()
    """Its events in the history."""
    unread: tuple[str, ...] = ()
    """Columns of a table, or fields of JSON, that say nothing that a passage has."""


class ArchivalAnswer(Frozen):
    """What an agent gets when it searches."""

    text: str
    """Word for word."""
    tokens: int
    """Estimated."""
    passage_ids: tuple[str, ...]


ArchiveForm = Literal["json", "markdown", "csv"]
