"""The last requests to the local API: a table, or a sentence where there is none."""

from collections.abc import Sequence

from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.domain.api import ApiRequest
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, frame_of, row_of
from app.ui.settings.api_requests import PATH, ApiRequests
from app.ui.theme import Theme

ROW = 30
SHOWN = 8
"""Rows in sight; the rest is scrolled to."""
WIDTHS = (84, 70, 0, 74, 92, 190)
"""Of the columns; 0 takes what is left."""


class RequestTable(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._model = ApiRequests(self)
        self.table = QTableView()
        self._note = Label(theme, "", "label", "text2")
        self._nothing = Label(theme, "", "base", "muted")
        title = Label(theme, self.tr("Recent requests"), "base")
        title.set_weight(600)
        frame = frame_of("table")
        column_of(theme, self.table, parent=frame, inset=(1, 1, 1, 1), gap=0)
        self._frame = frame
        column_of(theme, row_of(theme, title, self._note, None), self._nothing, frame, parent=self, gap=6)
        self._dress()
        follow(theme, self, self._fit)
        self.show_rows((), False)

    def _dress(self) -> None:
        table = self.table
        table.setModel(self._model)
        table.setAccessibleName(self.tr("Recent requests"))
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.horizontalHeader().setSectionResizeMode(PATH, QHeaderView.ResizeMode.Stretch)

    def show_rows(self, rows: Sequence[ApiRequest], serving: bool) -> None:
        self._model.show(rows)
        self._frame.setVisible(bool(rows))
        self._nothing.setVisible(not rows)
        self._nothing.setText(self.tr("No requests yet.") if serving else self.tr("The local API is off."))
        refused = sum(row.status >= 400 for row in rows)
        self._note.setText(self.tr("{} of {} refused").format(refused, len(rows)) if refused else "")
        self._fit_height()

    def _fit(self) -> None:
        px = self._theme.px
        self.table.horizontalHeader().setFont(self._theme.font("label"))
        self.table.setFont(self._theme.font("label"))
        self.table.verticalHeader().setDefaultSectionSize(px(ROW))
        for column, width in enumerate(WIDTHS):
            if width:
                self.table.setColumnWidth(column, px(width))
        self._fit_height()

    def _fit_height(self) -> None:
        px, rows = self._theme.px, min(SHOWN, self._model.rowCount())
        self.table.setFixedHeight(px(28) + rows * px(ROW) + px(2))
