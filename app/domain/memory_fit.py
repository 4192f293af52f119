"""Whether a model with its context fits into this computer's memory: the one rule behind “Fits well”."""

from typing import Literal

Fits = Literal["fits", "tight", "too_big", "unknown"]
"""How a model and its context go into this computer's memory. `unknown`: the computer does not say how much it has."""

_GB = 1_000_000_000
ROOM_TO_WORK = 1 * _GB
"""Bytes beside file and context, for the buffers in which a model computes: a round guess."""
_SMALL_COMPUTER = 12 * _GB
_LEFT_FOR_OTHERS, _LEFT_ON_SMALL_ONES = 4 * _GB, 3 * _GB
"""Bytes that the system and other programs need: a guess, lower where memory is short anyway."""


def fits(need: int | None, total: int | None) -> Fits:
    """How `need` bytes go into a computer with `total` bytes of memory; None: not known."""
    if need is None or not total:
        return "unknown"
    left = _LEFT_ON_SMALL_ONES if total < _SMALL_COMPUTER else _LEFT_FOR_OTHERS
    if need <= total - left:
        return "fits"
    return "tight" if need <= total else "too_big"
