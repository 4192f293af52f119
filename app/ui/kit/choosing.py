"""What lies over the window with a field and a list: the keys of the field choose a row, and an outline sets it off."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.ui.theme import Theme

STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
Row = TypeVar("Row")


class ChoiceRows(QAbstractListModel, Generic[Row]):
    """The rows that such a list shows, replaced as a whole; what each says is `data` of the heir."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()

    def show_rows(self, rows: tuple[Row, ...]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)


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
