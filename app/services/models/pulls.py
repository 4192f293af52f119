"""Downloads of models: carried by the engine, with or without a window, and remembered over its restarts.

Not a service: clients see `app.services.models.service`.
"""

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from app.domain.address import is_here
from app.domain.error import AppError, Invalid, ModelError
from app.domain.model import Provider, Pull, PullProgress
from app.engine.deps import EngineDeps
from app.ports.models import ModelStore
from app.ports.system import Computer
from app.services.models.cache import ModelCache
from app.services.models.stores import store_of

log = logging.getLogger(__name__)

SETTING = "engine.pulls"
STORE_EVERY = 10.0
SPEED_OVER = 5.0
"""Seconds over which the speed is taken."""
RESERVE = 500_000_000
"""Bytes that a download leaves free on the disk."""

Key = tuple[str, str]


class SpeedMeter:
    """Bytes per second over the last seconds. Bytes that were there before do not count."""

    def __init__(self) -> None:
        self._moved = 0
        self._last = (0, 0)
        self._samples: deque[tuple[float, int]] = deque()

    def note(self, completed: int, total: int, at: float) -> float | None:
        """The speed now; None before there is one."""
        before, total_before = self._last
        if total == total_before:  # else another layer was named, with what of it was there already
            self._moved += max(0, completed - before)
        self._last = (completed, total)
        self._samples.append((at, self._moved))
        while len(self._samples) > 2 and at - self._samples[1][0] >= SPEED_OVER:
            self._samples.popleft()
        began, moved = self._samples[0]
        return (self._moved - moved) / (at - began) if at > began else None


@dataclass
class _Download:
    pull: Pull
    task: "asyncio.Task[None] | None" = None
    meter: SpeedMeter = field(default_factory=SpeedMeter)
    stored_at: float = 0.0


