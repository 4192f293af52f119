"""An editor for Python: colours, numbered lines, four spaces for a Tab, brackets that belong together, marked lines."""

from collections.abc import Iterable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit

from app.ui.kit.layout import follow
from app.ui.kit.line_numbers import LineNumbers
from app.ui.theme import Theme
from app.ui.theme.code_colors import colored

INDENT = "    "
PAIRS = {"(": ")", "[": "]", "{": "}"}
OPENING = {closing: opening for opening, closing in PAIRS.items()}
FAR = 20_000
"""Characters in which the other bracket is looked for."""
COLOR_MS = 120
"""After the last key the colours are put right: a string may begin or end anywhere above."""


class PythonColors(QSyntaxHighlighter):
    """Colours by the whole text, as strings of several lines need; done anew a moment after it changed."""

    def __init__(self, theme: Theme, document: QTextDocument) -> None:
        super().__init__(document)
        self._theme = theme
        self._by_line: dict[int, list[tuple[int, int, str]]] = {}
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(COLOR_MS)
        self._wait.timeout.connect(self.read)
        document.contentsChange.connect(self._changed)
        self._known = ""

    def _changed(self, _at: int, removed: int, added: int) -> None:
        if removed or added:
            self._wait.start()

    def read(self) -> None:
        text = self.document().toPlainText()
        if text == self._known and self._by_line:
            return
        self._known, self._by_line = text, {}
        starts = [0]
        for line in text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        at = 0
        for start, length, token in colored(text, "python"):
            while starts[at + 1] <= start:
                at += 1
            end, line = start + length, at
            while start < end:
                stop = min(end, starts[line + 1])
                self._by_line.setdefault(line, []).append((start - starts[line], stop - start, token))
                start, line = stop, line + 1
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        for start, length, token in self._by_line.get(self.currentBlock().blockNumber(), ()):
            shape = QTextCharFormat()
            shape.setForeground(self._theme.color(token))
            self.setFormat(start, length, shape)


