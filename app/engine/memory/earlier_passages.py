"""An agent's archives as they were at an earlier point, read from what they hold now and what changed since."""

from collections.abc import Iterable
from typing import NamedTuple

from app.domain.archive import Archive, Passage, PassageFilter
from app.domain.history import MemoryEvent
from app.domain.page import PageRequest
from app.engine.memory.changes import Fields
from app.ports.storage import Repositories

PAGE = 500
"""Passages that are read at once: so many are parsed in a few milliseconds."""


class ArchiveAt(NamedTuple):
    """An archive that was attached then, and what it held."""

    archive: Archive
    passages: tuple[Passage, ...]


def archives_at(repos: Repositories, agent_id: str, seq: int) -> tuple[ArchiveAt, ...]:
    """The archives of an agent right after an event, in its order. Archives deleted since are missing.

    A passage that was deleted since is told with the first of them: an event does not say where it lay.
    """
    since = repos.history.since(agent_id, seq)
    then = states_before(since)
    found = [ArchiveAt(one, _held(repos, one, then)) for one in _attached_then(repos, agent_id, since)]
    here = {passage.id for one in found for passage in one.passages}
    living = {one.id for one in repos.passages.many(tuple(then))}
    lost = [
        _lost(each, fields, found[0].archive)
        for each, fields in then.items()
        if found and fields is not None and each not in here | living and "text" in fields
    ]
    if lost:
        found[0] = found[0]._replace(passages=(*found[0].passages, *lost))
    return tuple(found)


def states_before(events: Iterable[MemoryEvent]) -> dict[str, Fields | None]:
    """By id, the fields that passages had before these events (newest first), where they tell; None: were not there."""
    then: dict[str, Fields | None] = {}
    for event in events:
        if event.target_kind == "passage":
            _step_back(then, event.target_id, event.before, event.after)
        elif event.target_kind == "archive":
            sides = [(side or {}).get("passages", {}) for side in (event.before, event.after)]
            for each in {**sides[0], **sides[1]}:
                _step_back(then, each, sides[0].get(each), sides[1].get(each))
    return then


def _step_back(then: dict[str, Fields | None], passage_id: str, old: Fields | None, new: Fields | None) -> None:
    known = then.get(passage_id) or {}
    then[passage_id] = None if old is None else dict(old) if new is None else {**known, **old}


def _attached_then(repos: Repositories, agent_id: str, since: Iterable[MemoryEvent]) -> list[Archive]:
    ids = [archive.id for archive in repos.archives.of_agent(agent_id)]
    for event in since:
        if event.target_kind != "archive" or event.agent_id != agent_id or event.op not in ("attach", "detach"):
            continue
        if event.op == "attach" and event.target_id in ids:
            ids.remove(event.target_id)
        elif event.op == "detach" and event.target_id not in ids:
            ids.insert(int((event.before or {}).get("position", len(ids))), event.target_id)
    return [archive for each in ids if (archive := repos.archives.find(each)) is not None]


def _held(repos: Repositories, archive: Archive, then: dict[str, Fields | None]) -> tuple[Passage, ...]:
    held: list[Passage] = []
    page = PageRequest(limit=PAGE, descending=False)
    while passages := repos.passages.list(PassageFilter(archive_ids=(archive.id,)), page):
        for one in passages:
            fields = then.get(one.id, {})
            if fields is not None:
                held.append(Passage.model_validate({**one.model_dump(), **fields}) if fields else one)
        page = page.model_copy(update={"after": passages[-1].id})
    return tuple(held)


def _lost(passage_id: str, fields: Fields, archive: Archive) -> Passage:
    known = {"id": passage_id, "archive_id": archive.id, "created_at": 0, "updated_at": 0}
    return Passage.model_validate({**known, **fields})
