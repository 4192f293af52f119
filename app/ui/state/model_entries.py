"""What is known of all models, as lines for tables and lists. Plain values; asks nobody and draws nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.fitness import FitProgress, FitReport
from app.domain.memory_fit import ROOM_TO_WORK, Fits, fits
from app.domain.model import (
    ComputerMemory,
    FoundServer,
    LoadedModel,
    Model,
    ModelHandle,
    Provider,
    ProviderModels,
    Pull,
    RecommendedModel,
    ServerPreset,
)
from app.ui.state.model_wording import gigabytes, tr

CONTEXT_SHARE = 0.15
"""Of its file, what the context of a model takes of which nothing else is known."""
NO_MEMORY = ComputerMemory(total_bytes=None, used_bytes=None)
GOING = ("waiting", "running")
"""Phases of a download that goes on by itself."""


@dataclass(frozen=True)
class ModelsKnown:
    """Everything the engine says of servers and models, as of one moment."""

    offers: tuple[ProviderModels, ...] = ()
    recommended: tuple[RecommendedModel, ...] = ()
    memory: ComputerMemory = NO_MEMORY
    pulls: tuple[Pull, ...] = ()
    reports: tuple[FitReport, ...] = ()
    found: tuple[FoundServer, ...] = ()
    presets: tuple[ServerPreset, ...] = ()
    tests: dict[str, FitProgress | None] = field(default_factory=dict[str, FitProgress | None])
    """Fit tests under way, by handle, with the newest word of each."""
    startable: tuple[str, ...] = ()
    """Names of the presets whose program is installed on this computer."""
    slow: dict[str, str] = field(default_factory=dict[str, str])
    """Models that are too slow here, by handle, with the sentence that says how slow."""
    complete: bool = False
    """True: everything was read at least once."""

    def model(self, handle: str) -> Model | None:
        return next((model for offer in self.offers for model in offer.models if model.handle == handle), None)

    def offer_of(self, handle: str) -> ProviderModels | None:
        server = ModelHandle.parse(handle).provider
        return next((offer for offer in self.offers if offer.provider.name == server), None)

    def report(self, handle: str) -> FitReport | None:
        return next((report for report in self.reports if report.handle == handle), None)

    def advice(self, handle: str) -> RecommendedModel | None:
        """What the built-in list says of an installed model."""
        return next((row for row in self.recommended if row.handle == handle and handle), None)

    def pull(self, name: str) -> Pull | None:
        return next((pull for pull in self.pulls if pull.name == name and pull.phase != "done"), None)

    @property
    def puller(self) -> Provider | None:
        """The server that can get models: an Ollama that answers."""
        able = [offer.provider for offer in self.offers if offer.provider.kind == "ollama" and not offer.error]
        return able[0] if able else None


@dataclass(frozen=True)
class ModelEntry:
    """A model as people see it: installed, or recommended to get, or on its way."""

    name: str
    handle: str = ""
    """Empty while it is not installed."""
    provider: Provider | None = None
    model: Model | None = None
    size: int | None = None
    need: int | None = None
    need_known: bool = False
    """False: `need` is a rough estimate from the size of the file."""
    context: int | None = None
    """Tokens that `need` is counted with."""
    fits: Fits = "unknown"
    note: str = ""
    best: bool = False
    slow: bool = False
    """Too slow to be a first choice here."""
    loaded: LoadedModel | None = None
    report: FitReport | None = None
    pull: Pull | None = None
    testing: bool = False
    test: FitProgress | None = None
    reason: str = ""
    """Why it cannot be chosen, as a sentence; empty when it can."""

    @property
    def key(self) -> str:
        return self.handle or f"get {self.name}"

    @property
    def usable(self) -> bool:
        return bool(self.handle) and not self.reason

    @property
    def local(self) -> bool:
        return self.provider is not None and self.provider.kind == "ollama"

    @property
    def testable(self) -> bool:
        chats = self.model is not None and not self.model.unfit and not self.model.scripted
        return chats and self.fits != "too_big"

    @property
    def verdict(self) -> tuple[str, str, str]:
        """Text, kind and icon of the badge that says how it goes on this computer."""
        model = self.model
        if model is not None and model.cloud:
            return tr("Cloud, not local"), "info", "upload"
        if model is not None and model.embedding:
            return tr("Search only"), "", ""
        if model is not None and model.unfit:
            return tr("Cannot chat"), "", ""
        if self.slow and self.fits == "fits":
            return tr("Too slow"), "warn", "warning"
        return {
            "fits": (tr("Fits well"), "ok", "check"),
            "tight": (tr("Tight"), "warn", "warning"),
            "too_big": (tr("Too big"), "danger", "error"),
            "unknown": (tr("Unknown"), "", ""),
        }[self.fits]


def known_models(known: ModelsKnown, scripted: bool = False) -> tuple[ModelEntry, ...]:
    """All that the servers offer; what can be chosen first, the best of it at the top. `scripted`: the demo too."""
    lines = [
        entry_of(known, offer.provider, model)
        for offer in known.offers
        for model in offer.models
        if scripted or not model.scripted
    ]
    return tuple(sorted(lines, key=_order))


def entry_of(known: ModelsKnown, provider: Provider, model: Model) -> ModelEntry:
    advice = known.advice(model.handle)
    loaded = next((one for one in known.memory.loaded if one.handle == model.handle), None)
    far = model.cloud or model.scripted or (provider.kind == "openai" and model.size_bytes is None)
    need, sure = (None, False) if far else _need(model, advice, loaded)
    verdict = advice.fits if advice is not None else fits(need, known.memory.total_bytes)
    return ModelEntry(
        name=model.name,
        handle=model.handle,
        provider=provider,
        model=model,
        size=model.size_bytes,
        need=need,
        need_known=sure,
        context=advice.context_window if advice is not None else (loaded.context if loaded else None),
        fits=verdict,
        note=advice.note if advice is not None else known.slow.get(model.handle, ""),
        best=advice.best if advice is not None else False,
        slow=model.handle in known.slow,
        loaded=loaded,
        report=known.report(model.handle),
        testing=model.handle in known.tests,
        test=known.tests.get(model.handle),
        reason=_why_not(model, need, verdict, known.memory.total_bytes),
    )


def wanted_models(known: ModelsKnown) -> tuple[ModelEntry, ...]:
    """What is worth getting, best first: what is on its way, what fits, what would be tight."""
    lines = [_wanted(known, row) for row in known.recommended if not row.installed]
    listed = {line.name for line in lines}
    others = [pull for pull in known.pulls if pull.name not in listed and pull.phase != "done"]
    lines += [ModelEntry(name=pull.name, size=pull.total or None, pull=pull) for pull in others]
    order = {"fits": 0, "unknown": 0, "tight": 1, "too_big": 2}
    return tuple(sorted(lines, key=lambda line: (line.pull is None, order[line.fits], line.slow)))


def _wanted(known: ModelsKnown, row: RecommendedModel) -> ModelEntry:
    return ModelEntry(
        name=row.name,
        size=row.size_bytes,
        need=row.need_bytes,
        need_known=True,
        context=row.context_window,
        fits=row.fits,
        note=row.note,
        best=row.best,
        slow=row.too_slow,
        report=row.fitness,
        pull=known.pull(row.name),
    )


def best_choice(lines: Sequence[ModelEntry]) -> ModelEntry | None:
    """The model to begin with: never one in a cloud, never one that was found unfit."""
    able = [line for line in lines if line.usable and not _far(line)]
    able = [line for line in able if line.report is None or line.report.verdict != "unfit"]
    return able[0] if able else None


def _need(model: Model, advice: RecommendedModel | None, loaded: LoadedModel | None) -> tuple[int | None, bool]:
    """Bytes, and whether that is more than a guess."""
    if advice is not None:
        return advice.need_bytes, True
    if loaded is not None:
        return loaded.bytes, True
    if model.size_bytes is None:
        return None, False
    return round(model.size_bytes * (1 + CONTEXT_SHARE)) + ROOM_TO_WORK, False


def _why_not(model: Model, need: int | None, verdict: Fits, total: int | None) -> str:
    if model.unfit:
        return model.unfit
    if model.embedding:
        return tr("Creates embeddings, cannot chat.")
    if verdict == "too_big" and need and total:
        return tr("Needs {} of {} GB.").format(gigabytes(need), gigabytes(total, whole=True))
    return ""


def _far(line: ModelEntry) -> bool:
    return line.model is not None and line.model.cloud


def _order(line: ModelEntry) -> tuple[object, ...]:
    verdicts = {"good": 0, "weak": 2, "unfit": 4}
    tested = verdicts[line.report.verdict] if line.report is not None else 1
    fit = {"fits": 0, "unknown": 1, "tight": 2, "too_big": 3}[line.fits]
    tools = line.model is not None and line.model.tools is False
    return (not line.usable, _far(line), tested == 4, fit == 3, not line.best, line.slow, tested, fit, tools)
