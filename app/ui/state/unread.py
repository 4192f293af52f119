"""Agents that replied while nobody looked; kept until somebody does, also over a restart."""

from collections.abc import Callable

from PySide6.QtCore import QObject

from app.domain.event import Progress
from app.ui.state.preferences import Preferences
from app.ui.state.workspace import Workspace

KEY = "unread"


class Unread(QObject):
    """`looked_at`: the agent whose conversation a person has before their eyes now; empty when there is none."""

    def __init__(self, workspace: Workspace, preferences: Preferences, looked_at: Callable[[], str]) -> None:
        super().__init__(workspace)
        self._agents, self._preferences, self._looked_at = workspace.agents, preferences, looked_at
        self._ids: set[str] = {str(id) for id in preferences.get(KEY, [])}
        self._agents.set_unread(self._ids)
        workspace.run_ended.connect(self._ended)
        workspace.opened.connect(lambda: self.look())

    def _ended(self, last: Progress) -> None:
        if last.agent_id != self._looked_at():
            self._put(self._ids | {last.agent_id})

    def look(self) -> None:
        """Somebody may see now what they did not see before."""
        self._put(self._ids - {self._looked_at()})

    def _put(self, ids: set[str]) -> None:
        if ids != self._ids:
            self._ids = ids
            self._agents.set_unread(ids)
            self._preferences.set(KEY, sorted(ids))
