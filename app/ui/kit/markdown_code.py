"""Colours of code: which token of the theme paints which stretch of a line. Knows lexers, no widgets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from pygments.lexer import Lexer, RegexLexer
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


State = tuple[str, ...]
"""Where a lexer stands at the beginning of a line."""
BEGINNING: State = ("root",)
KEPT_LINES = 8
"""Lines at the end of growing code that are coloured again with what follows them."""
LEAST_LINES = 24
"""Likewise for languages whose lexers cannot go on from the middle."""


@dataclass(frozen=True)
class Lexed:
    """The lines of a stretch of code, each as coloured stretches."""

    lines: list[list[Stretch]]
    settled: int
    """How many of the lines no longer change, whatever follows."""
    state: State
    """Where colouring goes on behind them."""


def lexed(code: str, language: str, state: State = BEGINNING) -> Lexed:
    """Colours code that begins where a lexer was in this state, and says what of it is settled."""
    lexer = _lexer(language)
    if lexer is not None and type(lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed:
        return _resumed(lexer, code, state)
    lines = _lines(_stretches(lexer, code))
    settled = len(lines) - LEAST_LINES // 2 if len(lines) > LEAST_LINES else 0
    return Lexed(lines, settled, BEGINNING)


def lines_of(code: str, language: str) -> list[list[Stretch]]:
    """The lines of a whole code block."""
    return lexed(code, language).lines


def _resumed(lexer: Lexer, code: str, state: State) -> Lexed:
    """As pygments does it, but from any state on and with a note of the state at each line that begins with a token."""
    begins: list[tuple[int, State]] = []
    lines = _lines((text, _color(kind)) for kind, text in _tokens(lexer, code, state, begins))
    last = len(lines) - KEPT_LINES
    settled, behind = 0, state
    count = at = 0
    for place, reached in begins:
        count, at = count + code.count("\n", at, place), place
        if count > last:
            break
        settled, behind = count, reached
    return Lexed(lines, settled, behind)


def _tokens(lexer: Any, code: str, state: State, begins: list[tuple[int, State]]) -> Iterator[tuple[Any, str]]:
    rules: dict[str, Any] = lexer._tokens
    stack, at = [name if name in rules else "root" for name in state], 0
    while at < len(code):
        for match, action, new_state in rules[stack[-1]]:
            found = match(code, at)
            if not found:
                continue
            if type(action) is type(Token):
                yield action, found.group()
            elif action is not None:
                yield from ((kind, text) for _place, kind, text in action(lexer, found))
            at = found.end()
            _turn(stack, new_state)
            break
        else:
            if code[at] == "\n":
                stack[:] = BEGINNING
            yield Token, code[at]
            at += 1
        if code[at - 1] == "\n":
            begins.append((at, tuple(stack)))


def _turn(stack: list[str], new_state: Any) -> None:
    """Goes into the states that a rule names, or out of some."""
    if new_state is None:
        return
    steps = cast("tuple[str | int, ...]", new_state if isinstance(new_state, tuple) else (new_state,))
    for step in steps:
        if step == "#push":
            stack.append(stack[-1])
        elif step == "#pop":
            del stack[max(1, len(stack) - 1) :]
        elif isinstance(step, int):
            del stack[max(1, len(stack) + step) :]
        else:
            stack.append(step)


def _lines(stretches: Iterable[Stretch]) -> list[list[Stretch]]:
    lines: list[list[Stretch]] = [[]]
    for text, color in stretches:
        first, *more = text.split("\n")
        if first:
            _add(lines[-1], first, color)
        for part in more:
            lines.append([(part, color)] if part else [])
    return lines


def _add(line: list[Stretch], text: str, color: str) -> None:
    """Neighbours of one colour are one stretch: each costs when it is written."""
    if line and line[-1][1] == color:
        line[-1] = (line[-1][0] + text, line[-1][1])
    else:
        line.append((text, color))


def _stretches(lexer: Lexer | None, code: str) -> Iterator[Stretch]:
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
