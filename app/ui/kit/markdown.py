"""Shows markdown that may still be growing: selectable, with copy buttons on code. Fetches nothing from anywhere."""

import re
import time
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token
from PySide6.QtCore import QMimeData, QPoint, QRectF, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextBlock,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QMenu, QTextBrowser, QWidget

from app.ui.kit.buttons import Button
from app.ui.kit.copying import copy_text
from app.ui.kit.markdown_code import BEGINNING, lexed
from app.ui.kit.markdown_parse import (
    KEPT_ITEMS,
    first_line,
    joined,
    parser,
    stable_items,
    stable_line,
    with_parts,
)
from app.ui.kit.markdown_write import (
    CODE_HEAD,
    CODE_PAD,
    CODE_SIDE,
    GAP,
    INDENT,
    BulletProperty,
    CodeBlock,
    CodeProperty,
    InlineCodeProperty,
    NumberProperty,
    Open,
    OpenCode,
    OpenTable,
    QuoteProperty,
    RuleProperty,
    Writer,
    language_of,
    rows_of,
)
from app.ui.theme import Theme

LEAST_AT_ONCE, AT_ONCE, MOST_AT_ONCE = 400, 2_500, 6_000
"""Characters that are written in one turn of the loop: at first, and as fast or slow as that was, later."""
TURN_SECONDS = 0.01
OPENED = 300_000
"""Characters that a click on the button below a folded text adds."""
_FENCE_LINE = re.compile(r"^\s*(?:```|~~~)", re.M)


@dataclass(frozen=True)
class Fold:
    """How much of a long text is shown at first."""

    characters: int = 16_000
    lines: int = 240

    def end(self, text: str) -> int:
        """Where the shown part ends: at the end of a line if that is not far; the whole text where little is left."""
        at, lines = 0, 0
        while lines < self.lines and 0 <= at < self.characters:
            at = text.find("\n", at) + 1
            lines += 1
            if not at:
                at = len(text)
                break
        end = min(at, self.characters)
        return end if len(text) - end > self.characters // 4 or text.count("\n", end) > self.lines // 4 else len(text)


