"""Snippets: texts that a person writes once and uses often, with places to fill in."""

import re
from typing import Any

from pydantic import ValidationError

from app.domain.base import Frozen
from app.domain.json_value import array_of

SETTING = "snippets"
"""Key of the setting that holds them: a list of names and texts, in the person's order."""
NAME_MAX, TEXT_MAX, MOST = 40, 20_000, 200
"""Characters of a name and of a text; how many are kept."""
OWN_PLACES = ("date", "time", "agent")
"""Places that fill themselves."""
_PLACE = re.compile(r"\{\{[^\S\n]*([^{}\s](?:[^{}\n]{0,58}[^{}\s])?)[^\S\n]*\}\}")


class Snippet(Frozen):
    name: str
    """One word, typed behind a slash."""
    text: str


def snippet_name(typed: str) -> str:
    """The word that a name becomes: without the slash, blanks as hyphens."""
    return "-".join(typed.replace("/", " ").split())[:NAME_MAX]


def read_snippets(value: Any) -> tuple[Snippet, ...]:
    """From the stored setting; what is no snippet is left out."""
    found: list[Snippet] = []
    for one in array_of(value):
        try:
            found.append(Snippet.model_validate(one))
        except ValidationError:
            continue
    return tuple(found[:MOST])


def stored_snippets(snippets: tuple[Snippet, ...]) -> list[dict[str, Any]]:
    """As they are kept in a setting, which `read_snippets` reads."""
    return [snippet.model_dump() for snippet in snippets]


def filled(text: str, known: dict[str, str]) -> str:
    """The text with the places filled in whose names are known; the others stay to be written over."""
    return _PLACE.sub(lambda place: known.get(place[1].casefold(), place[0]), text)


def next_place(text: str, start: int = 0) -> tuple[int, int] | None:
    """Where the next place to fill in begins and ends, from `start` on, else from the beginning."""
    place = _PLACE.search(text, start) or _PLACE.search(text)
    return place.span() if place is not None else None


def place_names(text: str) -> tuple[str, ...]:
    """Names of the places, each once, in order."""
    return tuple(dict.fromkeys(_PLACE.findall(text)))
