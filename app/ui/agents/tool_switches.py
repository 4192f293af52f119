"""The tools an agent may call: those it has, and on request all others, each with a switch."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.agent import Agent
from app.domain.tool import Tool
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, empty, row_of
from app.ui.kit.section import Section
from app.ui.kit.switch import Switch
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count
from app.ui.theme import Theme

ICONS = (("search", "search"), ("memory", "memory"))


def icon_of(name: str) -> str:
    return next((icon for part, icon in ICONS if part in name), "tool")


class ToolSwitches(Section):
    changed = Signal(object)
    """tuple[str, ...]: names of the tools the agent is to have, in the order in which the model sees them."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "")
        self.set_title(self.tr("Tools"))
        self._agent: Agent | None = None
        self._tools: tuple[Tool, ...] = ()
        self._all = False
        self._signature: object = None
        self._list = QWidget()
        self._rows = QVBoxLayout(self._list)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self.more = self.add_action("plus", self.tr("Show all tools"), self._toggle_all)
        self.add(self._list)

    def show_agent(self, agent: Agent) -> None:
        self._agent = agent
        self._fill()

    def show_tools(self, tools: Sequence[Tool]) -> None:
        self._tools = tuple(tools)
        self._fill()

    def show_tokens(self, tokens: int) -> None:
        self.set_note(self.tr("{} tokens").format(count(tokens)))

    def _toggle_all(self) -> None:
        self._all = not self._all
        self.more.set_icon("minus" if self._all else "plus")
        self.more.set_title(self.tr("Show only the tools it has") if self._all else self.tr("Show all tools"))
        self._fill()

    def _fill(self) -> None:
        if self._agent is None:
            return
        names = self._agent.tool_names
        self.set_count(str(len(names)))
        known = {tool.name: tool for tool in self._tools}
        offered = tuple(name for name, tool in known.items() if name not in names and tool.set_up)
        others = offered if self._all else ()
        signature = (names, others, tuple(known))
        if signature == self._signature:
            return
        self._signature = signature
        empty(self._rows)
        for name in (*names, *others):
            self._rows.addWidget(self._row(name, known.get(name), name in names))
        self.more.setVisible(self._all or bool(offered))

    def _row(self, name: str, tool: Tool | None, on: bool) -> QWidget:
        theme, line = self._theme, QWidget()
        label = ElidedLabel(theme, name, "mono")
        description = self._described(tool)
        set_tip(line, description)
        switch = Switch(theme)
        switch.setAccessibleName(self.tr("Tool {}").format(name))
        switch.setAccessibleDescription(description)
        switch.setChecked(on)
        switch.clicked.connect(lambda: self._switched(name, switch.isChecked(), switch))
        kind = "teal" if tool is not None else "danger"
        icon = Icon(theme, icon_of(name), kind, 14)
        row = row_of(theme, icon, label, switch, parent=line, inset=(0, 1, 0, 1))
        row.setStretch(1, 1)
        if tool is not None and not tool.set_up:
            row.insertWidget(2, Label(theme, self.tr("not set up"), "caption", "muted"))
        return line

    def _described(self, tool: Tool | None) -> str:
        if tool is None:
            return self.tr("This tool no longer exists.")
        if tool.set_up:
            return tool.description
        return self.tr("{} Not set up here yet, so the model is not told of it.").format(tool.description)

    def _switched(self, name: str, on: bool, switch: Switch) -> None:
        if self._agent is None:
            return
        switch.set_busy(True)
        kept = tuple(other for other in self._agent.tool_names if other != name)
        self._signature = None
        self.changed.emit((*kept, name) if on else kept)
