"""Archives and passages, as people and programs work with them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from app.domain.archive import (
    ArchivalAnswer,
    Archive,
    ArchiveContents,
    ArchiveDraft,
    ArchiveForm,
    ArchivePatch,
    Imported,
    Passage,
    PassageChange,
    PassageDraft,
    PassageFilter,
    PassagePatch,
    PassageSearchResult,
    Stored,
)
from app.domain.base import Micros
from app.domain.error import Invalid, NotFound
from app.domain.history import USER, Actor, Origin
from app.domain.page import OLDEST_FIRST, PageRequest
from app.domain.retrieval import SearchWay
from app.engine.deps import EngineDeps
from app.engine.memory.archive_changes import ArchiveChanges, checked_tags
from app.engine.memory.changes import Changes, Fields
from app.engine.memory.inserting import insert
from app.engine.retrieval.passages import PassageSearch
from app.engine.tools.archival_search import DEFAULT_TOP_K, ArchivalSearch, answer
from app.ports.storage import Repositories
from app.services.archives.forms import FORMS, read_file
from app.services.changing import change, check_version

PORTION = 500
"""Passages of one transaction: others want to write too."""
PAGE = 500
"""Passages of an export that are read at once."""
T = TypeVar("T")


class Archives:
    def __init__(self, deps: EngineDeps, search: PassageSearch) -> None:
        self._deps = deps
        self._search = search
        self._as_agent = ArchivalSearch(search, deps.clock)

    async def list(
        self, agent_id: str | None = None, name: str | None = None, page: PageRequest = OLDEST_FIRST
    ) -> tuple[Archive, ...]:
        """A page of archives: of an agent, of just this name. Raises `NotFound` for a cursor that never was one."""
        return await self._deps.storage.read(lambda repos: repos.archives.list(agent_id=agent_id, name=name, page=page))

    async def of_agent(self, agent_id: str) -> tuple[Archive, ...]:
        """Those that an agent searches; it writes to the first."""
        return await self._deps.storage.read(lambda repos: repos.archives.of_agent(agent_id))

    async def get(self, archive_id: str) -> Archive:
        """Raises `NotFound`."""
        return await self._deps.storage.read(lambda repos: repos.archives.get(archive_id))

    async def holders(self, archive_ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Ids of the agents that share each of these archives; those of nobody are missing."""
        return await self._deps.storage.read(lambda repos: repos.archives.holders(archive_ids))

    async def create(self, draft: ArchiveDraft, agent_id: str | None = None, origin: Origin = USER) -> Archive:
        """Creates an archive, attached to an agent if one is named. Raises `Invalid`."""

        def work(changes: ArchiveChanges) -> Archive:
            archive = changes.add(draft)
            if agent_id is not None:
                changes.attach(changes.changes.repos.agents.get(agent_id).id, archive)
            return archive

        return await self._change(origin, work)

    async def default_of(self, agent_id: str, origin: Origin = USER) -> Archive:
        """The archive that an agent writes to, made if it has none."""

        def work(changes: ArchiveChanges) -> Archive:
            return changes.default_of(changes.changes.repos.agents.get(agent_id).id)

        return await self._change(origin, work)

    async def update(
        self, archive_id: str, patch: ArchivePatch, expected_version: int | None = None, origin: Origin = USER
    ) -> Archive:
        """Changes the fields that are given. Raises `Conflict` (`version_conflict`) or `Invalid`."""

        def work(changes: ArchiveChanges) -> Archive:
            before = changes.changes.repos.archives.get(archive_id)
            check_version(f"“{before.name}”", before.version, expected_version)
            return changes.save(before, before.model_copy(update=patch.model_dump(exclude_none=True)))

        return await self._change(origin, work)

    async def delete(self, archive_id: str, origin: Origin = USER) -> tuple[int, ...]:
        """Deletes an archive with its passages, for all agents that have it. Returns its events, for `undo_all`."""
        return await self._seqs(origin, lambda changes: changes.delete(changes.changes.repos.archives.get(archive_id)))

    async def attach(self, agent_id: str, archive_id: str, origin: Origin = USER) -> tuple[int, ...]:
        """Lets an agent search an archive; several agents may share it. A second time is no error.

        Returns its events, for `undo_all`.
        """

        def work(changes: ArchiveChanges) -> None:
            repos = changes.changes.repos
            agent, archive = repos.agents.get(agent_id), repos.archives.get(archive_id)
            if changes.attached_at(agent.id, archive.id) is None:
                changes.attach(agent.id, archive)

        return await self._seqs(origin, work)

    async def detach(self, agent_id: str, archive_id: str, origin: Origin = USER) -> tuple[int, ...]:
        """Takes an archive away from one agent; the archive stays. Returns its events. Raises `NotFound`."""

        def work(changes: ArchiveChanges) -> None:
            repos = changes.changes.repos
            agent, archive = repos.agents.get(agent_id), repos.archives.get(archive_id)
            if changes.attached_at(agent.id, archive.id) is None:
                raise NotFound(f"“{archive.name}” is not attached to {agent.name}.")
            changes.detach(agent.id, archive)

        return await self._seqs(origin, work)

    async def passages(self, wanted: PassageFilter, page: PageRequest = OLDEST_FIRST) -> tuple[Passage, ...]:
        """A page of passages by the time of writing. Raises `NotFound` for a cursor that was never a passage."""
        return await self._deps.storage.read(lambda repos: repos.passages.list(wanted, page))

    async def passage(self, passage_id: str) -> Passage:
        """Raises `NotFound`."""
        return await self._deps.storage.read(lambda repos: repos.passages.get(passage_id))

    async def many(self, passage_ids: tuple[str, ...]) -> tuple[Passage, ...]:
        """Those that exist, in the order given."""
        return await self._deps.storage.read(lambda repos: repos.passages.many(passage_ids))

    async def tokens(self, passage_id: str) -> int:
        """About how many tokens a passage has."""
        return self._deps.ledger.text((await self.passage(passage_id)).text)

    async def contents(self, archive_ids: tuple[str, ...]) -> ArchiveContents:
        """What these archives hold, counted."""
        return await self._deps.storage.read(lambda repos: repos.passages.contents(archive_ids))

    async def states(self, passage_id: str) -> tuple[Passage, ...]:
        """What was true over time, newest first: the passage, what it replaced, and what replaced it."""
        return await self._deps.storage.read(lambda repos: _states(repos, passage_id))

    async def search(
        self, query: str, wanted: PassageFilter, limit: int = 50, way: SearchWay = "both"
    ) -> PassageSearchResult:
        """Passages by meaning and words, or one of both, best first, each with why it was found."""
        return await self._search.find(query, wanted, limit, way)

    async def answer(self, agent_id: str, query: str, wanted: PassageFilter) -> ArchivalAnswer:
        """What the agent would get for this query, word for word, without being counted as found."""
        asked = wanted.model_copy(update={"agent_id": agent_id})
        found = await self._as_agent.found(query, asked, DEFAULT_TOP_K)
        text = answer(query, found.hits)
        ids = tuple(hit.passage.id for hit in found.hits)
        return ArchivalAnswer(text=text, tokens=self._deps.ledger.text(text), passage_ids=ids)

    async def insert(self, archive_id: str, draft: PassageDraft, origin: Origin = USER) -> Stored:
        """Stores a passage, unless the archive has the same text; tells what says nearly the same. Raises `Invalid`."""
        return await self._change(origin, lambda c: insert(c, c.changes.repos.archives.get(archive_id), draft))

    async def insert_for(self, agent_id: str, draft: PassageDraft, origin: Origin = USER) -> Stored:
        """As `insert`, in the archive that an agent writes to."""

        def work(changes: ArchiveChanges) -> Stored:
            agent = changes.changes.repos.agents.get(agent_id)
            return insert(changes, changes.default_of(agent.id), draft)

        return await self._change(origin, work)

    async def add(
        self, archive_id: str, drafts: tuple[PassageDraft, ...], origin: Origin = USER
    ) -> tuple[Passage, ...]:
        """Stores passages as given, also those that the archive has, all or none. Raises `Invalid`."""

        def work(changes: ArchiveChanges) -> tuple[Passage, ...]:
            return changes.add_passages(changes.changes.repos.archives.get(archive_id), drafts)

        return await self._change(origin, work)

    async def edit(
        self, passage_id: str, patch: PassagePatch, expected_version: int | None = None, origin: Origin = USER
    ) -> PassageChange:
        """Changes the fields that are given. Raises `Conflict` (`version_conflict`) or `Invalid`."""

        def work(changes: ArchiveChanges) -> tuple[Passage, ...]:
            before = changes.changes.repos.passages.get(passage_id)
            check_version("The passage", before.version, expected_version)
            after = before.model_copy(update=patch.model_dump(exclude_none=True))
            return (changes.save_passage(before, after),)

        return await self._noted(origin, work)

    async def remove(self, passage_ids: tuple[str, ...], origin: Origin = USER) -> PassageChange:
        """Deletes passages. Can be undone."""

        def work(changes: ArchiveChanges) -> tuple[Passage, ...]:
            return _each_archive(changes, passage_ids, lambda passage: None)

        return await self._noted(origin, work)

    async def tag(
        self,
        passage_ids: tuple[str, ...],
        add: tuple[str, ...] = (),
        remove: tuple[str, ...] = (),
        origin: Origin = USER,
    ) -> PassageChange:
        """Gives passages tags and takes others. Raises `Invalid`."""
        more = checked_tags(add)

        def work(changes: ArchiveChanges) -> tuple[Passage, ...]:
            def tagged(passage: Passage) -> Fields:
                left = [tag for tag in passage.tags if tag not in remove]
                return {"tags": tuple(dict.fromkeys((*left, *more)))}

            return _each_archive(changes, passage_ids, tagged)

        return await self._noted(origin, work)

    async def supersede(
        self,
        passage_ids: tuple[str, ...],
        at: Micros | None = None,
        replacement: PassageDraft | None = None,
        by: str | None = None,
        origin: Origin = USER,
    ) -> PassageChange:
        """Says that passages are true no longer: they stay, and are given to agents only when asked as of a date.

        `at`: since when; None: now. `replacement`: what is true instead, stored as a new passage of the first one's
        archive; `by`: one that says it already. Raises `Invalid`, `Conflict`, `NotFound`.
        """

        def work(changes: ArchiveChanges) -> tuple[Passage, ...]:
            repos = changes.changes.repos
            since, new = changes.changes.now if at is None else at, by
            if replacement is not None:
                archive = repos.archives.get(repos.passages.get(passage_ids[0]).archive_id)
                begun = replacement.valid_from or since
                new = changes.add_passage(archive, replacement.model_copy(update={"valid_from": begun})).id
            if new is not None:
                repos.passages.get(new)
            fields: Fields = {"superseded_at": since, "superseded_by": new}
            changed = _each_archive(changes, passage_ids, lambda passage: fields if passage.id != new else {})
            return changed if new is None else (repos.passages.get(new), *changed)

        return await self._noted(origin, work)

    async def merge(
        self, keep_id: str, passage_ids: tuple[str, ...], text: str | None = None, origin: Origin = USER
    ) -> PassageChange:
        """Makes one passage of several of an archive: the first keeps its place, gets all tags and the text, if one is
        given; the others are deleted. Raises `Invalid` for passages of several archives.
        """

        def work(changes: ArchiveChanges) -> tuple[Passage, ...]:
            repos = changes.changes.repos
            keep = repos.passages.get(keep_id)
            others = [one for one in repos.passages.many(passage_ids) if one.id != keep_id]
            if any(one.archive_id != keep.archive_id for one in others):
                raise Invalid("Only passages of one archive can be merged.", hint="Choose passages of one archive.")
            tags = tuple(dict.fromkeys(tag for one in (keep, *others) for tag in one.tags))
            merged: Fields = {"tags": tags, "nearly": None, "alikeness": 0.0}
            merged |= {} if text is None else {"text": text}
            wanted: dict[str, Fields | None] = {keep.id: merged, **{one.id: None for one in others}}
            return changes.change_many(repos.archives.get(keep.archive_id), wanted)

        return await self._noted(origin, work)

    async def keep_both(self, passage_id: str, origin: Origin = USER) -> PassageChange:
        """Says that a passage is no repetition of the one that it resembles."""

        def work(changes: ArchiveChanges) -> tuple[Passage, ...]:
            before = changes.changes.repos.passages.get(passage_id)
            return (changes.save_passage(before, before.model_copy(update={"nearly": None, "alikeness": 0.0})),)

        return await self._noted(origin, work)

    async def export(self, wanted: PassageFilter, form: ArchiveForm) -> AsyncIterator[str]:
        """The wanted passages as pieces of one text, oldest first. Cells of `csv` cannot become formulas."""
        archives = await self._deps.storage.read(lambda repos: _named(repos, wanted))
        writer = FORMS[form](archives)
        yield writer.head()
        page = PageRequest(limit=PAGE, descending=False)
        while True:
            passages = await self.passages(wanted, page)
            if passages:
                yield await asyncio.to_thread(writer.page, passages)
            if len(passages) < PAGE:
                break
            page = page.model_copy(update={"after": passages[-1].id})
        yield writer.foot()

    async def import_file(self, archive_id: str, path: str, origin: Origin = USER) -> Imported:
        """Stores what a file of this computer holds: JSON, CSV or Markdown, told by its name and its beginning.

        Texts that the archive has are left out. Raises `Invalid` with what is wrong and where; then nothing is stored.
        """
        file = Path(path)
        drafts, unread = await asyncio.to_thread(read_file, file)
        as_import = origin.model_copy(update={"actor": Actor(kind="import", name=file.name)})
        done = Imported(unread=unread)
        for start in range(0, len(drafts), PORTION):
            portion = drafts[start : start + PORTION]
            part = await self._change(as_import, lambda changes, some=portion: _import(changes, archive_id, some))
            done = Imported(
                added=done.added + part.added,
                already_there=done.already_there + part.already_there,
                changes=done.changes + part.changes,
                unread=unread,
            )
        return done

    async def _change(self, origin: Origin, work: Callable[[ArchiveChanges], T]) -> T:
        return await change(self._deps, origin, lambda changes: work(ArchiveChanges(changes)))

    async def _seqs(self, origin: Origin, work: Callable[[ArchiveChanges], None]) -> tuple[int, ...]:
        """Runs a change and returns its events."""

        def noted(changes: ArchiveChanges) -> tuple[Passage, ...]:
            work(changes)
            return ()

        return (await self._noted(origin, noted)).changes

    async def _noted(self, origin: Origin, work: Callable[[ArchiveChanges], tuple[Passage, ...]]) -> PassageChange:
        """Runs a change and returns it with its events."""

        def noted(changes: Changes) -> PassageChange:
            before = changes.repos.history.last_seq()
            passages = work(ArchiveChanges(changes))
            seqs = range(before + 1, changes.repos.history.last_seq() + 1)
            return PassageChange(passages=passages, changes=tuple(seqs))

        return await change(self._deps, origin, noted)


