"""A card whose text a person can write anew: the editor in its place, the versions of it below, and deleting it."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.ui.chat.cards.context import CardContext
from app.ui.chat.cards.hover_card import HoverCard
from app.ui.chat.cards.message_edit import EditBox
from app.ui.chat.transcript.row import Row
from app.ui.kit.buttons import IconButton
from app.ui.kit.labels import Label


class EditableCard(HoverCard):
    """Whoever lays it out asks `editor` and `switcher` for their places. The old words stay in their branch."""

    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self.editor: EditBox | None = None
        self.switcher: ForkSwitcher | None = None

    def _fill(self) -> None:
        if self.row.fork is not None and self.switcher is None:
            self.switcher = ForkSwitcher(self)
        if self.switcher is not None:
            self.switcher.show_fork(self.row)

    def _lay_switcher(self, left: int | None, right: int, top: int) -> int:
        """From the left, or else to the right; what is below begins at the returned place."""
        if self.switcher is None or self.row.fork is None or self.editor is not None:
            return top
        size, gap = self.switcher.sizeHint(), self.theme.px(2)
        self.switcher.setGeometry(QRect(right - size.width() if left is None else left, top + gap, *size.toTuple()))
        return top + gap + size.height()

    def _show_text(self, shown: bool) -> None:
        """What the editor stands in place of."""

    def _rewritten(self, text: str, undo_memory: bool) -> None:
        """A person has written it anew."""

    @property
    def editing(self) -> bool:
        return self.editor is not None

    def edit(self) -> None:
        """Opens the editor in place of the text."""
        if self.editor is not None or self.row.message is None:
            return
        self.editor = EditBox(self.theme, self.row.text, self, of_reply=self.row.kind == "assistant")
        self.editor.resized.connect(self.resized)
        self.editor.cancelled.connect(self.close_editor)
        self.editor.accepted.connect(self._accepted)
        if self._tools is not None:
            self._tools.hide()
        if self.switcher is not None:
            self.switcher.hide()
        self._show_text(False)
        self.editor.show()
        self.resized.emit()
        self.editor.take_focus()

    def close_editor(self) -> None:
        if self.editor is not None:
            self._drop_editor(self.editor)
            self.context.signals.edit_closed.emit()

    def _drop_editor(self, editor: EditBox) -> None:
        editor.hide()
        editor.deleteLater()
        self.editor = None
        self._show_text(True)
        self._fill()
        self.resized.emit()

    def take_edit(self) -> str:
        editor = self.editor
        if editor is None:
            return ""
        self._drop_editor(editor)
        return editor.text if editor.text != self.row.text else ""

    def _accepted(self, text: str, undo_memory: bool) -> None:
        self.close_editor()
        self._rewritten(text, undo_memory)

    def delete(self) -> None:
        if self.row.message is not None and self.row.state not in ("writing", "sending"):
            self.context.signals.delete.emit(self.row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.delete()
            return
        super().keyPressEvent(event)


class ForkSwitcher(QWidget):
    """`‹ 2 of 3 ›`: the variants of a message."""

    def __init__(self, card: EditableCard) -> None:
        super().__init__(card)
        self._card = card
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._back = self._step("chevron-left", self.tr("Previous version of this message"), -1)
        self.count = Label(card.theme, "", "caption", "muted", self)
        self._on = self._step("chevron-right", self.tr("Next version of this message"), 1)
        for part in (self._back, self.count, self._on):
            row.addWidget(part)

    def _step(self, icon: str, name: str, by: int) -> IconButton:
        button = IconButton(self._card.theme, icon, name, size=14, box=24, token="muted", parent=self)
        button.clicked.connect(lambda _checked=False: self._go(by))
        return button

    def show_fork(self, row: Row) -> None:
        self.setVisible(row.fork is not None)
        if row.fork is not None:
            at, count = row.fork.current, len(row.fork.branch_ids)
            self.count.setText(self.tr("{0} of {1}").format(at + 1, count))
            self.count.setAccessibleName(self.tr("Version {0} of {1}").format(at + 1, count))
            self._back.setEnabled(at > 0)
            self._on.setEnabled(at + 1 < count)

    def _go(self, by: int) -> None:
        fork = self._card.row.fork
        if fork is not None and 0 <= fork.current + by < len(fork.branch_ids):
            self._card.context.signals.branch.emit(fork.branch_ids[fork.current + by])
