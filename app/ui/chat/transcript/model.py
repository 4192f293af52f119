"""The conversation that is shown, as a Qt list model: one row per card. Knows no widgets and no services.

It is told pages, events and memory changes, in any order and as often as one likes, and turns them into row signals.
Live text is gathered and told at most 30 times a second; `flush()` tells it at once.
"""

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from app.domain.conversation import TranscriptPage
from app.domain.event import Progress, RunEvent
from app.domain.history import MemoryEvent
from app.domain.message import ImagePart
from app.domain.run import Run, Step
from app.domain.turn import StepFeedback
from app.ui.chat.transcript.live_rows import live_rows, shown_rows, tail_rows
from app.ui.chat.transcript.log import Pending, TranscriptLog
from app.ui.chat.transcript.row import Row, ViewMode
from app.ui.chat.transcript.stored_rows import Memo, settled_rows

FLUSH_MS = 33
RowRole = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class TranscriptModel(QAbstractListModel):
    loaded = Signal()
    """A first page replaced everything: rows were reset."""
    reshaped = Signal()
    """Rows came or went; told once after all of their row signals."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.log = TranscriptLog()
        self._mode: ViewMode = "interactive"
        self._memo: Memo = {}
        self._settled: list[Row] = []
        self._shown: list[Row] = []
        self._rows: list[Row] = []
        self._settled_dirty = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FLUSH_MS)
        self._timer.timeout.connect(self.flush)

    def load(self, page: TranscriptPage) -> None:
        """Shows this page and nothing else; keeps live text and unsent messages of the same conversation."""
        if page.conversation_id != self.log.conversation_id:
            self.log = TranscriptLog(page.conversation_id)
        self.beginResetModel()
        self._memo.clear()
        self.log.load(page)
        self._build()
        self._rows = self._visible()
        self.endResetModel()
        self.loaded.emit()

    def prepend(self, page: TranscriptPage) -> None:
        self.log.prepend(page)
        self._settle()

    def append(self, page: TranscriptPage) -> None:
        self.log.append(page)
        self._settle()

    def apply(self, event: RunEvent) -> None:
        """Takes an event of a run of this conversation. Stored messages show at once, live text at the next flush."""
        news = self.log.tell(event)
        if news == "final":
            self._settle()
            return
        self._settled_dirty = self._settled_dirty or news == "late"
        self._soon()

    def apply_progress(self, progress: Progress) -> None:
        self.log.note_progress(progress)
        self._soon()

    def note_changes(self, events: tuple[MemoryEvent, ...]) -> None:
        """Memory changes, read anew after something was undone."""
        self.log.note_changes(events)
        self._settle()

    def note_steps(self, steps: tuple[Step, ...]) -> None:
        self.log.note_steps(steps)
        self._settle()

    def note_feedback(self, given: tuple[StepFeedback, ...]) -> None:
        self.log.note_feedback(given)
        self._settle()

    def note_run(self, run: Run) -> None:
        self.log.note_runs((run,))
        self._settle()

    def add_pending(self, otid: str, text: str, images: tuple[ImagePart, ...] = (), *, queued: bool = False) -> None:
        """Shows a message that is on its way, or one that waits for the run to end."""
        state = "queued" if queued else "sending"
        if otid not in {message.otid for message in self.log.messages.values()}:
            self.log.pending[otid] = Pending(otid, text, images, state)
        self.flush()

    def fail_pending(self, otid: str, reason: str) -> None:
        """The message did not reach the agent; its text stays and can be sent again."""
        found = self.log.pending.get(otid)
        if found is not None:
            self.log.pending[otid] = Pending(otid, found.text, found.images, "not_sent", reason)
            self.flush()

    def drop_pending(self, otid: str) -> None:
        self.log.pending.pop(otid, None)
        self.flush()

    @property
    def mode(self) -> ViewMode:
        return self._mode

    def set_mode(self, mode: ViewMode) -> None:
        if mode != self._mode:
            self.beginResetModel()
            self._mode = mode
            self._shown = shown_rows(self._settled, mode)
            self._rows = self._visible()
            self.endResetModel()

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(self._rows)

    def row(self, index: int) -> Row:
        return self._rows[index]

    def index_of(self, key: str) -> int:
        """Row number of a key, -1 if it is not shown."""
        return next((number for number, row in enumerate(self._rows) if row.key == key), -1)

    def index_at(self, position: int) -> int:
        """First row of the message at a position, -1 if it is not shown."""
        return next((number for number, row in enumerate(self._rows) if row.position == position), -1)

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == RowRole:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.text
        return None

    def flush(self) -> None:
        """Tells the rows that changed since the last time."""
        self._timer.stop()
        if self._settled_dirty:
            self._build()
        self._show(self._visible())

    def _build(self) -> None:
        self._settled = settled_rows(self.log, self._memo)
        self._shown = shown_rows(self._settled, self._mode)
        self._settled_dirty = False

    def _settle(self) -> None:
        self._settled_dirty = True
        self.flush()

    def _soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _visible(self) -> list[Row]:
        return self._shown + tail_rows(self.log, self._shown, live_rows(self.log), self._mode)

    def _show(self, new: list[Row]) -> None:
        old = self._rows
        head = _same(old, new)
        tail = _same(old[head:][::-1], new[head:][::-1])
        gone, come = len(old) - head - tail, len(new) - head - tail
        if gone:
            self.beginRemoveRows(_ROOT, head, head + gone - 1)
            self._rows = old[:head] + old[head + gone :]
            self.endRemoveRows()
        if come:
            self.beginInsertRows(_ROOT, head, head + come - 1)
            self._rows = self._rows[:head] + new[head : head + come] + self._rows[head:]
            self.endInsertRows()
        before = self._rows
        self._rows = new
        if gone or come:
            self.reshaped.emit()
        for number, (was, now) in enumerate(zip(before, new, strict=True)):
            if was is not now and was != now:
                place = self.index(number)
                self.dataChanged.emit(place, place)


def _same(left: list[Row], right: list[Row]) -> int:
    """How many rows at the start have the same key."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one.key != other.key:
            break
        count += 1
    return count