class CodeEditor(QPlainTextEdit):
    run_wanted = Signal()
    save_wanted = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._faults: tuple[int, ...] = ()
        self.setProperty("plain", True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(name)
        self.setAccessibleDescription(self.tr("Tab indents. Ctrl Tab, or Escape and then Tab, leaves the editor."))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._leaves = False
        """The next Tab leaves the editor instead of indenting."""
        self.numbers = LineNumbers(theme, self)
        self.colors = PythonColors(theme, self.document())
        self.cursorPositionChanged.connect(self._mark)
        self.blockCountChanged.connect(lambda: self._fit())
        follow(theme, self, self._restyle)

    def _restyle(self) -> None:
        self.setFont(self._theme.font("mono"))
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self._fit()
        self.colors.rehighlight()
        self._mark()

    def _fit(self) -> None:
        self.setViewportMargins(self.numbers.needed, 0, 0, 0)
        self.numbers.place()

    def show_source(self, text: str) -> None:
        """Another tool's: what was typed before cannot be brought back by undo."""
        self.setPlainText(text)
        self.colors.read()
        self.show_faults(())
        self._fit()

    def show_faults(self, lines: Iterable[int]) -> None:
        self._faults = tuple(lines)
        self._mark()

    def go_to(self, line: int) -> None:
        cursor = QTextCursor(self.document().findBlockByNumber(max(0, line - 1)))
        self.setTextCursor(cursor)
        self.centerCursor()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        if key == Qt.Key.Key_Tab and self._leaves:
            self.focusNextChild()
            return
        self._leaves = key == Qt.Key.Key_Escape
        if key == Qt.Key.Key_Tab and not modifiers:
            self._shift(1)
        elif key == Qt.Key.Key_Backtab:
            self._shift(-1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and modifiers & Qt.KeyboardModifier.ControlModifier:
            self.run_wanted.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not modifiers:
            self._new_line()
        elif key == Qt.Key.Key_Backspace and self._unindents():
            self._shift(-1)
        elif event.text() in PAIRS and not self.textCursor().hasSelection() and self._at_word_end():
            self._pair(event.text())
        elif event.text() in OPENING and self._next() == event.text():
            self.moveCursor(QTextCursor.MoveOperation.Right)
        else:
            super().keyPressEvent(event)

    def _shift(self, step: int) -> None:
        """Indents the chosen lines, or takes an indent away; without a choice, where the cursor stands."""
        cursor = self.textCursor()
        if step > 0 and not cursor.hasSelection():
            cursor.insertText(" " * (4 - cursor.positionInBlock() % 4))
            return
        first = self.document().findBlock(cursor.selectionStart()).blockNumber()
        last = self.document().findBlock(max(cursor.selectionStart(), cursor.selectionEnd() - 1)).blockNumber()
        cursor.beginEditBlock()
        for number in range(first, last + 1):
            line = QTextCursor(self.document().findBlockByNumber(number))
            text = line.block().text()
            if step > 0:
                line.insertText(INDENT)
            else:
                room = min(4, len(text) - len(text.lstrip(" ")))
                line.movePosition(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor, room)
                line.removeSelectedText()
        cursor.endEditBlock()

    def _new_line(self) -> None:
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        indent = before[: len(before) - len(before.lstrip(" "))]
        if before.rstrip().endswith((":", "(", "[", "{")):
            indent += INDENT
        cursor.insertText("\n" + indent)
        self.ensureCursorVisible()

    def _unindents(self) -> bool:
        """Whether only blanks stand before the cursor, a whole indent of them."""
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        return bool(before) and not cursor.hasSelection() and not before.strip(" ") and len(before) % 4 == 0

    def _next(self) -> str:
        text, at = self.textCursor().block().text(), self.textCursor().positionInBlock()
        return text[at : at + 1]

    def _at_word_end(self) -> bool:
        return not self._next() or self._next().isspace() or self._next() in OPENING

    def _pair(self, opening: str) -> None:
        self.textCursor().insertText(opening + PAIRS[opening])
        self.moveCursor(QTextCursor.MoveOperation.Left)

    # Marks

    def _mark(self) -> None:
        marks = [self._line(self.textCursor().blockNumber(), "hover")]
        marks += [self._line(line - 1, "dangertint") for line in self._faults]
        marks += [self._letter(place) for place in self._brackets()]
        self.setExtraSelections(marks)

    def _line(self, number: int, token: str) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        mark.format.setBackground(QColor(self._theme.color(token)))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        mark.cursor = QTextCursor(self.document().findBlockByNumber(number))  # pyright: ignore[reportAttributeAccessIssue]
        return mark

    def _letter(self, place: int) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        mark.format.setBackground(QColor(self._theme.color("accenttint")))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        cursor = QTextCursor(self.document())
        cursor.setPosition(place)
        cursor.movePosition(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor)
        mark.cursor = cursor  # pyright: ignore[reportAttributeAccessIssue]
        return mark

    def _brackets(self) -> tuple[int, ...]:
        """Places of the bracket beside the cursor and of the one it belongs to."""
        at, document = self.textCursor().position(), self.document()
        for place in (at - 1, at):
            letter = document.characterAt(place) if place >= 0 else ""
            if letter in PAIRS or letter in OPENING:
                other = _other(document, place, letter)
                return (place, other) if other is not None else ()
        return ()


def _other(document: QTextDocument, place: int, letter: str) -> int | None:
    forward = letter in PAIRS
    other = PAIRS[letter] if forward else OPENING[letter]
    end = document.characterCount()
    places = range(place + 1, min(end, place + FAR)) if forward else range(place - 1, max(-1, place - FAR), -1)
    depth = 0
    for at in places:
        found = document.characterAt(at)
        if found == letter:
            depth += 1
        elif found == other:
            if not depth:
                return at
            depth -= 1
    return None
