"""How far everything is read for its meaning, in words: for whoever searches, and for the settings."""

import math

from PySide6.QtCore import QCoreApplication

from app.domain.embedding import INDEXING_PAUSED, IndexingProgress
from app.domain.event import Changed
from app.ui.kit.wording import count

FEW = 100
"""So few texts are read within seconds: nobody needs to be told."""


def tr(text: str) -> str:
    return QCoreApplication.translate("indexing", text)


def tells_progress(event: Changed) -> bool:
    """Whether an event says that it is further now."""
    return event.kind == "setting" and INDEXING_PAUSED in event.ids


def search_note(progress: IndexingProgress) -> str:
    """Why a search may miss what it would find by meaning, in a quiet sentence; empty: it misses nothing."""
    if not progress.looked or progress.waiting < FEW:
        return ""
    so_far = tr("{0} of {1} read so far").format(count(progress.done), count(progress.done + progress.waiting))
    if progress.paused:
        return tr("Searching by words; reading is paused, {}.").format(so_far)
    return tr("Searching by words; {}.").format(so_far)


def progress_words(progress: IndexingProgress) -> str:
    """What it is doing, and how long that will take."""
    if not progress.looked:
        return tr("Paused") if progress.paused else tr("Looking for what is new")
    if not progress.waiting:
        return tr("Everything is read")
    so_far = tr("{0} of {1} read").format(count(progress.done), count(progress.done + progress.waiting))
    if progress.paused:
        return tr("Paused, {}").format(so_far)
    left = progress.seconds_left
    return so_far if left is None else tr("{0}, {1} left").format(so_far, _about(left))


def _about(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 1:
        return tr("less than a minute")
    if minutes < 90:
        return tr("about {} min").format(math.ceil(minutes))
    return tr("about {} h").format(count(math.ceil(minutes / 60)))
