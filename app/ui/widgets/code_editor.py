"""An editor for code: line numbers, colours that come while nothing else is to do, indenting with Tab."""

import time
from collections.abc import Iterator

from PySide6.QtCore import QObject, QPoint, QRect, QSize, Qt, QTimer
from PySide6.QtGui import (
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextLayout,
)
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.ui.theme import Theme
from app.ui.theme.code_colors import colored

PAUSE_MS = 120
SLICE_S = 0.004
"""Longest work in one go: a quarter of a frame."""
INDENT = "    "


class Highlighter(QObject):
    """Colours a plain text document in slices after each pause in typing."""

    def __init__(self, theme: Theme, document: QTextDocument, language: str) -> None:
        super().__init__(document)
        self._theme = theme
        self._document = document
        self._language = language
        self._pieces: Iterator[tuple[int, int, str]] = iter(())
        self._block = QTextBlock()
        self._ranges: list[QTextLayout.FormatRange] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._work)
        self._working = False
        document.contentsChange.connect(self._edited)
        theme.changed.connect(self._recolor)
        self.restart(0)

    @property
    def busy(self) -> bool:
        return self._timer.isActive()

    def set_language(self, language: str) -> None:
        self._language = language
        self.restart(0)

    def restart(self, wait: int = PAUSE_MS) -> None:
        self._working = False
        self._timer.start(wait)

    def _recolor(self) -> None:
        self.restart(0)

    def _edited(self, _at: int, removed: int, added: int) -> None:
        if removed or added:
            self.restart()

    def _work(self) -> None:
        if not self._working:
            self._working = True
            self._pieces = colored(self._document.toPlainText(), self._language)
            self._block = self._document.begin()
            self._ranges = []
        until = time.monotonic() + SLICE_S
        for start, length, token in self._pieces:
            self._add(start, length, token)
            if time.monotonic() > until:
                self._timer.start(0)
                return
        while self._block.isValid():
            self._finish_block()
        self._working = False

    def _add(self, start: int, length: int, token: str) -> None:
        """A piece may span lines; formats belong to one line each."""
        end = start + length
        while self._block.isValid() and start >= self._block.position() + self._block.length():
            self._finish_block()
        while self._block.isValid() and start < end:
            here = self._block.position()
            stop = min(end, here + self._block.length() - 1)
            piece = QTextLayout.FormatRange()
            piece.start = start - here  # pyright: ignore[reportAttributeAccessIssue]
            piece.length = stop - start  # pyright: ignore[reportAttributeAccessIssue]
            piece.format = self._format(token)  # pyright: ignore[reportAttributeAccessIssue]
            self._ranges.append(piece)
            start = here + self._block.length()
            if start < end:
                self._finish_block()

    def _finish_block(self) -> None:
        layout = self._block.layout()
        if self._ranges or layout.formats():
            layout.setFormats(self._ranges)
            self._document.markContentsDirty(self._block.position(), self._block.length())
        self._ranges = []
        self._block = self._block.next()

    def _format(self, token: str) -> QTextCharFormat:
        style = QTextCharFormat()
        style.setForeground(self._theme.color(token))
        if token == "muted":
            style.setFontItalic(True)
        return style


class Gutter(QWidget):
    """Line numbers beside the editor."""

    def __init__(self, editor: "CodeEditor") -> None:
        super().__init__(editor)
        self._editor = editor

    def sizeHint(self) -> QSize:
        return QSize(self._editor.gutter_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._editor.paint_gutter(event)


class CodeEditor(QPlainTextEdit):
    """Tab indents; after Esc the next Tab leaves the editor, so that no one is caught in it."""

    def __init__(self, theme: Theme, language: str = "", numbers: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._numbers = numbers
        self._leave = False
        self._gutter = Gutter(self)
        self._gutter.setVisible(numbers)
        self.setAccessibleName(self.tr("Code"))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.highlighter = Highlighter(theme, self.document(), language)
        self.blockCountChanged.connect(self._fit_gutter)
        self.updateRequest.connect(self._scroll_gutter)
        self.cursorPositionChanged.connect(self._gutter.update)
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_language(self, language: str) -> None:
        self.highlighter.set_language(language)

    def gutter_width(self) -> int:
        if not self._numbers:
            return 0
        digits = max(2, len(str(self.blockCount())))
        return QFontMetrics(self.font()).horizontalAdvance("0" * digits) + self._theme.px(20)

    def paint_gutter(self, event: QPaintEvent) -> None:
        painter = QPainter(self._gutter)
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        top = round(self.blockBoundingGeometry(block).translated(self.contentOffset()).top())
        current = self.textCursor().blockNumber()
        while block.isValid() and top <= event.rect().bottom():
            height = round(self.blockBoundingRect(block).height())
            painter.setPen(self._theme.color("text" if block.blockNumber() == current else "muted"))
            box = QRect(0, top, self._gutter.width() - self._theme.px(10), QFontMetrics(self.font()).height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, str(block.blockNumber() + 1))
            top += height
            block = block.next()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Escape and not self._leave:
            self._leave = True
            event.ignore()
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and (self._leave or self.isReadOnly()):
            self._leave = False
            self.setTabChangesFocus(True)
            self.focusNextPrevChild(key == Qt.Key.Key_Tab)
            self.setTabChangesFocus(False)
        elif key == Qt.Key.Key_Tab:
            self._indent()
        elif key == Qt.Key.Key_Backtab:
            self._outdent()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() and not self.isReadOnly():
            self._new_line()
        else:
            self._leave = False
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_gutter()

    def _blocks(self) -> list[QTextBlock]:
        cursor = self.textCursor()
        block = self.document().findBlock(cursor.selectionStart())
        last = self.document().findBlock(cursor.selectionEnd()).blockNumber()
        found: list[QTextBlock] = []
        while block.isValid() and block.blockNumber() <= last:
            found.append(block)
            block = block.next()
        return found

    def _indent(self) -> None:
        cursor = self.textCursor()
        if not cursor.hasSelection():
            cursor.insertText(INDENT[cursor.positionInBlock() % len(INDENT) :])
            return
        cursor.beginEditBlock()
        for block in self._blocks():
            QTextCursor(block).insertText(INDENT)
        cursor.endEditBlock()

    def _outdent(self) -> None:
        cursor = self.textCursor()
        cursor.beginEditBlock()
        for block in self._blocks():
            spaces = len(block.text()) - len(block.text().lstrip(" "))
            eraser = QTextCursor(block)
            for _ in range(min(spaces, len(INDENT))):
                eraser.deleteChar()
        cursor.endEditBlock()

    def _new_line(self) -> None:
        """The next line begins where this one does, one step further after a colon or an opening bracket."""
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        indent = before[: len(before) - len(before.lstrip())]
        if before.rstrip().endswith((":", "{", "[", "(")):
            indent += INDENT
        cursor.insertText("\n" + indent)
        self.ensureCursorVisible()

    def _fit_gutter(self, _count: int = 0) -> None:
        width = self.gutter_width()
        self.setViewportMargins(width, 0, 0, 0)
        area = self.viewport().geometry()
        self._gutter.setGeometry(QRect(area.left() - width, area.top(), width, area.height()))

    def _scroll_gutter(self, area: QRect, by: int) -> None:
        if by:
            self._gutter.scroll(0, by)
        else:
            self._gutter.update(QRect(QPoint(0, area.y()), QSize(self._gutter.width(), area.height())))

    def _restyle(self) -> None:
        self.setFont(self._theme.font("code"))
        self.setTabStopDistance(QFontMetrics(self.font()).horizontalAdvance(INDENT))
        self._fit_gutter()
        self._gutter.update()
