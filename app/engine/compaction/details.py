"""Pure: names, numbers and dates in a text: what a summary must not lose, and what may be looked for in one."""

import re
from typing import Literal, NamedTuple

from app.domain.compaction import folded

DetailKind = Literal["name", "number", "date", "identifier"]
MOST = 200
"""Details that are told of a text; more of them is a table, not a conversation."""

_IDENTIFIER = re.compile(
    r"(?<!\w)(?:[\w.-]+@[\w.-]+\w|[\w./\\#:-]*\d[\w./\\#:-]*[a-zA-Z_][\w./\\#:-]*|\w+[_/\\]\w[\w/\\.-]*)"
)
_MONTHS = (
    "jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni?|july?|juli?|aug(?:ust)?"
    "|sep(?:tember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto"
    "|septiembre|octubre|noviembre|diciembre"
)
_DATE = re.compile(rf"(?<![\w.,])(?:\d{{1,2}}\.? (?:de )?(?:{_MONTHS})|(?:{_MONTHS}) \d{{1,2}})(?!\w)", re.I)
_NUMBER = re.compile(r"(?<![\w.,:/-])\d+(?:[.,:/-]\d+)*(?: ?(?:%|°C|€|\$|kg|g|km|m|cm|mm|l|ml|h|min))?(?!\w)")
_NAME = re.compile(r"\b[^\W\d_a-z][\w'’-]*(?: [^\W\d_a-z][\w'’-]*)*")
_SENTENCE_END = re.compile(r"(?:^|[.!?:;…]\s*|\n\s*|[\"“„«(\[]\s*)$")
_COMMON_TEXT = (
    "i you he she it we they the a an and but or so if then this that these those there here what when where "
    "who why how yes no ok okay please thanks thank hello hi hey dear my your our user assistant event tool "
    "summary monday tuesday wednesday thursday friday saturday sunday january february march april may june "
    "july august september october november december ich du er sie es wir ihr der die das ein eine und aber "
    "oder ja nein bitte danke hallo montag dienstag mittwoch donnerstag freitag samstag sonntag el la los las "
    "un una y o si no gracias hola le les je tu il elle nous vous oui non merci bonjour "
)
_COMMON = frozenset(_COMMON_TEXT.split())


class Detail(NamedTuple):
    """One of them as it stands in the text."""

    text: str
    kind: DetailKind


def details_of(text: str) -> tuple[Detail, ...]:
    """Each once, in the order in which they come.

    A name is a word with a capital letter inside a sentence: at the beginning of one any word has it, so a word that
    stands only there counts as none. German writes every noun so; there each counts.
    """
    found: list[tuple[int, Detail]] = []
    taken: list[range] = []
    patterns: tuple[tuple[DetailKind, re.Pattern[str]], ...] = (
        ("date", _DATE),
        ("identifier", _IDENTIFIER),
        ("number", _NUMBER),
    )
    for kind, pattern in patterns:
        for match in pattern.finditer(text):
            word = match[0].strip(".,:;-/")
            if (len(word) < 2 and kind == "identifier") or any(match.start() in one for one in taken):
                continue
            taken.append(range(*match.span()))
            found.append((match.start(), Detail(word, kind)))
    for match in _NAME.finditer(text):
        if any(match.start() in one for one in taken) or _SENTENCE_END.search(
            text[max(0, match.start() - 40) : match.start()]
        ):
            continue
        if folded(match[0]) not in _COMMON and len(match[0]) > 1:
            found.append((match.start(), Detail(match[0], "name")))
    once = {folded(detail.text): detail for _, detail in sorted(found, reverse=True)}
    return tuple(sorted(once.values(), key=lambda detail: text.find(detail.text)))[:MOST]


def around(text: str, detail: str, reach: int = 60) -> str:
    """The words around a detail, in one line; empty where the text has it not."""
    at = text.find(detail)
    if at < 0:
        return ""
    before, after = text[max(0, at - reach) : at], text[at + len(detail) : at + len(detail) + reach]
    if at > reach:
        before = before.partition(" ")[2] or before
    if len(text) > at + len(detail) + reach:
        after = after.rpartition(" ")[0] or after
    return " ".join(f"{before}{detail}{after}".split())
