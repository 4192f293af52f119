"""Colours of code: which token of the theme paints which stretch of a line. Knows lexers, no widgets."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType]
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Token
from pygments.util import ClassNotFound

Stretch = tuple[str, str]
"""Text without line breaks, and the theme's token for it ("" for plain text)."""

LONGEST = 40_000
"""Characters; longer code is shown without colours, since lexing it would stall the window."""

_COLORS = (
    (Comment, "muted"),
    (String, "ok"),
    (Number, "accent"),
    (Keyword, "plum"),
    (Operator.Word, "plum"),
    (Name.Function, "info"),
    (Name.Class, "info"),
    (Name.Decorator, "info"),
    (Name.Tag, "info"),
    (Name.Attribute, "info"),
    (Name.Builtin, "info"),
    (Name.Namespace, "info"),
)


def lines_of(code: str, language: str) -> list[list[Stretch]]:
    """The lines of a code block, each as coloured stretches."""
    lines: list[list[Stretch]] = [[]]
    for text, color in _stretches(code, language):
        first, *more = text.split("\n")
        if first:
            lines[-1].append((first, color))
        for part in more:
            lines.append([(part, color)] if part else [])
    return lines


def _stretches(code: str, language: str) -> Iterator[Stretch]:
    lexer = _lexer(language)
    if lexer is None or len(code) > LONGEST:
        yield code, ""
        return
    for token, text in lexer.get_tokens(code):
        yield text, _color(token)


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if not language:
        return None
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _color(token: Any) -> str:
    for kind, color in _COLORS:
        if token in kind:
            return color
    return "muted" if token is Token.Literal.String.Doc else ""
