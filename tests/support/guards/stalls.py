"""No turn of the window's loop is long, counted in processor time of its thread: a busy machine changes nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.window.loop_watch import LoopWatch

MUCH_MS = 500.0
"""With a hundred times what is usual, where the longest turn takes a third of it: a view is built, or first laid out.
What grows with the content takes seconds."""
USUAL_MS = 3000.0
"""In any other test of a window: several times the longest, which changes the size of everything at once."""


@contextmanager
def no_stalls(watch: LoopWatch, limit_ms: float) -> Iterator[None]:
    """Fails when one turn took longer. Garbage waits: a test's process has many times what a window's has."""
    gc.disable()
    watch.begin()
    try:
        yield
        longest = watch.end()
        assert longest <= limit_ms, f"the window stood still for {longest:.0f} ms of processor time"
    finally:
        watch.end()
        gc.enable()
