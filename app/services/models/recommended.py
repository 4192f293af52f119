"""Pure: the list of models that comes with Lares, seen from a computer with so much memory."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeGuard

from app.domain.fitness import FitReport
from app.domain.memory_fit import ROOM_TO_WORK, fits
from app.domain.model import Model, RecommendedModel
from app.resources import read_resource

GB = 1_000_000_000
KV_COUNTED_FOR = 16_384
SLOWEST = 2.0
"""Tokens per second below which a model is not advised: a sentence would take ten seconds."""
FARTHEST = 20
"""How many times larger or smaller a model may be than a tested one that tells of its speed: a toy lies in the
processor's cache, a large one does not."""
_IN_PARTS = re.compile(r"-a\d+b|moe|mixtral|gpt-oss", re.IGNORECASE)
"""Names of models that work with a part of their file at a time, so that its size tells nothing of their speed."""


@dataclass(frozen=True)
class Listed:
    """One entry of the list."""

    name: str
    size: int
    kv: int
    """Bytes of `KV_COUNTED_FOR` tokens of context."""
    trained: int
    note: str
    active: int = 0
    """Bytes that are read for each token; 0: the whole file."""

    def need(self, size: int, tokens: int) -> int:
        return size + self.kv * tokens // KV_COUNTED_FOR + ROOM_TO_WORK


@cache
def listed() -> tuple[Listed, ...]:
    """The list, best first."""
    table = tomllib.loads(read_resource("models", "recommended.toml"))
    return tuple(
        Listed(
            one["name"],
            round(one["gigabytes"] * GB),
            round(one["kv"] * GB),
            one["trained"],
            one["note"],
            round(one.get("active", 0) * GB),
        )
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


@dataclass(frozen=True)
class Pace:
    """How fast models write here: each token takes a reading of what a model works with, so a smaller one is faster."""

    measured: tuple[tuple[int, int, float], ...] = ()
    """Of each tested model: bytes of its file, how many of them are read for a token, tokens per second."""
    bytes_per_second: int | None = None
    """What the processor alone is taken to read, where no test was made; None: not known."""

    def of(self, size: int, read: int) -> float | None:
        """Tokens per second of a model of `size` bytes that reads so many for each.

        By the tested one that is nearest in size, if it is near at all: a small one may have gone into a graphics
        card that is too small for a larger one.
        """
        near = [(times, one) for one in self.measured if (times := max(one[0], size) / min(one[0], size)) <= FARTHEST]
        if near:
            _, (_, tested, speed) = min(near)
            return speed * tested / read
        return None if self.bytes_per_second is None else self.bytes_per_second / read


UNKNOWN_PACE = Pace()


def pace_of(models: Iterable[Model], reports: Mapping[str, FitReport], bytes_per_second: int | None = None) -> Pace:
    """By the tests of models whose servers tell how large they are; of what works with a part of its file, by the list.

    `bytes_per_second`: what is taken without any test.
    """
    measured: list[tuple[int, int, float]] = []
    for model in models:
        report = reports.get(model.handle)
        read = _read_for_a_token(model)
        if report is not None and report.tokens_per_second and model.size_bytes and read:
            measured.append((model.size_bytes, read, report.tokens_per_second))
    return Pace(tuple(measured), bytes_per_second)


def too_slow(models: Iterable[Model], reports: Mapping[str, FitReport], pace: Pace) -> dict[str, str]:
    """How slowly models would write here, as sentences by handle; those that are fast enough are left out.

    The rule of `recommended`, for models that no list knows too.
    """
    found: dict[str, str] = {}
    for model in models:
        speed = _speed(reports.get(model.handle), pace, model.size_bytes, _read_for_a_token(model))
        if _is_slow(speed):
            found[model.handle] = _slowness(speed)
    return found


def _speed(report: FitReport | None, pace: Pace, size: int | None, read: int | None) -> float | None:
    """Tokens per second: as a test measured them, else estimated; None: nothing is known."""
    if report is not None and report.tokens_per_second:
        return report.tokens_per_second
    return pace.of(size, read) if size and read else None


def _is_slow(speed: float | None) -> TypeGuard[float]:
    return speed is not None and speed < SLOWEST


def _read_for_a_token(model: Model) -> int | None:
    active = next((one.active for one in listed() if one.name == model.name.removesuffix(":latest")), 0)
    return active or (None if _IN_PARTS.search(model.name) else model.size_bytes)


def recommended(
    total: int | None,
    installed: Mapping[str, Model],
    reports: Mapping[str, FitReport],
    pace: Pace = UNKNOWN_PACE,
) -> tuple[RecommendedModel, ...]:
    """The list for a computer. `installed`: models by name; `reports`: what tests found, by handle.

    The first that fits, that no test found unfit, and that is not too slow here, is the one advised.
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
        speed = _speed(report, pace, size, one.active or size)
        slow = _is_slow(speed)
        suits = verdict == "fits" and (report is None or report.verdict != "unfit") and not slow
        rows.append(
            RecommendedModel(
                name=one.name,
                size_bytes=size,
                need_bytes=need,
                context_window=tokens,
                note=f"{one.note} {_slowness(speed)}" if _is_slow(speed) else one.note,
                fits=verdict,
                tokens_per_second=None if speed is None else round(speed, 1),
                too_slow=slow,
                installed=model is not None,
                handle=model.handle if model else "",
                best=suits and not any(row.best for row in rows),
                fitness=report,
            )
        )
    return tuple(rows)


def _slowness(speed: float) -> str:
    seconds = round(1 / speed)
    if seconds > 1:
        return f"Too slow here: about {seconds} seconds for each token."
    return f"Too slow here: about {max(1, round(speed))} token{'s' if speed >= 1.5 else ''} a second."
