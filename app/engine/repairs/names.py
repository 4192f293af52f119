"""Pure: which tool a model meant by a name that is not quite one."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass

LONGEST = 200
"""Characters of a name that are read; the rest is text that ran into it."""
CLOSE = 0.85
"""Similarity from which a name is taken for a misspelling; only if no second one comes near."""

_MARK = re.compile(r"<\|?/?[\w|]{1,40}\|?>|<\|?")
_NAMESPACES = ("functions", "function", "default_api", "tools", "tool", "tool_call", "api")
_SIGNS = re.compile(r"[^a-z0-9]+")
_OPPOSITES = frozenset({"insert", "append", "add", "replace", "remove", "delete", "rethink", "read", "write", "create"})


@dataclass(frozen=True)
class NameMatch:
    """`name`: the tool meant, None if none is near. `exact`: it was written as it is."""

    name: str | None
    exact: bool = False


def match_name(written: str, known: Collection[str], *, guess: bool = True) -> NameMatch:
    """The known tool that a name means: exactly, folded, without marks, or (`guess`) by a single close match."""
    if written in known:
        return NameMatch(written, exact=True)
    folded = {_folded(name): name for name in known}
    pieces = [written[:LONGEST], *_MARK.split(written[:LONGEST])]
    for piece in pieces:
        for candidate in _spellings(piece):
            if candidate in folded:
                return NameMatch(folded[candidate])
    if not guess:
        return NameMatch(None)
    return NameMatch(_closest(pieces[1:], folded))


def _folded(name: str) -> str:
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return _SIGNS.sub("_", split.lower()).strip("_")


def _spellings(piece: str) -> list[str]:
    """The name itself, and without the namespace that some templates put before it."""
    piece = piece.removesuffix(".call")
    spellings = [_folded(piece)]
    for sign in (".", ":", "/", "__"):
        if sign in piece:
            spellings.append(_folded(piece.rsplit(sign, 1)[1]))
    for namespace in _NAMESPACES:
        if spellings[0].startswith(f"{namespace}_"):
            spellings.append(spellings[0].removeprefix(f"{namespace}_"))
    return [spelling for spelling in spellings if spelling]


def _closest(pieces: list[str], folded: dict[str, str]) -> str | None:
    near: set[str] = set()
    for spelling in {spelling for piece in pieces for spelling in _spellings(piece)}:
        for candidate in folded:
            if _alike(spelling, candidate):
                near.add(folded[candidate])
    return near.pop() if len(near) == 1 else None


def _alike(spelling: str, candidate: str) -> bool:
    """Near, and not telling another deed: memory_delete is no memory_replace."""
    if abs(len(spelling) - len(candidate)) > 12:
        return False
    deeds, wanted = set(spelling.split("_")) & _OPPOSITES, set(candidate.split("_")) & _OPPOSITES
    if deeds and wanted and deeds != wanted:
        return False
    return difflib.SequenceMatcher(None, spelling, candidate, autojunk=False).ratio() >= CLOSE
