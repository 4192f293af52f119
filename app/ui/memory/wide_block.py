"""One memory block with the whole centre to itself. It borrows the editor of the block's card, so that what is typed,
saved, kept or in conflict is so in one place only."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.ui.kit.buttons import IconButton
from app.ui.kit.focus_order import step_inside
from app.ui.kit.labels import ElidedLabel
from app.ui.kit.layout import column_of, follow, frame_of, row_of
from app.ui.memory.block_card import BlockCard
from app.ui.memory.find_replace import FindReplace
from app.ui.theme import Theme

WIDTH = 980


class WideBlock(QFrame):
    closed = Signal()
    """The text is saved, thrown away, or in its card again."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._card: BlockCard | None = None
        self.setProperty("kind", "panel")
        self.title = ElidedLabel(theme, "", "page")
        self.about = ElidedLabel(theme, "", "base", "text2")
        find, back = self.tr("Find and replace"), self.tr("Edit in the column")
        self.find_button = IconButton(theme, "search", find, "Ctrl+F")
        self.back_button = IconButton(theme, "panel-right", back, "Ctrl+Shift+E")
        self.search = FindReplace(theme)
        self._frame = frame_of("card")
        self._place: QVBoxLayout = column_of(theme, parent=self._frame, inset=(1, 9, 1, 1), gap=0)
        self._inner = QWidget()
        head = row_of(theme, gap=2)
        head.addWidget(self.title, 1)
        head.addWidget(self.find_button)
        head.addWidget(self.back_button)
        column = column_of(
            theme, head, self.about, 4, self.search, 4, parent=self._inner, inset=(24, 20, 24, 20), gap=2
        )
        column.addWidget(self._frame, 1)
        row_of(theme, None, self._inner, None, parent=self, gap=0)
        self.find_button.clicked.connect(lambda: self.search.open_bar(replacing=False))
        self.back_button.clicked.connect(lambda: self._card.wide_requested.emit() if self._card is not None else None)
        follow(theme, self, self._fit)

    @property
    def card(self) -> BlockCard | None:
        """Whose editor is here."""
        return self._card

    def open(self, card: BlockCard) -> None:
        """Shows a card's text to be edited; what was typed in the card is there."""
        if self._card is not card:
            self.give_back()
            self._card = card
            editor = card.lend_editor()
            editor.set_wide(True)
            self._place.addWidget(editor)
            editor.show()
            editor.field.installEventFilter(self)
            self.search.attach(editor.field)
            card.shown.connect(self._name)
            card.editor_returned.connect(self._left)
        self._name()
        card.editor.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def give_back(self) -> None:
        """The editor returns to its card with all that is typed in it."""
        if self._card is not None:
            self._card.take_editor()

    def _left(self) -> None:
        card, self._card = self._card, None
        if card is not None:
            self.search.attach(None)
            card.editor.field.removeEventFilter(self)
            card.shown.disconnect(self._name)
            card.editor_returned.disconnect(self._left)
            self.closed.emit()

    def _name(self) -> None:
        block = self._card.block if self._card is not None else None
        if block is not None:
            title = self.tr("Block {0}").format(block.label)
            self.title.set_text(title)
            self.setAccessibleName(title)
            self.about.set_text(block.description)
            self.about.setVisible(bool(block.description))

    # Keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc closes the search before it leaves the text."""
        return event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self.search.take_key(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.search.is_ours(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.search.take_key(event):
            return
        if event.key() == Qt.Key.Key_Escape and self._card is not None:
            self._card.editor.field.cancel_pressed.emit()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        if self._card is not None:
            self._card.editor.field.setFocus(event.reason())

    def focusNextPrevChild(self, forward: bool) -> bool:
        return step_inside(self, forward=forward)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self._inner.setFixedWidth(max(min(self.width(), self._theme.px(WIDTH)), self._theme.px(240)))
