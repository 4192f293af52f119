"""The two side columns of the window, put together from their views."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QFrame, QScrollArea

from app.domain.agent import Agent
from app.domain.context import ContextOverview
from app.ui.agents.list_view import AgentListView, AgentRail
from app.ui.agents.settings import AgentSettings
from app.ui.context.summary import ContextBar
from app.ui.kit.layout import column_of, frame_of, hairline, scrolled
from app.ui.memory.view import MemoryView
from app.ui.state.command_registry import Commands
from app.ui.state.view_context import ViewContext


class LeftColumn(QObject):
    """The list stays; the settings below it scroll. What they leave free is for more of the list."""

    def __init__(self, view: ViewContext, commands: Commands) -> None:
        super().__init__()
        tips = {command.id: commands.tip(command.id) for command in commands}
        self.agents = AgentListView(view.theme, view.workspace.agents, tips)
        self.rail = AgentRail(view.theme, view.workspace.agents)
        self.settings = AgentSettings(view.theme, view.workspace.agents)
        self._area: QScrollArea = scrolled(self.settings, self.settings.accessibleName())
        self._area.hide()
        self.widget: QFrame = frame_of("panel")
        layout = column_of(view.theme, self.agents, self._area, parent=self.widget, gap=0)
        layout.setStretch(1, 1)
        layout.addStretch(0)
        for part in (self.widget, self.settings):
            part.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._share_room()
        return False

    def _share_room(self) -> None:
        head = self.agents.sizeHint().height() - self.agents.list.height()
        below = 0 if self._area.isHidden() else self.settings.heightForWidth(self.settings.width())
        self.agents.give_room(self.widget.height() - head - self.agents.least_height - below)

    def show_agent(self, agent: Agent | None) -> None:
        self._area.setVisible(agent is not None)
        if agent is not None:
            self.settings.show_agent(agent)
            self.agents.select(agent.id)
            self.rail.select(agent.id)


class RightColumn:
    """Context bar and memory; the column scrolls as a whole."""

    def __init__(self, view: ViewContext) -> None:
        self.context = ContextBar(view.theme)
        self.memory = MemoryView(view)
        content = frame_of("panel")
        column_of(view.theme, self.context, hairline(), self.memory, None, parent=content, gap=0)
        self.widget: QScrollArea = scrolled(content, self.context.tr("Context and memory"))

    def show_agent(self, agent: Agent | None) -> None:
        self.context.clear()

    def show_overview(self, overview: ContextOverview) -> None:
        self.context.show_overview(overview)
        self.memory.show_tokens(sum(part.tokens for part in overview.parts if part.kind == "memory"))
