"""What stands in the list of models to pick from: servers, their models with badges, and why some cannot be picked."""

from dataclasses import dataclass
from typing import Literal

from app.domain.address import is_here
from app.ui.kit.wording import count
from app.ui.state.model_entries import ModelEntry, ModelsKnown, entry_of
from app.ui.state.model_wording import file_size, tr
from app.ui.state.server_entries import host_of

PickKind = Literal["server", "model", "note"]
MANY_TOKENS = 10_000


@dataclass(frozen=True)
class PickRow:
    kind: PickKind
    title: str
    detail: str = ""
    badges: tuple[tuple[str, str], ...] = ()
    """Text and kind."""
    handle: str = ""
    """Empty: cannot be picked."""
    reason: str = ""

    @property
    def words(self) -> str:
        return ", ".join(filter(None, (self.title, self.detail, *(text for text, _ in self.badges), self.reason)))


def pick_rows(known: ModelsKnown, query: str = "") -> tuple[PickRow, ...]:
    """Grouped by server; `query` leaves the models that have all its words in their names."""
    wanted = query.casefold().split()
    rows: list[PickRow] = []
    for offer in sorted(known.offers, key=lambda offer: offer.provider.kind == "demo"):
        own: list[PickRow] = []
        for model in offer.models:
            if all(word in model.handle.casefold() for word in wanted):
                own.append(_model_row(entry_of(known, offer.provider, model)))
        if not wanted and offer.error:
            own = [PickRow("note", offer.error, reason=offer.hint)]
        elif not wanted and not own:
            own = [PickRow("note", tr("It has no models."))]
        if own:
            rows.append(_server_row(offer.provider.name, offer.provider.base_url))
            rows.extend(own)
    return tuple(rows)


def _server_row(name: str, url: str) -> PickRow:
    host = host_of(url)
    far = bool(host) and not is_here(url)
    badges = ((tr("Not local"), "info"),) if far else ()
    return PickRow("server", name, host or tr("built in"), badges)


def _model_row(line: ModelEntry) -> PickRow:
    model = line.model
    reason = model.unfit if model is not None else ""
    return PickRow(
        "model", line.name, file_size(line.size), badges_of(line), "" if reason else line.handle, reason or line.reason
    )


def badges_of(line: ModelEntry) -> tuple[tuple[str, str], ...]:
    """What a model can do and how it goes here, the most important first."""
    model = line.model
    if model is None or model.unfit:
        return ()
    badges: list[tuple[str, str]] = []
    if model.scripted:
        badges.append((tr("Scripted, no AI"), ""))
    elif model.cloud:
        badges.append((tr("Cloud, not local"), "info"))
    elif line.fits != "unknown":
        text, kind, _ = line.verdict
        badges.append((text, kind))
    if line.report is not None:
        kind = {"good": "ok", "weak": "warn", "unfit": "danger"}[line.report.verdict]
        badges.append((tr("{} of {} tasks").format(line.report.passed, line.report.of), kind))
    if line.loaded is not None or model.loaded:
        badges.append((tr("Loaded"), "teal"))
    if model.tools is not None:
        badges.append((tr("Tools"), "") if model.tools else (tr("No tools"), "warn"))
    if model.reasoning:
        badges.append((tr("Reasoning"), ""))
    if model.vision:
        badges.append((tr("Images"), ""))
    window = model.context_window or model.trained_context
    if window:
        badges.append((tokens_text(window), ""))
    return tuple(badges)


def tokens_text(tokens: int) -> str:
    return tr("{}k tokens").format(tokens // 1024) if tokens >= MANY_TOKENS else tr("{} tokens").format(count(tokens))
