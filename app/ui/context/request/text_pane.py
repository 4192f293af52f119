"""The text of one part with numbered lines, the whole request as it is sent, or the difference to another one."""

import json

from PySide6.QtCore import Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QStackedWidget, QWidget

from app.domain.context import LineOrigin, PartChange, PartText, RequestText
from app.ui.kit.buttons import Button
from app.ui.kit.diff import DiffView
from app.ui.kit.labels import ElidedLabel
from app.ui.kit.layout import column_of, frame_of, hairline, row_of
from app.ui.kit.numbered_text import NumberedText, spread_json
from app.ui.kit.segmented import Segmented
from app.ui.kit.wording import count
from app.ui.theme import Theme


class TextPane(QFrame):
    line_chosen = Signal(int)
    """Number of the line under the cursor, from 0."""
    raw_wanted = Signal()
    """A person wants the request as it is sent."""
    more_wanted = Signal(int)
    """Lines that are shown already."""
    edit_wanted = Signal(str)
    """Id of the block that is shown."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._part: PartText | None = None
        self._block_id = ""
        self.setProperty("kind", "surface")
        self._title = ElidedLabel(theme, "", "strong")
        self._title.keep(80)
        self._about = ElidedLabel(theme, "", "label", "muted")
        choices = (("text", self.tr("Text")), ("raw", self.tr("As sent")))
        self.form = Segmented(theme, choices, "text", self.tr("How it is shown"))
        self.edit = Button(theme, self.tr("Edit block"), "ghost", "edit")
        self.lines = NumberedText(theme, self.tr("Text of the part"))
        self.raw = NumberedText(theme, self.tr("The request as it is sent"))
        self.diff = DiffView(theme)
        self._more = Button(theme, self.tr("Show more"), "link")
        self._foot = ElidedLabel(theme, "", "label", "text2")
        self._stack = QStackedWidget()
        for page in (self.lines, self.raw, self.diff):
            self._stack.addWidget(page)
        head, foot = QWidget(), frame_of("panel")
        row_of(theme, self._title, self._about, None, self.form, self.edit, parent=head, inset=(14, 6, 10, 6), gap=8)
        row_of(theme, self._foot, None, self._more, parent=foot, inset=(14, 6, 14, 6))
        column_of(theme, head, hairline(), self._stack, hairline(), foot, parent=self, gap=0)
        self._stack.setSizePolicy(self.lines.sizePolicy())
        self.form.chosen.connect(self._choose)
        self.lines.cursorPositionChanged.connect(lambda: self.line_chosen.emit(self.lines.textCursor().blockNumber()))
        self._more.clicked.connect(lambda: self.more_wanted.emit(len(self._part.lines) if self._part else 0))
        self.edit.clicked.connect(lambda: self.edit_wanted.emit(self._block_id))
        self.clear()

    @property
    def part(self) -> PartText | None:
        return self._part

    def clear(self) -> None:
        self._part, self._block_id = None, ""
        self._title.set_text("")
        self._about.set_text("")
        self.lines.show_text("")
        self.raw.show_text("")
        self._more.hide()
        self.edit.hide()

    def say(self, words: str) -> None:
        """What is worth knowing of the whole request, at the foot."""
        self._foot.set_text(words)

    def show_part(self, title: str, tokens: int, part: PartText, block_id: str) -> None:
        """`block_id`: the block that it is and that can be edited."""
        same = self._part is not None and self._part.key == part.key
        self._part, self._block_id = part, block_id
        self._title.set_text(title)
        about = self.tr("{0} tokens, {1} lines").format(count(tokens), count(part.total))
        self._about.set_text(about)
        text = "\n".join(part.lines)
        if not same or self.lines.toPlainText() != text:
            at = self.lines.textCursor().blockNumber() if same else _first_written(part)
            self.lines.show_text(text)
            self._go_to(self.lines, at)
        self._more.setVisible(len(part.lines) < part.total)
        self.edit.setVisible(bool(block_id))
        self.form.show()
        self._choose_page("raw" if self.form.current == "raw" else "text")

    def show_raw(self, found: RequestText, words: str) -> None:
        """The request as it is sent, from where these words stand."""
        text = found.text if len(found.text) < found.total else spread_json(found.text)
        if self.raw.toPlainText() != text:
            self.raw.show_text(text)
        place = text.find(json.dumps(words, ensure_ascii=False)[1:-1]) if words else -1
        if place >= 0:
            cursor = self.raw.textCursor()
            cursor.setPosition(place)
            self.raw.setTextCursor(cursor)
            self.raw.centerCursor()

    def show_change(self, title: str, change: PartChange) -> None:
        self._part, self._block_id = None, ""
        self._title.set_text(title)
        self.diff.set_texts(change.before, change.after)
        self._about.set_text(self.diff.summary())
        self.edit.hide()
        self.form.hide()
        self._more.hide()
        self._stack.setCurrentWidget(self.diff)

    def origin_at(self, line: int) -> LineOrigin | None:
        part = self._part
        if part is None or not 0 <= line < len(part.origin_of):
            return None
        place = part.origin_of[line]
        return None if place is None else part.origins[place]

    def _choose(self, form: str) -> None:
        self._choose_page(form)
        if form == "raw":
            self.raw_wanted.emit()

    def _choose_page(self, form: str) -> None:
        self._stack.setCurrentWidget(self.raw if form == "raw" else self.lines)

    def _go_to(self, edit: QPlainTextEdit, line: int) -> None:
        block = edit.document().findBlockByNumber(line)
        if block.isValid():
            edit.setTextCursor(QTextCursor(block))


def _first_written(part: PartText) -> int:
    """The first line that somebody wrote."""
    return next((line for line, origin in enumerate(part.origin_of) if origin is not None), 0)
