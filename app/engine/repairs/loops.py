"""Pure: notices a model that goes in circles, in its words and in its calls."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from app.domain.base import Frozen

REPEATS = 8
LEAST_CHARS = 200
"""Shorter repetitions are a style ("ha ha ha"), and rulers and empty table cells may go on for long."""
LEAST_SIGNS = 1500
"""The same for what holds no letter or digit."""
PATIENCE = 2000
"""Characters of repetition after which a stream is broken off. Short of this a person may have asked for it."""
WINDOW_CHARS = 16_384
WINDOW = 20
SAME_CALL = 3
SAME_NAME = 8
KEPT_RESULT = 500
KEPT_ARGUMENTS = 200
"""The memory of calls is stored with every step, so it is small."""
_SUFFIX = 16
_TRIES = 40


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


class RepetitionWatch:
    """Watches text as it streams; looks every 256 characters, so the cost per character is small."""

    def __init__(self) -> None:
        self._text = ""
        self._unseen = 0
        self.unit: str | None = None

    def feed(self, text: str) -> bool:
        """Whether the text repeats itself by now."""
        self._text = (self._text + text)[-WINDOW_CHARS:]
        self._unseen += len(text)
        if self._unseen >= 256 and self.unit is None:
            self._unseen = 0
            self.unit = repeating_tail(self._text, PATIENCE)
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

    @classmethod
    def of(cls, name: str, arguments: str, result: str = "", *, answered: bool = False, step_no: int = 0) -> Self:
        kept = result[:KEPT_RESULT]
        return cls(name=name, arguments=_print(arguments), result=kept, answered=answered, step_no=step_no)


def _print(arguments: str) -> str:
    if len(arguments) <= KEPT_ARGUMENTS:
        return arguments
    return hashlib.sha256(arguments.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class CallLoop:
    """`same`: the very same call again; `result` is what it brought. `name`: one tool, again and again."""

    kind: Literal["same", "name"]
    result: str = ""
    answered: bool = False
    """The model was told already that it repeats itself."""


def call_loop(name: str, arguments: str, recent: Sequence[CallMemo]) -> CallLoop | None:
    """Whether this call is the third of its kind in the last 20, or its tool alone was called in eight steps."""
    window = recent[-WINDOW:]
    same = [memo for memo in window if memo.name == name and memo.arguments == _print(arguments)]
    if len(same) >= SAME_CALL - 1:
        told = [memo for memo in same if memo.answered]
        result = next((memo.result for memo in reversed(same) if not memo.answered), "")
        return CallLoop("same", result, answered=bool(told))
    steps: set[int] = set()
    for memo in reversed(window):
        if memo.name != name:
            break
        steps.add(memo.step_no)
    return CallLoop("name") if len(steps) >= SAME_NAME - 1 else None
