"""What lies over the window with a field and a list: the keys of the field choose a row, and an outline sets it off."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QWidget

from app.ui.theme import Theme

STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex


class ChoiceRows(QAbstractListModel, Generic[Row]):
    """The rows that such a list shows; what each says is `data` of the heir."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()

    def show_rows(self, rows: tuple[Row, ...]) -> None:
        """As many rows as before change in place, so that the list stays where it was scrolled to."""
        if len(rows) == len(self.rows):
            before, self.rows = self.rows, rows
            for at in (at for at, row in enumerate(rows) if row != before[at]):
                self.dataChanged.emit(self.index(at), self.index(at))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)


class ChoicePainter(QStyledItemDelegate, Generic[Row]):
    """Draws such rows: the ground of the one that is chosen or hovered, and on it what the heir's `draw` puts there."""

    def __init__(self, theme: Theme, model: ChoiceRows[Row], parent: QObject) -> None:
        super().__init__(parent)
        self.theme, self.model = theme, model

    def height_of(self, row: Row) -> int:
        """Pixels at 100 %."""
        return 32

    def draw(self, painter: QPainter, rect: QRect, row: Row) -> None:
        """What stands in a row."""

    def sizeHint(self, option: Any, index: Index) -> QSize:
        return QSize(0, self.theme.px(self.height_of(self.model.rows[index.row()])))

    def paint(self, painter: QPainter, option: Any, index: Index) -> None:
        state, px = option.state, self.theme.px
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        chosen = state & QStyle.StateFlag.State_Selected
        if index.flags() & Qt.ItemFlag.ItemIsEnabled and (chosen or state & QStyle.StateFlag.State_MouseOver):
            painter.setBrush(self.theme.color("selected" if chosen else "hover"))
            painter.drawRoundedRect(option.rect, px(6), px(6))
        self.draw(painter, QRect(option.rect), self.model.rows[index.row()])
        painter.restore()

    def icon(self, painter: QPainter, x: int, y: int, name: str, token: str, size: int) -> None:
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(x, y, self.theme.pixmap(name, token, size, ratio))

    def line(
        self,
        painter: QPainter,
        box: QRect,
        text: str,
        role: str,
        token: str,
        weight: int | None = None,
        *,
        right: bool = False,
        marks: str = "",
    ) -> int:
        """One line, shortened at its end; returns how wide it is. `marks`: words that are underlined in it."""
        font = self.theme.font(role, weight)
        metrics = QFontMetrics(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, box.width()))
        for part in found_in(marks, shown) if marks else ():
            before, wide = metrics.horizontalAdvance(shown[: part.start]), metrics.horizontalAdvance(shown[part])
            line = QRect(box.x() + before, box.center().y() + metrics.ascent() // 2, wide, self.theme.px(2))
            painter.fillRect(line, self.theme.color("accent"))
        painter.setFont(font)
        painter.setPen(self.theme.color(token))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)
        return metrics.horizontalAdvance(shown)


def found_in(words: str, text: str) -> list[slice]:
    """Where any of some words stands in a text, in any case."""
    small, found = text.lower(), list[slice]()
    for word in words.lower().split():
        at = small.find(word)
        while at >= 0:
            found.append(slice(at, at + len(word)))
            at = small.find(word, at + len(word))
    return found


def chosen_by(key: int, here: int, choices: Sequence[int], page: int) -> int | None:
    """The row that this key chooses among `choices`, the rows that can be chosen in order. None: the key is another's.

    Arrows go on from one end at the other; pages of so many rows stop there. Without a choice yet it is the first.
    """
    pressed = Qt.Key(key)
    if not choices or (pressed not in STEPS and pressed not in PAGES):
        return None
    if here not in choices:
        return choices[0]
    at, last = choices.index(here), len(choices) - 1
    if pressed in STEPS:
        return choices[(at + STEPS[pressed]) % len(choices)]
    return choices[max(0, min(last, at + PAGES[pressed] * page))]


def paint_outline(painter: QPainter, widget: QWidget, theme: Theme) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    thick = theme.px(1)
    inset = theme.px(2) + thick / 2
    painter.setPen(QPen(theme.color("control"), thick))
    radius = theme.px(8)
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(inset, inset, -inset, -inset), radius, radius)
