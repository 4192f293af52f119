"""One program that may use the memory of agents: its name, the agents it may reach, and what it may do there."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from app.domain.agent import Agent
from app.domain.memory_client import RIGHTS, MemoryClient, MemoryClientDraft, MemoryRight
from app.ui.kit.buttons import Button
from app.ui.kit.field import Field
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, empty, row_of
from app.ui.kit.switch import Switch
from app.ui.theme import Theme

USUAL: tuple[MemoryRight, ...] = ("read", "propose")


class AssistantForm(QFrame):
    """Hidden until it is begun. `saved` has the draft; whoever stores it calls `end` or `refuse`."""

    saved = Signal(object)
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("kind", "card")
        self.client: MemoryClient | None = None
        self.title = Label(theme, "", "base")
        self.title.set_weight(600)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Claude Desktop")
        self.name_field = Field(theme, self.tr("Name"), self.name, self.tr("The history calls it so."))
        self.rights: Mapping[MemoryRight, Switch] = {right: Switch(theme, self._words(right)) for right in RIGHTS}
        self.agents: dict[str, Switch] = {}
        self._agent_list = QWidget()
        self._agent_rows = column_of(theme, parent=self._agent_list, gap=2)
        self._none = Label(theme, self.tr("Switch an agent on above first."), "label", "warn")
        self.save = Button(theme, self.tr("Save"), "primary")
        self.cancel = Button(theme, self.tr("Cancel"), "ghost")
        column_of(
            theme,
            self.title,
            self.name_field,
            Label(theme, self.tr("It may"), "label", "text2"),
            *self.rights.values(),
            Label(theme, self.tr("With these agents"), "label", "text2"),
            self._agent_list,
            self._none,
            row_of(theme, self.save, self.cancel, None),
            parent=self,
            inset=(14, 10, 14, 12),
            gap=6,
        )
        self.save.clicked.connect(self._save)
        self.name.returnPressed.connect(self._save)
        self.cancel.clicked.connect(self.end)
        self.rights["write"].toggled.connect(self._tell_propose)
        self.hide()

    def _words(self, right: MemoryRight) -> str:
        return {
            "read": self.tr("Search and read memory"),
            "propose": self.tr("Propose changes, which wait for you"),
            "write": self.tr("Change memory without asking (you can undo it)"),
            "ask": self.tr("Ask the agent questions (it gets no tools but its memory)"),
        }[right]

    def _tell_propose(self, writes: bool) -> None:
        """Who may change memory at once has nothing left to propose."""
        self.rights["propose"].setEnabled(not writes)

    def begin(self, client: MemoryClient | None, agents: Sequence[Agent]) -> None:
        """A new program, or one that is there. `agents`: those that are switched on."""
        self.client = client
        self.title.setText(self.tr("A new program") if client is None else client.name)
        self.name.setText("" if client is None else client.name)
        self.name_field.set_error("")
        for right, switch in self.rights.items():
            switch.setChecked(right in (USUAL if client is None else client.rights))
        empty(self._agent_rows)
        self.agents = {}
        for agent in agents:
            switch = self.agents[agent.id] = Switch(self._theme, agent.name)
            switch.setChecked(client is None or agent.id in client.agent_ids)
            self._agent_rows.addWidget(switch)
        self._none.setVisible(not agents)
        self.save.set_busy(False)
        self.show()
        self.name.setFocus()

    def end(self) -> None:
        self.hide()
        self.closed.emit()

    def refuse(self, sentence: str) -> None:
        """It could not be stored."""
        self.save.set_busy(False)
        self.name_field.set_error(sentence)

    def _save(self) -> None:
        shown = {agent_id for agent_id, switch in self.agents.items() if switch.isChecked()}
        # Agents that are switched off at the moment keep their place.
        kept = () if self.client is None else tuple(i for i in self.client.agent_ids if i not in self.agents)
        rights: tuple[MemoryRight, ...] = tuple(right for right in RIGHTS if self.rights[right].isChecked())
        self.save.set_busy(True)
        agent_ids = (*kept, *(agent_id for agent_id in self.agents if agent_id in shown))
        self.saved.emit(MemoryClientDraft(name=self.name.text(), agent_ids=agent_ids, rights=rights))
