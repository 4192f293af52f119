"""Marks the places of a text where words stand, and one of them more strongly."""

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect
from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextEdit
from shiboken6 import isValid

from app.ui.kit.markdown import MarkdownView
from app.ui.theme import Theme

AROUND = 200
"""Hits before and after the current one that are marked: a letter may stand there a hundred thousand times."""


def places_of(words: str, text: str, *, exact: bool = False) -> list[int]:
    """Where these words stand in a text, in any case unless `exact`; none within another."""
    if not words:
        return []
    small = text if exact else text.lower()
    if len(small) != len(text):
        # A few letters become two in small, so places in it would be none of the text.
        return [hit.start() for hit in re.finditer(re.escape(words), text, re.IGNORECASE)]
    sought = words if exact else words.lower()
    found, at = list[int](), small.find(sought)
    while at >= 0:
        found.append(at)
        at = small.find(sought, at + len(sought))
    return found


def qt_places(text: str, places: Sequence[int]) -> list[int]:
    """The same places, in rising order, as Qt counts: a sign outside of the basic plane is two."""
    found, here, counted = list[int](), 0, 0
    if text.isascii():
        return list(places)
    for place in places:
        counted += len(text[here:place].encode("utf-16-le")) // 2
        here = place
        found.append(counted)
    return found


def marks_of(
    theme: Theme, document: QTextDocument, spans: Sequence[tuple[int, int]], chosen: int
) -> list[QTextEdit.ExtraSelection]:
    """Marks from one place of the document to another, the chosen one (an index of `spans`) stronger. Those far from
    it have none.
    """
    first = max(0, chosen - AROUND)
    near = enumerate(spans[first : chosen + AROUND], first)
    return [_mark_of(theme, document, begin, end, strong=number == chosen) for number, (begin, end) in near]


def spans_of(places: Sequence[int], text: str, length: int) -> list[tuple[int, int]]:
    """Where hits of so many signs begin and end, as Qt counts."""
    edges = qt_places(text, [edge for place in places for edge in (place, place + length)])
    return list(zip(edges[::2], edges[1::2], strict=True))


def _mark_of(theme: Theme, document: QTextDocument, begin: int, end: int, *, strong: bool) -> QTextEdit.ExtraSelection:
    mark = QTextEdit.ExtraSelection()
    cursor = QTextCursor(document)
    cursor.setPosition(begin)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    mark.cursor = cursor  # pyright: ignore[reportAttributeAccessIssue]
    form: QTextCharFormat = mark.format  # pyright: ignore[reportAttributeAccessIssue]
    form.setBackground(theme.color("accentfill" if strong else "warntint"))
    form.setForeground(theme.color("onaccent" if strong else "warn"))
    return mark


class TextMarks:
    """The marks of one text at a time. A long text is written in portions, so a hit may be marked a moment later."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._words, self._number = "", 0
        self._seen: Callable[[], None] = lambda: None
        self._text: MarkdownView | None = None
        self._told = False
        self.current = QRect()
        """Where the current hit stands in the text, in its pixels."""

    @property
    def text(self) -> MarkdownView | None:
        """None: nothing is marked, or the text is gone."""
        return self._text if self._text is not None and isValid(self._text) else None

    def show(self, text: MarkdownView, words: str, number: int, seen: Callable[[], None]) -> None:
        """Marks `words` in a text, and the hit of this number more strongly; then calls `seen`."""
        self.clear()
        self._text, self._words, self._number, self._seen = text, words, number, seen
        self._told = False
        text.grew.connect(self._mark)
        self._mark()

    def clear(self) -> None:
        if (text := self.text) is not None:
            text.grew.disconnect(self._mark)
            text.setExtraSelections([])
        self._text = None

    def _mark(self) -> None:
        text = self.text
        if text is None:
            return
        raw = text.document().toRawText()
        places = places_of(self._words, raw)
        if not places or (self._number >= len(places) and text.is_writing):
            text.setExtraSelections([])
            return
        # What is written may hold fewer hits than its source: addresses of links do not show.
        chosen = min(self._number, len(places) - 1)
        marks = marks_of(self._theme, text.document(), spans_of(places, raw, len(self._words)), chosen)
        text.setExtraSelections(marks)
        if not self._told:
            self._told = True
            self.current = text.cursorRect(marks[min(chosen, AROUND)].cursor)  # pyright: ignore[reportAttributeAccessIssue]
            self._seen()
