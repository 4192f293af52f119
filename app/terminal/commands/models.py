"""`lares models` and `lares pull`: what agents can use, and getting more of it."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from app.config import Config
from app.domain.address import is_here
from app.domain.error import NotFound
from app.domain.event import Changed, Progress
from app.domain.model import Model, ModelHandle, Provider, Pull
from app.terminal.commands.columns import print_columns, say
from app.terminal.commands.over_link import DONE, FAILED, INTERRUPTED, connect_found, over_link
from app.terminal.paper import plain

if TYPE_CHECKING:
    from app.link.client import Services

GOING = ("waiting", "running")
TOLD_EVERY = 10
"""Percent: where nobody watches a terminal, a download says so often how far it is."""


def models(config: Config) -> int:
    """Lists the handles of all models; 1 when a server did not answer."""
    return over_link(config, lambda services: _models(config, services))


def pull(config: Config, name: str, server: str) -> int:
    """Downloads a model and waits for its end. Ctrl-C pauses: what is there is kept."""
    return over_link(config, lambda services: _pull(config, services, name, server))


async def _models(config: Config, services: "Services") -> int:
    await connect_found(config, services)
    offers = await services.models.list(True)
    print_columns([("MODEL", "SIZE", "CONTEXT", ""), *(_row(model) for offer in offers for model in offer.models)])
    silent = [offer for offer in offers if offer.error]
    for offer in silent:
        say(f"{offer.error} {offer.hint}".strip())
    return FAILED if silent else DONE


def _row(model: Model) -> tuple[str, str, str, str]:
    context = model.context_window or model.allocated_context or model.trained_context
    notes = (
        (model.scripted, "scripted demo, no AI"),
        (model.loaded is True, "loaded"),
        (model.cloud, "runs on another computer"),
        (model.embedding, "makes vectors"),
        (bool(model.unfit) and not model.embedding, model.unfit),
    )
    return model.handle, _size(model.size_bytes), str(context or "-"), ", ".join(text for holds, text in notes if holds)


def _size(count: int | None) -> str:
    if not count:
        return "-"
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"


async def _pull(config: Config, services: "Services", name: str, server: str) -> int:
    await connect_found(config, services)
    provider = _puller(await services.providers.list(), server)
    subscribed = cast(AsyncGenerator[Changed | Progress, None], services.events.subscribe())
    async with aclosing(subscribed) as events:
        known = await services.models.pull(provider.id, name)
        progress = _Progress(known.name)
        try:
            while known.phase in GOING:
                progress.show(known)
                event = await anext(events)
                if isinstance(event, Changed) and event.kind == "model":
                    known = _still_known(await services.models.pulls(), known)
        except asyncio.CancelledError:
            paused = await services.models.pause_pull(provider.id, known.name)
            progress.end()
            say(f"Paused at {_share(paused)} %. The same command goes on from there.")
            return INTERRUPTED
    progress.end()
    if known.phase == "done":
        print(plain(str(ModelHandle(provider.name, known.name))))
        return DONE
    say(f"{known.error or 'The download was stopped.'} {known.hint}".strip())
    return FAILED


def _puller(providers: tuple[Provider, ...], wanted: str) -> Provider:
    """The server of this name; without one the first Ollama, one on this computer before others."""
    ollamas = sorted((one for one in providers if one.kind == "ollama"), key=lambda one: not is_here(one.base_url))
    found = [one for one in (providers if wanted else ollamas) if wanted in ("", one.name)]
    if found:
        return found[0]
    if wanted:
        raise NotFound(f"There is no server “{wanted}”.", hint="lares servers list shows them.")
    raise NotFound(
        "No Ollama is connected, and only Ollama can download models for Lares.",
        hint="Start Ollama and try again, or name its address: lares servers add ADDRESS.",
    )


def _still_known(pulls: tuple[Pull, ...], before: Pull) -> Pull:
    same = (one for one in pulls if (one.provider_id, one.name) == (before.provider_id, before.name))
    return next(same, before.model_copy(update={"phase": "paused"}))


def _share(pull: Pull) -> int:
    return pull.completed * 100 // pull.total if pull.total else 0


class _Progress:
    """How far a download is: one line that changes on a terminal, a line for every tenth elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._live = sys.stderr.isatty()
        self._told = -TOLD_EVERY
        self._width = 0

    def show(self, pull: Pull) -> None:
        share = _share(pull)
        if self._live:
            line = plain(f"{self._name}  {self._words(pull, share)}")
            print(f"\r{line.ljust(self._width)}", end="", file=sys.stderr, flush=True)
            self._width = len(line)
        elif pull.total and share >= self._told + TOLD_EVERY:
            self._told = share
            say(f"{self._name}  {self._words(pull, share)}")

    def end(self) -> None:
        if self._live and self._width:
            print(file=sys.stderr, flush=True)

    def _words(self, pull: Pull, share: int) -> str:
        if not pull.total:
            return "asking for its size"
        parts = [f"{share} %", f"{pull.completed / 1e9:.2f} of {pull.total / 1e9:.2f} GB"]
        if pull.bytes_per_second:
            parts.append(f"{pull.bytes_per_second / 1e6:.1f} MB/s")
        if pull.seconds_left is not None:
            parts.append(f"{max(1, round(pull.seconds_left / 60))} min left")
        return "  ".join(parts)
