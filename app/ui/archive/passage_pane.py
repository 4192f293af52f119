"""One passage: text and tags, what is known of it, what it resembles, what was true before, and what can be done."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QDate, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QDateEdit, QFrame, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.domain.archive import Passage
from app.ui.archive.words import date_words, found_words, source_words, validity_words
from app.ui.kit.actors import actor_words
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.diff import DiffView
from app.ui.kit.flow import Flow
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, empty, follow, frame_of, hairline, row_of, scrolled
from app.ui.kit.wording import count, counted, full_time
from app.ui.theme import Theme


class TextBox(QPlainTextEdit):
    """A text to read, and to write while it is edited: Ctrl Enter saves, Esc leaves it as it was."""

    saved = Signal()
    left = Signal()

    def __init__(self, theme: Theme, name: str, height: int) -> None:
        super().__init__()
        self._theme, self._height = theme, height
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        follow(theme, self, self._restyle)

    def _restyle(self) -> None:
        self.setFont(self._theme.font("base"))
        self.setFixedHeight(self._theme.px(self._height))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.saved.emit()
        elif event.key() == Qt.Key.Key_Escape and not self.isReadOnly():
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(200), self._theme.px(self._height))


def tags_in(text: str) -> tuple[str, ...]:
    """Tags as they are typed, parted by commas."""
    return tuple(tag.strip() for tag in text.split(",") if tag.strip())


class PassagePane(QFrame):
    saved = Signal(str, str, object)
    """Id, text and tags; an empty id: a new one."""
    ended = Signal(str, object, str)
    """Id, since when it is true no longer in microseconds, and what is true instead."""
    delete_wanted = Signal(str)
    merge_wanted = Signal(str, str)
    """Ids of the one that stays and of the newer one."""
    both_wanted = Signal(str)
    message_wanted = Signal(str)
    passage_wanted = Signal(str)
    left = Signal()
    """Editing is over; the list has the keys again."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("kind", "panel")
        self.passage: Passage | None = None
        self.editing = False
        self.agent_name = ""
        self._title, self._state = Label(theme, "", "strong"), Badge(theme, "")
        self.edit = IconButton(theme, "edit", self.tr("Edit the passage"), "E")
        self.text = TextBox(theme, self.tr("Text of the passage"), 96)
        self.tags = QLineEdit()
        self.tags.setPlaceholderText(self.tr("Tags, separated by commas"))
        self.tags.setAccessibleName(self.tr("Tags"))
        self._badges, self._tokens = QWidget(), Label(theme, "", "label", "muted")
        self._flow = Flow(self._badges)
        self._tags: list[Badge] = []
        follow(theme, self._flow, lambda: self._flow.setSpacing(theme.px(6)))
        self.save = Button(theme, self.tr("Save"), "primary", size="small")
        self.cancel = Button(theme, self.tr("Cancel"), "ghost", size="small")
        self._facts, self._states = QVBoxLayout(), QVBoxLayout()
        self._states_head = Label(theme, "", "strong")
        self.end = Button(theme, self.tr("No longer true…"), "", "history")
        self.open_message = Button(theme, self.tr("Open message"), "", "jump")
        self.delete = IconButton(theme, "trash", self.tr("Delete the passage"), "Del")
        self._note = Label(theme, "", "caption", "muted")
        self._note.setWordWrap(True)
        self._build_near()
        self._build_ending()
        self._lay_out()
        self._connect()
        self.show_nothing()

    def _build_near(self) -> None:
        theme = self._theme
        self._near = frame_of("card")
        self._alike = Label(theme, "", "label", "muted")
        self._difference = DiffView(theme, compact=True)
        self.merge = Button(theme, self.tr("Merge into one"), "primary", "fork", "small")
        self.both = Button(theme, self.tr("Keep both"), "", size="small")
        self.drop = Button(theme, self.tr("Drop the newer"), "ghost", size="small")
        head = row_of(theme, Label(theme, self.tr("Nearly the same as another"), "strong"), None, self._alike)
        buttons = QWidget()
        flow = Flow(buttons)
        for button in (self.merge, self.both, self.drop):
            flow.addWidget(button)
        follow(theme, flow, lambda: flow.setSpacing(theme.px(6)))
        column_of(theme, head, self._difference, buttons, parent=self._near, inset=(10, 8, 10, 8))

    def _build_ending(self) -> None:
        theme = self._theme
        self._ending = frame_of("card")
        self.since = QDateEdit(QDate.currentDate())
        self.since.setCalendarPopup(True)
        self.since.setDisplayFormat("d MMM yyyy")
        self.since.setAccessibleName(self.tr("Since when it is true no longer"))
        self.instead = TextBox(theme, self.tr("What is true instead"), 64)
        self.instead.setPlaceholderText(self.tr("What is true instead, if anything"))
        self.end_now = Button(theme, self.tr("No longer true"), "primary", size="small")
        self.end_not = Button(theme, self.tr("Cancel"), "ghost", size="small")
        row = row_of(theme, Label(theme, self.tr("Since"), "label", "text2"), self.since, None)
        buttons = row_of(theme, self.end_now, self.end_not, None)
        column_of(theme, row, self.instead, buttons, parent=self._ending, inset=(10, 8, 10, 8))

    def _lay_out(self) -> None:
        theme = self._theme
        head, inner, self._foot = QWidget(), QWidget(), QWidget()
        row_of(theme, self._title, self._state, None, self.edit, parent=head, inset=(14, 5, 10, 5))
        under = row_of(theme, self._badges, None, self._tokens)
        under.setStretch(0, 1)
        self._buttons = QWidget()
        row_of(theme, self.save, self.cancel, None, parent=self._buttons)
        body = column_of(theme, self.text, under, self.tags, self._buttons, parent=inner, inset=(14, 12, 14, 12))
        for column in (self._facts, self._states):
            column.setSpacing(theme.px(4))
        body.addLayout(self._facts)
        for part in (self._ending, self._near, self._states_head):
            body.addWidget(part)
        body.addLayout(self._states)
        body.addStretch(1)
        actions = row_of(theme, self.end, self.open_message, None, self.delete)
        column_of(theme, actions, self._note, parent=self._foot, inset=(14, 10, 14, 10))
        self._foot_line = hairline()
        area = scrolled(inner, self.tr("Passage"))
        column_of(theme, head, hairline(), area, self._foot_line, self._foot, parent=self, gap=0).setStretch(2, 1)

    def _connect(self) -> None:
        self.edit.clicked.connect(lambda: self.begin_editing())
        self.save.clicked.connect(lambda: self._save())
        self.cancel.clicked.connect(lambda: self.stop_editing())
        self.text.saved.connect(lambda: self._save())
        self.text.left.connect(lambda: self.stop_editing())
        self.tags.returnPressed.connect(lambda: self._save())
        self.end.clicked.connect(lambda: self.begin_ending())
        self.end_now.clicked.connect(lambda: self._end())
        self.instead.saved.connect(lambda: self._end())
        for leave in (self.end_not.clicked, self.instead.left):
            leave.connect(lambda: self._stop_ending())
        for button in (self.delete, self.drop):
            button.clicked.connect(lambda: self.delete_wanted.emit(self._id))
        self.both.clicked.connect(lambda: self.both_wanted.emit(self._id))
        self.merge.clicked.connect(lambda: self._merge())
        self.open_message.clicked.connect(lambda: self._open_message())

    # Showing

    def show_nothing(self) -> None:
        """No passage is at hand."""
        self.passage = None
        self._show_parts(reading=False)
        self._title.setText(self.tr("No passage chosen"))
        self._state.hide()
        for part in (self.text, self.tags, self._buttons, self._near, self._ending):
            part.hide()
        self._fill((), (), 0)

    def show_passage(self, passage: Passage, rank: int | None) -> None:
        """Shows one as it is; what is being written is kept."""
        if self.editing and self.passage is not None and self.passage.id == passage.id:
            return
        self.passage, self.editing = passage, False
        name = self.tr("Passage") if rank is None else self.tr("Passage {}").format(rank)
        self._title.setText(name)
        true = passage.superseded_at is None
        self._state.set_badge(self.tr("Valid") if true else self.tr("Superseded"), "ok" if true else "warn",
                              "check" if true else "history")  # fmt: skip
        self._state.show()
        self.text.setPlainText(passage.text)
        self._show_parts(reading=True)
        self._near.hide()
        self._ending.hide()
        self.end.setVisible(true)
        self.open_message.setVisible(passage.message_id is not None)
        self._note.setText(
            self.tr(
                "A passage that is no longer true stays, struck through, so that “as of March” still answers right."
            )
            if true
            else self.tr("Agents are given it only when they ask as of a date.")
        )
        self._show_tags(passage.tags)
        self._fill(self._facts_of(passage), (), 0)

    def show_known(self, tokens: int, nearly: Passage | None, states: Sequence[Passage]) -> None:
        """What is read beside the passage: its size, what it resembles, and what was true over time."""
        passage = self.passage
        if passage is None or self.editing:
            return
        self._near.setVisible(nearly is not None)
        if nearly is not None:
            self._alike.setText(self.tr("alike {}").format(f"{passage.alikeness:.2f}"))
            self._difference.set_texts(nearly.text, passage.text)
        self._fill(self._facts_of(passage), states if len(states) > 1 else (), tokens)

    def _show_parts(self, *, reading: bool) -> None:
        self.text.setReadOnly(not self.editing)
        self.text.setVisible(reading or self.editing)
        self._badges.setVisible(reading and not self.editing)
        self._tokens.setVisible(reading and not self.editing)
        for part in (self.tags, self._buttons):
            part.setVisible(self.editing)
        self.edit.setVisible(reading and not self.editing)
        self._foot.setVisible(reading and not self.editing)
        self._foot_line.setVisible(reading and not self.editing)

    def _show_tags(self, tags: Sequence[str]) -> None:
        """Badges are made once and change: which there are changes with each passage."""
        while len(self._tags) < len(tags):
            self._tags.append(Badge(self._theme, "", "accent", parent=self._badges))
            self._flow.addWidget(self._tags[-1])
        for at, badge in enumerate(self._tags):
            if at < len(tags):
                badge.set_badge(tags[at], "accent")
            badge.setVisible(at < len(tags))

    def _facts_of(self, passage: Passage) -> tuple[tuple[str, str], ...]:
        last = passage.last_found_at
        found = found_words(passage) if last is None else f"{found_words(passage)}, {full_time(last)}"
        writer = actor_words(passage.actor, self.agent_name)
        return (
            (self.tr("Valid"), validity_words(passage)),
            (self.tr("Written by"), f"{writer}, {full_time(passage.created_at)}"),
            (self.tr("From"), source_words(passage)),
            (self.tr("Found"), found),
        )

    def _fill(self, facts: Sequence[tuple[str, str]], states: Sequence[Passage], tokens: int) -> None:
        theme = self._theme
        self._tokens.setText(counted(tokens, self.tr("{} token"), self.tr("{} tokens")) if tokens else "")
        empty(self._facts)
        for name, value in facts:
            label, shown = Label(theme, name, "label", "muted"), ElidedLabel(theme, value, "label", "text2")
            follow(theme, label, partial(self._widen, label))
            line = row_of(theme, label, shown)
            line.setStretch(1, 1)
            self._facts.addLayout(line)
        empty(self._states)
        self._states_head.setVisible(bool(states))
        self._states_head.setText(self.tr("What it was, {} states").format(count(len(states))))
        for one in states:
            self._states.addWidget(self._state_line(one))

    def _widen(self, label: Label) -> None:
        label.setFixedWidth(self._theme.px(84))

    def _state_line(self, one: Passage) -> QWidget:
        theme, line = self._theme, QWidget()
        button = Button(theme, "", "link", "check" if one.superseded_at is None else "history", "small")
        button.setAccessibleName(one.text)
        button.clicked.connect(lambda: self.passage_wanted.emit(one.id))
        text = ElidedLabel(theme, one.text, "label", "text" if one.superseded_at is None else "muted")
        font = text.font()
        font.setStrikeOut(one.superseded_at is not None)
        text.setFont(font)
        until = (
            self.tr("to now") if one.superseded_at is None else self.tr("to {}").format(date_words(one.superseded_at))
        )
        row_of(theme, button, text, Label(theme, until, "caption", "muted"), parent=line, gap=4).setStretch(1, 1)
        return line

    # Editing

    def begin_new(self) -> None:
        """A new passage is written here."""
        self.passage, self.editing = None, True
        self._title.setText(self.tr("New passage"))
        self._state.hide()
        self.text.setPlainText("")
        self.tags.setText("")
        self._near.hide()
        self._ending.hide()
        self._fill((), (), 0)
        self._show_parts(reading=False)
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def begin_editing(self, *, tags: bool = False) -> None:
        """Text and tags can be written; the cursor is in the one or the other."""
        passage = self.passage
        if passage is None or self.editing:
            return
        self.editing = True
        self.tags.setText(", ".join(passage.tags))
        self._show_parts(reading=True)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        (self.tags if tags else self.text).setFocus(Qt.FocusReason.OtherFocusReason)

    def stop_editing(self) -> None:
        """What was typed is dropped."""
        self.editing = False
        passage = self.passage
        if passage is None:
            self.show_nothing()
        else:
            self.show_passage(passage, None)
        self.left.emit()

    def end_editing(self) -> None:
        """What was typed is stored."""
        self.editing = False

    def begin_ending(self) -> None:
        """Asks since when it is true no longer, and what is true instead."""
        if self.passage is not None and self.passage.superseded_at is None and not self.editing:
            self.since.setDate(QDate.currentDate())
            self.instead.setPlainText("")
            self._ending.show()
            self.instead.setFocus(Qt.FocusReason.OtherFocusReason)

    def _stop_ending(self) -> None:
        self._ending.hide()
        self.left.emit()

    def _save(self) -> None:
        if self.editing:
            passage_id, had = ("", ()) if self.passage is None else (self.passage.id, self.passage.tags)
            # A tag with a comma in it, which a program wrote, stays one as long as nobody changes the tags.
            tags = had if self.tags.text() == ", ".join(had) else tags_in(self.tags.text())
            self.saved.emit(passage_id, self.text.toPlainText(), tags)

    def _end(self) -> None:
        if self.passage is not None:
            today = self.since.date() == QDate.currentDate()
            at = None if today else self.since.date().startOfDay().toMSecsSinceEpoch() * 1000
            self.ended.emit(self.passage.id, at, self.instead.toPlainText().strip())

    def _merge(self) -> None:
        if self.passage is not None and self.passage.nearly is not None:
            self.merge_wanted.emit(self.passage.nearly, self.passage.id)

    def _open_message(self) -> None:
        if self.passage is not None and self.passage.message_id is not None:
            self.message_wanted.emit(self.passage.message_id)

    @property
    def _id(self) -> str:
        return "" if self.passage is None else self.passage.id