class MarkdownView(QTextBrowser):
    """`set_markdown` may be called at each flush: only the blocks that can still change are written again.

    A long text is written in portions, one in each turn of the loop, and a very long one only in part until a person
    wants to see the rest: `grew` tells that the view needs more height.
    """

    link_activated = Signal(str)
    """Somebody clicked a link; nothing was opened."""
    grew = Signal()
    """More of the text is written than before."""
    unfolded = Signal()
    """A person wanted to see more of the text; it follows."""

    def __init__(
        self,
        theme: Theme,
        role: str = "conversation",
        ink: str = "",
        parent: QWidget | None = None,
        *,
        fold: Fold = Fold(),
    ) -> None:
        """`role` is the type role of plain paragraphs, `ink` the theme's colour of the text."""
        super().__init__(parent)
        self._theme = theme
        self._role = role
        self._ink = ink
        self._text = ""
        self._plain = False
        self._fold = fold
        self._whole = False
        """It is being written, or was, while it was shown: nothing of it is folded."""
        self._opened = 0
        """Characters that a person wanted to see beyond the fold."""
        self._shown = 0
        """Characters of the text that are written."""
        self._at_once = AT_ONCE
        self._floor = 0
        """Pixels that are kept free while a text is written anew, so that nothing below it jumps."""
        self._more: Button | None = None
        self._portions = QTimer(self)
        self._portions.setInterval(0)
        self._portions.timeout.connect(self._go_on)
        self._stable = 0
        self._stable_end = 0
        self._stable_codes = 0
        self._open: Open | None = None
        """The block that the stable part ends in, if it ends inside one."""
        self._codes: list[CodeBlock] = []
        self._copies: list[Button] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setOpenLinks(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QTextBrowser.LineWrapMode.FixedPixelWidth)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(theme.px(INDENT))
        self.viewport().setAutoFillBackground(False)
        self.anchorClicked.connect(self._activate)
        self.setAccessibleName(self.tr("Text"))

    def _activate(self, url: QUrl) -> None:
        self.link_activated.emit(url.toString())

    @property
    def markdown(self) -> str:
        return self._text

    @property
    def is_writing(self) -> bool:
        """More of what is to be shown follows in the next turns of the loop."""
        return self._portions.isActive()

    @property
    def codes(self) -> tuple[CodeBlock, ...]:
        return tuple(self._codes)

    def set_markdown(self, text: str, *, whole: bool = False) -> None:
        """Shows this text. Cheap when it begins with what was shown before. `whole`: never folded."""
        goes_on = not self._plain and text.startswith(self._text[: self._stable])
        if text == self._text and goes_on and self._whole >= whole and self.document().characterCount() > 1:
            return
        if not goes_on or not self._stable:
            self.document().clear()
            self._forget_stable()
        if not text.startswith(self._text[: self._shown]):
            self._shown = self._stable
        if not goes_on:
            self._opened, self._whole = 0, False
        self._plain = False
        self._text, self._whole = text, self._whole or whole
        self._write_portion()

    @property
    def _end(self) -> int:
        """Characters that are to be shown."""
        if self._whole:
            return len(self._text)
        end = self._fold.end(self._text)
        return min(len(self._text), end + self._opened) if self._opened else end

    def _go_on(self) -> None:
        self._write_portion()
        self.grew.emit()

    def _write_portion(self) -> None:
        wanted, began = self._end, time.thread_time()
        end = wanted if wanted - self._shown <= self._at_once else self._shown + self._at_once
        if end < wanted and (line := self._text.rfind("\n", self._shown, end) + 1):
            end = line
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        if self._plain:
            self._write_plain(cursor, self._text[self._shown : end], last=end == len(self._text))
        else:
            self._cut(cursor)
            self._write(cursor, self._text[self._stable : end], self._stable)
        cursor.endEditBlock()
        self._shown = end
        if end < wanted:
            slow = time.thread_time() - began > TURN_SECONDS
            self._at_once = max(LEAST_AT_ONCE, self._at_once // 2) if slow else min(MOST_AT_ONCE, 2 * self._at_once)
            self._portions.start()
        else:
            self._portions.stop()
            self._floor = 0
        self._offer_more()
        self._sync_copies()

    def _offer_more(self) -> None:
        """The button below a folded text."""
        folded = self._shown < len(self._text) and not self._portions.isActive()
        if self._more is None and folded:
            self._more = Button(self._theme, "", "link", "chevron-down", "small", self.viewport())
            self._more.setCursor(Qt.CursorShape.PointingHandCursor)
            self._more.clicked.connect(lambda _checked=False: self.show_more())
        if self._more is None:
            return
        if folded:
            left = len(self._text) - self._shown
            lines = self._text.count("\n", self._shown)
            words = self.tr("Show {0:,} more lines") if lines > 1 else self.tr("Show {0:,} more characters")
            self._more.setText(self.tr("Show more") if left > OPENED else words.format(lines if lines > 1 else left))
        self._more.setVisible(folded)
        self._place_copies()

    def show_more(self) -> None:
        """What is folded, or the next large part of it."""
        self._opened += OPENED
        self._go_on()
        self.unfolded.emit()

    def show_up_to(self, place: int) -> None:
        """Unfolds as much of the text as is needed to see what stands before this place of it."""
        if place <= self._end:
            return
        while place > self._end:
            self._opened += OPENED
        self._go_on()

    def _forget_stable(self) -> None:
        self._stable = self._stable_end = self._stable_codes = self._shown = 0
        self._open = None

    def _cut(self, cursor: QTextCursor) -> None:
        """Takes everything away that is written again, and leaves the cursor where that begins."""
        cursor.setPosition(self._stable_end)
        if isinstance(self._open, OpenTable):
            table = self._open.table
            if table.rows() > self._open.rows:
                table.removeRows(self._open.rows, table.rows() - self._open.rows)
            cursor.setPosition(table.lastPosition() + 1)
        form, state = cursor.blockFormat(), cursor.block().userState()
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        # An empty block takes over the format of the one that was joined to it.
        if cursor.blockFormat() != form:
            cursor.setBlockFormat(form)
        cursor.block().setUserState(state)

    def _write(self, cursor: QTextCursor, tail: str, kept: int) -> None:
        """Writes what follows the stable part, and leaves alone from now on what later text cannot change."""
        prefix = self._open.prefix if self._open is not None else ""
        lines, lengths = with_parts(f"{prefix}{tail}".split("\n"))
        begin = kept - len(prefix)
        tokens = parser().parse("\n".join(lines))
        codes = self._codes[: self._stable_codes]
        writer = Writer(
            self._theme, cursor, first=not kept, codes=codes, role=self._role, ink=self._ink, open=self._open
        )
        line = stable_line(tokens, lines)
        if line:
            cut = next(i for i, token in enumerate(tokens) if token.level == 0 and token.map and token.map[0] == line)
            writer.write(tokens[:cut])
            self._keep(writer, begin + sum(lengths[:line]), None)
            tokens = tokens[cut:]
        writer.write(self._write_part(writer, tokens, lines, [begin, *lengths]))
        self._codes = writer.codes
        self._make_head_room()

    def _keep(self, writer: Writer, length: int, open_block: Open | None) -> None:
        self._stable, self._stable_end = length, writer.cursor.position()
        self._stable_codes, self._open = len(writer.codes), open_block

    def _write_part(self, writer: Writer, tokens: list[Token], lines: list[str], lengths: list[int]) -> list[Token]:
        """Writes the part of the last block that later text cannot change; returns the tokens that are left.

        `lengths`: where the lines begin in the text, then how much of it each stands for.
        """
        if sum(token.level == 0 and token.nesting >= 0 for token in tokens) != 1:
            return tokens
        match tokens[0].type:
            case "fence":
                return self._write_code(writer, tokens[0], lines, lengths)
            case "bullet_list_open" | "ordered_list_open":
                cut = stable_items(tokens, "list_item_open", 1)
                if cut is None:
                    return tokens
                writer.write(tokens[:cut])
                self._keep(writer, sum(lengths[: first_line(tokens[cut]) + 1]), writer.list_here)
                return tokens[cut:]
            case "table_open":
                return self._write_rows(writer, tokens, lines, lengths)
            case _:
                return tokens

    def _write_code(self, writer: Writer, fence: Token, lines: list[str], lengths: list[int]) -> list[Token]:
        code, language = fence.content.removesuffix("\n"), language_of(fence)
        begun = self._open.state if isinstance(self._open, OpenCode) else BEGINNING
        found = lexed(code, language, begun)
        count, at = found.settled, first_line(fence)
        if count:
            settled = "".join(f"{line}\n" for line in code.split("\n")[:count])
            writer.code_lines(settled, found.lines[:count], language, ends=False)
            written = writer.codes.pop()
            goes_on = OpenCode(f"{lines[at]}\n", written.code, written.first, found.state)
            self._keep(writer, sum(lengths[: at + 2 + count]), goes_on)
            writer.open = goes_on
        rest = "\n".join(code.split("\n")[count:])
        writer.code_lines(rest, found.lines[count:], language, ends=True)
        return []

    def _write_rows(self, writer: Writer, tokens: list[Token], lines: list[str], lengths: list[int]) -> list[Token]:
        rows, _ = rows_of(tokens, 0)
        cut = stable_items(tokens, "tr_open", 2)
        if cut is None or len(rows) <= KEPT_ITEMS:
            return tokens
        at = first_line(tokens[0])
        stable, rest = rows[:-KEPT_ITEMS], rows[-KEPT_ITEMS:]
        begun, writer.open = writer.open, None
        goes_on = isinstance(begun, OpenTable)
        table = writer.more_rows(begun.table, stable[1:]) if goes_on else writer.table(stable)
        self._keep(
            writer,
            sum(lengths[: first_line(tokens[cut]) + 1]),
            OpenTable("".join(f"{line}\n" for line in lines[at : at + 2]), table, table.rows()),
        )
        writer.more_rows(table, rest)
        return []

    def _make_head_room(self) -> None:
        """A text that begins with code needs room for its head: Qt knows no margin above the first block."""
        root, begins = self.document().rootFrame(), bool(self._codes) and self._codes[0].first == 0
        form, room = root.frameFormat(), self._theme.px(CODE_HEAD + CODE_PAD) if begins else 0
        if form.topMargin() != room:
            form.setTopMargin(room)
            root.setFrameFormat(form)

    def set_plain(self, text: str) -> None:
        """Shows text as it is, without markdown."""
        if text == self._text and self._plain:
            return
        self._text, self._plain = text, True
        self._opened, self._whole = 0, False
        self._forget_stable()
        self._codes = []
        self.document().clear()
        self._write_portion()
        self._make_head_room()

    def _write_plain(self, cursor: QTextCursor, part: str, *, last: bool) -> None:
        cursor.movePosition(QTextCursor.MoveOperation.End)
        writer = Writer(self._theme, cursor, first=not self._shown, role=self._role, ink=self._ink)
        writer.write_plain(part if last else part.removesuffix("\n"))

    def restyle(self) -> None:
        """Writes everything again in the colours and sizes of now."""
        self._floor = round(self.document().size().height()) if self._shown > AT_ONCE else 0
        self._forget_stable()
        self._codes = []
        self.document().setIndentWidth(self._theme.px(INDENT))
        for button in self._copies:
            button.deleteLater()
        self._copies = []
        self.document().clear()
        self._write_portion()

    def height_for(self, width: int) -> int:
        """Pixels the text needs at this width."""
        document = self.document()
        self._set_width(width)
        height = document.size().height()
        if self._codes and document.lastBlock().blockFormat().intProperty(CodeProperty):
            bottom = document.documentLayout().blockBoundingRect(document.lastBlock()).bottom()
            height = bottom + self._theme.px(CODE_PAD + 2) + 1
        if self._more is not None and not self._more.isHidden():
            height += self._more.sizeHint().height() + self._theme.px(4)
        return max(self._floor, int(height + 0.999))

    def natural_width(self, most: int) -> int:
        """Pixels of the widest line, `most` at most."""
        self._set_width(most)
        return min(most, int(self.document().idealWidth() + 1.999))

    def _set_width(self, width: int) -> None:
        """Fixed, because QTextEdit otherwise lays out for the width it has now, not for the one it will get."""
        if self.lineWrapColumnOrWidth() != width:
            self.setLineWrapColumnOrWidth(width)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Nothing is ever loaded: neither from the network nor from disk."""
        return None

    def createMimeDataFromSelection(self) -> QMimeData:
        mime = QMimeData()
        mime.setText(joined(self.textCursor().selection().toPlainText()))
        return mime

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_copies()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)

        def offer(words: str, text: str) -> None:
            menu.addAction(words, lambda: copy_text(self._theme, text, self, at_pointer=True))

        selection = joined(self.textCursor().selectedText().replace("\u2029", "\n"))
        if selection:
            offer(self.tr("Copy selection"), selection)
        link = self.anchorAt(event.pos())
        if link:
            offer(self.tr("Copy address"), link)
        offer(self.tr("Copy as Markdown"), self._text)
        offer(self.tr("Copy as plain text"), self._plain_text())
        menu.addAction(self.tr("Select all"), self.selectAll)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def _plain_text(self) -> str:
        """Without marks, if all of it is written; else as it is."""
        return joined(self.toPlainText()) if self._shown == len(self._text) else self._text

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_grounds(painter, event.rect().top(), event.rect().bottom())
        painter.end()
        super().paintEvent(event)

    def _paint_grounds(self, painter: QPainter, top: int, bottom: int) -> None:
        layout = self.document().documentLayout()
        block = self.cursorForPosition(QPoint(0, max(0, top - self._theme.px(GAP)))).block()
        block = block.previous() if block.previous().isValid() else block
        while block.isValid():
            rect = layout.blockBoundingRect(block)
            reach = self._theme.px(CODE_HEAD + CODE_PAD)
            if rect.top() - reach > bottom:
                break
            form = block.blockFormat()
            if form.intProperty(QuoteProperty) and rect.bottom() >= top:
                self._paint_quote(painter, block, rect)
            if form.intProperty(RuleProperty):
                middle = round(rect.center().y())
                painter.fillRect(QRectF(0, middle, self.viewport().width(), 1), self._theme.color("line"))
            if rect.bottom() >= top:
                self._paint_mark(painter, block)
                self._paint_inline_code(painter, block)
            block = block.next()
        for code, area in self._code_areas():
            if area.bottom() >= top and area.top() <= bottom:
                self._paint_code(painter, code, area)

    def _paint_quote(self, painter: QPainter, block: QTextBlock, rect: QRectF) -> None:
        px = self._theme.px
        for depth in range(block.blockFormat().intProperty(QuoteProperty)):
            bar = QRectF(px(14) * depth, rect.top() - px(4), px(2), rect.height() + px(8))
            painter.fillRect(bar, self._theme.color("control"))

    def _paint_mark(self, painter: QPainter, block: QTextBlock) -> None:
        """What stands before an item: a number, or a bullet that is full, empty or square by the depth of its list."""
        form, layout = block.blockFormat(), block.layout()
        if not layout.lineCount():
            return
        line, place = layout.lineAt(0), layout.position()
        left, top = place.x() + layout.lineAt(0).x(), place.y() + line.y()
        if form.hasProperty(NumberProperty):
            painter.setFont(self._theme.font(self._role))
            painter.setPen(self._theme.color("text2"))
            area = QRectF(0, top, left - self._theme.px(6), line.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignRight, f"{form.intProperty(NumberProperty)}.")
        elif depth := form.intProperty(BulletProperty):
            self._paint_bullet(painter, depth, left, top + line.height() / 2)

    def _paint_bullet(self, painter: QPainter, depth: int, left: float, middle: float) -> None:
        px, ink = self._theme.px, self._theme.color("text2")
        side = px(5)
        box = QRectF(left - px(14), middle - side / 2 + px(1), side, side)
        painter.setPen(QPen(ink, px(1)) if depth == 2 else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if depth == 2 else ink)
        if depth <= 2:
            painter.drawEllipse(box)
        else:
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_inline_code(self, painter: QPainter, block: QTextBlock) -> None:
        px, layout = self._theme.px, block.layout()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("hover"))
        origin = layout.position()
        iterator = block.begin()
        while not iterator.atEnd():
            fragment = iterator.fragment()
            if fragment.charFormat().boolProperty(InlineCodeProperty):
                begin = fragment.position() - block.position()
                self._paint_stretch(painter, layout, origin, begin, begin + fragment.length(), px)
            iterator += 1

    def _paint_stretch(self, painter: QPainter, layout: Any, origin: Any, begin: int, end: int, px: Any) -> None:
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            first, last = line.textStart(), line.textStart() + line.textLength()
            if end <= first or begin >= last:
                continue
            left, _ = line.cursorToX(max(begin, first))
            right, _ = line.cursorToX(min(end, last))
            area = QRectF(origin.x() + left - px(2), origin.y() + line.y(), right - left + px(4), line.height() + px(1))
            painter.drawRoundedRect(area, px(4), px(4))

    def _code_areas(self) -> list[tuple[CodeBlock, QRectF]]:
        """Each code block with the rectangle of its frame."""
        if not self._codes:
            return []
        px, document = self._theme.px, self.document()
        layout = document.documentLayout()
        areas: list[tuple[CodeBlock, QRectF]] = []
        for code in self._codes:
            first, last = document.findBlockByNumber(code.first), document.findBlockByNumber(code.last)
            if not first.isValid() or not last.isValid():
                continue
            begin, end = layout.blockBoundingRect(first), layout.blockBoundingRect(last)
            left = first.layout().lineAt(0).x() - px(CODE_SIDE)
            top = begin.top() - px(CODE_HEAD + CODE_PAD)
            area = QRectF(left, top, self.viewport().width() - left, end.bottom() + px(CODE_PAD + 2) - top)
            areas.append((code, area.adjusted(0.5, 0.5, -0.5, -0.5)))
        return areas

    def _paint_code(self, painter: QPainter, code: CodeBlock, area: QRectF) -> None:
        px, theme = self._theme.px, self._theme
        painter.setPen(theme.color("line"))
        painter.setBrush(theme.color("sunken"))
        painter.drawRoundedRect(area, px(8), px(8))
        line = area.top() + px(CODE_HEAD)
        painter.drawLine(
            QRectF(area.left(), line, area.width(), 0).topLeft(), QRectF(area.left(), line, area.width(), 0).topRight()
        )
        font = theme.font("caption")
        painter.setFont(font)
        painter.setPen(theme.color("muted"))
        head = QRectF(area.left() + px(CODE_SIDE), area.top(), area.width() - px(100), px(CODE_HEAD))
        language = code.language or self.tr("text")
        words = QFontMetricsF(font).elidedText(language, Qt.TextElideMode.ElideRight, head.width())
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _sync_copies(self) -> None:
        while len(self._copies) > len(self._codes):
            self._copies.pop().deleteLater()
        while len(self._copies) < len(self._codes):
            button = Button(self._theme, self.tr("Copy"), "ghost", "copy", "small", self.viewport())
            button.setCursor(Qt.CursorShape.ArrowCursor)
            number = len(self._copies)
            button.clicked.connect(lambda _checked=False, number=number: self._copy_code(number))
            self._copies.append(button)
            button.show()
        for code, button in zip(self._codes[-1:], self._copies[-1:], strict=True):
            button.setAccessibleName(self.tr("Copy {0} code").format(code.language or self.tr("text")))
        self._place_copies()

    def _place_copies(self) -> None:
        if self._more is not None:
            size = self._more.sizeHint()
            self._more.setGeometry(0, self.viewport().height() - size.height(), size.width(), size.height())
        for (_code, area), button in zip(self._code_areas(), self._copies, strict=False):
            size = button.sizeHint()
            gap = (self._theme.px(CODE_HEAD) - size.height()) // 2
            button.setGeometry(
                int(area.right()) - size.width() - self._theme.px(6), int(area.top()) + gap, size.width(), size.height()
            )

    def _copy_code(self, number: int) -> None:
        code = joined(self._codes[number].code)
        if number == len(self._codes) - 1 and self._shown < len(self._text):
            # It may go on below the fold.
            rest = self._text[self._shown :]
            end = _FENCE_LINE.search(rest)
            code = f"{code}\n{rest[: end.start() if end is not None else len(rest)]}".rstrip("\n")
        copy_text(self._theme, code, self._copies[number])
