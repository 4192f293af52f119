"""Pure: what can be said of lines of memory without a model. What each finds right is measured on labelled examples."""

import datetime
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from app.domain.archive import Passage
from app.domain.base import Micros
from app.domain.block import Block
from app.domain.doctor import Evidence, Finding, Mend, kept_as
from app.engine.doctor.contradictions import contradictions

NEARLY_FULL = 0.9
"""Share of a block's limit from which its card in the window warns, too."""
ALIKE = 0.8
"""Share of common letters from which two lines say nearly the same, if their numbers and names are the same."""
PAIRS = 300
"""Lines of an agent that are compared with each other: their number goes with its square."""

NEVER_FOUND: Micros = 90 * 24 * 3600 * 1_000_000
"""A passage that no search has found for a season may be of no use."""
SHOWN = 3
"""Of many passages so many are told as evidence."""

_ASSIGNED = re.compile(
    r"\b(?:pass(?:word|phrase|wort)?|passwort|kennwort|contraseña|mot de passe|pin|api[ _-]?key|secret key|token|"
    r"(?:safe|code|combination)(?= opens| is|:))\b[^:=\n]{0,30}?(?:\s*[:=]\s*|\s+is\s+|\s+ist\s+)(?P<secret>\S{4,}.*)$",
    re.IGNORECASE,
)
_KEYS = re.compile(
    r"\b(?:sk-[\w-]{16,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|\b[A-Z]{2}\d{2}(?: ?\d{4}){4,7}(?: ?\d{1,3})?\b"
    r"|\bopens with (?:the )?code \S+"
)
_CARD = re.compile(r"\b(?:\d[ -]?){15}\d\b")
_KEPT = kept_as("").partition("“")[0]
_PLAIN_WORDS = re.compile(r"^[A-Za-zäöüß]+(?: [A-Za-zäöüß]+)*[.!]?$")
_WEEKDAYS: str = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_TAGE = "montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|ten|a few)"
_DATE = re.compile(
    rf"\b(?:(?:next|last) (?:{_WEEKDAYS}|week|weekend|month|year)|this (?:evening|morning|afternoon|week|weekend)|"
    rf"in {_NUMBER} (?:days?|weeks?|months?|years?)|{_NUMBER} (?:days?|weeks?|months?|years?) ago|tomorrow|tonight|"
    rf"(?:nächste[nrs]?|letzte[nrs]?|kommende[nrs]?) (?:{_TAGE}|woche|monat|jahr)|übermorgen|vorgestern|gestern|"
    r"heute|(?<!guten )morgen(?= um| früh| abend|[.!]?$))\b|^yesterday\b(?! by)|(?<!USA )\btoday\b",
    re.IGNORECASE,
)
_TITLES = re.compile(r"\b(?:song|film|book|USA|Guten) (?:Yesterday|Today|Tomorrow|Morgen)\b", re.IGNORECASE)
_ECHO = re.compile(
    r"^\W*(?:\d+ (?:results?|passages?|messages?|hits?)? ?found\s*:|(?:search )?results? (?:for [\"“']|\()|"
    r"no results? found for|found \d+ (?:messages?|passages?|results?)\b|showing \d+ of \d+ results?)|"
    r"\b(?:archival_memory_search|conversation_search)\b.*\b(?:returned|found)\b|\[\{\"timestamp\"",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_SMALL = frozenset(
    ["a", "an", "the", "he", "she", "it", "is", "at", "of", "in", "on", "to", "and", "for", "with", "no"]
)


def secret_in(line: str) -> tuple[int, int] | None:
    """Where a password, key or number of a card stands in plain text."""
    found = _KEYS.search(line)
    if found is not None:
        return found.span()
    card = _CARD.search(line)
    if card is not None and _luhn(card.group()):
        return card.span()
    named = _ASSIGNED.search(line)
    if named is None or _PLAIN_WORDS.match(named["secret"]) or named["secret"].startswith(_KEPT):
        return None
    return named.span("secret")


def _luhn(digits: str) -> bool:
    numbers = [int(sign) for sign in digits if sign.isdigit()][::-1]
    return sum(n if at % 2 == 0 else sum(divmod(2 * n, 10)) for at, n in enumerate(numbers)) % 10 == 0


def relative_date_in(line: str) -> tuple[int, int] | None:
    """A word that means another day the next time it is read."""
    if _TITLES.search(line):
        return None
    found = _DATE.search(line)
    return None if found is None else found.span()


def echo_in(line: str) -> tuple[int, int] | None:
    """A result of a search that was stored as if it were something new."""
    found = _ECHO.search(line)
    return None if found is None else found.span()


def nearly_same(one: str, other: str) -> bool:
    """Whether two lines say the same but for small words, order and signs. Numbers, names and negations must agree."""
    left, right = _WORD.findall(one.casefold()), _WORD.findall(other.casefold())
    few, many = sorted(({*left} - _SMALL, {*right} - _SMALL), key=len)
    if not few or len(few) < 2:
        return left == right and bool(left)
    new = many - few
    if few - many or len(new) > max(1, len(few) // 3):
        return False
    if any(word.isdigit() or word in ("not", "never", "only", "kein", "nicht", "nie", "when") for word in new):
        return False
    ratio = SequenceMatcher(None, " ".join(sorted(few)), " ".join(sorted(many)), autojunk=False).ratio()
    return ratio >= ALIKE


def examine(
    blocks: tuple[Block, ...],
    written: dict[tuple[str, int], datetime.date],
    passages: Sequence[Passage] = (),
    now: Micros = 0,
) -> Iterator[Finding]:
    """All findings in blocks and passages. `written`: on which day a line was written, by block and number from 1."""
    lines = [
        Evidence(block_id=block.id, label=block.label, line=number, text=text, span=(0, len(text)))
        for block in blocks
        if not block.read_only
        for number, text in enumerate(block.value.split("\n"), 1)
        if text.strip()
    ]
    for line in lines:
        yield from _in_line(line, written.get((line.block_id, line.line)))
    stored = [_of_passage(passage) for passage in passages]
    for line, passage in zip(stored, passages, strict=True):
        yield from _in_line(line, datetime.datetime.fromtimestamp(passage.created_at / 1_000_000).astimezone().date())
    both = [*lines, *stored]
    for first, second in contradictions([line.text for line in both]):
        yield Finding(kind="contradiction", evidence=(both[first], both[second]))
    yield from _doubles(lines[:PAIRS])
    yield from _unused(passages, now)
    for block in blocks:
        if block.limit and len(block.value) >= NEARLY_FULL * block.limit:
            place = Evidence(block_id=block.id, label=block.label, line=1, text="", span=(0, 0))
            yield Finding(kind="full", evidence=(place,), used=len(block.value), limit=block.limit)


def _in_line(line: Evidence, day: datetime.date | None) -> Iterator[Finding]:
    if (span := secret_in(line.text)) is not None:
        yield Finding(kind="secret", evidence=(line.model_copy(update={"span": span}),))
    if (span := relative_date_in(line.text)) is not None:
        new = _with_day(line.text, span, day)
        mend = None if new is None else _mend(line, new)
        yield Finding(kind="date", evidence=(line.model_copy(update={"span": span}),), mend=mend)
    if (span := echo_in(line.text)) is not None:
        mend = _mend(line, None)
        yield Finding(kind="echo", evidence=(line.model_copy(update={"span": span}),), mend=mend)


def _mend(line: Evidence, new: str | None) -> Mend:
    return Mend(block_id=line.block_id, old=line.text, new=new, passage_id=line.passage_id)


def _of_passage(passage: Passage) -> Evidence:
    text = passage.text
    return Evidence(block_id="", label="", line=0, text=text, span=(0, len(text)), passage_id=passage.id)


def _unused(passages: Sequence[Passage], now: Micros) -> Iterator[Finding]:
    old = [one for one in passages if not one.found_count and now - one.created_at > NEVER_FOUND]
    if old:
        evidence = tuple(_of_passage(one) for one in old[:SHOWN])
        yield Finding(kind="unused", evidence=evidence, used=len(old), limit=len(passages))


def _with_day(text: str, span: tuple[int, int], day: datetime.date | None) -> str | None:
    """The line with the day that was meant when it was written; None where that is not certain."""
    if day is None:
        return None
    words = text[span[0] : span[1]].casefold()
    days = {"tomorrow": 1, "today": 0, "tonight": 0, "yesterday": -1, "heute": 0, "morgen": 1, "gestern": -1}
    offset = days.get(words)
    names: list[str] = _WEEKDAYS.split("|")
    if offset is None and words.startswith("next ") and words[5:] in names:
        offset = (names.index(words[5:]) - day.weekday()) % 7 or 7
    if offset is None:
        return None
    meant = day + datetime.timedelta(days=offset)
    return f"{text[: span[0]]}on {meant:%Y-%m-%d}{text[span[1] :]}"


def _doubles(lines: list[Evidence]) -> Iterator[Finding]:
    taken: set[int] = set()
    for at, line in enumerate(lines):
        if at in taken:
            continue
        for other in range(at + 1, len(lines)):
            if other not in taken and nearly_same(line.text, lines[other].text):
                taken.add(other)
                longer = max((line, lines[other]), key=lambda one: len(one.text))
                shorter = lines[other] if longer is line else line
                mend = Mend(block_id=shorter.block_id, old=shorter.text, new=None)
                yield Finding(kind="double", evidence=(longer, shorter), mend=mend)
