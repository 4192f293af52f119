"""What a person does to whole agents and conversations, each with its way back."""

from collections.abc import Sequence

from PySide6.QtCore import QObject

from app.domain.agent import Agent, AgentPatch, AgentRow
from app.domain.conversation import Conversation
from app.ui.kit.wording import counted
from app.ui.state.view_context import Notice, ViewContext


class AgentActions(QObject):
    def __init__(self, view: ViewContext, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._services = view.services
        self._origin = view.workspace.origin

    # Agents

    def patch(self, patch: AgentPatch) -> None:
        """Changes the open agent."""
        agent = self._view.workspace.agent
        if agent is not None:
            self._patch(agent, patch)

    def _patch(self, agent: Agent, patch: AgentPatch) -> None:
        self._view.run(self._services.agents.update(agent.id, patch, origin=self._origin, ask_first=True), self)

    def _open(self, agent: Agent) -> None:
        self._view.workspace.open(agent.id)

    def make_demo(self) -> None:
        self._view.run(self._services.agents.create_demo(), self, done=self._open)

    def toggle_pin(self, row: AgentRow) -> None:
        self._patch(row.agent, AgentPatch(pinned=not row.agent.pinned))

    def rename(self, row: AgentRow) -> None:
        self._view.run(self._rename(row.agent), self)

    async def _rename(self, agent: Agent) -> None:
        title = self.tr("Rename {}").format(agent.name)
        name = await self._view.ask.ask_text(title, "", agent.name, self.tr("Rename"))
        if name and name != agent.name:
            self._patch(agent, AgentPatch(name=name))

    def duplicate(self, row: AgentRow) -> None:
        work = self._services.agents.duplicate(row.agent.id, origin=self._origin)
        self._view.run(work, self, done=self._duplicated)

    def _duplicated(self, copy: Agent) -> Notice:
        self._open(copy)
        told = self.tr("Its memory is a copy; the conversation starts fresh.")
        return Notice(self.tr("“{}” was created").format(copy.name), told)

    def delete_one(self, row: AgentRow) -> None:
        self.delete((row,))

    def delete(self, rows: Sequence[AgentRow]) -> None:
        """Together, so that one undo brings all of them back."""
        ids, name = tuple(row.agent.id for row in rows), rows[0].agent.name
        gone = counted(len(ids), self.tr("“{1}” was deleted"), self.tr("{0} agents were deleted"), name)
        how = counted(
            len(ids), self.tr("You can restore it for 30 days."), self.tr("You can restore them for 30 days.")
        )
        self._view.run(
            self._services.agents.delete_several(ids, origin=self._origin),
            self,
            done=Notice(gone, how),
            undo=lambda _: self._restore(ids),
        )

    def _restore(self, agent_ids: tuple[str, ...]) -> None:
        work = self._services.agents.undelete_several(agent_ids)
        self._view.run(work, self, done=lambda _: self._view.workspace.open(agent_ids[0]))

    def set_tags(self, tags: dict[str, tuple[str, ...]]) -> None:
        """`tags`: those that agents are to have, by id."""

        def undo(before: dict[str, tuple[str, ...]]) -> None:
            self._view.run(self._services.agents.set_tags(before, origin=self._origin), self)

        told = counted(len(tags), self.tr("The tags were changed"), self.tr("The tags of {} agents were changed"))
        self._view.run(self._services.agents.set_tags(tags, origin=self._origin), self, done=Notice(told), undo=undo)

    # Conversations

    def open_conversation(self, conversation_id: str) -> None:
        agent = self._view.workspace.agent
        if agent is not None:
            self._view.workspace.open(agent.id, conversation_id)

    def new_conversation(self) -> None:
        agent = self._view.workspace.agent
        if agent is not None:
            self._view.run(self._services.conversations.create(agent.id), self, done=self._open_conversation)

    def _open_conversation(self, row: Conversation) -> None:
        self._view.workspace.open(row.agent_id, row.id)

    def rename_conversation(self, row: Conversation) -> None:
        self._view.run(self._rename_conversation(row), self)

    async def _rename_conversation(self, row: Conversation) -> None:
        title = await self._view.ask.ask_text(self.tr("Rename conversation"), "", row.title, self.tr("Rename"))
        if title is not None and title != row.title:
            await self._services.conversations.rename(row.id, title)

    def reset_conversation(self, row: Conversation) -> None:
        self._view.run(self._reset_conversation(row), self)

    async def _reset_conversation(self, row: Conversation) -> None:
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("reset", self.tr("Empty the context window"), "danger"))
        text = self.tr(
            "The agent no longer sees these messages, but keeps its memory. They stay here and can still be "
            "searched. This cannot be undone."
        )
        key, _ = await self._view.ask.ask(self.tr("Empty the context window?"), text, answers)
        if key == "reset":
            await self._services.conversations.reset(row.active_id)

    def delete_conversation(self, row: Conversation) -> None:
        def deleted(_: object) -> Notice:
            self._view.workspace.open(row.agent_id)
            return Notice(self.tr("The conversation was deleted"), self.tr("You can restore it for 30 days."))

        def undelete(_: object) -> None:
            work = self._services.conversations.undelete(row.id)
            self._view.run(work, self, done=lambda _: self._open_conversation(row))

        self._view.run(self._services.conversations.delete(row.id), self, done=deleted, undo=undelete)
