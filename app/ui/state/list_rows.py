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
        self._places: dict[Hashable, int] | None = None
        """Where each row stands, since it was asked for and until rows come, go or move."""

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
        if self._places is None:
            self._places = {self._key(row): place for place, row in enumerate(self._rows)}
        return self._places.get(key, -1)

    def replace(self, place: int, row: T) -> None:
        """Shows this value of the same row there."""
        if self._rows[place] != row:
            self._rows[place] = row
            self.dataChanged.emit(self.index(place), self.index(place))

    def show(self, wanted: Sequence[T]) -> None:
        """Brings the rows to this. Neighbours that come or go together are told at once: views work for each signal."""
        self._remove_all_but({self._key(row) for row in wanted})
        here = {self._key(row) for row in self._rows}
        place = 0
        while place < len(wanted):
            end = place
            while end < len(wanted) and self._key(wanted[end]) not in here:
                end += 1
            if end > place:
                self.beginInsertRows(QModelIndex(), place, end - 1)
                self._rows[place:place] = wanted[place:end]
                self._places = None
                self.endInsertRows()
                place = end
            else:
                self._put(place, wanted[place])
                place += 1

    def _remove_all_but(self, keys: set[Hashable]) -> None:
        end = len(self._rows)
        while end > 0:
            place = end
            while place > 0 and self._key(self._rows[place - 1]) not in keys:
                place -= 1
            if place < end:
                self.beginRemoveRows(QModelIndex(), place, end - 1)
                del self._rows[place:end]
                self._places = None
                self.endRemoveRows()
            end = place - 1

    def _put(self, place: int, row: T) -> None:
        """A row that is there already comes to its place."""
        key = self._key(row)
        there = place if self._key(self._rows[place]) == key else self.index_of(key)
        if there != place:
            self.beginMoveRows(QModelIndex(), there, there, QModelIndex(), place)
            self._rows.insert(place, self._rows.pop(there))
            self._places = None
            self.endMoveRows()
        self.replace(place, row)
