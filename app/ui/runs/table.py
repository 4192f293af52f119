"""The table of runs, newest first; further ones are read as a person nears the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from app.domain.run import Run
from app.ui.kit.layout import follow
from app.ui.kit.wording import count
from app.ui.runs.words import STATUS_LOOK, begun_by, ending_words, status_words, time_words, took
from app.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
ROW = 30
TIME, AGENT, BEGUN, STATUS, WHY, STEPS, TOKENS, FIRST, DURATION = range(9)
WIDTHS = (104, 120, 0, 116, 220, 62, 120, 88, 88)
"""Of the columns; 0 takes what is left."""
RIGHT = (STEPS, TOKENS, FIRST, DURATION)
NARROW = 1180
"""Below this width, at 100 %, why a run ended and its first token are left out."""


@dataclass(frozen=True)
class RunRow:
    run: Run
    cause: str
    first_token_at: int | None


class RunTableModel(QAbstractTableModel):
    """Knows the place of each run, so that one of many changes alone."""

    def __init__(self, theme: Theme, agent_name: Callable[[str], str], parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._agent_name = theme, agent_name
        self._rows: list[RunRow] = []
        self._places: dict[str, int] = {}
        self._titles = (
            self.tr("Time"),
            self.tr("Agent"),
            self.tr("Started by"),
            self.tr("Status"),
            self.tr("Why it ended"),
            self.tr("Steps"),
            self.tr("Tokens in / out"),
            self.tr("First token"),
            self.tr("Duration"),
        )

    @property
    def rows(self) -> Sequence[RunRow]:
        return self._rows

    def row_of(self, run_id: str) -> int:
        """Its place, or -1."""
        return self._places.get(run_id, -1)

    def begin(self, rows: Sequence[RunRow]) -> None:
        """Other rows than before."""
        self.beginResetModel()
        self._rows = list(rows)
        self._number()
        self.endResetModel()

    def append(self, rows: Sequence[RunRow]) -> None:
        """Older ones."""
        new = [row for row in rows if row.run.id not in self._places]
        if new:
            start = len(self._rows)
            self.beginInsertRows(QModelIndex(), start, start + len(new) - 1)
            self._rows += new
            self._places |= {row.run.id: start + place for place, row in enumerate(new)}
            self.endInsertRows()

    def renew(self, rows: Sequence[RunRow]) -> None:
        """The newest ones as they are now: some have begun, some stand otherwise."""
        new = [row for row in rows if row.run.id not in self._places]
        if new:
            self.beginInsertRows(QModelIndex(), 0, len(new) - 1)
            self._rows[0:0] = new
            self._number()
            self.endInsertRows()
        for row in rows:
            place = self._places[row.run.id]
            if self._rows[place] != row:
                self._rows[place] = row
                self.dataChanged.emit(self.index(place, 0), self.index(place, len(self._titles) - 1))

    def _number(self) -> None:
        self._places = {row.run.id: place for place, row in enumerate(self._rows)}

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return _side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        if column == STATUS:
            icon, token = STATUS_LOOK[row.run.status]
            if role == Qt.ItemDataRole.DecorationRole:
                return self._theme.pixmap(icon, token, 14)
            if role == Qt.ItemDataRole.ForegroundRole:
                return self._theme.color(token)
        elif role == Qt.ItemDataRole.ForegroundRole:
            return self._theme.color("text" if column == BEGUN else "text2")
        return None

    def _text(self, row: RunRow, column: int) -> str:
        run, usage = row.run, row.run.usage
        match column:
            case 0:
                return time_words(run.created_at)
            case 1:
                return self._agent_name(run.agent_id)
            case 2:
                return begun_by(run, row.cause)
            case 3:
                return status_words(run.status)
            case 4:
                return ending_words(run)
            case 5:
                return count(usage.steps) if usage.steps else ""
            case 6:
                return f"{count(usage.prompt_tokens)} / {count(usage.completion_tokens)}" if usage.prompt_tokens else ""
            case 7:
                return took(row.first_token_at - run.created_at) if row.first_token_at else ""
            case _:
                return took(run.completed_at - run.created_at) if run.completed_at is not None else ""


def _side(column: int) -> int:
    side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)


class RunTable(QTableView):
    def __init__(self, theme: Theme, model: RunTableModel) -> None:
        super().__init__()
        self._theme = theme
        self._with_agents = False
        self.setModel(model)
        self.setAccessibleName(self.tr("Runs"))
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(BEGUN, QHeaderView.ResizeMode.Stretch)
        follow(theme, self, self._fit)

    def show_agents(self, wanted: bool) -> None:
        self._with_agents = wanted
        self._fit()

    def _fit(self) -> None:
        px = self._theme.px
        self.horizontalHeader().setFont(self._theme.font("label"))
        self.setFont(self._theme.font("label"))
        self.setIconSize(QSize(px(14), px(14)))
        self.verticalHeader().setMinimumSectionSize(px(ROW))
        self.verticalHeader().setDefaultSectionSize(px(ROW))
        for column, width in enumerate(WIDTHS):
            if width:
                self.setColumnWidth(column, px(width))
        narrow = self.width() < px(NARROW)
        self.setColumnHidden(AGENT, not self._with_agents)
        self.setColumnHidden(WHY, narrow)
        self.setColumnHidden(FIRST, narrow)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()
