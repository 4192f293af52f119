"""What a search found, and why: shared by the search over messages and that over passages."""

from typing import Annotated, Literal, NamedTuple

from app.domain.base import Field, Frozen
from app.domain.search_text import stem_of


class Term(NamedTuple):
    """One thing that a query looks for."""

    shown: str
    """As the person wrote it."""
    words: tuple[str, ...]
    """Words of the index that must stand behind each other; of a plain word it alone."""
    exact: bool
    """Identifiers and quotes are looked for as they are, words in any of their forms."""

    @property
    def whole(self) -> bool:
        """Whether it is looked for letter by letter."""
        return self.exact or len(self.words) > 1

    @property
    def stem(self) -> str:
        return stem_of(self.words[0])


NEIGHBOUR = 200
"""Characters of what was said before and after a message that count as its neighbourhood."""


def around_text(before: str, after: str) -> str:
    """The end of what was said before a message and the beginning of what was said after it."""
    return "\n".join(part for part in (before[-NEIGHBOUR:], after[:NEIGHBOUR]) if part)


def neighbourhood(before: str, text: str, after: str) -> str:
    """A message as it is embedded together with its neighbours."""
    return "\n".join(part for part in (before[-NEIGHBOUR:], text, after[:NEIGHBOUR]) if part)


class Meaning(Frozen):
    """It means something alike."""

    type: Literal["meaning"] = "meaning"
    cosine: float
    """Of the vectors of query and text, -1 to 1. Comparable within one embedder only."""
    nearby: bool = False
    """True: less its own text than it together with what was said before and after it."""


class Word(Frozen):
    """It has this word of the query, or another form of it."""

    type: Literal["word"] = "word"
    word: str
    """As it stands in the query."""
    exact: bool = False
    """An identifier or a quote, found as it stands."""


Reason = Annotated[Meaning | Word, Field(discriminator="type")]


SearchWay = Literal["both", "meaning", "words"]
"""By what is searched."""


class SearchState(Frozen):
    """How far meaning could be asked: a search always answers, with words alone if need be."""

    by_meaning: bool
    """False: the words of the query decided alone."""
    note: str = ""
    """Why meaning was not asked, or not of everything, in a sentence for who searches. Empty: all is well."""


def reason_text(reasons: tuple[Reason, ...]) -> str:
    """The reasons on one line, as programs and models read them: `meaning 0.81, words “Brandt”, “boiler”`."""
    parts = [f"meaning {reason.cosine:.2f}" for reason in reasons if isinstance(reason, Meaning)]
    words = [f"“{reason.word}”" for reason in reasons if isinstance(reason, Word)]
    if words:
        parts.append(("word " if len(words) == 1 else "words ") + ", ".join(words))
    return ", ".join(parts)
