"""Shows the difference of two texts: numbers, signs, changed words, folds for what stayed the same."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextLine,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from app.ui.kit.announce import announce
from app.ui.kit.text_diff import DiffLine, DiffModel, changes
from app.ui.theme import Theme

NUMBER, SIGN, LINE = 30, 18, 20
WRITER = 150
"""Width of the column that says who wrote a line."""
CONTEXT, COMPACT_CONTEXT = 3, 1
SPOKEN_MAX = 40
SIGNS = {"add": ("+", "ok", "add", "addstrong"), "remove": ("-", "danger", "dele", "delstrong")}


class Writer(NamedTuple):
    """Who wrote a line, as the column beside the numbers says it."""

    icon: str
    token: str
    """Of the icon's colour."""
    words: str


NOBODY: tuple[Writer | None, ...] = ()


class DiffView(QTextEdit):
    """`compact` is for cards: no scrolling, no keyboard, as high as its content, nothing around the changes."""

    current_changed = Signal(int)
    """Index of the change under the keyboard (F7, Shift+F7)."""

    def __init__(self, theme: Theme, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._compact = compact
        self.model = DiffModel(())
        self._rows: tuple[DiffLine, ...] = ()
        self._opened: frozenset[int] = frozenset()
        self._current = -1
        self._heights: dict[int, int] = {}
        """By width: layouts ask for it again and again."""
        self._number_width = self._writer_width = 0
        self._writers: tuple[Sequence[Writer | None], Sequence[Writer | None]] = (NOBODY, NOBODY)
        self.setProperty("plain", True)
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Difference"))
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setCursorWidth(0)
        self.viewport().setMouseTracking(True)
        if compact:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        else:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        theme.changed.connect(self._rebuild)
        self._rebuild()

    def set_texts(self, before: str, after: str) -> None:
        self.model = DiffModel.of(before, after)
        self._opened = frozenset()
        self._current = -1
        self._writers = (NOBODY, NOBODY)
        self._rebuild()

    def set_writers(self, before: Sequence[Writer | None], after: Sequence[Writer | None]) -> None:
        """Who wrote each line of the two texts; without any, the column goes."""
        self._writers = (before, after)
        self._rebuild()

    def writer_of(self, row: DiffLine) -> Writer | None:
        """Of a line that went: who wrote it, not who removed it."""
        before, after = self._writers
        lines, number = (before, row.old) if row.kind == "remove" else (after, row.new)
        return lines[number - 1] if number is not None and number <= len(lines) else None

    @property
    def rows(self) -> tuple[DiffLine, ...]:
        return self._rows

    @property
    def current(self) -> int:
        return self._current

    def summary(self) -> str:
        if self.model.empty:
            return self.tr("No difference")
        return self.tr("{0} added, {1} removed").format(self.model.added, self.model.removed)

    def spoken(self) -> str:
        """The changes in words: signs and colours mean nothing to a screen reader."""
        words = {"add": self.tr("Added"), "remove": self.tr("Removed")}
        lines = [line for line in self.model.lines if line.kind in words]
        parts = [f"{words[line.kind]} {line.new or line.old}: {line.text}" for line in lines[:SPOKEN_MAX]]
        return "; ".join([self.summary(), *parts])

    def step(self, by: int) -> bool:
        """Go to the next or previous change; False at the ends."""
        spans = changes(self._rows)
        wanted = self._current + by if self._current >= 0 or by > 0 else -1
        if not 0 <= wanted < len(spans):
            return False
        self._current = wanted
        block = self.document().findBlockByNumber(spans[wanted][0])
        self.setTextCursor(QTextCursor(block))
        self.ensureCursorVisible()
        self.viewport().update()
        start, stop = spans[wanted]
        announce(self, "; ".join(row.text for row in self._rows[start:stop]))
        self.current_changed.emit(wanted)
        return True

    def open_fold(self, at: int) -> None:
        self._opened |= {at}
        self._rebuild()

    def sizeHint(self) -> QSize:
        width = self.width() if self._compact and self.testAttribute(Qt.WidgetAttribute.WA_Resized) else self._px(480)
        return QSize(self._px(480), self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        if self._compact:
            return QSize(self._px(160), self.heightForWidth(max(self.width(), self._px(160))))
        return QSize(self._px(160), self._px(3 * LINE))

    def hasHeightForWidth(self) -> bool:
        return self._compact

    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            self._heights[width] = self._measured(width)
        return self._heights[width]

    def _measured(self, width: int) -> int:
        document = self.document()
        before = document.textWidth()
        document.setTextWidth(width)
        block, lines = document.begin(), 0
        document.size()
        while block.isValid():
            lines += max(1, block.layout().lineCount())
            block = block.next()
        document.setTextWidth(before)
        return lines * self._px(LINE)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F7:
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.step(-1 if back else 1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._fold_at(self.textCursor().block()):
            self.open_fold(self._rows[self.textCursor().blockNumber()].at)
        elif event.key() == Qt.Key.Key_Tab or event.key() == Qt.Key.Key_Backtab:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        block = self.cursorForPosition(event.position().toPoint()).block()
        if self._fold_at(block) and not self.textCursor().hasSelection():
            self.open_fold(self._rows[block.blockNumber()].at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        over = self._fold_at(self.cursorForPosition(event.position().toPoint()).block())
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.IBeamCursor
        self.viewport().setCursor(shape)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        for block, row, rect in self._visible(event.rect()):
            self._paint_back(painter, block, row, rect)
        painter.end()
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        for _block, row, rect in self._visible(event.rect()):
            self._paint_margin(painter, row, rect)
        self._paint_current(painter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._compact and event.oldSize().width() != event.size().width():
            self.updateGeometry()

    def _fold_at(self, block: QTextBlock) -> bool:
        number = block.blockNumber()
        return 0 <= number < len(self._rows) and self._rows[number].kind == "fold"

    def _visible(self, area: QRect) -> list[tuple[QTextBlock, DiffLine, QRect]]:
        layout = self.document().documentLayout()
        top = self.verticalScrollBar().value() - self._lead()
        block = self.cursorForPosition(QPoint(0, max(0, area.top() - self._px(LINE)))).block()
        found: list[tuple[QTextBlock, DiffLine, QRect]] = []
        while block.isValid() and block.blockNumber() < len(self._rows):
            box = layout.blockBoundingRect(block)
            height = max(1, block.layout().lineCount()) * self._px(LINE)
            rect = QRect(0, round(box.y()) - top, self.viewport().width(), height)
            if rect.top() > area.bottom():
                break
            found.append((block, self._rows[block.blockNumber()], rect))
            block = block.next()
        return found

    def _paint_back(self, painter: QPainter, block: QTextBlock, row: DiffLine, rect: QRect) -> None:
        if row.kind == "fold":
            painter.fillRect(rect, self._theme.color("sunken"))
        elif row.kind in SIGNS:
            _sign, _ink, tint, strong = SIGNS[row.kind]
            painter.fillRect(rect, self._theme.color(tint))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color(strong))
            for box in self._word_boxes(block, row, rect.top()):
                painter.drawRoundedRect(box, self._px(2), self._px(2))

    def _word_boxes(self, block: QTextBlock, row: DiffLine, top: int) -> list[QRectF]:
        boxes: list[QRectF] = []
        layout = block.layout()
        origin = layout.position().x() - self.horizontalScrollBar().value()
        for start, stop in row.strong:
            for at in range(layout.lineCount()):
                line = layout.lineAt(at)
                first, last = max(start, line.textStart()), min(stop, line.textStart() + line.textLength())
                if first >= last:
                    continue
                x1, x2 = _x(line, first), _x(line, last)
                y = top + at * self._px(LINE) + self._px(2)
                boxes.append(QRectF(origin + x1, y, x2 - x1, self._px(LINE) - self._px(4)))
        return boxes

    def _paint_margin(self, painter: QPainter, row: DiffLine, rect: QRect) -> None:
        if row.kind == "fold":
            return
        self._paint_writer(painter, row, rect)
        height = min(rect.height(), self._px(LINE))
        painter.setFont(self._theme.font("diff"))
        painter.setPen(self._theme.color("muted" if row.kind == "same" else "text2"))
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        width, start = self._number_width, self._writer_width
        for at, number in enumerate((row.old, row.new)):
            if number is not None:
                box = QRect(start + at * width, rect.top(), width - self._px(8), height)
                painter.drawText(box, side, str(number))
        if row.kind in SIGNS:
            sign, ink, _tint, _strong = SIGNS[row.kind]
            painter.setPen(self._theme.color(ink))
            painter.drawText(QRect(start + 2 * width, rect.top(), self._px(SIGN) - self._px(8), height), side, sign)

    def _paint_writer(self, painter: QPainter, row: DiffLine, rect: QRect) -> None:
        width = self._writer_width
        if not width:
            return
        painter.fillRect(QRect(0, rect.top(), width - self._px(6), rect.height()), self._theme.color("surface"))
        painter.fillRect(QRect(width - self._px(6), rect.top(), 1, rect.height()), self._theme.color("line"))
        writer = self.writer_of(row)
        if writer is None:
            return
        side = self._px(12)
        top = rect.top() + (min(rect.height(), self._px(LINE)) - side) // 2
        painter.drawPixmap(self._px(12), top, self._theme.pixmap(writer.icon, writer.token, 12))
        painter.setFont(self._theme.font("caption"))
        painter.setPen(self._theme.color("text2"))
        box = QRect(self._px(30), rect.top(), width - self._px(42), self._px(LINE))
        words = painter.fontMetrics().elidedText(writer.words, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_current(self, painter: QPainter) -> None:
        spans = changes(self._rows)
        if self._compact or not 0 <= self._current < len(spans) or not self.hasFocus():
            return
        first, stop = spans[self._current]
        boxes = [
            rect for block, _row, rect in self._visible(self.viewport().rect()) if first <= block.blockNumber() < stop
        ]
        if not boxes:
            return
        thick = self._px(2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color("focus"), thick))
        whole = QRectF(boxes[0].united(boxes[-1]))
        painter.drawRect(whole.adjusted(thick / 2, thick / 2, -thick / 2, -thick / 2))

    def _lead(self) -> int:
        """Qt puts the whole extra height of a line above its text; half of it belongs below."""
        natural = QFontMetrics(self._theme.font("diff")).height()
        return max(0, (self._px(LINE) - natural) // 2)

    def _room_for_numbers(self) -> int:
        largest = max((max(row.old or 0, row.new or 0) for row in self._rows), default=0)
        digits = QFontMetrics(self._theme.font("diff")).horizontalAdvance("0" * len(str(largest)))
        return max(self._px(NUMBER), digits + self._px(12))

    def _px(self, n: float) -> int:
        return self._theme.px(n)

    def _rebuild(self) -> None:
        """Text anew: the theme's colours and sizes are part of it."""
        context = COMPACT_CONTEXT if self._compact else CONTEXT
        self._rows = self.model.rows(context, self._opened, ends=not self._compact) if not self.model.empty else ()
        self._number_width = self._room_for_numbers()
        self._writer_width = self._px(WRITER) if self._rows and any(self._writers) else 0
        document = self.document()
        place = self.textCursor().blockNumber()
        document.setDocumentMargin(0)
        # By the widget: Qt gives the document the widget's font again whenever that changes.
        self.setFont(self._theme.font("diff"))
        self._write(document)
        frame = document.rootFrame().frameFormat()
        margin = self._writer_width + 2 * self._number_width + self._px(SIGN)
        frame.setLeftMargin(margin if self._rows else self._px(12))
        frame.setRightMargin(self._px(8))
        document.rootFrame().setFrameFormat(frame)
        self._heights.clear()
        self.setViewportMargins(0, -self._lead(), 0, 0)
        self.setTextCursor(QTextCursor(document.findBlockByNumber(min(place, document.blockCount() - 1))))
        self.setAccessibleDescription(self.spoken())
        self.updateGeometry()
        self.viewport().update()

    def _write(self, document: QTextDocument) -> None:
        document.clear()
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        block = QTextBlockFormat()
        block.setLineHeight(self._px(LINE), QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        cursor.setBlockFormat(block)
        plain, quiet = QTextCharFormat(), QTextCharFormat()
        plain.setForeground(self._theme.color("text"))
        quiet.setForeground(self._theme.color("muted"))
        quiet.setFont(self._theme.font("label"))
        if not self._rows:
            cursor.insertText(self.tr("No difference"), quiet)
        for at, row in enumerate(self._rows):
            if at:
                cursor.insertBlock(block)
            if row.kind == "fold":
                cursor.insertText(self.tr("{0:,} lines, no difference").format(row.hidden), quiet)
            else:
                cursor.insertText(row.text, plain)
        cursor.endEditBlock()


def _x(line: QTextLine, position: int) -> float:
    """Where a character begins; some versions of Qt's binding give the corrected position beside it."""
    found = cast("float | tuple[float, int]", line.cursorToX(position))
    return found[0] if isinstance(found, tuple) else found
