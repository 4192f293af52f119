"""The changes of an agent's memory, newest first, under a heading for each day."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt

from app.domain.history import MemoryEvent
from app.ui.kit.wording import day, full_time
from app.ui.memory.history.sentences import actor_name, place_of, sentence_of
from app.ui.state.list_rows import RowList


@dataclass(frozen=True)
class DayRow:
    title: str


@dataclass(frozen=True)
class ChangeRow:
    event: MemoryEvent
    place: str
    redo: bool = False
    """It undoes an undo."""

    @cached_property
    def sentence(self) -> str:
        """What changed. Found when it is first shown: it compares two texts, and there may be thousands of rows."""
        return sentence_of(self.event, redo=self.redo)


def _key(row: DayRow | ChangeRow) -> str | int:
    return row.title if isinstance(row, DayRow) else row.event.seq


class ChangeList(RowList[DayRow | ChangeRow]):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_key, parent)
        self._events: tuple[MemoryEvent, ...] = ()
        self._agent_name = ""

    @property
    def events(self) -> tuple[MemoryEvent, ...]:
        """All loaded ones, newest first."""
        return self._events

    def load(self, events: Sequence[MemoryEvent], agent_name: str) -> None:
        self._events = tuple(sorted(events, key=lambda event: -event.seq))
        self._agent_name = agent_name
        self._fill()

    def _fill(self) -> None:
        rows: list[DayRow | ChangeRow] = []
        heading = ""
        known = {event.seq: event for event in self._events}
        for event in self._events:
            if (title := day(event.at)) != heading:
                rows.append(DayRow(title))
                heading = title
            rows.append(self._row(event, known))
        self.show(rows)

    def _row(self, event: MemoryEvent, known: dict[int, MemoryEvent]) -> ChangeRow:
        """Undos and redos of a change stand in a chain that begins with it."""
        first, redo = known.get(event.undoes or 0), False
        while first is not None and first.undoes is not None:
            first, redo = known.get(first.undoes), not redo
        return ChangeRow(event, place_of(event, first, redo=redo), redo)

    def change_at(self, place: int) -> ChangeRow | None:
        row = self.rows[place] if 0 <= place < len(self.rows) else None
        return row if isinstance(row, ChangeRow) else None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        if index.isValid() and isinstance(self.rows[index.row()], DayRow):
            return Qt.ItemFlag.NoItemFlags
        return super().flags(index)

    def value(self, row: DayRow | ChangeRow, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title if isinstance(row, DayRow) else row.sentence
        if role == Qt.ItemDataRole.AccessibleTextRole and isinstance(row, ChangeRow):
            who = actor_name(row.event, self._agent_name)
            parts = [row.sentence, row.event.label, who, full_time(row.event.at)]
            return ", ".join([*parts, self.tr("undone")] if row.event.undone_by else parts)
        return None
