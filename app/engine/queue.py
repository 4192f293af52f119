"""One queue per model server: who may send a request now, who waits, and for what. Knows nothing of what is sent.

Local servers serve one request at a time and let the others wait without a word; here whoever waits can be told for
what, and leave. A request under way is interrupted only if it said that it gives way, and only for a person; one that
merely warms a server is interrupted for any other.
"""

import asyncio
import bisect
import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum

from app.domain.address import is_here, place_of
from app.domain.agent import Agent
from app.domain.model import ModelHandle, Provider
from app.domain.run import Run

ONE_AT_A_TIME, SEVERAL = 1, 4
"""Requests that a server gets at a time; the second where it does not say how many it works on side by side."""
_LONELY_PORTS = (11434, 8080, 9931)
"""Where Ollama and llama-server listen when nobody says otherwise; see `usual_limit`."""


class Priority(IntEnum):
    """Who goes first: the lower number."""

    CHAT = 0
    SUMMARY = 1
    """Titles and summaries: a person will miss them soon."""
    BACKGROUND = 2
    FIT_TEST = 3
    WARMING = 4
    """Reads a prompt ahead: never waits, and never works beside another request."""


class NotIdle(Exception):
    """The server has something else to do than being warmed."""


@dataclass(frozen=True)
class Purpose:
    """What a request is for."""

    priority: Priority
    words: str
    """As others read it who wait for it: `the summary of Juno`."""


def purpose_of(run: Run, agent: Agent) -> Purpose:
    """What a run's requests are for."""
    match run.purpose:
        case "fit_test":
            return Purpose(Priority.FIT_TEST, f"the test of {ModelHandle.parse(agent.model).name}")
        case "summary" | "title":
            return Purpose(Priority.SUMMARY, f"the {run.purpose} of {agent.name}")
        case _ if run.background:
            return Purpose(Priority.BACKGROUND, f"the background run of {agent.name}")
        case _:
            return Purpose(Priority.CHAT, f"the reply of {agent.name}")


OnWait = Callable[[str], None]
"""Is told for what a request waits: at once when it has to, and again whenever that changes."""


@dataclass(eq=False)
class _Running:
    purpose: Purpose
    give_way: Callable[[], None] | None


@dataclass(order=True)
class _Waiting:
    priority: int
    number: int
    on_wait: OnWait = field(compare=False)
    turn: "asyncio.Future[None]" = field(compare=False)
    running: _Running = field(compare=False)
    """What it will be."""
    told: str = field(default="", compare=False)


class _Queue:
    """The requests of one server."""

    def __init__(self) -> None:
        self.limit = SEVERAL
        self.running: list[_Running] = []
        self.waiting: list[_Waiting] = []
        self._numbers = itertools.count()

    async def enter(self, purpose: Purpose, on_wait: OnWait, give_way: Callable[[], None] | None) -> _Running:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if purpose.priority == Priority.WARMING and (self.running or self.waiting):
            raise NotIdle
        entry = _Waiting(purpose.priority, next(self._numbers), on_wait, turn, _Running(purpose, give_way))
        bisect.insort(self.waiting, entry)
        self.advance()
        try:
            await turn
        except asyncio.CancelledError:
            if entry in self.waiting:
                self.waiting.remove(entry)
                self.advance()
            else:  # its turn came in the moment in which it left
                self.leave(entry.running)
            raise
        return entry.running

    def leave(self, running: _Running) -> None:
        self.running.remove(running)
        self.advance()

    def advance(self) -> None:
        """Lets in whoever may, and tells the others what they wait for."""
        self._end_warming()
        while self.waiting and self._has_room(self.waiting[0].running.purpose):
            entry = self.waiting.pop(0)
            self.running.append(entry.running)
            if not entry.turn.done():
                entry.turn.set_result(None)
        self._make_way()
        for place, entry in enumerate(self.waiting):
            words = _words(self.running, place)
            if words != entry.told:
                entry.told = words
                entry.on_wait(words)

    def _end_warming(self) -> None:
        """Whoever comes finds the server free, even where it could work on several requests: they would be slower."""
        if self.waiting:
            for running in [one for one in self.running if one.purpose.priority == Priority.WARMING]:
                _ask_to_leave(running)

    def _make_way(self) -> None:
        """Asks those that give way to leave, one for each person who waits."""
        hurried = sum(entry.priority <= Priority.SUMMARY for entry in self.waiting)
        for running in [one for one in self.running if one.give_way is not None][:hurried]:
            _ask_to_leave(running)

    def _has_room(self, purpose: Purpose) -> bool:
        """Where several go at once, one place is kept for people. Nobody goes in beside what warms the server."""
        if any(one.purpose.priority == Priority.WARMING for one in self.running):
            return False
        if purpose.priority <= Priority.SUMMARY or self.limit == ONE_AT_A_TIME:
            return len(self.running) < self.limit
        unhurried = sum(one.purpose.priority > Priority.SUMMARY for one in self.running)
        return len(self.running) < self.limit and unhurried < self.limit - 1


def _ask_to_leave(running: _Running) -> None:
    give_way, running.give_way = running.give_way, None
    if give_way is not None:
        give_way()


def _words(running: list[_Running], ahead: int) -> str:
    first = f"Waiting for {running[0].purpose.words}" if running else "Waiting for its turn"
    others = len(running) - 1 + ahead if running else ahead
    return first if others < 1 else f"{first} and {others} more" if others > 1 else f"{first} and one more"


class Queues:
    """The queues of all servers. Used from one loop."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def place(
        self,
        provider: Provider,
        purpose: Purpose,
        on_wait: OnWait,
        at_once: int | None = None,
        give_way: Callable[[], None] | None = None,
    ) -> AsyncGenerator[None]:
        """A place at the server of `provider`, waited for. `at_once`: requests it may get at a time; None: as usual.

        `give_way`: called at most once, when a person waits for the place that is taken up; to leave it is then the
        taker's matter. Without it a request is never disturbed. What only warms the server is asked for anybody, and
        gets no place while there is other work: raises `NotIdle`.
        """
        queue = self._queues.setdefault(server_of(provider), _Queue())
        queue.limit = at_once if at_once and at_once > 0 else usual_limit(provider)
        running = await queue.enter(purpose, on_wait, give_way)
        try:
            yield
        finally:
            queue.leave(running)

    def length(self, provider: Provider) -> int:
        """How many requests wait there."""
        queue = self._queues.get(server_of(provider))
        return len(queue.waiting) if queue else 0


def server_of(provider: Provider) -> str:
    """What is the same for all providers that lead to one server."""
    place = place_of(provider.base_url)
    return provider.id if place is None else f"{place[0]}:{place[1]}"


def usual_limit(provider: Provider) -> int:
    """Ollama and llama.cpp work on one request at a time, unless they were started otherwise."""
    if provider.kind == "ollama" or provider.name.lower().startswith(("llamacpp", "llama.cpp")):
        return ONE_AT_A_TIME
    place = place_of(provider.base_url)
    is_one_of_them = place is not None and place[1] in _LONELY_PORTS and is_here(provider.base_url)
    return ONE_AT_A_TIME if is_one_of_them else SEVERAL
