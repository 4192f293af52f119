"""The agents of the left column: one row each, with what it does or said last."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal

from app.domain.agent import AgentRow
from app.ui.kit.tooltip import literal
from app.ui.state.list_rows import RowList


class AgentList(RowList[AgentRow]):
    """Pinned ones first, then in order of creation: a row stays where it is while its agent talks."""

    waiting_changed = Signal(str, int)
    """An agent, and how many of its calls wait for an answer now."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda row: row.agent.id, parent)
        self._doing: dict[str, str] = {}
        self._unread: frozenset[str] = frozenset()

    def show(self, wanted: Sequence[AgentRow]) -> None:
        seen = [row for row in wanted if not row.agent.hidden]
        before = {row.agent.id: row.waiting for row in self.rows}
        super().show(sorted(seen, key=_order))
        for row in seen:
            if row.waiting != before.get(row.agent.id, 0):
                self.waiting_changed.emit(row.agent.id, row.waiting)

    def put(self, rows: Sequence[AgentRow], instead_of: Collection[str] = ()) -> None:
        """Adds rows, or replaces those of the same agents; those of other agents named here go."""
        if self._only_change(rows, instead_of):
            for row in rows:
                self._replace(row)
            return
        changed = {row.agent.id: row for row in rows}
        kept = [row for row in self.rows if row.agent.id not in changed and row.agent.id not in instead_of]
        self.show((*kept, *rows))

    def _only_change(self, rows: Sequence[AgentRow], named: Collection[str]) -> bool:
        """Whether all of them stay where they are: what costs nothing to the rows beside them."""
        changed = {row.agent.id for row in rows}
        if any(agent_id not in changed and self.index_of(agent_id) >= 0 for agent_id in named):
            return False
        return all(self._stays(row) for row in rows)

    def _stays(self, row: AgentRow) -> bool:
        place = self.index_of(row.agent.id)
        return place >= 0 and not row.agent.hidden and _order(self.rows[place]) == _order(row)

    def _replace(self, row: AgentRow) -> None:
        place = self.index_of(row.agent.id)
        before = self.rows[place].waiting
        self.replace(place, row)
        if row.waiting != before:
            self.waiting_changed.emit(row.agent.id, row.waiting)

    def place_of(self, agent_id: str) -> QModelIndex:
        """Where the agent stands; an invalid index: it is not in the list."""
        return self.index(self.index_of(agent_id))

    def tags(self) -> Counter[str]:
        """Every tag, and how many agents have it."""
        return Counter(tag for row in self.rows for tag in row.agent.tags)

    def set_doing(self, doing: Mapping[str, str]) -> None:
        """What replying agents do right now, by agent id."""
        changed = {agent_id for agent_id in {*doing, *self._doing} if doing.get(agent_id) != self._doing.get(agent_id)}
        self._doing = dict(doing)
        self._redraw(changed)

    def set_unread(self, agent_ids: Iterable[str]) -> None:
        """Those that replied while nobody looked."""
        changed = self._unread ^ frozenset(agent_ids)
        self._unread = frozenset(agent_ids)
        self._redraw(changed)

    def _redraw(self, agent_ids: Iterable[str]) -> None:
        for agent_id in agent_ids:
            if (place := self.index_of(agent_id)) >= 0:
                self.dataChanged.emit(self.index(place), self.index(place))

    def unread(self, row: AgentRow) -> bool:
        return row.agent.id in self._unread

    def replying(self, row: AgentRow) -> bool:
        return row.active_run_id is not None or row.agent.id in self._doing

    def second_line(self, row: AgentRow) -> str:
        if self.replying(row):
            return self.tr("Replying…")
        if row.waiting:
            return self.tr("Waits for your approval")
        if row.last_text:
            return plain(row.last_text)
        return row.agent.description or self.tr("No messages yet")

    def value(self, row: AgentRow, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.agent.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return literal(f"{row.agent.name}\n{self.second_line(row)}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            pinned = (self.tr("pinned"),) if row.agent.pinned else ()
            unread = (self.tr("unread"),) if self.unread(row) else ()
            return ", ".join((row.agent.name, *pinned, *unread, self.second_line(row)))
        return None


def plain(text: str) -> str:
    """Markdown as one line of plain words."""
    text = re.sub(r"^\s*[>*+-]\s|(^|\s)#{1,6}\s", " ", text)
    text = re.sub(r"[*`#>~]{1,3}(?=\S)|(?<=\S)[*`~]{1,3}", "", text)
    return " ".join(re.sub(r"(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)", "", text).split())


def _order(row: AgentRow) -> tuple[bool, int]:
    return not row.agent.pinned, row.agent.created_at


class AgentFilter(QSortFilterProxyModel):
    """Agents whose name, description, model, tags or last text contains the typed words, and that have the tags."""

    def __init__(self, source: AgentList, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._agents = source
        self._words: tuple[str, ...] = ()
        self._tags: frozenset[str] = frozenset()
        self._texts: dict[str, tuple[AgentRow, str]] = {}
        """What is searched of each row, and the row that it was made of."""
        self.setSourceModel(source)

    def set_text(self, text: str) -> None:
        self._words = tuple(text.casefold().split())
        if not self._words:
            self._texts.clear()
        self.invalidate()

    @property
    def tags(self) -> frozenset[str]:
        return self._tags

    def set_tags(self, tags: Iterable[str]) -> None:
        """Agents must have all of them."""
        self._tags = frozenset(tags)
        self.invalidate()

    def place_of(self, agent_id: str) -> QModelIndex:
        """Where the agent stands among those that are shown; an invalid index: it is not."""
        return self.mapFromSource(self._agents.place_of(agent_id))

    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex | QPersistentModelIndex) -> bool:
        if not self._words and not self._tags:
            return True
        row = self._agents.rows[source_row]
        if not self._tags <= frozenset(row.agent.tags):
            return False
        return not self._words or self._has_words(row)

    def _has_words(self, row: AgentRow) -> bool:
        made_of, text = self._texts.get(row.agent.id, (None, ""))
        if made_of is not row:
            agent = row.agent
            text = " ".join((agent.name, agent.description, agent.model, row.last_text, *agent.tags)).casefold()
            self._texts[agent.id] = row, text
        return all(word in text for word in self._words)
