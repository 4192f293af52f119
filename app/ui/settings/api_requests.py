"""The requests that the local API answered last, as a table."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.domain.api import ApiRequest
from app.ui.kit.tooltip import literal
from app.ui.kit.wording import moment

Index = QModelIndex | QPersistentModelIndex
TIME, METHOD, PATH, STATUS, TOOK, PROGRAM = range(6)
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ApiRequests(QAbstractTableModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[ApiRequest, ...] = ()

    def show(self, rows: Sequence[ApiRequest]) -> None:
        """Newest first. New ones are put in above, so that what a person looks at keeps its place."""
        before, now = self.rows, tuple(rows)
        fresh = now.index(before[0]) if before and before[0] in now else -1
        if fresh == 0 and len(now) == len(before):
            return
        if fresh <= 0:
            self.beginResetModel()
            self.rows = now
            self.endResetModel()
            return
        self.beginInsertRows(QModelIndex(), 0, fresh - 1)
        self.rows = (*now[:fresh], *before)
        self.endInsertRows()
        if len(self.rows) > len(now):
            self.beginRemoveRows(QModelIndex(), len(now), len(self.rows) - 1)
            self.rows = now
            self.endRemoveRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else PROGRAM + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section in (STATUS, TOOK) else LEFT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        names = (
            self.tr("Time"),
            self.tr("Method"),
            self.tr("Path"),
            self.tr("Status"),
            self.tr("Duration"),
            self.tr("Program"),
        )
        return names[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        request, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if column in (STATUS, TOOK) else LEFT
        if role == Qt.ItemDataRole.ToolTipRole and column in (PATH, STATUS, PROGRAM):
            return literal(_status_text(request.status) if column == STATUS else self._cell(request, column))
        return self._cell(request, column) if role == Qt.ItemDataRole.DisplayRole else None

    @staticmethod
    def _cell(request: ApiRequest, column: int) -> str:
        cells = {
            TIME: f"{moment(request.at):%H:%M:%S}",
            METHOD: request.method,
            PATH: request.path,
            STATUS: str(request.status),
            TOOK: f"{request.took_ms:,.0f} ms" if request.took_ms >= 10 else f"{request.took_ms:.1f} ms",
            PROGRAM: request.client,
        }
        return cells[column]


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
