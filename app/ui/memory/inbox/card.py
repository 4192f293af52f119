"""One change of an agent as a card: what it did, the difference, why, and keep, edit or undo."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from app.domain.history import MemoryEvent
from app.domain.ids import short
from app.domain.inbox import Waiting
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button
from app.ui.kit.diff import LINE, DiffView
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, follow, frame_of, hairline, row_of
from app.ui.kit.section import UNLIMITED
from app.ui.kit.tile import Tile
from app.ui.kit.wording import full_time, sentence_case
from app.ui.memory.history.sentences import actor_name, place_name, sentence_of
from app.ui.state.change_text import text_of
from app.ui.theme import Theme

EDITOR_HIGH = 160
LINES = 14
"""Lines of a difference that a card shows by itself."""


class ReviewCard(QFrame):
    kept = Signal(int)
    undo_wanted = Signal(int)
    edited = Signal(int, str)
    history_wanted = Signal(str)
    rule_wanted = Signal(object)
    """The `Waiting`: nothing of its kind is to be stored again."""
    message_wanted = Signal(str)
    focused = Signal()
    stepped = Signal(int)
    """The next card (1) or the one before (-1) is wanted."""

    def __init__(self, theme: Theme, waiting: Waiting) -> None:
        super().__init__()
        self._theme = theme
        self.waiting = waiting
        event = waiting.event
        self.setProperty("kind", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        who = actor_name(event, waiting.agent_name)
        self.sentence = ElidedLabel(theme, self._words(event, who), "strong")
        self.setAccessibleName(f"{who}: {sentence_of(event)}, {place_name(event)}, {full_time(event.at)}")
        self.diff = DiffView(theme, compact=True)
        self.diff.set_texts(text_of(event.before), text_of(event.after))
        self.since = DiffView(theme, compact=True)
        self.since.hide()
        self.keep = Button(theme, self.tr("Keep"), "primary", "check", "small")
        self.edit = Button(theme, self.tr("Edit"), "", "edit", "small")
        self.undo = Button(theme, self.tr("Undo"), "", "undo", "small")
        self.both = Button(theme, self.tr("Show both"), "", "diff", "small")
        self.whole = Button(theme, self.tr("Show all"), "ghost", "expand", "small")
        self.history = Button(theme, self.tr("History"), "ghost", "history", "small")
        self.never = Button(theme, self.tr("Never such things…"), "ghost", "", "small")
        self.editor = QPlainTextEdit()
        self.editor.setAccessibleName(self.tr("Text of {}").format(place_name(event)))
        self.save = Button(theme, self.tr("Save"), "primary", size="small")
        self.cancel = Button(theme, self.tr("Cancel"), "ghost", size="small")
        self._lay_out(event)
        self._connect(event)
        block = event.target_kind == "block" and bool(event.after and "value" in event.after)
        self.edit.setVisible(block)
        self.undo.setVisible(not waiting.superseded)
        self.both.setVisible(waiting.superseded)
        self.whole.setVisible(len(self.diff.rows) > LINES)
        self.diff.setVisible(bool(self.diff.rows))
        self._editing(on=False)
        follow(theme, self, self._restyle)

    def _restyle(self) -> None:
        px = self._theme.px
        self.editor.setFixedHeight(px(EDITOR_HIGH))
        self.diff.setMaximumHeight(px(LINES * LINE) if not self.whole.isHidden() else UNLIMITED)

    def _show_all(self) -> None:
        self.whole.hide()
        self._restyle()

    def _words(self, event: MemoryEvent, who: str) -> str:
        if event.target_kind == "passage":
            return self.tr("{} remembered").format(who)
        if event.target_kind == "block" and event.op == "update":
            return self.tr("{} changed").format(who)
        return self.tr("{}: {}").format(who, sentence_of(event))

    def _lay_out(self, event: MemoryEvent) -> None:
        theme, waiting = self._theme, self.waiting
        place = full_time(event.at)
        if event.origin.run_id:
            place = self.tr("{}, run {}").format(place, short(event.origin.run_id))
        head, quote, foot, editing = QWidget(), QWidget(), QWidget(), QWidget()
        marks: list[QWidget] = [Badge(theme, place_name(event), "accent")]
        if event.origin.sources:
            marks.append(Badge(theme, self.tr("Had read: {}").format(event.origin.sources[0]), "warn", "warning"))
        if event.origin.actor.kind == "sleep-time":
            marks.append(Badge(theme, self.tr("Sleep-time"), "plum", "sleep"))
        when = Label(theme, sentence_case(place), "label", "muted")
        tile = Tile(theme, waiting.agent_name, waiting.agent_id, 20)
        row_of(theme, tile, self.sentence, *marks, None, when, parent=head, inset=(12, 7, 12, 7), gap=8)
        self._cause = Label(theme, f"“{event.cause}”", "label", "text2")
        self._cause.setWordWrap(True)
        self.message = Button(theme, self.tr("Message"), "link", "jump", "small")
        row_of(theme, frame_of("vline"), self._cause, self.message, parent=quote, inset=(12, 6, 12, 6), gap=10)
        quote.layout().setStretch(1, 1)  # type: ignore[union-attr]
        if not event.cause:
            quote.hide()  # Shown before it lies in this card, it would be a window that takes the keyboard.
        self.message.setVisible(bool(event.origin.message_id))
        shared = self.tr("shared with {}").format(", ".join(waiting.shared_with)) if waiting.shared_with else ""
        note = self.tr("changed again since in the same place") if waiting.superseded else shared
        self.note = ElidedLabel(theme, note, "label", "muted")
        buttons = (self.keep, self.edit, self.undo, self.both)
        row_of(
            theme,
            *buttons,
            self.whole,
            None,
            self.note,
            self.never,
            self.history,
            parent=foot,
            inset=(12, 7, 12, 7),
            gap=8,
        )
        buttons_below = row_of(theme, self.save, self.cancel, None, gap=8)
        column_of(theme, self.editor, buttons_below, parent=editing, inset=(12, 8, 12, 8), gap=8)
        self._foot, self._edit_area = foot, editing
        column_of(theme, head, hairline(), self.diff, self.since, quote, editing, hairline(), foot, parent=self, gap=0)

    def _connect(self, event: MemoryEvent) -> None:
        self.keep.clicked.connect(lambda: self.kept.emit(event.seq))
        self.undo.clicked.connect(lambda: self.undo_wanted.emit(event.seq))
        self.edit.clicked.connect(self.begin_edit)
        self.both.clicked.connect(self.show_both)
        self.whole.clicked.connect(self._show_all)
        self.history.clicked.connect(lambda: self.history_wanted.emit(event.target_id))
        self.never.clicked.connect(lambda: self.rule_wanted.emit(self.waiting))
        self.message.clicked.connect(lambda: self.message_wanted.emit(event.origin.message_id or ""))
        self.save.clicked.connect(lambda: self.edited.emit(event.seq, self.editor.toPlainText()))
        self.cancel.clicked.connect(lambda: self._editing(on=False))

    def begin_edit(self) -> None:
        """The block as it is now, in the card."""
        if not self.edit.isHidden():
            self.editor.setPlainText(self.waiting.now)
            self._editing(on=True)
            self.editor.setFocus()

    @property
    def editing(self) -> bool:
        return not self._edit_area.isHidden()

    def _editing(self, *, on: bool) -> None:
        self._edit_area.setVisible(on)
        self._foot.setVisible(not on)

    def show_both(self) -> None:
        """What the agent made of it, and what became of that."""
        self.since.set_texts(text_of(self.waiting.event.after), self.waiting.now)
        self.since.setAccessibleName(self.tr("What was changed since"))
        self.since.show()
        self.both.setEnabled(False)
        self.note.set_text(self.tr("above what the agent did, below what was changed since"))

    def press(self, key: int) -> bool:
        """K, E, U and Enter, as the buttons; False for what is no key of a card."""
        if self.editing:
            return False
        buttons = {Qt.Key.Key_K: self.keep, Qt.Key.Key_E: self.edit, Qt.Key.Key_U: self.undo}
        if key == Qt.Key.Key_U and self.waiting.superseded:
            self.show_both()
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.history.click()
            return True
        button = buttons.get(Qt.Key(key))
        if button is None or button.isHidden():
            return False
        button.click()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        if step and not self.editing:
            self.stepped.emit(step)
            return
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if held or not self.press(event.key()):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        super().mousePressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit()