def _each_archive(
    changes: ArchiveChanges, passage_ids: tuple[str, ...], fields: Callable[[Passage], Fields | None]
) -> tuple[Passage, ...]:
    """One change of each archive; one passage alone is a change of its own. Returns what is there afterwards."""
    repos = changes.changes.repos
    chosen = sorted(repos.passages.many(passage_ids), key=lambda one: one.archive_id)
    if len(chosen) != len(set(passage_ids)):
        raise NotFound("Some of these passages no longer exist.", hint="Look at the list again, then choose.")
    if len(chosen) == 1:
        return _alone(changes, chosen[0], fields(chosen[0]))
    done: list[Passage] = []
    for archive_id, some in groupby(chosen, key=lambda one: one.archive_id):
        wanted = {one.id: fields(one) for one in some}
        done += changes.change_many(repos.archives.get(archive_id), wanted)
    return tuple(done)


def _alone(changes: ArchiveChanges, passage: Passage, fields: Fields | None) -> tuple[Passage, ...]:
    if fields is None:
        changes.delete_passage(passage)
        return ()
    return (changes.save_passage(passage, passage.model_copy(update=fields)),)


def _states(repos: Repositories, passage_id: str) -> tuple[Passage, ...]:
    """Along the chain both ways; a circle, which people can make, ends it."""
    newest = repos.passages.get(passage_id)
    seen = {newest.id}
    while newest.superseded_by is not None and newest.superseded_by not in seen:
        later = repos.passages.find(newest.superseded_by)
        if later is None:
            break
        newest = later
        seen.add(newest.id)
    chain: dict[str, Passage] = {}
    waiting = [newest]
    while waiting:
        one = waiting.pop(0)
        if one.id not in chain:
            chain[one.id] = one
            waiting += repos.passages.replaced_by(one.id)
    return tuple(chain.values())


def _named(repos: Repositories, wanted: PassageFilter) -> dict[str, Archive]:
    """The archives whose passages are wanted, by id."""
    if wanted.archive_ids:
        found = tuple(repos.archives.get(archive_id) for archive_id in wanted.archive_ids)
    else:
        found = repos.archives.list(agent_id=wanted.agent_id)
    return {archive.id: archive for archive in found}


def _import(changes: ArchiveChanges, archive_id: str, drafts: tuple[PassageDraft, ...]) -> Imported:
    repos = changes.changes.repos
    archive, before = repos.archives.get(archive_id), repos.history.last_seq()
    new: dict[str, PassageDraft] = {}
    for draft in drafts:
        if repos.passages.same(archive_id, draft.text) is None:
            new.setdefault(" ".join(draft.text.casefold().split()), draft)
    changes.add_passages(archive, new.values())
    seqs = range(before + 1, repos.history.last_seq() + 1)
    return Imported(added=len(new), already_there=len(drafts) - len(new), changes=tuple(seqs))
