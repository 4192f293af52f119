"""Which colour a piece of code takes; pygments is imported only when code is on show."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pygments.lexer import Lexer

STYLES = (
    ("Comment", "muted"),
    ("Keyword", "plum"),
    ("Operator.Word", "plum"),
    ("Literal.String", "ok"),
    ("Literal.Number", "accent"),
    ("Name.Function", "info"),
    ("Name.Class", "info"),
    ("Name.Tag", "info"),
    ("Name.Attribute", "info"),
    ("Name.Decorator", "info"),
    ("Name.Builtin", "info"),
    ("Generic.Heading", "info"),
    ("Generic.Subheading", "info"),
    ("Generic.Deleted", "danger"),
    ("Generic.Inserted", "ok"),
)


@cache
def style_of(kind: str) -> str:
    """Colour token of a pygments token name like "Literal.String.Double"; empty for plain text."""
    return next((token for prefix, token in STYLES if kind == prefix or kind.startswith(prefix + ".")), "")


@cache
def lexer_of(language: str) -> "Lexer | None":
    """None for a language nobody knows; then the code stays plain."""
    if not language:
        return None
    from pygments import lexers
    from pygments.util import ClassNotFound

    # Its stubs leave the options of a lexer untyped.
    by_name = cast("Callable[..., Lexer]", lexers.get_lexer_by_name)
    try:
        return by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def colored(code: str, language: str) -> Iterator[tuple[int, int, str]]:
    """(start, length, colour token) of every piece that is not plain."""
    lexer = lexer_of(language)
    if lexer is None:
        return
    for start, kind, text in lexer.get_tokens_unprocessed(code):
        if token := style_of(str(kind)[6:]):
            yield start, len(text), token
