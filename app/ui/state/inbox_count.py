"""How many changes of agents wait to be looked at, kept true while the window is open."""

from PySide6.QtCore import QObject, Signal

from app.domain.event import Changed
from app.ui.state.view_context import ViewContext


class InboxCount(QObject):
    counted = Signal(int)
    """Of all agents."""

    def __init__(self, view: ViewContext, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._reading = self._again = False
        view.workspace.loaded.connect(lambda: self._read_soon())
        view.workspace.changed.connect(self._on_changed)

    def _on_changed(self, event: object) -> None:
        if isinstance(event, Changed) and event.kind in ("history", "agent"):
            self._read_soon()

    def _read_soon(self) -> None:
        """One reading at a time; what comes meanwhile is read by one more."""
        if self._reading:
            self._again = True
            return
        self._reading, self._again = True, False
        self._view.run(self._read(), self)

    async def _read(self) -> None:
        try:
            number = await self._view.services.inbox.count()
        finally:
            self._reading = False
        self.counted.emit(number)
        if self._again:
            self._read_soon()
