"""Pure: the list of models that comes with Lares, seen from a computer with so much memory."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from app.domain.fitness import FitReport
from app.domain.memory_fit import ROOM_TO_WORK, fits
from app.domain.model import Model, RecommendedModel
from app.resources import read_resource

GB = 1_000_000_000
KV_COUNTED_FOR = 16_384


@dataclass(frozen=True)
class Listed:
    """One entry of the list."""

    name: str
    size: int
    kv: int
    """Bytes of `KV_COUNTED_FOR` tokens of context."""
    trained: int
    note: str

    def need(self, size: int, tokens: int) -> int:
        return size + self.kv * tokens // KV_COUNTED_FOR + ROOM_TO_WORK


@cache
def listed() -> tuple[Listed, ...]:
    """The list, best first."""
    table = tomllib.loads(read_resource("models", "recommended.toml"))
    return tuple(
        Listed(one["name"], round(one["gigabytes"] * GB), round(one["kv"] * GB), one["trained"], one["note"])
        for one in table["model"]
    )


def advised_context(total: int | None) -> int:
    """Tokens that an agent should get on a computer with so many bytes of memory."""
    table = tomllib.loads(read_resource("models", "recommended.toml"))
    sizes = [one["tokens"] for one in table["context"] if (total or 0) >= one["from_gigabytes"] * GB]
    return sizes[-1]


def size_of(name: str) -> int:
    """Bytes of a model's file, where the list has it; else 0."""
    return next((one.size for one in listed() if one.name == name), 0)


def recommended(
    total: int | None, installed: Mapping[str, Model], reports: Mapping[str, FitReport]
) -> tuple[RecommendedModel, ...]:
    """The list for a computer. `installed`: models by name; `reports`: what tests found, by handle.

    The first that fits, and that no test found unfit, is the one advised.
    """
    context = advised_context(total)
    rows: list[RecommendedModel] = []
    for one in listed():
        model = installed.get(one.name)
        size = (model.size_bytes if model else None) or one.size
        tokens = min(context, one.trained)
        need = one.need(size, tokens)
        report = reports.get(model.handle) if model else None
        verdict = fits(need, total)
        suits = verdict == "fits" and (report is None or report.verdict != "unfit")
        rows.append(
            RecommendedModel(
                name=one.name,
                size_bytes=size,
                need_bytes=need,
                context_window=tokens,
                note=one.note,
                fits=verdict,
                installed=model is not None,
                handle=model.handle if model else "",
                best=suits and not any(row.best for row in rows),
                fitness=report,
            )
        )
    return tuple(rows)
