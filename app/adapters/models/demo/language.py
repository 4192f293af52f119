"""How the demo model finds names, facts and questions in what people write, in English and German."""

import re
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "de"]

_WORD = r"[^\W\d_](?:[\w'’\-]*\w)?"
_NAME = rf"{_WORD}(?: (?:(?:von|van|de|den|der|del|di|da|la|le) ){{0,2}}[A-ZÄÖÜÀ-Þ](?:[\w'’\-]*\w)?){{0,3}}"
_QUOTE = r"[\"“”„'‘’*]?"
_NEW = rf"{_QUOTE}(?P<new>{_NAME}){_QUOTE}"
_OLD = rf"{_QUOTE}(?P<old>{_NAME}){_QUOTE}"
_NOT_EN = rf"(?:,|\s[-–—])?\s+(?i:not|instead of|rather than)\s+{_OLD}"
_NOT_DE = rf"(?:,|\s[-–—])?\s+(?i:nicht|statt|und nicht)\s+{_OLD}"

_NAME_PATTERNS: tuple[tuple[Language, str], ...] = (
    ("en", rf"\b(?i:my name (?:isn['’]?t|is not)|i[' ’]?a?m not(?: called)?) {_OLD}\s*[,;.:–—-]+\s*"
           rf"(?i:it['’]?s|it is|i['’]?m|i am|but|my name is)(?i: called)? {_NEW}"),
    ("en", rf"\b(?i:my (?:real |actual |first )?name(?:['’]s| is)(?: actually| really| in fact)?|"
           rf"i(?:['’]m| am) (?:actually )?(?:called|named)|(?:please |just )?call me) {_NEW}(?:{_NOT_EN})?"),
    ("en", rf"\b(?i:it(?:['’]s| is)|i(?:['’]m| am)|this is|the name(?:['’]s| is))(?i: actually)? {_NEW}{_NOT_EN}"),
    ("en", rf"^\W*(?i:no|nope|actually)\b[,.!]?\s+(?i:it(?:['’]s| is)|i(?:['’]m| am)) {_NEW}\s*[.!]*\s*$"),
    ("en", rf"^\W*(?i:hi|hello|hey)\b[^.!?]{{0,20}}?[,.!]*\s+(?i:i(?:['’]m| am)) {_NEW}"),
    ("de", rf"\b(?i:mein name ist nicht|ich hei(?:ß|ss)e nicht|ich bin nicht) {_OLD}\s*[,;.:–—-]+\s*"
           rf"(?i:sondern|ich hei(?:ß|ss)e|ich bin|mein name ist) {_NEW}"),
    ("de", rf"\b(?i:ich hei(?:ß|ss)e|mein name ist|nenne? mich|man nennt mich)(?i: eigentlich| bitte)? "
           rf"{_NEW}(?:{_NOT_DE})?"),
    ("de", rf"\b(?i:ich bin) {_NEW}{_NOT_DE}"),
    ("de", rf"^\W*(?i:nein)\b[,.!]?\s+(?i:ich bin|ich hei(?:ß|ss)e) {_NEW}"),
)  # fmt: skip
_NAMES: tuple[tuple[Language, re.Pattern[str]], ...] = tuple(
    (language, re.compile(pattern)) for language, pattern in _NAME_PATTERNS
)

_COMMON_WORDS = (
    "a an the not on in at it my your his her later back when if again soon tomorrow today now maybe crazy fine good "
    "great ok okay sorry sure true false here there just very so too happy sad tired glad nice cool right wrong and "
    "or but to for ein eine der die das nicht im am auf mein dein später morgen heute müde froh gut hier da sehr und "
    "oder aber"
)
_NO_NAMES = frozenset(_COMMON_WORDS.split())

_FACTS: tuple[tuple[Language, re.Pattern[str]], ...] = (
    ("en", re.compile(r"\b(?:please\s+)?(?:remember|note|keep in mind|don['’]?t forget|make a note)(?:\s+down)?"
                      r"(?:\s+that\b|\s*:)?\s+(?P<fact>\S.*)", re.IGNORECASE | re.DOTALL)),
    ("de", re.compile(r"\b(?:bitte\s+)?(?:merk(?:e)? dir|vergiss nicht|notier(?:e)?(?: dir)?)"
                      r"(?:\s*[:,])?\s+(?P<fact>\S.*)", re.IGNORECASE | re.DOTALL)),
)  # fmt: skip
_QUESTION_STARTS = re.compile(r"^\W*(?:do|did|can|could|will|would|what|who|how|when|why|kannst|weißt|was|wer)\b", re.I)
_RECALL_QUESTION = re.compile(r"^\W*(?:do|did|can|could|will) you (?:still )?remember\b", re.IGNORECASE)

