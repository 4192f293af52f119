"""Find and replace in one text field: marks every hit, walks from one to the next, replaces one or all of them."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QWidget

from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.find_bar import FindBar
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, frame_of, row_of
from app.ui.kit.text_marks import marks_of, places_of, spans_of
from app.ui.kit.wording import counted
from app.ui.memory.text_field import TextField
from app.ui.theme import Theme

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


class FindReplace(QFrame):
    """Ctrl F opens it, Ctrl H with the field for what is put instead; F3 goes on. What it replaces can be undone."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._field: TextField | None = None
        self._spans: list[tuple[int, int]] = []
        """Where the hits begin and end in the field."""
        self._current = 0
        self.bar = FindBar(theme, self.tr("Find in this block"))
        self.bar.setProperty("kind", "")
        self.exact = QCheckBox(self.tr("Match case"))
        self.instead = QLineEdit()
        self.instead.setPlaceholderText(self.tr("Replace with"))
        self.instead.setAccessibleName(self.tr("Replace with"))
        self.instead.setMinimumWidth(theme.px(220))
        self.replace = Button(theme, self.tr("Replace"), size="small")
        self.replace_all = Button(theme, self.tr("Replace all"), size="small")
        self.told = Label(theme, "", "label", "muted")
        self._second = frame_of("")
        row_of(
            theme,
            self.instead,
            self.replace,
            self.replace_all,
            self.told,
            None,
            parent=self._second,
            inset=(6, 0, 6, 5),
            gap=6,
        )
        column_of(theme, row_of(theme, self.bar, self.exact, None), self._second, parent=self, gap=0)
        self.setProperty("kind", "card")
        self.bar.wanted.connect(lambda: self._look())
        self.bar.stepped.connect(self.step)
        self.bar.closed.connect(self._closed)
        self.exact.toggled.connect(lambda: self._look())
        self.instead.returnPressed.connect(self.replace_one)
        self.replace.clicked.connect(lambda: self.replace_one())
        self.replace_all.clicked.connect(lambda: self.replace_each())
        theme.changed.connect(self._recount)
        self.hide()

    def attach(self, field: TextField | None) -> None:
        """Looks in this field from now on; in none, it closes."""
        if self._field is not None:
            self._field.textChanged.disconnect(self._recount)
            self._field.setExtraSelections([])
        self._field = field
        self.told.setText("")
        if field is None:
            self.hide()
        else:
            field.textChanged.connect(self._recount)

    def open_bar(self, *, replacing: bool = False) -> None:
        """What is selected in one line is looked for."""
        if self._field is None:
            return
        selected = self._field.textCursor().selectedText()
        self.show()
        if selected and "\u2029" not in selected:
            self.bar.field.setText(selected)
        self.bar.open_bar()
        if replacing and self.bar.field.text():
            self.instead.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._look()

    def close_bar(self) -> None:
        self.bar.close_bar()

    @staticmethod
    def is_ours(event: QKeyEvent) -> bool:
        """Keys that it takes before anything else does."""
        key, held = event.key(), event.modifiers()
        wide = held == CONTROL and key in (Qt.Key.Key_F, Qt.Key.Key_H)
        return wide or (key == Qt.Key.Key_F3 and held in (NONE, SHIFT))

    def take_key(self, event: QKeyEvent) -> bool:
        """True if the key was for it."""
        if event.key() == Qt.Key.Key_Escape and self.isVisible():
            self.close_bar()
            return True
        if not self.is_ours(event):
            return False
        if event.key() != Qt.Key.Key_F3:
            self.open_bar(replacing=event.key() == Qt.Key.Key_H)
        elif not self.isVisible():
            self.open_bar()
        else:
            self.step(-1 if event.modifiers() & SHIFT else 1)
        return True

    # Finding

    def _look(self) -> None:
        """From where the caret stands."""
        self.told.setText("")
        self._collect()
        if self._field is not None and self._spans:
            here = self._field.textCursor().selectionStart()
            self._go_to(next((n for n, (begin, _) in enumerate(self._spans) if begin >= here), 0))

    def _recount(self) -> None:
        """The text changed under the marks."""
        if self.isVisible():
            self._collect()

    def _collect(self) -> None:
        if self._field is None:
            return
        words, raw = self.bar.field.text(), self._field.document().toRawText()
        self._spans = spans_of(places_of(words, raw, exact=self.exact.isChecked()), raw, len(words))
        self._current = max(0, min(self._current, len(self._spans) - 1))
        self._mark()

    def _mark(self) -> None:
        if self._field is None:
            return
        count = len(self._spans)
        self._field.setExtraSelections(marks_of(self._theme, self._field.document(), self._spans, self._current))
        self.bar.show_count(self._current, count, looking=False, more=False)
        for button in (self.replace, self.replace_all):
            button.setEnabled(bool(count))

    def step(self, by: int) -> None:
        """To the next hit from where the caret stands, round at the ends."""
        if self._field is None or not self._spans:
            return
        cursor = self._field.textCursor()
        if by > 0:
            after = (n for n, (begin, _) in enumerate(self._spans) if begin >= cursor.selectionEnd())
            self._go_to(next(after, 0))
        else:
            before = (n for n, (begin, _) in reversed(list(enumerate(self._spans))) if begin < cursor.selectionStart())
            self._go_to(next(before, len(self._spans) - 1))

    def _go_to(self, number: int) -> None:
        """Selects a hit, so that it stands in view and the caret is there when the bar closes."""
        if self._field is None:
            return
        self._current = number
        self._field.setTextCursor(self._cursor_over(*self._spans[number]))
        if not self._in_view():
            self._field.centerCursor()
        self._mark()

    def _in_view(self) -> bool:
        assert self._field is not None
        return self._field.viewport().rect().contains(self._field.cursorRect().center())

    def _cursor_over(self, begin: int, end: int) -> QTextCursor:
        assert self._field is not None
        cursor = QTextCursor(self._field.document())
        cursor.setPosition(begin)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    # Replacing

    def replace_one(self) -> None:
        """The hit that is chosen; then goes to the next one."""
        if self._field is None or not self._spans:
            return
        cursor = self._cursor_over(*self._spans[self._current])
        cursor.insertText(self.instead.text())
        self._field.setTextCursor(cursor)
        self._tell(1)
        self.step(1)

    def replace_each(self) -> None:
        """All of them, as one edit: one undo brings them back."""
        field, words = self._field, self.bar.field.text()
        if field is None or not self._spans:
            return
        cursor = self._cursor_over(self._spans[0][0], self._spans[-1][1])
        number, text = len(self._spans), cursor.selectedText()
        kept, end = list[str](), 0
        for place in places_of(words, text, exact=self.exact.isChecked()):
            kept.append(text[end:place])
            end = place + len(words)
        caret, bar = field.textCursor().position(), field.verticalScrollBar()
        top = bar.value()
        cursor.insertText(self.instead.text().join((*kept, "")))
        cursor.setPosition(min(caret, field.document().characterCount() - 1))
        field.setTextCursor(cursor)
        bar.setValue(top)
        self._tell(number)

    def _tell(self, number: int) -> None:
        words = counted(number, self.tr("{0} replaced"), self.tr("{0} replaced"))
        self.told.setText(words)
        announce(self, words)

    def _closed(self) -> None:
        self.hide()
        if self._field is not None:
            self._field.setExtraSelections([])
            self._field.setFocus(Qt.FocusReason.OtherFocusReason)
