"""Pure: which messages leave the window."""

from collections.abc import Sequence

from app.domain.message import Member

OPENERS = ("user", "system", "summary")
"""Roles with which a turn begins."""


def turn_starts(members: Sequence[Member]) -> list[int]:
    """Indexes past the first at which a turn begins."""
    return [i for i, member in enumerate(members) if i and member.message.role in OPENERS]


def safe_cuts(members: Sequence[Member]) -> list[int]:
    """Indexes past the first before which the window may be cut: calls and their returns stay together."""
    return [i for i, member in enumerate(members) if i and member.message.role != "tool"]


def cut_for(members: Sequence[Member], costs: Sequence[int], leaving: float) -> int | None:
    """The index of the first member that stays, so that at least `leaving` tokens go: where a turn begins if one does
    after that, and else inside the newest turn. None: nothing can leave.
    """
    for cuts in (turn_starts(members), safe_cuts(members)):
        gone, at = 0, 0
        for cut in cuts:
            gone += sum(costs[at:cut])
            at = cut
            if gone >= leaving:
                return cut
    return safe_cuts(members)[-1] if safe_cuts(members) else None
