"""How the computer's memory is shared out: a bar, and below it the same in words and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import Theme

BAR, GAP, ROW, SWATCH = 14, 6, 18, 9


@dataclass(frozen=True)
class MemoryPart:
    label: str
    amount: int
    """Bytes."""
    token: str
    """Colour."""
    wish: bool = False
    """True: not taken yet, only if a person chooses so."""


class MemoryBar(QWidget):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.parts: tuple[MemoryPart, ...] = ()
        self.total = 0
        self.setAccessibleName(self.tr("Memory of this computer"))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self._restyle)

    def set_parts(self, parts: Sequence[MemoryPart], total: int) -> None:
        self.parts, self.total = tuple(part for part in parts if part.amount > 0), total
        self.setAccessibleDescription("; ".join(words for _, words in self._legend()))
        self._restyle()

    @property
    def free(self) -> int:
        """Negative: more is wanted than there is."""
        return self.total - sum(part.amount for part in self.parts)

    def _legend(self) -> list[tuple[MemoryPart | None, str]]:
        items: list[tuple[MemoryPart | None, str]] = [
            (part, f"{part.label} {_gigabytes(part.amount)}") for part in self.parts
        ]
        words = self.tr("{} free") if self.free >= 0 else self.tr("{} short")
        return [*items, (None, words.format(_gigabytes(abs(self.free))))]

    def _places(self, width: int) -> list[tuple[MemoryPart | None, str, int, int]]:
        """Each legend item with its left edge and row; the last one at the right where there is room."""
        px, metrics = self._theme.px, QFontMetrics(self._theme.font("label"))
        placed: list[tuple[MemoryPart | None, str, int, int]] = []
        x = row = 0
        for part, words in self._legend():
            wide = metrics.horizontalAdvance(words) + (px(SWATCH) + px(6) if part else 0)
            if x and x + wide > width:
                x, row = 0, row + 1
            left = max(x, width - wide) if part is None else x
            placed.append((part, words, left, row))
            x += wide + px(15)
        return placed

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows = max((row for *_, row in self._places(width)), default=0) + 1
        return self._theme.px(BAR) + self._theme.px(GAP) + rows * self._theme.px(ROW)

    def sizeHint(self) -> QSize:
        width = self.width() or self._theme.px(400)
        return QSize(self._theme.px(260), self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(160), self.sizeHint().height())

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # pyright: ignore[reportArgumentType]
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_bar(painter)
        px = self._theme.px
        painter.setFont(self._theme.font("label"))
        for part, words, left, row in self._places(self.width()):
            top = px(BAR) + px(GAP) + row * px(ROW)
            text = left
            if part is not None:
                swatch = QRectF(left, top + (px(ROW) - px(SWATCH)) // 2, px(SWATCH), px(SWATCH))
                painter.setPen(QPen(self._theme.color("accent"), px(1)) if part.wish else Qt.PenStyle.NoPen)
                painter.setBrush(self._theme.color(part.token))
                painter.drawRoundedRect(swatch.adjusted(0.5, 0.5, -0.5, -0.5) if part.wish else swatch, px(2), px(2))
                text += px(SWATCH) + px(6)
            short = part is None and self.free < 0
            painter.setPen(self._theme.color("danger" if short else "text2" if part is None else "text"))
            box = QRectF(text, top, self.width() - text, px(ROW))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), words)

    def _paint_bar(self, painter: QPainter) -> None:
        px, thick = self._theme.px, float(self._theme.px(1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(0, 0, self.width(), px(BAR)).adjusted(thick / 2, thick / 2, -thick / 2, -thick / 2)
        shape = QPainterPath()
        shape.addRoundedRect(frame, px(4), px(4))
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(frame, self._theme.color("surface"))
        left = frame.left()
        whole = max(self.total, sum(part.amount for part in self.parts), 1)
        for part in self.parts:
            width = frame.width() * part.amount / whole
            painter.fillRect(QRectF(left, 0, max(1.0, width - thick), px(BAR)), self._theme.color(part.token))
            left += width
        painter.restore()
        painter.setPen(QPen(self._theme.color("control"), thick))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(shape)

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()


def _gigabytes(amount: int) -> str:
    return f"{amount / 1e9:.1f} GB"
