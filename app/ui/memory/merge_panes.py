"""Two texts that began as one, side by side, and what becomes of each piece in which they differ."""

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextCharFormat, QTextFormat
from PySide6.QtWidgets import QBoxLayout, QPlainTextEdit, QTextEdit, QWidget

from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.flow import Flow
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, row_of
from app.ui.kit.wording import count
from app.ui.memory.merging import Merging, Side
from app.ui.memory.text_field import TextField
from app.ui.theme import Theme

NARROW = 520
"""Below this width, at 100 %, the texts stand one above the other."""
MARKED = 40
"""Pieces before and after the current one that are marked too."""
KEYS: dict[Qt.Key, Side] = {Qt.Key.Key_Left: "mine", Qt.Key.Key_Right: "theirs", Qt.Key.Key_B: "both"}
STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
"""Both with Alt."""


class SideText(QPlainTextEdit):
    """One of the two texts, to be read."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setReadOnly(True)
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        follow(theme, self, lambda: self.setFont(theme.font("mono")))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(120), self._theme.px(90))

    def mark(self, stretches: list[tuple[int, int, str]]) -> None:
        """First line, number of lines, and the token of their ground."""
        found: list[QTextEdit.ExtraSelection] = []
        for first, number, token in stretches:
            form = QTextCharFormat()
            form.setBackground(self._theme.color(token))
            form.setProperty(QTextFormat.Property.FullWidthSelection, True)
            for line in range(first, first + min(number, MARKED)):
                chosen = QTextEdit.ExtraSelection()
                chosen.format = form  # type: ignore[attr-defined]
                cursor = self.textCursor()
                cursor.setPosition(self.document().findBlockByNumber(line).position())
                chosen.cursor = cursor  # type: ignore[attr-defined]
                found.append(chosen)
        self.setExtraSelections(found)

    def go_to(self, line: int) -> None:
        block = self.document().findBlockByNumber(min(line, self.blockCount() - 1))
        cursor = self.textCursor()
        cursor.setPosition(block.position())
        self.setTextCursor(cursor)
        self.centerCursor()


class MergePanes(QWidget):
    """Alt and Left, Right or B take a piece from the left, from the right or both; Alt Up and Down go on."""

    changed = Signal()
    """The text that comes of it is another."""
    save_pressed = Signal()
    left = Signal()
    """Esc: back to where one came from."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.merging = Merging("", "", "")
        self.number = 0
        """Of the piece that is at hand, among those that differ."""
        self._filling = False
        self.mine = SideText(theme, self.tr("Your text"))
        self.theirs = SideText(theme, self.tr("The text that was saved meanwhile"))
        self.title = Label(theme, "", "strong")
        self.title.setWordWrap(True)
        self.previous = IconButton(theme, "chevron-up", self.tr("Previous difference"), "Alt+Up", size=14, box=24)
        self.next = IconButton(theme, "chevron-down", self.tr("Next difference"), "Alt+Down", size=14, box=24)
        self.take: dict[Side, Button] = {
            "mine": Button(theme, self.tr("Take mine"), size="small"),
            "theirs": Button(theme, self.tr("Take theirs"), size="small"),
            "both": Button(theme, self.tr("Take both"), size="small"),
        }
        self.result = TextField(theme, self)
        self.result.setAccessibleName(self.tr("What becomes of this piece"))
        self._lay_out()
        self._connect()
        theme.changed.connect(self._mark)

    def _lay_out(self) -> None:
        theme = self._theme
        mine, theirs, buttons = QWidget(), QWidget(), QWidget()
        column_of(theme, Label(theme, self.tr("Yours"), "label", "text2"), self.mine, parent=mine, gap=2)
        column_of(theme, Label(theme, self.tr("Theirs"), "label", "text2"), self.theirs, parent=theirs, gap=2)
        self._sides: QBoxLayout = row_of(theme, mine, theirs, gap=8)
        flow = Flow(buttons)
        follow(theme, flow, lambda: flow.setSpacing(theme.px(4)))
        for button in self.take.values():
            flow.addWidget(button)
        head = row_of(theme, self.title, self.previous, self.next, gap=4)
        head.setStretch(0, 1)
        column = column_of(theme, head, parent=self, inset=(8, 4, 8, 8), gap=6)
        column.addLayout(self._sides, 1)
        column.addWidget(buttons)
        column.addWidget(self.result)

    def _connect(self) -> None:
        self.previous.clicked.connect(lambda: self.step(-1))
        self.next.clicked.connect(lambda: self.step(1))
        for side, button in self.take.items():
            button.clicked.connect(self._taking(side))
        self.result.textChanged.connect(self._written)
        self.result.save_pressed.connect(self.save_pressed)
        for field in (self.mine, self.theirs, self.result):
            field.installEventFilter(self)

    def begin(self, merging: Merging) -> None:
        """Shows two texts; the first piece that must be chosen is at hand."""
        self.merging = merging
        self.mine.setPlainText(merging.mine)
        self.theirs.setPlainText(merging.theirs)
        still = merging.open
        self.go_to(still[0] if still else 0)

    def go_to(self, number: int) -> None:
        if not self.merging.places:
            return
        self.number = max(0, min(number, len(self.merging.places) - 1))
        self._show()
        self.mine.go_to(self.merging.first_line(self.number, "mine"))
        self.theirs.go_to(self.merging.first_line(self.number, "theirs"))
        announce(self, self.title.text())

    def step(self, by: int) -> None:
        self.go_to(self.number + by)

    def take_side(self, side: Side) -> None:
        """Takes the piece, and goes on to the next that must be chosen."""
        self.merging.take(self.number, side)
        still = [number for number in self.merging.open if number > self.number] or list(self.merging.open)
        if still:
            self.go_to(still[0])
        else:
            self._show()
        self.changed.emit()

    def _taking(self, side: Side) -> Callable[[], None]:
        return lambda: self.take_side(side)

    def _written(self) -> None:
        if not self._filling and self.merging.places:
            self.merging.write(self.number, self.result.text)
            self._tell()
            self.changed.emit()

    def _show(self) -> None:
        lines = self.merging.taken(self.number)
        self._filling = True
        self.result.setPlainText("\n".join(lines or ()))
        self.result.setPlaceholderText(
            self.tr("Nothing is chosen yet. Take a side, or write here.") if lines is None else self.tr("No line")
        )
        self._filling = False
        self._tell()

    def _tell(self) -> None:
        part, number = self.merging.part(self.number), len(self.merging.places)
        who = {
            "us": self.tr("only you changed this"),
            "them": self.tr("only they changed this"),
            "both": self.tr("both changed this"),
        }[part.changed_by]
        self.title.setText(self.tr("Difference {0} of {1}: {2}").format(count(self.number + 1), count(number), who))
        self.previous.setEnabled(self.number > 0)
        self.next.setEnabled(self.number < number - 1)
        side = self.merging.side(self.number)
        for name, button in self.take.items():
            button.set_role("primary" if name == side else "")
            words = button.text()
            button.setAccessibleName(self.tr("{}, taken").format(words) if name == side else words)
        self.take["both"].setEnabled(bool(part.ours and part.theirs))
        self._mark()

    def _mark(self) -> None:
        """The piece at hand, and those around it."""
        if not self.merging.places:
            return
        near = range(max(0, self.number - MARKED), min(len(self.merging.places), self.number + MARKED + 1))
        sides: tuple[tuple[Literal["mine", "theirs"], SideText], ...] = (("mine", self.mine), ("theirs", self.theirs))
        for side, field in sides:
            stretches: list[tuple[int, int, str]] = []
            for number in near:
                part = self.merging.part(number)
                lines = part.ours if side == "mine" else part.theirs
                token = "warntint" if number == self.number else "selected"
                stretches.append((self.merging.first_line(number, side), len(lines), token))
            field.mark(stretches)

    # Keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.ShortcutOverride and _wanted(event) is not None:
            event.accept()
            return True
        return event.type() == QEvent.Type.KeyPress and self._take_key(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._take_key(event):
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Alt Up and Down mean something else in the window."""
        ours = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _wanted(event)
        if ours:
            event.accept()
            return True
        return super().event(event)

    def _take_key(self, event: QKeyEvent) -> bool:
        wanted = _wanted(event)
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif isinstance(wanted, int):
            self.step(wanted)
        elif wanted is not None and self.take[wanted].isEnabled():
            self.take_side(wanted)
        else:
            return False
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < self._theme.px(NARROW)
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self._sides.direction() != way:
            self._sides.setDirection(way)


def _wanted(event: QKeyEvent) -> Side | int | None:
    """What a key with Alt asks for: a side, or a step."""
    if not event.modifiers() & Qt.KeyboardModifier.AltModifier:
        return None
    key = Qt.Key(event.key())
    return STEPS.get(key) or KEYS.get(key)
