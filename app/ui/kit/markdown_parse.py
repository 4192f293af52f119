"""Markdown as models write it: CommonMark with the few decisions that chats need, all made here.

One break in the text is one on the screen. `*` marks emphasis beside Chinese, Japanese and Korean signs too, where no
spaces part words. `<br>` is a line break, other HTML is text. Formulas stay as they were written, nothing in them is
markup. Links by reference are left out: one line far below could change what stands above.
"""

import re
import unicodedata
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.emphasis import tokenize as tokenize_emphasis
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.tasklists import tasklists_plugin

_BREAK = re.compile(r"<br\s*/?>", re.I)
_FORMULA = re.compile(r"\\\((?:[^\\]|\\(?!\)))+\\\)|\\\[(?:[^\\]|\\(?!\]))+\\\]")
SCHEMES = ("http://", "https://", "mailto:")
"""Addresses that may be opened. Nothing else: a `file:` or an app's own scheme acts on this computer."""


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    rules = MarkdownIt("commonmark", {"html": False, "linkify": True}).enable(["table", "strikethrough", "linkify"])
    assert rules.linkify is not None
    # Its own first look searches for bare host names too, which takes a millisecond for each thousand characters.
    rules.linkify.pretest = lambda text: "://" in text or "mailto:" in text  # type: ignore[method-assign]
    rules.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})  # pyright: ignore
    rules.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True)
    rules.use(tasklists_plugin)
    # Both would change what stands far above when a line is added below: a text that grows could not be written once.
    rules.disable(["reference", "math_block"])
    rules.inline.ruler.before("escape", "formula", _formula)
    rules.inline.ruler.before("autolink", "line_break", _line_break)
    rules.inline.ruler.at("emphasis", _emphasis)
    return rules


def is_openable(target: str) -> bool:
    """Whether a link leads to a page or an address of mail; others (files, scripts) are never opened."""
    return target.lower().startswith(SCHEMES)


def task_mark(token: Token) -> str:
    """The box of a task list's item; empty for everything else."""
    if not token.content.startswith('<input class="task-list-item-checkbox"'):
        return ""
    return "☑" if "checked=" in token.content else "☐"


def formula(token: Token) -> str:
    """A formula as it was written, with its marks."""
    return f"{token.markup}{token.content}{token.markup}" if token.markup.startswith("$") else token.content


def _formula(state: StateInline, silent: bool) -> bool:
    found = _FORMULA.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("math_inline", "", 0).content = found[0]
    state.pos = found.end()
    return True


def _line_break(state: StateInline, silent: bool) -> bool:
    found = _BREAK.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True


def _emphasis(state: StateInline, silent: bool) -> bool:
    """As CommonMark, but signs of scripts that write without spaces stand for a space beside a `*`."""
    strict = state.scanDelims

    def scan(start: int, can_split_word: bool) -> Scanned:
        found = strict(start, can_split_word)
        if not can_split_word:
            return found
        before = state.src[start - 1] if start else " "
        end = start + found.length
        after = state.src[end] if end < len(state.src) else " "
        opens = found.can_open or (not after.isspace() and _is_wide(before))
        closes = found.can_close or (not before.isspace() and _is_wide(after))
        return Scanned(opens, closes, found.length)

    state.scanDelims = scan  # type: ignore[method-assign]
    try:
        return tokenize_emphasis(state, silent)
    finally:
        del state.scanDelims


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


LONG = 2_000
"""Characters of a line that is shown in parts: Qt lays out a paragraph as a whole, however little of it changes."""
SLACK = 200
"""Characters behind that among which a space is looked for, so that no word is cut."""
GOES_ON = "\u2060\u2060"
"""At the end of a part, where the line goes on below: two signs without width that nobody writes."""
_FENCE = re.compile(r"[\s>]*(`{3,}|~{3,})")

KEPT_ITEMS = 2
"""Items of a list, and rows of a table, that are written again at each flush: later text can still change them."""


def parts_of(line: str) -> list[str]:
    """A line in parts of bearable length. Where they end does not change when the line grows."""
    parts: list[str] = []
    start = 0
    while len(line) - start >= LONG + SLACK:
        space = next((at for at in range(start + LONG, start + LONG + SLACK) if line[at].isspace()), -1)
        end = space + 1 if space >= 0 else start + LONG
        parts.append(f"{line[start:end]}{GOES_ON}")
        start = end
    return [*parts, line[start:]]


def with_parts(lines: list[str]) -> tuple[list[str], list[int]]:
    """Lines to parse, of which none is endless, and how many characters of the text each of them stands for.

    A part goes on in a paragraph of its own, in code on the next line; rows of tables stay whole.
    """
    lengths = [len(line) + 1 for line in lines]
    if max(lengths) < LONG + SLACK:
        return lines, lengths
    shown: list[str] = []
    lengths = list[int]()
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        parts = [line] if line.lstrip().startswith("|") else parts_of(line)
        for number, part in enumerate(parts):
            if number and not fence:
                shown.append("")
                lengths.append(0)
            shown.append(part)
            lengths.append(len(part.removesuffix(GOES_ON)) if number < len(parts) - 1 else len(part) + 1)
    return shown, lengths


def joined(text: str) -> str:
    """Text as it was written, from text as it is shown."""
    return text.replace(f"{GOES_ON}\n", "").replace(GOES_ON, "")


def stable_line(tokens: list[Token], lines: list[str]) -> int:
    """The line before which whole blocks stand that later text cannot change; 0 when there are none.

    That is all but the last one; all but two while the last one's first line is unfinished, since the rest of the line
    may yet make it a part of the block above (`***` is a rule, `***word` goes on with the paragraph).
    """
    starts = [token.map[0] for token in tokens if token.level == 0 and token.map and token.nesting >= 0]
    while starts and starts[-1] == len(lines) - 1:
        starts.pop()
    return starts[-1] if len(starts) > 1 else 0


def first_line(token: Token) -> int:
    """Where in the text a token begins."""
    return token.map[0] if token.map else 0


def stable_items(tokens: list[Token], kind: str, level: int) -> int | None:
    """The index of the first token of `kind` at this level that later text can still change; None while all can."""
    starts = [index for index, token in enumerate(tokens) if token.type == kind and token.level == level]
    return starts[-KEPT_ITEMS] if len(starts) > 2 * KEPT_ITEMS else None
