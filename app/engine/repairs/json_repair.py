"""Pure: reads JSON as models write it, with the slips that have only one meaning. Never guesses a text that was cut."""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from app.domain.json_value import is_array, is_object

MAX_DEPTH = 64
"""Levels of nesting. Arguments of tools have a few; Python's own recursion ends at a thousand."""
MAX_CHARS = 2_000_000
"""Characters; longer texts are refused unread. More than any reply may have (`LONGEST_REPLY`)."""

_CLOSING = {'"': '"', "'": "'", "“": "”", "”": "”", "‘": "’", "’": "’", "„": "“", "`": "`", "«": "»"}
_ALSO_CLOSING = {"“": '”"“', "”": '”"', "‘": "’'‘", "’": "’'", "„": '“”"'}
_WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None, "undefined": None}
_WORD = re.compile(r"[A-Za-z_$][\w$.-]{0,200}")
_NUMBER = re.compile(r"[-+]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,5})?")
_BLANK = re.compile(r"(?:\s+|//[^\n]{0,500}(?=\n)|/\*[^*]{0,500}\*/)*")
_FENCE = re.compile(r"```[\w-]{0,20}")
_ON_AFTER_COMMA = re.compile(
    r""",\s*(?:$|[{}\[\]()"'“”‘„`«]|[\w$-]{1,60}\s{0,20}[:=]|(?:true|false|null|True|False|None)\b|[-+.\d])"""
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": "\n"}
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_NEXT_KEY = re.compile(r"""\s{1,40}["'“]?[\w$-]{1,40}["'”]?\s{0,5}[:=]\s{0,5}["'“{\[\d-]""")
"""What follows a text whose comma was forgotten."""


class Unreadable(Exception):
    """Text that is not JSON even with good will; the argument says why."""


@dataclass(frozen=True)
class Value:
    """A value that was read. `mended`: it was not JSON as it stood. `end`: index after it."""

    value: Any
    end: int
    mended: bool


def read_json(text: str, *, whole: bool = True) -> Value:
    """Reads a text that should be one JSON value. Raises `Unreadable`.

    `whole` False (the reply was cut): only real JSON counts, because mending would complete what was never written.
    """
    if len(text) > MAX_CHARS:
        raise Unreadable("it is too long")
    strict = _strict(text)
    if strict is not None:
        return Value(strict[0], len(text), mended=False)
    if not whole:
        raise Unreadable("it was cut off")
    inner = _unfenced(text)
    reader = _Reader(inner)
    value = reader.value(reader.skip(0))
    end = _after_closers(inner, reader.skip(value.end))
    if end < len(inner):
        raise Unreadable(f"there is something after its end: {inner[end : end + 20]!r}")
    return Value(value.value, len(text), mended=True)


def _unfenced(text: str) -> str:
    inner = text.strip()
    opening = _FENCE.match(inner)
    return inner[opening.end() :].removesuffix("```") if opening else text


def read_prefix(text: str, start: int, *, whole: bool = True) -> Value:
    """Reads the JSON value that begins at `start`, whatever follows it. Raises `Unreadable`."""
    reader = _Reader(text, whole=whole)
    return reader.value(reader.skip(start))


def read_object(text: str, *, whole: bool = True) -> Value:
    """Reads a JSON object, also one that was encoded twice or put into a list. Raises `Unreadable`."""
    found = read_json(text, whole=whole)
    value, mended = found.value, found.mended
    for _ in range(2):
        if isinstance(value, str) and value.lstrip()[:1] in ("{", '"'):
            value, mended = read_json(value, whole=whole).value, True
    listed = as_list(value)
    if listed is not None and len(listed) == 1:
        value, mended = listed[0], True
    if value is None:
        value, mended = {}, True
    if not isinstance(value, dict):
        raise Unreadable("it is no object")
    return Value(as_object(value), found.end, mended)


def as_object(value: Any) -> dict[str, Any] | None:
    return value if is_object(value) else None


def as_list(value: Any) -> list[Any] | None:
    return value if is_array(value) else None


def canonical(value: Any) -> str:
    """JSON that every server and the database take: real numbers only, no half characters."""
    return json.dumps(_clean(value), ensure_ascii=False, allow_nan=False)


def _clean(value: Any) -> Any:
    match value:
        case str():
            return sound(value)
        case dict():
            return {sound(str(key)): _clean(inner) for key, inner in cast(dict[Any, Any], value).items()}
        case list() | tuple():
            return [_clean(inner) for inner in cast(list[Any], value)]
        case float():
            return value if value - value == 0 else None
        case _:
            return value


def sound(text: str) -> str:
    """The text with half characters (lone surrogates) replaced: they have no UTF-8."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _strict(text: str) -> tuple[Any] | None:
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return (value,) if _shallow(value) else None


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(written: str) -> float:
    value = float(written)
    if value - value != 0:
        raise ValueError(written)
    return value


def _shallow(value: Any) -> bool:
    """Whether the value is nested no deeper than anything that wants to walk through it can bear."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return True
    return False


def _children(value: Any) -> list[Any]:
    held = as_object(value)
    return list(held.values()) if held is not None else as_list(value) or []


def _after_closers(text: str, at: int) -> int:
    """Past closing brackets that nothing opened."""
    while at < len(text) and (text[at] in "}]);" or text[at].isspace()):
        at += 1
    return at


class _Reader:
    """Recursive descent over one text; every character is looked at a bounded number of times."""

    def __init__(self, text: str, *, whole: bool = True) -> None:
        self._text = text
        self._whole = whole
        self._mended = False

    def skip(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return found.end() if found else at

    def value(self, at: int, depth: int = 0) -> Value:
        found, end = self._value(at, depth)
        return Value(found, end, self._mended)

    def _value(self, at: int, depth: int) -> tuple[Any, int]:
        if depth > MAX_DEPTH:
            raise Unreadable("it is nested too deeply")
        sign = self._text[at : at + 1]
        if sign == "{":
            return self._object(at + 1, depth)
        if sign in ("[", "("):
            return self._list(at + 1, depth, "]" if sign == "[" else ")")
        if sign in _CLOSING:
            return self._string(at)
        return self._bare(at)

    def _bare(self, at: int) -> tuple[Any, int]:
        if number := _NUMBER.match(self._text, at):
            return _number(number[0]), number.end()
        word = _WORD.match(self._text, at)
        if word and word[0] in _WORDS:
            self._mended = self._mended or word[0] not in ("true", "false", "null")
            return _WORDS[word[0]], word.end()
        if at >= len(self._text):
            raise Unreadable("it ends where a value should stand")
        raise Unreadable(f"a value cannot begin with {self._text[at : at + 12]!r}")

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        result: dict[str, Any] = {}
        while True:
            at, done = self._next(at, "}")
            if done:
                return result, at
            key, at = self._key(at)
            at = self.skip(at)
            if self._text[at : at + 1] not in (":", "="):
                raise Unreadable(f"after the key {key[:40]!r} a colon is missing")
            at = self.skip(at + 1)
            result[key], at = self._value(at, depth + 1)

    def _list(self, at: int, depth: int, closer: str) -> tuple[list[Any], int]:
        result: list[Any] = []
        self._mended = self._mended or closer == ")"
        while True:
            at, done = self._next(at, closer)
            if done:
                return result, at
            value, at = self._value(at, depth + 1)
            result.append(value)

    def _next(self, at: int, closer: str) -> tuple[int, bool]:
        """Past commas to the next item, or past the closer; a closer missing at the very end is forgiven."""
        at = self.skip(at)
        while self._text[at : at + 1] == ",":
            at = self.skip(at + 1)
        sign = self._text[at : at + 1]
        if sign == closer:
            return at + 1, True
        if not sign or sign in "}])":
            self._mended = True
            if not sign and not self._whole:
                raise Unreadable("it was cut off")
            return at, True
        return at, False

    def _key(self, at: int) -> tuple[str, int]:
        if self._text[at] in _CLOSING:
            return self._string(at, key=True)
        word = _WORD.match(self._text, at)
        if word is None:
            raise Unreadable(f"a key cannot begin with {self._text[at : at + 12]!r}")
        self._mended = True
        return word[0], word.end()

    def _string(self, at: int, *, key: bool = False) -> tuple[str, int]:
        opener = self._text[at]
        if opener in "\"'" and self._text.startswith(opener * 3, at):
            return self._triple(at, opener * 3)
        self._mended = self._mended or opener != '"'
        closers = _ALSO_CLOSING.get(opener, _CLOSING[opener])
        pieces: list[str] = []
        plain = re.compile(rf"[^\\{re.escape(closers)}]+")
        at += 1
        while at < len(self._text):
            if run := plain.match(self._text, at):
                pieces.append(run[0])
                at = run.end()
                continue
            if self._text[at] == "\\":
                piece, at = self._escape(at + 1)
                pieces.append(piece)
            elif self._closes(at, key=key):
                return "".join(pieces), at + 1
            else:
                self._mended = True
                pieces.append(self._text[at])
                at += 1
        raise Unreadable("a text in it is not closed")

    def _triple(self, at: int, quotes: str) -> tuple[str, int]:
        end = self._text.find(quotes, at + 3)
        if end < 0:
            raise Unreadable("a text in it is not closed")
        self._mended = True
        return self._text[at + 3 : end], end + 3

    def _closes(self, at: int, *, key: bool) -> bool:
        """Whether a quote ends its text: only if what follows can stand after a value (or a key)."""
        after = self.skip(at + 1)
        sign = self._text[after : after + 1]
        if key:
            return sign in (":", "=")
        if sign == ",":
            return _ON_AFTER_COMMA.match(self._text, after) is not None
        return not sign or sign in "}])" or _NEXT_KEY.match(self._text, at + 1) is not None

    def _escape(self, at: int) -> tuple[str, int]:
        sign = self._text[at : at + 1]
        if sign == "u" and (digits := _HEX.match(self._text, at + 1)):
            return self._unicode(int(digits[0], 16), digits.end())
        if sign in _ESCAPES:
            return _ESCAPES[sign], at + 1
        return (sign if sign in "\"'\\/`" else f"\\{sign}"), at + 1

    def _unicode(self, code: int, at: int) -> tuple[str, int]:
        """A character, or both halves of one outside the basic plane."""
        if 0xD800 <= code < 0xDC00 and self._text[at : at + 2] == "\\u" and (low := _HEX.match(self._text, at + 2)):
            second = int(low[0], 16)
            if 0xDC00 <= second < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00)), low.end()
        return chr(code), at


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        value = float(text)
        if value - value != 0:
            raise Unreadable("a number in it is too large") from None
        return value
