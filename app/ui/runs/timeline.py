"""Draws what a run did: a name, how long it took, and its bar in time."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.kit.layout import follow
from app.ui.runs.steps import READS, TOOL, WAITS, WHOLE, WRITES, Bar, StepRow
from app.ui.runs.words import took
from app.ui.state.list_rows import ROW, RowList
from app.ui.theme import Theme
from app.ui.theme.hatch import hatch

Index = QModelIndex | QPersistentModelIndex
HEIGHT, INDENT, BAR = 28, 18, 12
NAMES, TAKES = 0.46, 64
"""Share of the width that names take; room for how long it took, at 100 %."""
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
COLORS = {READS: "info", WRITES: "part_messages", TOOL: "part_tools", WHOLE: "part_system"}


class StepList(RowList[StepRow]):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda row: row.key, parent)

    def value(self, row: StepRow, role: int) -> object:
        if role == Qt.ItemDataRole.AccessibleTextRole:
            folded = self.tr("folded") if row.folds else ""
            return ", ".join(filter(None, (row.title, row.note, row.took, folded)))
        return None

    @property
    def whole(self) -> tuple[int, int]:
        """From when to when the whole goes."""
        bars = [bar for row in self.rows for bar in row.bars]
        return min((bar.start for bar in bars), default=0), max((bar.end for bar in bars), default=0)


class StepDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, steps: StepList, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._steps = theme, steps

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self._theme.px(200), self._theme.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, px, rect, row = self._theme, self._theme.px, option.rect, index.data(ROW)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme.color("selected"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.color("hover"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), px(1)), theme.color("line"))
        self._paint_name(painter, QRect(rect.left(), rect.top(), names_width(rect.width()), rect.height()), row)
        bars = bar_area(theme, rect)
        start, end = self._steps.whole
        for bar in row.bars:
            self._paint_bar(painter, bars, bar, start, max(1, end - start))
        painter.setFont(theme.font("label"))
        painter.setPen(theme.color("text2"))
        painter.drawText(rect.adjusted(0, 0, -px(12), 0), RIGHT, row.took)
        painter.restore()

    def _paint_name(self, painter: QPainter, rect: QRect, row: StepRow) -> None:
        theme, px = self._theme, self._theme.px
        left = rect.left() + px(14) + row.depth * px(INDENT)
        token = "danger" if row.failed else {"tool": "teal", "memory": "accent"}.get(row.icon, "text2")
        painter.drawPixmap(left, rect.center().y() - px(7) + 1, theme.pixmap(row.icon, token, 14))
        if row.folds is not None:
            sign = theme.pixmap("chevron-right" if row.folds else "chevron-down", "muted", 10)
            painter.drawPixmap(left - px(12), rect.center().y() - px(5) + 1, sign)
        text = QRect(left + px(22), rect.top(), rect.right() - left - px(28), rect.height())
        painter.setFont(theme.font("base", 500 if row.depth < 2 else 400))
        painter.setPen(theme.color("danger" if row.failed else "text"))
        title = painter.fontMetrics().elidedText(row.title, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, LEFT, title)
        text.setLeft(text.left() + painter.fontMetrics().horizontalAdvance(title) + px(8))
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("muted"))
        note = painter.fontMetrics().elidedText(row.note, Qt.TextElideMode.ElideRight, max(0, text.width()))
        painter.drawText(text, LEFT, note)

    def _paint_bar(self, painter: QPainter, area: QRect, bar: Bar, start: int, span: int) -> None:
        theme, px = self._theme, self._theme.px
        left = area.left() + area.width() * (bar.start - start) / span
        width = max(float(px(2)), area.width() * (bar.end - bar.start) / span)
        box = QRectF(min(left, area.right() - px(2)), area.center().y() - px(BAR) / 2 + 1, width, px(BAR))
        if bar.kind == WAITS:
            ratio = painter.device().devicePixelRatioF()
            painter.fillRect(box, hatch(theme.color("control"), theme.scale, ratio))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        color = theme.color(COLORS[bar.kind])
        if bar.kind == READS:
            color.setAlphaF(0.35)
        painter.setBrush(color)
        radius = px(2)
        painter.drawRoundedRect(box, radius, radius)


def names_width(width: int) -> int:
    return round(width * NAMES)


def bar_area(theme: Theme, rect: QRect) -> QRect:
    """Where the bars of a row stand."""
    left = rect.left() + names_width(rect.width())
    return QRect(
        left, rect.top(), max(1, rect.width() - names_width(rect.width()) - theme.px(TAKES + 12)), rect.height()
    )


class Ticks(QWidget):
    """The scale above the bars, and what their colours mean."""

    def __init__(self, theme: Theme, steps: StepList) -> None:
        super().__init__()
        self._theme, self._steps = theme, steps
        self.setAccessibleName(self.tr("Time since the run began"))
        self._words: Sequence[tuple[str, str]] = (
            (READS, self.tr("reads")),
            (WRITES, self.tr("writes")),
            (TOOL, self.tr("tool")),
        )
        follow(theme, self, lambda: self.setFixedHeight(theme.px(26)))

    def paintEvent(self, event: object) -> None:
        theme, px, painter = self._theme, self._theme.px, QPainter(self)
        painter.setFont(theme.font("caption"))
        left = px(14)
        for kind, word in self._words:
            color = theme.color(COLORS[kind])
            if kind == READS:
                color.setAlphaF(0.35)
            painter.fillRect(QRect(left, self.height() // 2 - px(4), px(8), px(8)), color)
            painter.setPen(theme.color("text2"))
            painter.drawText(QRect(left + px(13), 0, px(120), self.height()), LEFT, word)
            left += px(13 + 16) + painter.fontMetrics().horizontalAdvance(word)
        area = bar_area(theme, self.rect())
        start, end = self._steps.whole
        painter.setPen(theme.color("muted"))
        for at, words in ticks(end - start):
            x = area.left() + round(area.width() * at / max(1, end - start))
            painter.drawText(QRect(x, 0, px(60), self.height()), LEFT, words)


def ticks(span: int, most: int = 5) -> list[tuple[int, str]]:
    """Round moments of a span in microseconds, with their words; no more than `most` and the first."""
    if span <= 0:
        return []
    step = next((size for size in STEPS if span / size <= most), STEPS[-1] * (1 + span // (STEPS[-1] * most)))
    return [(at, took(at) if at else took(0)) for at in range(0, span, step) if at < span * 0.94]


STEPS = tuple(number * 10**power for power in range(3, 10) for number in (1, 2, 5))
"""Microseconds between two marks: a millisecond to an hour and a half."""


class Timeline(QListView):
    folded = Signal()
    """`folded_keys` has changed."""

    def __init__(self, theme: Theme, steps: StepList) -> None:
        super().__init__()
        self._theme = theme
        self.folded_keys: set[str] = set()
        self.setModel(steps)
        self.setItemDelegate(StepDelegate(theme, steps, self))
        self.setAccessibleName(self.tr("Steps of the run"))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on the sign before a row folds it."""
        at = event.position().toPoint()
        row: StepRow | None = self.indexAt(at).data(ROW)
        super().mousePressEvent(event)
        if row is not None and row.folds is not None and at.x() < self._theme.px(14 + row.depth * INDENT):
            self.fold(row, not row.folds)

    def fold(self, row: StepRow, away: bool) -> None:
        """Folds what belongs to a row, or shows it again."""
        (self.folded_keys.add if away else self.folded_keys.discard)(row.key)
        self.folded.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left folds, Right shows again."""
        row: StepRow | None = self.currentIndex().data(ROW)
        away = {Qt.Key.Key_Left: True, Qt.Key.Key_Right: False}.get(Qt.Key(event.key()))
        if away is not None and row is not None and row.folds is not None and row.folds != away:
            self.fold(row, away)
        else:
            super().keyPressEvent(event)
