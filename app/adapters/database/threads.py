"""Threads that do jobs in the order they came.

What `ThreadPoolExecutor` does, without a future of its own for each job: with its locks that costs more than a short
transaction.
"""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread


class Threads:
    """Started at once, and ended by `close`."""

    def __init__(self, count: int, name: str) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [Thread(target=self._work, name=f"{name}_{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Callable[[], None]) -> None:
        """`job` must not raise: nobody would be told."""
        self._jobs.put(job)

    def close(self) -> None:
        """Waits for all that was submitted before."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
