"""Brings the rows of a list model to a new state by the smallest Qt signals, so views keep selection and scroll."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

T = TypeVar("T")
ROW = int(Qt.ItemDataRole.UserRole)
"""Role that gives the row's own value."""


class RowList(QAbstractListModel, Generic[T]):
    """A list of frozen values. `show` takes the wanted rows; a row is the same if its key is the same."""

    def __init__(self, key: Callable[[T], Hashable], parent: Any = None) -> None:
        super().__init__(parent)
        self._key = key
        self._rows: list[T] = []

    @property
    def rows(self) -> Sequence[T]:
        return self._rows

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        return row if role == ROW else self.value(row, role)

    def value(self, row: T, role: int) -> Any:
        """What a standard role shows of a row; each list says its own."""
        return None

    def index_of(self, key: Hashable) -> int:
        """Place of the row with this key, or -1."""
        return next((place for place, row in enumerate(self._rows) if self._key(row) == key), -1)

    def show(self, wanted: Sequence[T]) -> None:
        keys = {self._key(row) for row in wanted}
        for place in range(len(self._rows) - 1, -1, -1):
            if self._key(self._rows[place]) not in keys:
                self.beginRemoveRows(QModelIndex(), place, place)
                del self._rows[place]
                self.endRemoveRows()
        for place, row in enumerate(wanted):
            self._put(place, row)

    def _put(self, place: int, row: T) -> None:
        there = self.index_of(self._key(row))
        if there < 0:
            self.beginInsertRows(QModelIndex(), place, place)
            self._rows.insert(place, row)
            self.endInsertRows()
            return
        if there != place:
            self.beginMoveRows(QModelIndex(), there, there, QModelIndex(), place)
            self._rows.insert(place, self._rows.pop(there))
            self.endMoveRows()
        if self._rows[place] != row:
            self._rows[place] = row
            self.dataChanged.emit(self.index(place), self.index(place))
