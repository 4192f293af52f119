"""Lines that cannot both be true, as far as words alone tell: one thing with two values, or said and denied."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_ONE = (
    r"name|full name|first name|last name|birthday|date of birth|age|address|city|home town|hometown|phone|"
    r"phone number|e-?mail|employer|job|profession|partner|wife|husband|height|blood type|geburtstag|adresse|wohnort|"
    r"telefon|telefonnummer|partnerin|frau|mann|beruf|alter|größe"
)
_FIELD = re.compile(rf"^\W*(?P<name>{_ONE})\s*[:=]\s*(?P<value>\S.*)$", re.IGNORECASE)
_SAYS = re.compile(
    r"^\W*(?P<who>(?:\w+ ){0,2}?)(?P<name>lives in|works (?:at|for|as)|is called|was born (?:in|on)|wohnt in|"
    r"arbeitet (?:bei|als)|heißt)\s+(?P<value>\S.*)$",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:used to|until|till|formerly|before|was once|früher|bis|damals|if|when|wenn|or|oder)\b", re.IGNORECASE
)
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_DENIES = frozenset(
    (
        *("not", "no", "never", "none", "doesn't", "doesn’t", "don't", "don’t", "isn't", "isn’t"),
        *("nicht", "nie", "kein", "keine", "keinen", "keinem", "keiner"),
    )
)
_SMALL = frozenset(["a", "an", "the", "he", "she", "it", "i", "do", "does", "der", "die", "das", "er", "sie", "es"])
_SAME = {"phone number": "phone", "telefonnummer": "telefon", "partnerin": "partner", "hometown": "home town"}


class Claim(NamedTuple):
    """What a line says of what."""

    of: str
    value: str


def claim_of(line: str) -> Claim | None:
    """A value of something that has one value at a time."""
    if _PAST.search(line):
        return None
    found = _FIELD.match(line)
    if found is not None:
        name = found["name"].casefold()
        return Claim(_SAME.get(name, name), _tidy(found["value"]))
    said = _SAYS.match(line)
    if said is None:
        return None
    who = " ".join(word for word in said["who"].casefold().split() if word not in _SMALL)
    return Claim(f"{who} {said['name'].casefold()}".strip(), _tidy(said["value"]))


def denial_of(line: str) -> tuple[frozenset[str], bool]:
    """The words of a line without those that deny it, and whether it is denied."""
    words = [word.casefold() for word in _WORD.findall(line)]
    rest = frozenset(_stem(word) for word in words if word not in _DENIES and word not in _SMALL)
    return rest, any(word in _DENIES for word in words)


def contradict(one: str, other: str) -> bool:
    """Whether two lines cannot both be true."""
    return next(contradictions((one, other)), None) is not None


def contradictions(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Places of lines that contradict each other, the first before the second; each line once."""
    claims: dict[str, tuple[int, str]] = {}
    said: dict[tuple[frozenset[str], bool], int] = {}
    taken: set[int] = set()
    for at, line in enumerate(lines):
        found, (words, denied) = claim_of(line), denial_of(line)
        first = said.get((words, not denied)) if len(words) > 1 else None
        if found is not None:
            earlier, value = claims.setdefault(found.of, (at, found.value))
            first = earlier if _differ(value, found.value) else first
        said.setdefault((words, denied), at)
        if first is not None and not {first, at} & taken:
            taken |= {first, at}
            yield first, at


def _differ(one: str, other: str) -> bool:
    """Neither says what the other does, only longer."""
    return bool(one and other) and one not in other and other not in one


def _tidy(value: str) -> str:
    return " ".join(word.casefold() for word in _WORD.findall(value))


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
