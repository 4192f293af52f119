"""What a person does to whole agents and conversations, each with its way back."""

from PySide6.QtCore import QObject

from app.domain.agent import Agent, AgentPatch, AgentRow
from app.domain.conversation import Conversation
from app.ui.state.view_context import ViewContext


class AgentActions(QObject):
    def __init__(self, view: ViewContext, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._services = view.services
        self._origin = view.workspace.origin

    # Agents

    def patch(self, patch: AgentPatch) -> None:
        agent = self._view.workspace.agent
        if agent is not None:
            self._view.do(self._patch(agent, patch), self)

    async def _patch(self, agent: Agent, patch: AgentPatch) -> None:
        await self._services.agents.update(agent.id, patch, origin=self._origin)

    def make_demo(self) -> None:
        self._view.do(self._make_demo(), self)

    async def _make_demo(self) -> None:
        agent: Agent = await self._services.agents.create_demo()
        self._view.workspace.open(agent.id)

    def toggle_pin(self, row: AgentRow) -> None:
        patch = AgentPatch(pinned=not row.agent.pinned)
        self._view.do(self._patch(row.agent, patch), self)

    def rename(self, row: AgentRow) -> None:
        self._view.do(self._rename(row.agent), self)

    async def _rename(self, agent: Agent) -> None:
        title = self.tr("Rename {}").format(agent.name)
        name = await self._view.ask.ask_text(title, "", agent.name, self.tr("Rename"))
        if name and name != agent.name:
            await self._patch(agent, AgentPatch(name=name))

    def duplicate(self, row: AgentRow) -> None:
        self._view.do(self._duplicate(row.agent), self)

    async def _duplicate(self, agent: Agent) -> None:
        copy: Agent = await self._services.agents.duplicate(agent.id, origin=self._origin)
        self._view.workspace.open(copy.id)
        told = self.tr("Its memory is a copy; the conversation starts fresh.")
        self._view.tell(self.tr("“{}” was created").format(copy.name), told, "done")

    def delete(self, row: AgentRow) -> None:
        self._view.do(self._delete(row.agent), self)

    async def _delete(self, agent: Agent) -> None:
        await self._services.agents.delete(agent.id, origin=self._origin)
        self._view.tell_undo(
            self.tr("“{}” was deleted").format(agent.name),
            self.tr("You can restore it for 30 days."),
            self.tr("Undo"),
            lambda: self._view.do(self._undelete(agent.id), self),
        )

    async def _undelete(self, agent_id: str) -> None:
        agent: Agent = await self._services.agents.undelete(agent_id)
        self._view.workspace.open(agent.id)

    # Conversations

    def open_conversation(self, conversation_id: str) -> None:
        agent = self._view.workspace.agent
        if agent is not None:
            self._view.workspace.open(agent.id, conversation_id)

    def new_conversation(self) -> None:
        agent = self._view.workspace.agent
        if agent is not None:
            self._view.do(self._new_conversation(agent.id), self)

    async def _new_conversation(self, agent_id: str) -> None:
        made: Conversation = await self._services.conversations.create(agent_id)
        self._view.workspace.open(agent_id, made.id)

    def rename_conversation(self, row: Conversation) -> None:
        self._view.do(self._rename_conversation(row), self)

    async def _rename_conversation(self, row: Conversation) -> None:
        title = await self._view.ask.ask_text(self.tr("Rename conversation"), "", row.title, self.tr("Rename"))
        if title is not None and title != row.title:
            await self._services.conversations.rename(row.id, title)

    def reset_conversation(self, row: Conversation) -> None:
        self._view.do(self._reset_conversation(row), self)

    async def _reset_conversation(self, row: Conversation) -> None:
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("reset", self.tr("Empty the context window"), "danger"))
        text = self.tr(
            "The agent no longer sees these messages, but keeps its memory. They stay here and searchable. This cannot "
            "be undone."
        )
        key, _ = await self._view.ask.ask(self.tr("Empty the context window?"), text, answers)
        if key == "reset":
            await self._services.conversations.reset(row.active_id)

    def delete_conversation(self, row: Conversation) -> None:
        self._view.do(self._delete_conversation(row), self)

    async def _delete_conversation(self, row: Conversation) -> None:
        await self._services.conversations.delete(row.id)
        self._view.workspace.open(row.agent_id)
        self._view.tell_undo(
            self.tr("The conversation was deleted"),
            self.tr("You can restore it for 30 days."),
            self.tr("Undo"),
            lambda: self._view.do(self._undelete_conversation(row), self),
        )

    async def _undelete_conversation(self, row: Conversation) -> None:
        await self._services.conversations.undelete(row.id)
        self._view.workspace.open(row.agent_id, row.id)
