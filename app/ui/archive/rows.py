"""The rows of the archive: passages as they are read page by page, or what a search found, with the line below which
an agent sees nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import Qt

from app.domain.archive import ArchivalAnswer, Passage, PassageSearchResult
from app.domain.retrieval import Meaning, Reason, reason_text
from app.ui.archive.words import CutRow, cut_words, found_words
from app.ui.kit.actors import actor_words
from app.ui.kit.wording import short_time
from app.ui.state.list_rows import RowList


@dataclass(frozen=True)
class PassageRow:
    passage: Passage
    rank: int | None = None
    """Its place in what was found; None: it was not searched for, or is true no longer."""
    reasons: tuple[Reason, ...] = ()
    searched: bool = False
    chosen: bool = False


Row = PassageRow | CutRow


def found_rows(found: PassageSearchResult, answer: ArchivalAnswer | None, agent: str) -> list[Row]:
    """What an agent is given, the line, what it is not given, and at the end what is true no longer."""
    given = () if answer is None else answer.passage_ids
    shown = sorted(found.hits, key=lambda hit: hit.passage.id not in given) if given else list(found.hits)
    true = [hit for hit in shown if hit.passage.superseded_at is None or hit.passage.id in given]
    rows: list[Row] = [PassageRow(hit.passage, place, hit.reasons, searched=True) for place, hit in enumerate(true, 1)]
    if answer is not None and rows:
        rows.insert(len(given), CutRow(agent, len(given), answer.tokens))
    past = (hit for hit in shown if hit not in true)
    return [*rows, *(PassageRow(hit.passage, None, hit.reasons, searched=True) for hit in past)]


class PassageRows(RowList[Row]):
    """Rows by their passages. `agent_name`: of the open agent, for passages that name nobody."""

    agent_name = ""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(lambda row: row.passage.id if isinstance(row, PassageRow) else "cut", parent)
        self._chosen: set[str] = set()

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of the chosen passages, in the order of the list."""
        return tuple(row.passage.id for row in self.rows if isinstance(row, PassageRow) and row.chosen)

    def begin(self, rows: Sequence[Row]) -> None:
        """Other rows than before; what is chosen and still there stays so."""
        self.beginResetModel()
        self._rows = [self._marked(row) for row in rows]
        self.endResetModel()
        self._chosen = set(self.chosen)

    def renew(self, rows: Sequence[Row]) -> None:
        """The same list as it is now."""
        self.show([self._marked(row) for row in rows])
        self._chosen = set(self.chosen)

    def append(self, rows: Sequence[Row]) -> None:
        """Further ones of the same list."""
        known = {row.passage.id for row in self.rows if isinstance(row, PassageRow)}
        new = [row for row in rows if not isinstance(row, PassageRow) or row.passage.id not in known]
        self.show([*self.rows, *new])

    def choose(self, place: int) -> None:
        """Chooses the passage of a row, or no longer."""
        row = self.rows[place]
        if isinstance(row, PassageRow):
            self._chosen ^= {row.passage.id}
            self._put(place, self._marked(row))

    def choose_none(self) -> None:
        self._chosen.clear()
        self.show([self._marked(row) for row in self.rows])

    def _marked(self, row: Row) -> Row:
        if isinstance(row, CutRow):
            return row
        chosen = row.passage.id in self._chosen
        return row if row.chosen == chosen else replace(row, chosen=chosen)

    def value(self, row: Row, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.passage.text if isinstance(row, PassageRow) else cut_words(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row)
        return None

    def flags(self, index: Any) -> Qt.ItemFlag:
        can_be = isinstance(self.rows[index.row()], PassageRow) if index.isValid() else False
        able = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return able if can_be else Qt.ItemFlag.NoItemFlags

    def _spoken(self, row: Row) -> str:
        if isinstance(row, CutRow):
            return cut_words(row)
        passage = row.passage
        gone = self.tr("true no longer") if passage.superseded_at is not None else ""
        parts = (
            self.tr("chosen") if row.chosen else "",
            gone,
            passage.text,
            reason_text(row.reasons),
            ", ".join(passage.tags),
            actor_words(passage.actor, self.agent_name),
            short_time(passage.created_at),
            found_words(passage),
        )
        return ", ".join(part for part in parts if part)


def meaning_of(reasons: Sequence[Reason]) -> Meaning | None:
    """The reason that has a bar."""
    return next((one for one in reasons if isinstance(one, Meaning)), None)
