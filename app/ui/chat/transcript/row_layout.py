"""Where each row of a conversation lies: measured heights where cards exist, guesses elsewhere. Knows no widgets."""

from app.ui.chat.transcript.row import Row
from app.ui.theme import Theme

COLUMN_MIN, COLUMN_MAX, MARGIN, MARGIN_MIN = 672, 820, 32, 16
PAD_TOP, PAD_BOTTOM = 24, 20

Anchor = tuple[str, int]
"""A row's key and the distance of its top from the top of the view."""


def column_in(theme: Theme, room: int) -> tuple[int, int]:
    """Left edge and width of the text column in so much room."""
    px = theme.px
    narrow = min(room - 2 * px(MARGIN_MIN), px(COLUMN_MIN))
    width = min(px(COLUMN_MAX), max(narrow, room - 2 * px(MARGIN)))
    return (room - width) // 2, width


class RowLayout:
    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.rows: list[Row] = []
        self.tops: list[int] = []
        self.total = 0
        self._heights: dict[str, int] = {}
        self._guesses: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def set_rows(self, rows: list[Row]) -> None:
        self.rows = rows
        self._numbers = {row.key: number for number, row in enumerate(rows)}

    def number(self, key: str) -> int:
        """Row number of a key, -1 if there is none."""
        return self._numbers.get(key, -1)

    def height(self, key: str) -> int | None:
        """The measured height."""
        return self._heights.get(key)

    def measured(self, key: str, height: int) -> bool:
        """Notes a real height. True if it is another one than before."""
        changed = self._heights.get(key) != height
        self._heights[key] = height
        return changed

    def forget(self, key: str) -> None:
        """The row changed while no card shows it: guess anew."""
        self._heights.pop(key, None)
        self._guesses.pop(key, None)

    def forget_all(self) -> None:
        """Width or sizes changed: what was measured is a guess now."""
        self._guesses, self._heights = {**self._guesses, **self._heights}, {}

    def clear(self) -> None:
        self._guesses, self._heights = {}, {}

    def expected(self, row: Row, width: int) -> int:
        """The height, measured or guessed."""
        known = self._heights.get(row.key) or self._guesses.get(row.key)
        if known is None:
            known = self._guesses[row.key] = self._theme.px(guess_height(row, round(width / self._theme.scale)))
        return known

    def compute(self, width: int) -> None:
        """Adds up all heights."""
        px = self._theme.px
        y, before = px(PAD_TOP), None
        tops: list[int] = []
        for row in self.rows:
            y += px(gap_above(row, before))
            tops.append(y)
            y += self.expected(row, width)
            before = row
        self.tops = tops
        self.total = y + px(PAD_BOTTOM)

    def first_at(self, y: int) -> int:
        """Number of the last row that begins at or above y."""
        low, high = 0, len(self.tops) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.tops[middle] <= y:
                low = middle
            else:
                high = middle - 1
        return low

    def between(self, top: int, bottom: int) -> range:
        """Numbers of the rows that show between two heights."""
        if not self.tops:
            return range(0)
        first = last = self.first_at(max(0, top))
        while last < len(self.tops) and self.tops[last] <= bottom:
            last += 1
        return range(first, last)

    def anchor(self, scroll: int) -> Anchor | None:
        """The row at the top of a view that is scrolled so far."""
        if not self.tops:
            return None
        number = self.first_at(scroll)
        return self.rows[number].key, self.tops[number] - scroll

    def scroll_for(self, anchor: Anchor) -> int | None:
        """How far to scroll so that the row stands where the anchor says."""
        number = self.number(anchor[0])
        return None if number < 0 else self.tops[number] - anchor[1]


def guess_height(row: Row, width: int) -> int:
    """A rough height in logical pixels, until the card is measured."""
    if row.kind in ("user", "assistant", "queued"):
        per_line = max(20, width // 7)
        lines = sum(1 + len(line) // per_line for line in row.text.split("\n"))
        return 21 * lines + (24 if row.kind == "assistant" else 16)
    if row.kind == "tool" and row.tool is not None and row.tool.changes:
        return 150
    return {"tool": 34, "error": 110, "summary": 32}.get(row.kind, 24)


def gap_above(row: Row, before: Row | None) -> int:
    """Space between two cards in logical pixels."""
    if before is None:
        return 0
    if row.kind == "tool" and before.kind == "tool":
        return 8
    mine = row.kind in ("assistant", "reasoning", "tool", "working", "summary", "error", "repair")
    theirs = before.kind in ("assistant", "reasoning", "tool", "working", "summary", "error", "repair")
    return 8 if mine and theirs else 18
