"""The base of every domain model: frozen, closed, plain JSON in and out."""

import unicodedata
from collections.abc import Iterable
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Field", "Frozen", "Micros", "hides_something", "is_one_line", "look_of", "mended"]


class Frozen(BaseModel):
    """An immutable value. Change one with `model_copy(update=...)`; unknown fields are refused.

    Its texts can be stored and sent anywhere: what has no UTF-8 (half an emoji) and NUL become U+FFFD on the way in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _mend(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        fields = cast(dict[Any, Any], given)
        return fields if _is_clean(fields.values()) else _mended(fields)


Micros = int
"""UTC time as integer microseconds since 1970."""


def mended(text: str) -> str:
    """A text as every model mends it: what has no UTF-8 and NUL become U+FFFD."""
    return text if text.isascii() and "\0" not in text else _mended_text(text)


def is_one_line(text: str) -> bool:
    """Whether a name shows something, and on one line."""
    kinds = {"Cf" if _is_unseen(letter) else unicodedata.category(letter) for letter in text}
    return bool(kinds - {"Cc", "Cf", "Zl", "Zp", "Zs"}) and not kinds & {"Cc", "Zl", "Zp"}


def look_of(name: str) -> str:
    """The same for all names that a person would take for one: whatever their capitals, how their accents are written,
    how wide their spaces are, and what in them is not seen.
    """
    seen = (letter for letter in unicodedata.normalize("NFKC", name) if not _is_unseen(letter))
    return " ".join(unicodedata.normalize("NFKC", "".join(seen).casefold()).split())


def hides_something(name: str) -> bool:
    """Whether it holds signs that are not seen, or that turn the direction in which the others are read.

    Those that join letters are no such signs: Persian words and many emoji need them.
    """
    return any(_is_unseen(letter) and letter not in _JOINERS and not _is_variant(letter) for letter in name)


_JOINERS = "\u200c\u200d"
_FILLERS = "\u2800\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5"
"""Letters and marks that are drawn as nothing."""


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or letter in _FILLERS or _is_variant(letter)


def _is_variant(letter: str) -> bool:
    """Chooses between two drawings of the letter before it."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def _is_clean(values: Iterable[Any]) -> bool:
    """Whether all texts are plain ASCII, as they nearly always are: each token of a reply comes through here."""
    for value in values:
        kind = cast(object, type(value))
        if kind is str:
            if not value.isascii() or "\0" in value:
                return False
        elif kind is dict:
            if not (_is_clean(value) and _is_clean(value.values())):
                return False
        elif kind is list or kind is tuple:
            if not _is_clean(value):
                return False
        elif isinstance(value, str | dict | list | tuple):
            return False
    return True


def _mended(value: Any) -> Any:
    match value:
        case str():
            return mended(value)
        case dict():
            return {_mended(key): _mended(item) for key, item in cast(dict[Any, Any], value).items()}
        case list():
            return [_mended(item) for item in cast(list[Any], value)]
        case tuple():
            return tuple(_mended(item) for item in cast(tuple[Any, ...], value))
        case _:
            return value


def _mended_text(text: str) -> str:
    """Two halves of one character that arrived apart become that character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd")