_ASKS_NAME = re.compile(
    r"\b(?P<en>what(?:['’]?s| is| was) my name|who am i|do you (?:still )?(?:know|remember) my name)\b|"
    r"\b(?P<de>wie hei(?:ß|ss)e ich|wer bin ich|(?:was|wie) ist mein name|kennst du meinen namen)\b",
    re.IGNORECASE,
)
_ASKS_MEMORY = re.compile(
    r"\b(?P<en>what do you (?:still )?(?:know|remember)|what have you (?:learned|learnt|noted|remembered)|"
    r"what(?:['’]?s| is) in your memory|show (?:me )?your memory)\b|"
    r"\b(?P<de>was weißt du|was weisst du|woran erinnerst du dich)\b",
    re.IGNORECASE,
)
_SEARCHES: tuple[tuple[Language, re.Pattern[str]], ...] = (
    ("en", re.compile(r"\b(?:what did (?:i|we|you) (?:say|tell you|talk|write|mention)(?: about)?|"
                      r"(?:when )?did (?:i|we) (?:ever )?(?:mention|say|talk about|tell you about)(?: anything about)?|"
                      r"^search(?: our conversations?| the history| for)*)"
                      r"\s+(?:for |about )?(?P<topic>\S.*)", re.I | re.S)),
    ("de", re.compile(r"\b(?:was habe ich (?:dir )?(?:über|zu|von)|suche?(?: nach)?|habe ich (?:dir )?(?:von|über))\s+"
                      r"(?P<topic>.+?)(?:\s+(?:gesagt|erzählt|erwähnt|geschrieben))?\s*[?.!]*$", re.I | re.S)),
)  # fmt: skip


@dataclass(frozen=True)
class NameSaid:
    new: str
    old: str
    """The name that was denied ("not Chad"), or empty."""
    language: Language


def name_said(text: str) -> NameSaid | None:
    """The name a person gives for themself, if any."""
    for language, pattern in _NAMES:
        found = pattern.search(text)
        if found and found["new"].lower() not in _NO_NAMES:
            old = found.groupdict().get("old") or ""
            return NameSaid(_capital(found["new"]), _capital(old), language)
    return None


def fact_said(text: str) -> tuple[str, Language] | None:
    """What the person asks to be remembered, if anything: "remember that I like tea" -> "I like tea."."""
    if _RECALL_QUESTION.search(text) or (_QUESTION_STARTS.search(text) and text.rstrip().endswith("?")):
        return None
    for language, pattern in _FACTS:
        found = pattern.search(text)
        if found:
            fact = found["fact"].strip()
            fact = fact if fact.startswith("dass ") else fact[:1].upper() + fact[1:]
            return (fact if fact[-1] in ".!?…" else f"{fact}."), language
    return None


def topic_searched(text: str) -> tuple[str, Language] | None:
    for language, pattern in _SEARCHES:
        found = pattern.search(text)
        if found:
            return found["topic"].strip(" \t\n?.!\"“”'"), language
    return None


def asks_name(text: str) -> Language | None:
    return _language(_ASKS_NAME.search(text))


def asks_memory(text: str) -> Language | None:
    return _language(_ASKS_MEMORY.search(text))


def name_in(text: str) -> re.Match[str] | None:
    """Where a block states the person's name: group `statement` to replace, group `name`."""
    return _STATED.search(text)


_STATED = re.compile(
    rf"(?P<statement>(?P<lead>(?i:\b(?:(?:first |full |user(?:['’]s)? |their |his |her |the )?name)"
    rf"\s*(?:is|:|=)|\bcalled)\s*)\**(?P<name>{_NAME})\**\.?)"
)


def _language(found: re.Match[str] | None) -> Language | None:
    if not found:
        return None
    return "en" if found["en"] else "de"


def _capital(name: str) -> str:
    return name if name != name.lower() else " ".join(word[:1].upper() + word[1:] for word in name.split(" "))
