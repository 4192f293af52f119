"""A card of the inbox."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from app.domain.history import MemoryEvent, Origin
from app.domain.inbox import Waiting
from app.ui.memory.inbox.card import ReviewCard
from app.ui.theme import Theme


class Windows(QObject):
    """Widgets that were shown as windows of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[QWidget] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.seen.append(watched)
        return False


def test_a_card_that_is_made_opens_no_window(theme: Theme, qapp: QApplication) -> None:
    event = MemoryEvent(
        seq=1,
        id="event-1",
        at=1,
        agent_id="agent-1",
        target_kind="block",
        target_id="block-1",
        label="human",
        op="update",
        before={"value": "Name: Chad."},
        after={"value": "Name: Brad."},
        version=2,
        origin=Origin(actor="agent"),
        cause="My name is Brad.",
    )
    windows = Windows()
    qapp.installEventFilter(windows)
    card = ReviewCard(theme, Waiting(event=event, agent_id="agent-1", agent_name="Juno"))
    qapp.removeEventFilter(windows)
    assert windows.seen == []
    card.deleteLater()
