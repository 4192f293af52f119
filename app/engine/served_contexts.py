"""What servers really serve: trained, allocated and wanted context sizes by model handle, as far as anybody said.

Filled by lists of models, by what adapters learn, and by what servers counted. Kept in memory only: it is cheap to
learn again, and a server may have been started otherwise since. All moments here are ticks of the clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.address import is_here
from app.domain.base import Micros
from app.domain.model import Model, Provider

LOADED_FOR: Micros = 25 * 60 * 1_000_000
"""Less than the half hour for which Ollama is asked to keep a model loaded."""
ASK_AGAIN: Micros = 60 * 1_000_000
"""A server that could not say its sizes is asked again after a minute."""
CUT_FOR: Micros = 30 * 60 * 1_000_000
"""How long a size that showed itself by a cut request is believed."""


@dataclass(frozen=True)
class _Known:
    trained: int | None = None
    fixed: int | None = None
    """Served whatever a request asks for."""
    allocated: int | None = None
    loaded: bool | None = None


class ServedContexts:
    """What servers really serve, by handles of models: told by them, or shown by a cut request. Not stored."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._cut: dict[str, tuple[int, Micros]] = {}
        self._answered: dict[str, tuple[int, Micros]] = {}
        self._asked: dict[str, Micros] = {}
        self._instead: dict[str, str] = {}
        """Which model answers in place of another, by handles."""
        self._short: dict[str, tuple[Micros, ...]] = {}
        """Answers after which the model was loaded with less than they had asked for."""

    def note(self, models: Iterable[Model]) -> None:
        """Takes in what a server's list says."""
        for model in models:
            new = _Known(model.trained_context, model.context_window, model.allocated_context, model.loaded)
            old = self._known.get(model.handle)
            self._known[model.handle] = new
            if old is not None and _differs(old.fixed, new.fixed) | _differs(old.allocated, new.allocated):
                self._cut.pop(model.handle, None)  # it was loaded anew
            self._compare(model)

    def _compare(self, model: Model) -> None:
        """Once may be another program's doing; twice, and the server does not give what it is asked for."""
        answered, allocated = self._answered.get(model.handle), model.allocated_context
        if answered is None or allocated is None or allocated >= answered[0]:
            self._short.pop(model.handle, None)
        else:
            self._short[model.handle] = tuple({*self._short.get(model.handle, ()), answered[1]})

    def note_trained(self, handle: str, tokens: int | None) -> None:
        known = self._known.get(handle, _Known())
        if tokens and known.trained != tokens:
            self._known[handle] = _Known(tokens, known.fixed, known.allocated, known.loaded)

    def note_answer(self, handle: str, wanted: int, now: Micros) -> None:
        """A request that asked for so many tokens was answered, so the model is loaded like that."""
        self._answered[handle] = (wanted, now)

    def note_answered_by(self, handle: str, name: str) -> None:
        """Another model of the server wrote the reply: what was known of the one that was asked for is not true now.

        Empty: it was that one.
        """
        other = f"{handle.partition('/')[0]}/{name}" if name else ""
        if self._instead.get(handle, "") != other:
            self._cut.pop(handle, None)
            self._answered.pop(handle, None)
            self._short.pop(handle, None)
            self._instead[handle] = other

    def _of(self, handle: str) -> _Known:
        return self._known.get(self._instead.get(handle) or handle, _Known())

    def note_cut(self, handle: str, size: int, now: Micros) -> None:
        """A request was cut although it should have fit: the server serves no more than this."""
        self._cut[handle] = (size, now)

    def note_asked(self, provider: Provider, now: Micros) -> None:
        self._asked[provider.id] = now

    def is_worth_asking(self, provider: Provider, handle: str, now: Micros) -> bool:
        """Whether a server should be asked for its sizes before the first request: one that may cut silently."""
        if handle in self._known or provider.kind != "openai" or not is_here(provider.base_url):
            return False
        asked = self._asked.get(provider.id)
        return asked is None or now - asked > ASK_AGAIN

    def served(self, handle: str) -> int | None:
        """What the server really serves, where it says so or has shown it."""
        known = self._of(handle)
        cut = self._cut.get(handle)
        return cut[0] if cut else known.allocated or known.fixed

    def limit(self, handle: str) -> int | None:
        """The most that a request may take, as the server says, however much is wanted; None: it does not say."""
        known = self._of(handle)
        given = known.allocated if len(self._short.get(handle, ())) > 1 else None
        return min((size for size in (known.trained, known.fixed, given) if size), default=None)

    def to_ask_for(self, handle: str, wanted: int) -> int:
        """The context size to ask Ollama for: one that it gave somebody else already does, if it is larger.

        Another size loads the model anew. One that was loaded for us goes when less is wanted: memory is to be freed.
        """
        known, answered = self._of(handle), self._answered.get(handle)
        ours = answered is not None and answered[0] == known.allocated
        if known.loaded and known.allocated and known.allocated > wanted and not ours:
            return known.allocated
        return wanted

    def trained(self, handle: str) -> int | None:
        return self._of(handle).trained

    def shown(self, handle: str, now: Micros) -> int | None:
        """The size that a cut request has shown lately."""
        cut = self._cut.get(handle)
        return cut[0] if cut and now - cut[1] < CUT_FOR else None

    def is_loaded(self, handle: str, wanted: int, now: Micros) -> bool:
        """Whether the model is loaded with this size, as far as can be known."""
        answered = self._answered.get(handle)
        if answered is not None and answered[0] == wanted and now - answered[1] < LOADED_FOR:
            return True
        known = self._of(handle)
        return known.loaded is True and known.allocated in (None, wanted)


def _differs(old: int | None, new: int | None) -> bool:
    return old is not None and new is not None and old != new
