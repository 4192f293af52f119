"""What fills the context window, as one bar, and the legend that says it in numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.kit.announce import announce
from app.ui.kit.tooltip import show_tip
from app.ui.theme import Theme
from app.ui.theme.hatch import hatch

NEAR = 0.9
UNKNOWN_ROOM = 1.25
"""How far the bar reaches beyond what is used while the size of the window is unknown."""


@dataclass(frozen=True)
class BarPart:
    kind: str
    """A part of the context window, or `kept`, `cut`, `free`."""
    label: str
    tokens: int


class TokenBar(QWidget):
    """14 high, 26 in the context view. Arrow keys move between parts, Enter opens one."""

    part_opened = Signal(str, str)
    """Kind and label of the part."""
    changed = Signal()

    def __init__(self, theme: Theme, height: int = 14, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._height = height
        self._parts: tuple[BarPart, ...] = ()
        self._at = -1
        self.window_size = 0
        self.kept = 0
        self.served: int | None = None
        self.lost = 0
        self.setAccessibleName(self.tr("Context window"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_parts(
        self,
        parts: Iterable[tuple[str, str, int]],
        window: int,
        kept: int,
        served: int | None = None,
        lost: int = 0,
    ) -> None:
        """`window` 0: its size is unknown. `served`: what the server really reads, where that is known.

        `lost`: tokens that the server left out of the last request.
        """
        self._parts = tuple(BarPart(*part) for part in parts if part[2] > 0)
        self.window_size, self.kept, self.served, self.lost = window, kept, served, lost
        self._at = min(max(self._at, 0) if self.hasFocus() else self._at, len(self.stops) - 1)
        self._describe()
        self.update()
        self.changed.emit()

    @property
    def parts(self) -> tuple[BarPart, ...]:
        return self._parts

    @property
    def used(self) -> int:
        return sum(part.tokens for part in self._parts)

    @property
    def near_limit(self) -> bool:
        return bool(self.window_size) and self.used + self.kept >= NEAR * self.window_size

    @property
    def cut(self) -> int:
        """Tokens of the window that the server does not serve."""
        if self.served is None or not self.window_size:
            return 0
        return max(0, self.window_size - self.served)

    @property
    def stops(self) -> tuple[BarPart, ...]:
        """Everything the keyboard walks over."""
        stops = list(self._parts)
        free = self.window_size - self.used - self.kept
        if self.window_size and free > 0:
            stops.append(BarPart("free", self.tr("Free"), free))
        if self.kept:
            stops.append(BarPart("kept", self.tr("Kept for reply"), self.kept))
        return tuple(stops)

    @property
    def current(self) -> BarPart | None:
        stops = self.stops
        return stops[self._at] if 0 <= self._at < len(stops) else None

    def words_of(self, part: BarPart) -> str:
        if not self.window_size:
            return self.tr("{0}, {1:,} tokens").format(part.label, part.tokens)
        share = 100 * part.tokens / self.window_size
        return self.tr("{0}, {1:,} tokens, {2:.0f} percent").format(part.label, part.tokens, share)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(200), self._theme.px(self._height))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        stops = self.stops
        moves = {
            Qt.Key.Key_Left: self._at - 1,
            Qt.Key.Key_Right: self._at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(stops) - 1,
        }
        if key in moves and stops:
            self._go(max(0, min(len(stops) - 1, moves[key])))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.current is not None:
            self.part_opened.emit(self.current.kind, self.current.label)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        part = self._part_at(event.position())
        if part is not None:
            self.part_opened.emit(part.kind, part.label)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._at < 0 and self.stops:
            self._go(0)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._at = -1
        self._describe()
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            part = self._part_at(QPointF(event.pos()))
            show_tip(event.globalPos(), self.words_of(part) if part else "", self)
            return True
        return super().event(event)

    def boxes(self) -> list[tuple[BarPart, QRectF]]:
        """Where each stop is drawn; one pixel stays free between two parts."""
        border = self._theme.px(1)
        whole = QRectF(self.rect()).adjusted(border, border, -border, -border)
        total = max(self.window_size or round(self.used * UNKNOWN_ROOM), self.used + self.kept, 1)
        left = whole.x()
        found: list[tuple[BarPart, QRectF]] = []
        for part in self.stops:
            if part.kind == "kept":
                left = max(left, whole.right() - whole.width() * self.kept / total)
            width = max(whole.width() * part.tokens / total, float(self._theme.px(2)))
            found.append((part, QRectF(left, whole.y(), min(width, whole.right() - left), whole.height())))
            left += width
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        thick = float(self._theme.px(1))
        frame = QRectF(self.rect()).adjusted(thick / 2, thick / 2, -thick / 2, -thick / 2)
        radius = self._theme.px(4)
        shape = QPainterPath()
        shape.addRoundedRect(frame, radius, radius)
        painter.setClipPath(shape)
        painter.fillRect(self.rect(), self._theme.color("sunken"))
        boxes = self.boxes()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for part, box in boxes:
            self._paint_part(painter, part, box)
        self._paint_cut(painter)
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self._theme.color("control"), thick)
        if not self.window_size:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(shape)
        self._paint_cursor(painter, boxes)

    def _paint_part(self, painter: QPainter, part: BarPart, box: QRectF) -> None:
        if part.kind == "free":
            return
        gap = self._theme.px(1)
        if part.kind == "kept":
            painter.fillRect(QRectF(box.x(), box.y(), gap, box.height()), self._theme.color("control"))
            painter.setBrushOrigin(box.topLeft())
            painter.fillRect(box, hatch(self._theme.color("control"), self._theme.scale, self.devicePixelRatioF()))
            return
        painter.fillRect(box.adjusted(0, 0, -gap, 0), self._theme.color(f"part_{part.kind}"))

    def _paint_cut(self, painter: QPainter) -> None:
        """The end of the window that the server does not read, and the beginning of what it left out."""
        if self.lost:
            width = self.width() * min(self.lost, self.used) / max(self.window_size, self.used, 1)
            self._paint_hatch(painter, QRectF(0, 0, width, self.height()))
        if not self.cut:
            return
        width = self.width() * self.cut / self.window_size
        self._paint_hatch(painter, QRectF(self.width() - width, 0, width, self.height()))

    def _paint_hatch(self, painter: QPainter, box: QRectF) -> None:
        painter.fillRect(box, self._theme.color("dangertint"))
        painter.fillRect(box, hatch(self._theme.color("danger"), self._theme.scale, self.devicePixelRatioF()))

    def _paint_cursor(self, painter: QPainter, boxes: list[tuple[BarPart, QRectF]]) -> None:
        if not self.hasFocus() or not 0 <= self._at < len(boxes):
            return
        thick = self._theme.px(2)
        painter.setPen(QPen(self._theme.color("focus"), thick))
        box = boxes[self._at][1]
        least = float(self._theme.px(6))
        if box.width() < least:
            box.setWidth(least)
            box.moveRight(min(box.right(), self.width() - 1.0))
        painter.drawRoundedRect(box.adjusted(1, 0, -1, 0), self._theme.px(2), self._theme.px(2))

    def _part_at(self, point: QPointF) -> BarPart | None:
        return next((part for part, box in self.boxes() if box.x() <= point.x() < box.right()), None)

    def _go(self, at: int) -> None:
        self._at = at
        self._describe()
        self.update()
        if self.current is not None:
            announce(self, self.words_of(self.current))

    def _describe(self) -> None:
        if self.current is not None:
            self.setAccessibleDescription(self.words_of(self.current))
            return
        size = self.tr("size unknown")
        if self.window_size:
            size = self.tr("{0:,} of {1:,} tokens").format(self.used, self.window_size)
        cut = [self.tr("the server reads only {0:,}").format(self.served)] if self.cut else []
        cut += [self.tr("{0:,} tokens of the last request were lost").format(self.lost)] if self.lost else []
        self.setAccessibleDescription("; ".join([size, *cut, *(self.words_of(part) for part in self.stops)]))

    def _restyle(self) -> None:
        self.setFixedHeight(self._theme.px(self._height))
        self.update()


class TokenLegend(QWidget):
    """Swatch, name and number of each kind of part, in two columns where there is room."""

    def __init__(self, theme: Theme, bar: TokenBar, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bar = bar
        self._rows: tuple[BarPart, ...] = ()
        self.setAccessibleName(self.tr("Parts of the context window"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        bar.changed.connect(self._refresh)
        theme.changed.connect(self._refresh)
        self._refresh()

    @property
    def rows(self) -> tuple[BarPart, ...]:
        return self._rows

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        columns = self._columns(width)
        return -(-len(self._rows) // columns) * self._theme.px(18)

    def sizeHint(self) -> QSize:
        width = self.width() or self._theme.px(300)
        return QSize(self._theme.px(240), self.heightForWidth(width))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # pyright: ignore[reportArgumentType]
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        columns = self._columns(self.width())
        gap = self._theme.px(20)
        width = (self.width() - gap * (columns - 1)) / columns
        for at, row in enumerate(self._rows):
            left = (at % columns) * (width + gap)
            self._paint_row(painter, row, QRectF(left, at // columns * self._theme.px(18), width, self._theme.px(18)))

    def _paint_row(self, painter: QPainter, row: BarPart, box: QRectF) -> None:
        px = self._theme.px
        side = px(9)
        swatch = QRectF(box.x(), box.y() + (box.height() - side) // 2, side, side)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if row.kind == "kept":
            painter.setPen(QPen(self._theme.color("control"), px(1)))
            painter.setBrush(hatch(self._theme.color("control"), self._theme.scale, self.devicePixelRatioF()))
            swatch.adjust(0.5, 0.5, -0.5, -0.5)
        else:
            painter.setBrush(self._theme.color(f"part_{row.kind}"))
        painter.drawRoundedRect(swatch, px(2), px(2))
        number = f"{row.tokens:,}"
        painter.setFont(self._theme.font("label", 500))
        painter.setPen(self._theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        room = round(box.width() - side - px(14)) - QFontMetrics(painter.font()).horizontalAdvance(number)
        painter.setFont(self._theme.font("label"))
        painter.setPen(self._theme.color("text2"))
        metrics = QFontMetrics(painter.font())
        label = row.label
        if row.kind == "kept" and metrics.horizontalAdvance(label) > room:
            label = self.tr("Reply")
        shown = metrics.elidedText(label, Qt.TextElideMode.ElideRight, room)
        text = box.adjusted(side + px(6), 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _columns(self, width: int) -> int:
        return 2 if width >= self._theme.px(230) else 1

    def _refresh(self) -> None:
        names = {
            "system": self.tr("System"),
            "tools": self.tr("Tools"),
            "tool_rules": self.tr("Tool rules"),
            "memory": self.tr("Memory"),
            "summary": self.tr("Summary"),
            "files": self.tr("Files"),
            "messages": self.tr("Messages"),
        }
        sums: dict[str, int] = {}
        for part in self._bar.parts:
            sums[part.kind] = sums.get(part.kind, 0) + part.tokens
        rows = [BarPart(kind, names.get(kind, kind), tokens) for kind, tokens in sums.items()]
        if self._bar.kept:
            rows.append(BarPart("kept", self.tr("Kept for reply"), self._bar.kept))
        self._rows = tuple(rows)
        self.setAccessibleDescription("; ".join(f"{row.label} {row.tokens:,}" for row in rows))
        self.updateGeometry()
        self.update()
