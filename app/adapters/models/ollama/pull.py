"""Adds up the lines of a download: each layer tells of itself, several at a time."""

from typing import Literal

from app.adapters.models.http.loose import count, text
from app.adapters.models.ollama.reply import read_object
from app.domain.model import PullProgress


class Pulling:
    def __init__(self, name: str) -> None:
        self._layers: dict[str, tuple[int, int]] = {}
        """Bytes that are there, and all, by digest."""
        self._last = PullProgress(name=name, phase="starting")

    @property
    def finished(self) -> bool:
        return self._last.phase == "finished"

    def read(self, line: bytes) -> PullProgress | None:
        """The progress where a line changed it. Raises `NotReadable`, `ServerSaid`."""
        value = read_object(line)
        if value is None:
            return None
        if digest := text(value.get("digest")):
            # A layer of which nothing is there yet has no `completed`.
            self._layers[digest] = (count(value.get("completed")) or 0, count(value.get("total")) or 0)
        progress = PullProgress(
            name=self._last.name,
            phase=_phase(text(value.get("status")), has_digest=bool(digest)),
            completed=sum(there for there, _ in self._layers.values()),
            total=sum(whole for _, whole in self._layers.values()),
        )
        changed = progress != self._last or not self._layers
        self._last = progress
        return progress if changed else None


def _phase(status: str, *, has_digest: bool) -> Literal["starting", "downloading", "checking", "finished"]:
    if status == "success":
        return "finished"
    if has_digest:
        return "downloading"
    return "starting" if status.startswith("pulling manifest") or not status else "checking"
