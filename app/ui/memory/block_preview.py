"""The text of a block as a card shows it: a few lines, the changed one on its tint."""

from collections.abc import Iterator

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel
from app.ui.theme import Motion, Theme
from app.ui.theme.motion import FADE_DELAY_MS, FADE_MS

PORTION = 120
"""Rows that a click on the button for more adds: whoever reads on wants to, and no click stalls the window."""
COUNTED = 30
"""Rows below those on show that are counted for the button; beyond them it only says that there is more."""
AT_ONCE = 400
"""Characters that are wrapped in one go: a line may be as long as its block."""
SPOKEN = 2_000
"""Characters that a screen reader is told; the editor has all of them."""
WIDTHS_KEPT = 8
"""Layouts ask for the height at two or three widths in turn."""


class BlockText(QWidget):
    """Wrapped text of which at most `most` rows are shown; the last one ends with an ellipsis when more follows."""

    rewrapped = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""
        self._most = PORTION
        self._laid_out: dict[int, tuple[list[str], list[bool], int]] = {}
        """Rows, which of them end a line, and how many were asked for, by the widths that layouts ask for in turn."""
        self._corner: QWidget | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)

    def set_corner(self, widget: QWidget) -> None:
        """Stands at the end of the last row."""
        widget.setParent(self)
        self._corner = widget
        self.place_corner()

    def place_corner(self) -> None:
        if self._corner is not None:
            self._corner.adjustSize()
            size = self._corner.size()
            left = self.width() - size.width() if self.isLeftToRight() else 0
            self._corner.move(left, self.height() - size.height())
            self.update()

    def set_text(self, text: str, most: int) -> None:
        if (text, most) == (self._text, self._most):
            return
        self._text, self._most = text, most
        self.setAccessibleName(text[:SPOKEN])
        self._restyle()

    @property
    def rows(self) -> list[str]:
        return self._lay_out(self.width())[0][: self._most]

    def hidden_rows(self, width: int) -> int:
        """How many rows follow those on show, as far as they were counted: `COUNTED` + 1 means more than that."""
        return max(0, len(self._lay_out(width, COUNTED)[0]) - self._most)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return min(self._most, len(self._lay_out(width)[0])) * self._theme.line_height("mono")

    def sizeHint(self) -> QSize:
        width = self.width() if self.testAttribute(Qt.WidgetAttribute.WA_Resized) else self._theme.px(280)
        return QSize(self._theme.px(200), self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(60), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.updateGeometry()
            self.rewrapped.emit()
        self.place_corner()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("mono"))
        painter.setPen(self._theme.color("text"))
        height = self._theme.line_height("mono")
        rows, ends = self._lay_out(self.width())
        for at, row in enumerate(rows[: self._most]):
            last = at == min(self._most, len(rows)) - 1
            cut = last and len(rows) > self._most and not ends[at]
            shown = self._beside_corner(f"{row.rstrip()}…" if cut else row) if last else row
            box = QRectF(0, at * height, self.width(), height)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _beside_corner(self, row: str) -> str:
        if self._corner is None or self._corner.isHidden():
            return row
        room = self.width() - self._corner.width() - self._theme.px(8)
        return QFontMetrics(self._theme.font("mono")).elidedText(row, Qt.TextElideMode.ElideRight, room)

    def _lay_out(self, width: int, further: int = 0) -> tuple[list[str], list[bool]]:
        """The rows on show, at least one more if there is one, and so many `further` ones."""
        wanted = self._most + further + 1
        known = self._laid_out.get(width)
        if known is not None and known[2] >= wanted:
            return known[:2]
        rows: list[str] = []
        ends: list[bool] = []
        room = max(40, width - QFontMetrics(self._theme.font("mono")).horizontalAdvance("…"))
        for line in lines_in(self._text):
            wrapped = wrap(line, self._theme, room, wanted - len(rows))
            rows += wrapped
            ends += [False] * (len(wrapped) - 1) + [True]
            if len(rows) >= wanted:
                break
        if len(self._laid_out) >= WIDTHS_KEPT:
            del self._laid_out[next(iter(self._laid_out))]
        self._laid_out[width] = rows, ends, wanted
        return rows, ends

    def _restyle(self) -> None:
        self._laid_out.clear()
        self.updateGeometry()
        self.update()


def lines_in(text: str) -> Iterator[str]:
    """The lines of a text one by one: of a long one only the first are looked at."""
    start = 0
    while text and start >= 0:
        end = text.find("\n", start)
        yield text[start:] if end < 0 else text[start:end]
        start = end + 1 if end >= 0 else -1


def wrap(line: str, theme: Theme, width: int, most: int) -> list[str]:
    """The first rows that a line takes at this width, `most` at most."""
    rows: list[str] = []
    start, size = 0, AT_ONCE
    while len(rows) < most:
        found = _wrap_part(line[start : start + size], theme, width)
        if start + size >= len(line):
            return (rows + found)[:most]
        # Where the part was cut off says nothing about where its last row ends.
        found.pop()
        rows += found
        start += sum(len(row) for row in found)
        size = AT_ONCE if found else 2 * size
    return rows[:most]


def _wrap_part(part: str, theme: Theme, width: int) -> list[str]:
    layout = QTextLayout(part, theme.font("mono"))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    # Qt counts in halves of UTF-16: an emoji is two of them.
    halves = part.encode("utf-16-le", "surrogatepass")
    layout.beginLayout()
    rows: list[str] = []
    while (row := layout.createLine()).isValid():
        row.setLineWidth(width)
        row.setPosition(QPointF(0, 0))
        begin, end = 2 * row.textStart(), 2 * (row.textStart() + row.textLength())
        rows.append(halves[begin:end].decode("utf-16-le", "surrogatepass"))
    layout.endLayout()
    return rows or [""]


class ChangedLine(QWidget):
    """The changed line with what it was, who did it, and Undo. Its tint fades after it has been seen for a while."""

    undo_clicked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.text = BlockText(theme, self)
        self.cause = ElidedLabel(theme, "", "caption", "text2", self)
        self.undo = Button(theme, self.tr("Undo"), "link", parent=self)
        self.undo.clicked.connect(lambda: self.undo_clicked.emit())
        self._foot = QHBoxLayout()
        self._foot.addWidget(self.cause, 1)
        self._foot.addWidget(self.undo)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.text)
        self._column.addLayout(self._foot)
        self._fade = Motion(theme, self, lambda _share: self.update())
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(FADE_DELAY_MS)
        self._wait.timeout.connect(lambda: self._fade.go(0.0, FADE_MS))
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_change(self, text: str, most: int) -> None:
        self.text.set_text(text, most)
        self.text.setVisible(bool(text))

    def glow(self) -> None:
        """A new change: full tint again."""
        self._fade.jump(1.0)
        self._wait.stop()
        if self.isVisible() and not self._theme.reduced_motion:
            self._wait.start()

    @property
    def tint(self) -> float:
        return self._fade.value

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._fade.value == 1.0 and not self._theme.reduced_motion:
            self._wait.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tint = QColor(self._theme.color("accenttint"))
        tint.setAlphaF(self._fade.value)
        painter.fillRect(self.rect(), tint)
        edge = self._theme.px(2)
        left = 0 if self.layoutDirection() == Qt.LayoutDirection.LeftToRight else self.width() - edge
        painter.fillRect(left, 0, edge, self.height(), self._theme.color("accent"))

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(10), px(2), px(6), px(1))
        self._column.setSpacing(0)
        self._foot.setSpacing(px(6))
        self.undo.setFont(self._theme.font("caption", 500))
        self.update()