class Pulls:
    """Downloads, at most one per model of a server; those that were under way go on after a restart."""

    def __init__(self, deps: EngineDeps, computer: Computer, cache: ModelCache) -> None:
        self._deps = deps
        self._computer = computer
        self._cache = cache
        self._downloads: dict[Key, _Download] = {}

    @property
    def running(self) -> bool:
        return any(one.task is not None for one in self._downloads.values())

    def all(self) -> tuple[Pull, ...]:
        return tuple(one.pull for one in self._downloads.values())

    async def load(self) -> None:
        """What the last engine left: a download that was under way is paused now."""
        setting = await self._deps.storage.read(lambda repos: repos.settings.get(SETTING))
        for row in setting.rows if setting is not None else ():
            with contextlib.suppress(ValidationError):
                pull = Pull.model_validate(row)
                phase = "failed" if pull.phase == "failed" else "paused"
                self._downloads.setdefault(_key(pull), _Download(_still(pull, phase)))

    async def start(self, provider: Provider, name: str, expected: int = 0) -> Pull:
        """Begins or goes on. `expected`: bytes of the whole model, where they are known before."""
        store = store_of(self._deps, provider)
        key = (provider.id, name)
        known = self._downloads.get(key)
        if known is not None and known.task is not None:
            return known.pull
        before = (
            known.pull
            if known is not None and known.pull.phase != "done"
            else Pull(provider_id=provider.id, name=name, phase="waiting")
        )
        left = max(expected, before.total) - before.completed
        await self._check_disk(provider, before.model_copy(update={"total": before.total or expected}), left)
        one = self._downloads[key] = _Download(
            before.model_copy(update={"phase": "waiting", "error": "", "hint": "", "final": False})
        )
        one.task = asyncio.get_running_loop().create_task(self._carry(one, provider, store), name=f"pull {name}")
        await self._store_all()
        self._cache.notices.say(provider.id)
        return one.pull

    async def pause(self, provider_id: str, name: str) -> Pull:
        one = self._downloads.get((provider_id, name))
        if one is None:
            raise Invalid(f"“{name}” is not being downloaded.", code="no_pull")
        await self._stop(one)
        if one.pull.phase in ("waiting", "running"):
            self._tell(one, _still(one.pull, "paused"))
        await self._store_all()
        return one.pull

    async def cancel(self, provider_id: str, name: str) -> None:
        """Stops it and forgets it. A cancelled one that is not there is no error."""
        one = self._downloads.pop((provider_id, name), None)
        if one is not None:
            await self._stop(one)
            await self._store_all()
            self._cache.notices.say(provider_id)

    async def close(self) -> None:
        """Pauses all downloads; they are there again at the next start."""
        for one in tuple(self._downloads.values()):
            await self._stop(one)
        if self._downloads:
            await self._try_to_store()
            self._downloads.clear()

    async def _stop(self, one: _Download) -> None:
        task, one.task = one.task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _carry(self, one: _Download, provider: Provider, store: ModelStore) -> None:
        try:
            async with contextlib.aclosing(store.pull(one.pull.name)) as lines:
                async for progress in lines:
                    await self._note(one, progress, provider)
        except AppError as error:
            failed = _still(one.pull, "failed", error.message, error.hint)
            await self._end(one, failed.model_copy(update={"final": error.code == "model_missing"}))
        except Exception:  # the boundary of a download: whatever happens, it must end in a sentence
            log.exception("the download of %s broke off", one.pull.name)
            await self._end(one, _still(one.pull, "failed", _UNEXPECTED, "Try again: what was downloaded is kept."))
        else:
            await self._cache.refresh(provider)
            await self._end(one, _still(one.pull, "done"))

    async def _end(self, one: _Download, pull: Pull) -> None:
        one.task = None
        self._tell(one, pull)
        await self._try_to_store()

    async def _try_to_store(self) -> None:
        try:
            await self._store_all()
        except AppError as error:
            log.warning("a download could not be noted: %s", error.message)

    async def _note(self, one: _Download, progress: PullProgress, provider: Provider) -> None:
        now = asyncio.get_running_loop().time()
        speed = one.meter.note(progress.completed, progress.total, now)
        # What an earlier, interrupted download brought is named layer by layer: never show less than before.
        completed = max(progress.completed, one.pull.completed)
        total = max(progress.total, one.pull.total, completed)
        left = total - completed
        update = {
            "phase": "running" if total else "waiting",
            "completed": completed,
            "total": total,
            "bytes_per_second": speed,
            "seconds_left": left / speed if speed else None,
        }
        has_grown = total > one.pull.total
        self._tell(one, one.pull.model_copy(update=update))
        if has_grown or now - one.stored_at >= STORE_EVERY:
            one.stored_at = now
            await self._check_disk(provider, one.pull, left)
            await self._store_all()

    async def _check_disk(self, provider: Provider, pull: Pull, left: int) -> None:
        """Raises `ModelError` (`disk_full`) when what is still to come has no room."""
        if left <= 0 or not is_here(provider.base_url):
            return
        free = await asyncio.to_thread(self._computer.free_disk)
        if free is None or free >= left + RESERVE:
            return
        raise ModelError(
            f"“{pull.name}” needs {_gigabytes(left)} more disk space, but only {_gigabytes(free)} is free.",
            code="disk_full",
            hint="Free some space, then resume: what was downloaded is kept.",
        )

    def _tell(self, one: _Download, pull: Pull) -> None:
        if pull != one.pull:
            one.pull = pull
            self._cache.notices.say(pull.provider_id)

    async def _store_all(self) -> None:
        pulls = (one.pull for one in self._downloads.values())
        rows = [pull.model_dump(mode="json") for pull in pulls if pull.phase != "done" and not pull.final]
        await self._deps.storage.write(lambda repos: repos.settings.set(SETTING, rows))


def _key(pull: Pull) -> Key:
    return pull.provider_id, pull.name


def _still(pull: Pull, phase: str, error: str = "", hint: str = "") -> Pull:
    """The same download, not moving."""
    update: dict[str, Any] = {"phase": phase, "bytes_per_second": None, "seconds_left": None}
    return pull.model_copy(update=update | {"error": error, "hint": hint})


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"


_UNEXPECTED = "Something went wrong in Lares during this download."
