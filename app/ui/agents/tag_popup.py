"""The tags of one or several agents, under a button: each can be given to all of them or removed from all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from app.domain.agent import Agent
from app.ui.kit.buttons import Button
from app.ui.kit.choice_popup import ChoicePopup
from app.ui.kit.choosing import ChoicePainter, ChoiceRows, Index
from app.ui.kit.wording import count, counted
from app.ui.state.agent_list import AgentList
from app.ui.theme import Theme

LONGEST = 60
"""Characters of a tag that is made here, so that it stays a word."""


@dataclass(frozen=True)
class TagChoice:
    tag: str
    held: Literal["all", "some", "none"]
    """By which of the agents that this is about."""
    agents: int
    """How many have it at all."""
    new: bool = False


def tag_of(text: str) -> str:
    """A tag as it is typed: one line, without the blanks around it and the sign before it."""
    return " ".join(text.split()).lstrip("#").strip()[:LONGEST].strip()


def tag_choices(agents: Sequence[Agent], known: Counter[str], words: str) -> tuple[TagChoice, ...]:
    """Tags that contain the words: those that the agents have first, then the most used; at the end the words
    themselves, where there is no such tag yet."""
    held = Counter(tag for agent in agents for tag in set(agent.tags))
    wanted = tag_of(words)
    found = [tag for tag in {*known, *held} if wanted.casefold() in tag.casefold()]
    found.sort(key=lambda tag: (not held[tag], -known[tag], tag.casefold()))
    rows = [
        TagChoice(tag, "none" if not held[tag] else "all" if held[tag] == len(agents) else "some", known[tag])
        for tag in found
    ]
    if wanted and wanted.casefold() not in {tag.casefold() for tag in found}:
        rows.append(TagChoice(wanted, "none", 0, new=True))
    return tuple(rows)


def with_tag(agents: Iterable[Agent], tag: str, wanted: bool) -> dict[str, tuple[str, ...]]:
    """The tags that agents get, by id, so that all have this one, or none has; only of those that change."""
    if wanted:
        return {agent.id: (*agent.tags, tag) for agent in agents if tag not in agent.tags}
    return {agent.id: tuple(one for one in agent.tags if one != tag) for agent in agents if tag in agent.tags}


class TagRows(ChoiceRows[TagChoice]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.tag
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.title(row)}, {self.state(row)}"
        return None

    def title(self, row: TagChoice) -> str:
        return self.tr("Create the tag “{}”").format(row.tag) if row.new else row.tag

    def state(self, row: TagChoice) -> str:
        return {"all": self.tr("set"), "some": self.tr("set for some"), "none": self.tr("not set")}[row.held]


class TagPainter(ChoicePainter[TagChoice]):
    def draw(self, painter: QPainter, rect: QRect, row: TagChoice) -> None:
        px, rows = self.theme.px, self.model
        assert isinstance(rows, TagRows)
        icon = "plus" if row.new else {"all": "check", "some": "minus", "none": ""}[row.held]
        if icon:
            self.icon(painter, rect.x() + px(10), rect.center().y() - px(7), icon, "accent", 14)
        text = rect.adjusted(px(32), 0, -px(10), 0)
        number = "" if row.new else count(row.agents)
        taken = self.line(painter, text, number, "label", "muted", right=True)
        self.line(painter, text.adjusted(0, 0, -taken - px(8), 0), rows.title(row), "base", "text")


class TagPopup(ChoicePopup[TagChoice]):
    """It stays open, since an agent often gets more than one."""

    changed = Signal(object)
    """dict: the tags that agents are to have, by id."""

    def __init__(self, theme: Theme, button: QWidget, known: AgentList) -> None:
        rows = TagRows(button)
        super().__init__(theme, button, rows, TagPainter(theme, rows, button))
        self.stays = True
        self.wide = 280
        self._known = known
        self._agents: tuple[str, ...] = ()
        self.set_words(self.tr("Tags"), self.tr("Find or create a tag"))
        self.nothing.setText(self.tr("No tags yet. Type one."))
        self.done = Button(theme, self.tr("Done"), "ghost", size="small")
        self.done.clicked.connect(lambda: self.close_popup())
        self.set_foot(None, self.done)
        known.dataChanged.connect(lambda: self.search())

    def open_for(self, agent_ids: Iterable[str]) -> None:
        self._agents = tuple(agent_ids)
        self.setAccessibleDescription(counted(len(self._agents), self.tr("Of one agent"), self.tr("Of {} agents")))
        self.open()

    def search(self) -> None:
        if self.isVisible():
            chosen = self.chosen
            rows = tag_choices(self._chosen_agents(), self._known.tags(), self.words)
            self.fill(rows, next((at for at, row in enumerate(rows) if chosen and row.tag == chosen.tag), -1))

    def take(self, row: TagChoice) -> None:
        wanted = with_tag(self._chosen_agents(), row.tag, row.held != "all")
        if wanted:
            self.changed.emit(wanted)
        self.field.clear()

    def _chosen_agents(self) -> tuple[Agent, ...]:
        places = (self._known.index_of(agent_id) for agent_id in self._agents)
        return tuple(self._known.rows[place].agent for place in places if place >= 0)
