"""The list of passages: keys of a person who tidies up, and a tick box at each row."""

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from app.ui.archive.passage_row import PassageDelegate
from app.ui.archive.rows import PassageRow, PassageRows
from app.ui.kit.layout import follow
from app.ui.theme import Theme

KEYS = {
    Qt.Key.Key_E: "edit",
    Qt.Key.Key_T: "tags",
    Qt.Key.Key_S: "end",
    Qt.Key.Key_M: "merge",
    Qt.Key.Key_Delete: "delete",
    Qt.Key.Key_Backspace: "delete",
}


class PassageList(QListView):
    pressed_key = Signal(str)
    """What a person wants of the chosen passages, or of the one under the cursor."""
    picked = Signal(object)
    """The PassageRow under the cursor; None: there is none."""
    ticked = Signal()

    def __init__(self, theme: Theme, rows: PassageRows) -> None:
        super().__init__()
        self._rows = rows
        self.delegate = PassageDelegate(theme, "", self)
        self.setModel(rows)
        self.setItemDelegate(self.delegate)
        self.setAccessibleName(self.tr("Passages"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        follow(theme, self, self.scheduleDelayedItemsLayout)

    @property
    def row(self) -> PassageRow | None:
        """The passage under the cursor."""
        index = self.currentIndex()
        row = self._rows.rows[index.row()] if index.isValid() and index.row() < len(self._rows.rows) else None
        return row if isinstance(row, PassageRow) else None

    def go_to(self, passage_id: str) -> None:
        """Puts the cursor on a passage, else on the first one."""
        place = max(0, self._rows.index_of(passage_id))
        self.setCurrentIndex(self._rows.index(place))

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:  # type: ignore[override]
        super().currentChanged(current, previous)
        self.picked.emit(self.row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        wanted = KEYS.get(Qt.Key(event.key())) if plain else None
        if plain and event.key() == Qt.Key.Key_Space and self.row is not None:
            self._tick(self.currentIndex().row())
        elif wanted is not None:
            self.pressed_key.emit(wanted)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        index = self.indexAt(at)
        if index.isValid() and self.delegate.in_box(self.visualRect(index), at):
            self._tick(index.row())
            return
        super().mousePressEvent(event)

    def _tick(self, place: int) -> None:
        self._rows.choose(place)
        self.ticked.emit()
