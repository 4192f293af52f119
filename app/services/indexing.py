"""Gives every text its vector in the background, newest first, so that it is found by its meaning.

Texts without a vector are what is left to do, so a restart goes on where the last one stopped, and a changed embedder
begins anew beside what there is. It is nobody's work: no engine stays open for it, and it makes room for runs.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from app.domain.base import Micros
from app.domain.embedding import (
    INDEXING_PAUSED,
    USUAL_EMBEDDER,
    EmbeddingFailed,
    EmbeddingModel,
    IndexingProgress,
    VectorOf,
)
from app.domain.error import AppError
from app.domain.event import Changed, Event, RunEvent
from app.domain.retrieval import neighbourhood
from app.engine.deps import EngineDeps
from app.ports.embedding import Embedders
from app.ports.storage import OwnVector, Repositories, WaitingText
from app.ports.vector_index import VectorIndex
from app.services.events.bus import EventBus

log = logging.getLogger(__name__)

START_AFTER = 20.0
"""Seconds from the engine's start on in which nothing is embedded: people begin to use it then."""
SETTLE = 2.0
"""Seconds after a reply before it is embedded: the next message may follow at once."""
RETRY = 60.0
"""Seconds after an embedder has failed."""
PORTION = 16
"""Texts of one transaction."""
SPAN = 2_000
"""Rows that are looked through for texts without a vector in one reading transaction."""
TELL_EVERY = 1.0
"""Seconds between two notices of how far it is."""
GIVE_WAY = 3.0
"""While runs are under way it rests so many times as long as it works."""
DROPPED_AT_ONCE = 1_000
INDEXED = "meaning_index_made"
"""Begins the keys of settings that say that there was an index once."""
_ANEW = "It is made anew in the background; words are searched meanwhile, and what is near is found by comparing all."
LINES = {
    "missing": f"The index of meanings was missing. {_ANEW}",
    "broken": f"The index of meanings was damaged. {_ANEW}",
    "outdated": f"The index of meanings belonged to another state of your data. {_ANEW}",
}
Kind = Literal["message", "passage"]
KINDS: dict[Kind, tuple[VectorOf, ...]] = {"message": ("message", "neighbours"), "passage": ("passage",)}


