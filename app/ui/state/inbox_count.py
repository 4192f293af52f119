"""How many changes of agents wait to be looked at, kept true while the window is open."""

from PySide6.QtCore import QObject, Signal

from app.domain.event import Changed
from app.ui.bridge.rereading import Rereading
from app.ui.state.view_context import ViewContext


class InboxCount(QObject):
    counted = Signal(int)
    """Of all agents."""

    def __init__(self, view: ViewContext, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._rereading = Rereading(view.tasks, self)
        view.workspace.loaded.connect(lambda: self._read_soon())
        view.workspace.changed.connect(self._on_changed)

    def _on_changed(self, event: object) -> None:
        if isinstance(event, Changed) and event.kind in ("history", "agent"):
            self._read_soon()

    def _read_soon(self) -> None:
        self._rereading.read("inbox", self._read)

    async def _read(self) -> None:
        self.counted.emit(await self._view.services.inbox.count())
