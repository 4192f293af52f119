"""Tells the desktop that a long reply is done, or that an agent asks, while the window is in the background."""

import time

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from app.domain.event import Progress
from app.ui.state.view_context import ViewContext

LONG_S = 10.0
"""Whoever waits longer has turned to something else."""
SHOWN_MS = 15_000


class ReplyNotice(QObject):
    due = Signal(str, str)
    """Sentence, and the agent it is about."""
    agent_wanted = Signal(str)
    """The notification was clicked."""

    def __init__(self, view: ViewContext, window: QWidget) -> None:
        super().__init__(window)
        self._view, self._window = view, window
        self._begun: dict[str, float] = {}
        self._icon: QSystemTrayIcon | None = None
        self._agent = ""
        view.workspace.progressed.connect(self._progressed)
        view.workspace.run_ended.connect(self._ended)
        view.workspace.agents.waiting_changed.connect(self._asked)
        self.due.connect(self._tell)

    def _progressed(self, progress: Progress) -> None:
        self._begun.setdefault(progress.run_id, time.monotonic())

    def _ended(self, last: Progress) -> None:
        now = time.monotonic()
        lasted = now - self._begun.pop(last.run_id, now)
        wanted = self._view.preferences.get("notify", False)
        if wanted and lasted >= LONG_S and not self._window.isActiveWindow():
            at = self._view.workspace.agents.index_of(last.agent_id)
            if at >= 0:
                name = self._view.workspace.agents.rows[at].agent.name
                self.due.emit(self.tr("{} has replied").format(name), last.agent_id)

    def _asked(self, agent_id: str, waiting: int) -> None:
        """However short the run was: it goes on only after the answer."""
        at = self._view.workspace.agents.index_of(agent_id)
        if waiting and at >= 0 and self._view.preferences.get("notify", False) and not self._window.isActiveWindow():
            name = self._view.workspace.agents.rows[at].agent.name
            self.due.emit(self.tr("{} waits for your approval").format(name), agent_id)

    def _tell(self, sentence: str, agent_id: str) -> None:
        """Nothing of the reply itself: whoever passes by may read it."""
        QApplication.alert(self._window)
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._icon is None:
            self._icon = QSystemTrayIcon(self._window.windowIcon(), self)
            self._icon.messageClicked.connect(lambda: self.agent_wanted.emit(self._agent))
        self._agent = agent_id
        self._icon.show()
        self._icon.showMessage("Lares", sentence, self._window.windowIcon(), SHOWN_MS)
        QTimer.singleShot(SHOWN_MS, self._icon, self._icon.hide)