@dataclass
class _Walk:
    """One space's way from the newest text to the oldest."""

    model: EmbeddingModel
    kind: Kind
    owners: tuple[str, ...] = ()
    """Ids of the agents or archives."""
    top: int = 0
    """The newest row that it knows of."""
    spans: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Rows to look through, `low < seq <= high`; the last one comes first."""

    @property
    def left(self) -> int:
        return sum(high - low for low, high in self.spans)

    def see(self, top: int) -> None:
        if top > self.top:
            self.spans.append((self.top, top))
            self.top = top


class _Todo(NamedTuple):
    of: VectorOf
    owner: WaitingText
    text: str


class Indexing:
    def __init__(
        self,
        deps: EngineDeps,
        bus: EventBus,
        embedders: Embedders,
        index: VectorIndex,
        running: Callable[[], bool],
        *,
        notices: list[str],
        start_after: float = START_AFTER,
        settle: float = SETTLE,
    ) -> None:
        """`running`: whether runs are under way. `notices`: sentences for the person, to which more are added."""
        self._deps = deps
        self._bus = bus
        self._embedders = embedders
        self._index = index
        self._notices = notices
        self._running = running
        self._start_after = start_after
        self._settle = settle
        self._walks: dict[tuple[str, Kind], _Walk] = {}
        self._looked = False
        self._news = asyncio.Event()
        self._paused = False
        self._problem = ""
        self._done = 0
        self._pace = 0.0
        self._told: Micros = 0
        self.at_rest = asyncio.Event()
        """Set while nothing is left to do."""

    async def progress(self) -> IndexingProgress:
        """How far it is. Counts rows, some of which have no text."""
        return IndexingProgress(
            looked=self._looked,
            done=self._done,
            waiting=sum(walk.left for walk in self._walks.values()),
            per_second=self._pace,
            paused=await self._deps.storage.read(_is_paused),
            problem=self._problem,
        )

    async def pause(self, paused: bool = True) -> IndexingProgress:
        """Stops it until somebody lets it go on, over restarts too; or lets it go on."""
        await self._deps.storage.write(lambda repos: repos.settings.set(INDEXING_PAUSED, paused))
        self._paused = paused
        self._news.set()
        self._tell()
        return await self.progress()

    def begin(self) -> "asyncio.Task[None]":
        """Works until the task is cancelled."""
        return asyncio.get_running_loop().create_task(self._work(), name="indexing")

    async def _work(self) -> None:
        listening = asyncio.get_running_loop().create_task(self._listen(), name="indexing: news")
        try:
            await asyncio.sleep(self._start_after)
            while True:
                try:
                    await self._round()
                except EmbeddingFailed as error:
                    await self._rest(error.message)
                except AppError as error:
                    log.info("indexing waits: %s", error.message)
                    await self._rest(error.message)
        finally:
            listening.cancel()

    async def _listen(self) -> None:
        while True:
            subscription = self._bus.subscribe(_is_news)
            try:
                async for event in subscription:
                    if isinstance(event, Changed) and event.kind == "passage":
                        self._look_again("passage")
                    self._news.set()
            finally:
                subscription.close()
            if not subscription.overflowed:
                return
            self._look_again("passage")

    def _look_again(self, kind: Kind) -> None:
        """Texts may have changed anywhere."""
        for walk in self._walks.values():
            if walk.kind == kind:
                walk.top, walk.spans = 0, []

    async def _round(self) -> None:
        """Everything there is to do, then waits for more."""
        self._news.clear()
        self._paused = await self._deps.storage.read(_is_paused)
        silent = await self._find_walks()
        while not self._paused and (walk := next((one for one in self._walks.values() if one.spans), None)):
            await self._step(walk)
            if self._news.is_set():
                return
        self._problem = "The server of an embedding model does not answer." if silent else ""
        await self._follow()
        if not self._paused and not silent and await self._tidy():
            return
        self.at_rest.set()
        self._tell()
        await self._news.wait()
        self.at_rest.clear()
        await asyncio.sleep(self._settle)

    async def _find_walks(self) -> bool:
        """Which spaces are wanted, and what is new in them. True: a server is silent, so not all is known."""
        agents, archives, messages, passages = await self._deps.storage.read(_wanted)
        silent = False
        wanted: dict[tuple[str, Kind], _Walk] = {}
        kinds: tuple[tuple[Kind, dict[str | None, list[str]], int], ...] = (
            ("passage", archives, passages),
            ("message", agents, messages),
        )
        for kind, handles, top in kinds:
            for handle, owners in handles.items():
                model = await self._embedders.chosen(handle)
                if model is None:
                    silent = True
                    continue
                walk = wanted.setdefault((model.space, kind), _Walk(model, kind))
                walk.owners += tuple(owners)
            for key, walk in wanted.items():
                if walk.kind == kind:
                    known = self._walks.get(key)
                    if known is not None and {*walk.owners} <= {*known.owners}:
                        walk.top, walk.spans = known.top, known.spans
                    walk.see(top)
        self._walks, self._looked = wanted, True
        return silent

    async def _step(self, walk: _Walk) -> None:
        """Looks through some rows of the newest span and embeds what has no vector."""
        low, high = span = walk.spans[-1]
        floor = max(low, high - SPAN)
        space = await self._deps.storage.read(lambda repos: repos.vectors.known_space(walk.model.space))
        waiting = await self._deps.storage.read(lambda repos: _waiting(repos, walk, space, floor, high))
        below = waiting[-1].owner_seq - 1 if len(waiting) == PORTION else floor
        begun = self._deps.clock.ticks()
        count = await self._embed(walk, waiting, low)
        if walk.spans and walk.spans[-1] == span:  # else somebody wants all to be looked through again
            walk.spans[-1:] = [(low, below)] if below > low else []
        self._done += high - below
        seconds = max((self._deps.clock.ticks() - begun) / 1e6, 1e-3)
        if count:
            pace = (high - below) / seconds
            self._pace = (self._pace or pace) * 0.9 + 0.1 * pace
            self._problem = ""
        if begun - self._told > TELL_EVERY * 1e6:
            self._told = begun
            self._tell()
        if count and self._running():
            await asyncio.sleep(GIVE_WAY * seconds)

    async def _embed(self, walk: _Walk, waiting: tuple[WaitingText, ...], low: int) -> int:
        """Embeds texts and stores their vectors. Returns how many."""
        spoken = [one for one in waiting if one.text]
        todo = [_Todo(walk.kind, one, one.text) for one in spoken]
        if walk.kind == "message":
            # A message that was the last one has a neighbour now.
            late = [one.previous_seq for one in spoken if one.previous_seq is not None and one.previous_seq <= low]
            before = await self._deps.storage.read(lambda repos: _neighbours_of(repos, walk, late)) if late else ()
            around = ((one, neighbourhood(one.before, one.text, one.after)) for one in (*spoken, *before))
            todo += [_Todo("neighbours", one, text) for one, text in around]
        if not todo:
            return 0
        vectors = await self._embedders.embed(walk.model, [one.text for one in todo], "text", background=True)
        own = [
            OwnVector(one.of, one.owner.owner_seq, one.owner.scope_seq, vector)
            for one, vector in zip(todo, vectors, strict=True)
        ]
        await self._deps.storage.write(lambda repos: _store(repos, walk.model, own, self._deps.clock.now()))
        return len(own)

    async def _follow(self) -> None:
        """Has the index take over what is new; says so when it had to be made anew."""
        for walk in tuple(self._walks.values()):
            for of in KINDS[walk.kind]:
                key = f"{INDEXED} {of} {walk.model.space}"
                was_made = await self._deps.storage.read(lambda repos, key=key: repos.settings.get(key) is not None)
                more, was = not self._paused, ""
                while more and not self._news.is_set():
                    state, more, _ = await self._index.follow(walk.model.space, of, was_made=was_made)
                    if state in LINES:
                        self._say(LINES[state])
                        if state == was:
                            break  # it is of no use here; all vectors are compared instead
                    was = state
                    if more and not was_made:
                        was_made = True
                        await self._deps.storage.write(lambda repos, key=key: repos.settings.set(key, True))

    def _say(self, line: str) -> None:
        if line not in self._notices:
            log.warning("%s", line)
            self._notices.append(line)

    async def _tidy(self) -> bool:
        """Deletes vectors that no agent and no archive uses any more. True: there are more."""
        spaces = {walk.model.space for walk in self._walks.values()}
        if not spaces:
            return False
        return await self._deps.storage.write(lambda repos: _drop_others(repos, spaces)) == DROPPED_AT_ONCE

    async def _rest(self, problem: str) -> None:
        self._problem = problem
        self._tell()
        self._news.clear()
        try:
            async with asyncio.timeout(RETRY):
                await self._news.wait()
        except TimeoutError:
            pass

    def _tell(self) -> None:
        self._deps.publish(Changed(kind="setting", ids=(INDEXING_PAUSED,)))


def _is_news(event: Event) -> bool:
    if isinstance(event, RunEvent):
        return event.payload.message_type == "usage_statistics"
    if not isinstance(event, Changed):
        return False
    return event.kind in ("agent", "archive", "passage", "provider") or USUAL_EMBEDDER in event.ids


def _is_paused(repos: Repositories) -> bool:
    setting = repos.settings.get(INDEXING_PAUSED)
    return setting is not None and setting.value is True


def _wanted(repos: Repositories) -> tuple[dict[str | None, list[str]], dict[str | None, list[str]], int, int]:
    agents: dict[str | None, list[str]] = defaultdict(list)
    for one in repos.agents.embedders():
        agents[one.handle].append(one.agent_id)
    archives: dict[str | None, list[str]] = defaultdict(list)
    for archive in repos.archives.embedders():
        archives[archive.handle].append(archive.archive_id)
    return agents, archives, repos.vectors.last_message(), repos.vectors.last_passage()


def _waiting(repos: Repositories, walk: _Walk, space: int | None, low: int, high: int) -> tuple[WaitingText, ...]:
    waiting = repos.vectors.waiting_passages if walk.kind == "passage" else repos.vectors.waiting_messages
    return waiting(space, walk.owners, low, high, PORTION)


def _neighbours_of(repos: Repositories, walk: _Walk, seqs: list[int]) -> tuple[WaitingText, ...]:
    found = (repos.vectors.waiting_messages(None, walk.owners, seq - 1, seq, 1) for seq in seqs)
    return tuple(one for several in found for one in several)


def _store(repos: Repositories, model: EmbeddingModel, own: list[OwnVector], at: int) -> None:
    repos.vectors.add(repos.vectors.space(model, at), own)


def _drop_others(repos: Repositories, spaces: set[str]) -> int:
    known = [seq for space in spaces if (seq := repos.vectors.known_space(space)) is not None]
    return repos.vectors.drop_spaces_but(known, DROPPED_AT_ONCE) if known else 0
