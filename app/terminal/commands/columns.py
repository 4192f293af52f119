"""Lines in columns, for people and for `awk`: two spaces between columns, none inside the first."""

import sys
from collections.abc import Sequence

from app.terminal.paper import plain


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Each column as wide as its widest text; the last one runs free."""
    shown = [[plain(text) for text in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = [text.ljust(width) for text, width in zip(row[:-1], widths, strict=False)]
        print("  ".join((*cells, row[-1])).rstrip())


def say(text: str) -> None:
    """To the person, beside what a program reads."""
    print(plain(text), file=sys.stderr, flush=True)
