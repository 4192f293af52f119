"""Pure: notices a model that goes in circles, in its words and in its calls."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from app.domain.base import Frozen

REPEATS = 8
"""Times in a row from which it is a repetition."""
LEAST_CHARS = 200
"""Shorter repetitions are a style ("ha ha ha"), and rulers and empty table cells may go on for long."""
LEAST_SIGNS = 1500
"""The same for what holds no letter or digit."""
PATIENCE = 2000
"""Characters of repetition after which a stream is broken off. Short of this a person may have asked for it."""
WINDOW_CHARS = 16_384
"""Characters at the end of a text that are looked at, which bounds the cost of a look."""
WINDOW = 20
"""Calls of a run that are remembered, the newest ones."""
SAME_CALL = 3
"""The same call so many times among them is a loop."""
SAME_NAME = 8
"""So many steps with one tool alone are one too."""
KEPT_RESULT = 500
"""Characters of a result that are kept, for a model that makes the same call again."""
KEPT_ARGUMENTS = 200
"""The memory of calls is stored with every step, so it is small."""
WISHED = 20_000
"""Characters of a repetition that was asked for without saying how often."""
MOST_TIMES = 5_000
"""A larger number in a message is no count of repetitions: a year, a postcode, an amount."""
_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"(?<![\d.,:/-])\d{1,4}(?![\d.,:/-]*\d)")
_AGAIN = re.compile(
    r"\b(?:times|repeat\w*|again and again|over and over|lines|rows|copies|mal|wiederhol\w*|zeilen|fois"
    r"|répèt\w*|répét\w*|lignes|veces|repite\w*|repet\w*|líneas|volte|ripet\w*|righe|vezes|linhas|раз|повтор\w*|строк\w*)\b"
    r"|[遍次回行]|重复|繰り返",
    re.I,
)
"""Words with which a repetition is asked for, in some languages."""
_SUFFIX = 16
"""Characters at the end by which earlier places are found; shorter periods are found as their multiples."""
_TRIES = 40
"""Earlier places that are tried as the beginning of the last repetition."""


def repeating_tail(text: str, least: int = LEAST_CHARS) -> str | None:
    """The unit that the end of a text repeats at least eight times and for `least` characters; None: it does not."""
    tail = text[-WINDOW_CHARS:]
    if len(tail) < least:
        return None
    suffix = tail[-_SUFFIX:]
    at = len(tail) - _SUFFIX
    for _ in range(_TRIES):
        at = tail.rfind(suffix, 0, at + _SUFFIX - 1)
        period = len(tail) - _SUFFIX - at
        if at < 0 or period * REPEATS > len(tail):
            return None
        repeats = max(REPEATS, -(-least // period))
        if repeats * period > len(tail):
            continue
        run = tail[-repeats * period :]
        if run[period:] == run[:-period]:
            return _telling(tail, period)
    return None


def _telling(tail: str, period: int) -> str | None:
    unit = tail[-period:]
    if any(sign.isalnum() for sign in unit):
        return unit
    run = tail[-LEAST_SIGNS:]
    return unit if len(run) == LEAST_SIGNS and run[period:] == run[:-period] and not unit.isspace() else None


def wished_for(unit: str, asked: str) -> int:
    """Characters of a repetition that a person's message asks for; 0: it asks for none."""
    words = set(_WORDS.findall(unit.casefold()))
    quoted = bool(words) and words <= set(_WORDS.findall(asked.casefold()))
    if not (quoted or _AGAIN.search(asked)):
        return 0
    times = [int(number) for number in _NUMBERS.findall(asked) if REPEATS <= int(number) <= MOST_TIMES]
    if times:
        return max(PATIENCE, (max(times) + max(times) // 2) * len(unit))
    return WISHED if _AGAIN.search(asked) else 0


class RepetitionWatch:
    """Watches text as it streams; looks every 256 characters, so the cost per character is small."""

    def __init__(self, asked: str = "") -> None:
        """`asked`: the person's newest message, which may ask for a repetition."""
        self._text = ""
        self._asked = asked
        self._unseen = 0
        self._repeated = 0
        self.unit: str | None = None

    def feed(self, text: str) -> bool:
        """Whether the text repeats itself by now."""
        self._text = (self._text + text)[-WINDOW_CHARS:]
        self._unseen += len(text)
        if self._unseen >= 256 and self.unit is None:
            seen, self._unseen = self._unseen, 0
            unit = repeating_tail(self._text, PATIENCE)
            self._repeated = 0 if unit is None else max(self._repeated + seen, PATIENCE)
            if unit is not None and self._repeated > wished_for(unit, self._asked):
                self.unit = unit
        return self.unit is not None


class CallMemo(Frozen):
    """A call of this run that got its return."""

    name: str
    arguments: str
    """In canonical form; long ones by their hash."""
    result: str = ""
    """The beginning of what the tool returned."""
    answered: bool = False
    """The result was given from memory, because the call had been made before."""
    step_no: int = 0
    failed: bool = False
    """The tool refused, or could not do it."""

    @classmethod
    def of(
        cls,
        name: str,
        arguments: str,
        result: str = "",
        *,
        answered: bool = False,
        failed: bool = False,
        step_no: int = 0,
    ) -> Self:
        return cls(
            name=name,
            arguments=_print(arguments),
            result=result[:KEPT_RESULT],
            answered=answered,
            failed=failed,
            step_no=step_no,
        )


def _print(arguments: str) -> str:
    if len(arguments) <= KEPT_ARGUMENTS:
        return arguments
    return hashlib.sha256(arguments.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class CallLoop:
    """`same`: the very same call again; `result` is what it brought. `name`: one tool, again and again."""

    kind: Literal["same", "name"]
    result: str = ""
    failed: bool = False
    """`result` tells of a failure."""
    answered: bool = False
    """The model was told already that it repeats itself."""


def call_loop(
    name: str, arguments: str, recent: Sequence[CallMemo], editing: frozenset[str] = frozenset()
) -> CallLoop | None:
    """Whether this call is the third of its kind in the last 20, or its tool alone was called in eight steps.

    `editing`: tools whose success makes it worth while to try again what had failed.
    """
    window = recent[-WINDOW:]
    same = [memo for memo in _still_true(window, editing) if memo.name == name and memo.arguments == _print(arguments)]
    if len(same) >= SAME_CALL - 1:
        made = [memo for memo in reversed(same) if not memo.answered]
        # An edit that was made fails when it is tried again: it is done all the same.
        newest = next((memo for memo in made if not memo.failed), made[0] if made else same[-1])
        result = "" if newest.answered else newest.result
        return CallLoop("same", result, newest.failed, answered=any(memo.answered for memo in same))
    steps: set[int] = set()
    for memo in reversed(window):
        if memo.name != name:
            break
        steps.add(memo.step_no)
    return CallLoop("name") if len(steps) >= SAME_NAME - 1 else None


def _still_true(window: Sequence[CallMemo], editing: frozenset[str]) -> list[CallMemo]:
    """Without the failures that came before the newest change: a block may have room by now."""
    changes = (i for i, memo in enumerate(window) if memo.name in editing and not memo.failed and not memo.answered)
    changed_at = max(changes, default=0)
    return [memo for i, memo in enumerate(window) if i >= changed_at or not memo.failed]
