"""Marks the places of a text where words stand, and one of them more strongly."""

from collections.abc import Callable

from PySide6.QtCore import QRect
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit
from shiboken6 import isValid

from app.ui.kit.markdown import MarkdownView
from app.ui.theme import Theme

AROUND = 200
"""Hits before and after the current one that are marked: a letter may stand there a hundred thousand times."""


def places_of(words: str, text: str) -> list[int]:
    """Where these words (in small letters) stand in a text, in any case; none within another."""
    small = text.lower()
    if not words:
        return []
    found, at = list[int](), small.find(words)
    while at >= 0:
        found.append(at)
        at = small.find(words, at + len(words))
    return found


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
        first = max(0, chosen - AROUND)
        wide = len(raw.encode("utf-16-le")) != 2 * len(raw)
        marks: list[QTextEdit.ExtraSelection] = []
        for number, at in enumerate(places[first : chosen + AROUND], first):
            # Qt counts a sign outside of the basic plane as two.
            begin, end = (_qt_place(raw, place) if wide else place for place in (at, at + len(self._words)))
            marks.append(self._mark_of(text, begin, end, number == chosen))
        text.setExtraSelections(marks)
        if not self._told:
            self._told = True
            self.current = text.cursorRect(marks[chosen - first].cursor)  # pyright: ignore[reportAttributeAccessIssue]
            self._seen()

    def _mark_of(self, text: MarkdownView, begin: int, end: int, chosen: bool) -> QTextEdit.ExtraSelection:
        theme, mark = self._theme, QTextEdit.ExtraSelection()
        cursor = QTextCursor(text.document())
        cursor.setPosition(begin)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        mark.cursor = cursor  # pyright: ignore[reportAttributeAccessIssue]
        form: QTextCharFormat = mark.format  # pyright: ignore[reportAttributeAccessIssue]
        form.setBackground(theme.color("accentfill" if chosen else "warntint"))
        form.setForeground(theme.color("onaccent" if chosen else "warn"))
        return mark


def _qt_place(text: str, place: int) -> int:
    return len(text[:place].encode("utf-16-le")) // 2
