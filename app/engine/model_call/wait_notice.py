"""While a server says nothing yet, or the database takes nothing: why it probably is so, told every few seconds. Needs
no task of its own.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

from app.domain.address import is_here
from app.domain.model import Provider

FIRST_AFTER = 2.0
"""Seconds of silence that need no word: most replies have begun by then."""
TOLD_EVERY = 3.0
"""Seconds between two words on the same silence."""


def loading(model: str, seconds: float) -> str:
    return f"Loading {model} into memory, {seconds:.0f} s so far. The first reply after a pause takes longer."


def silence_of(provider: Provider, model: str, *, is_loaded: bool) -> Callable[[float], str]:
    """The sentence for so many seconds of silence."""
    if not is_here(provider.base_url) and provider.kind != "ollama":
        return lambda seconds: f"{provider.title} has not started to answer, {seconds:.0f} s so far."
    if is_loaded:
        return lambda seconds: f"{model} is reading the request, {seconds:.0f} s so far."
    return lambda seconds: loading(model, seconds)


def database_held(seconds: float) -> str:
    return f"Another program or a slow disk holds the database, {seconds:.0f} s so far. The reply goes on afterwards."


@contextmanager
def telling_silence(tell: Callable[[str], None], words: Callable[[float], str]) -> Generator[Callable[[], None]]:
    """Tells how long it has been silent, until the yielded function is called or the block ends."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    timer: asyncio.TimerHandle | None = None

    def say() -> None:
        nonlocal timer
        tell(words(loop.time() - since))
        timer = loop.call_later(TOLD_EVERY, say)

    def stop() -> None:
        if timer is not None:
            timer.cancel()

    timer = loop.call_later(FIRST_AFTER, say)
    try:
        yield stop
    finally:
        stop()
