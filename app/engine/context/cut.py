"""Pure: where a window may be cut: calls and their returns stay together, and a turn that can be whole stays whole."""

from collections.abc import Sequence

from app.domain.message import Member

OPENERS = ("user", "system")
"""Roles with which a turn begins."""


def turn_starts(members: Sequence[Member]) -> list[int]:
    """Indexes at which a turn begins, but for the first of the window; a summary before it is none to leave alone."""
    return [i for i in _past_first(members) if members[i].message.role in OPENERS]


def safe_cuts(members: Sequence[Member]) -> list[int]:
    """Indexes before which a window may be cut at all: inside the newest turn behind what tools returned."""
    return [i for i in _past_first(members) if members[i].message.role != "tool"]


def _past_first(members: Sequence[Member]) -> range:
    summed_up = bool(members) and members[0].message.role == "summary"
    return range(2 if summed_up else 1, len(members))
