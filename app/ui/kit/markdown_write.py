"""Writes markdown into a QTextDocument. Raw HTML stays text, pictures are named and never fetched."""

from dataclasses import dataclass, field
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextFrameFormat,
    QTextList,
    QTextListFormat,
    QTextTableFormat,
)

from app.ui.kit.markdown_code import lines_of
from app.ui.theme import Theme

CodeProperty = QTextFormat.Property.UserProperty.value + 1
"""Block: number of the code block it belongs to, from 1."""
QuoteProperty = QTextFormat.Property.UserProperty.value + 2
"""Block: depth of quotes around it."""
InlineCodeProperty = QTextFormat.Property.UserProperty.value + 3
"""Characters: inline code, drawn on a rounded ground."""
RuleProperty = QTextFormat.Property.UserProperty.value + 4
"""Block: 1 if a line is drawn across it."""
BulletProperty = QTextFormat.Property.UserProperty.value + 5
"""Block: depth of the list whose bullet stands before it. Qt's own bullets stand too near to the text."""

CODE_HEAD = 30
CODE_PAD = 10
CODE_SIDE = 12
GAP = 8
INDENT = 20
_HEADINGS = {"h1": 20, "h2": 17, "h3": 15}
_ALIGN = {"center": Qt.AlignmentFlag.AlignHCenter, "right": Qt.AlignmentFlag.AlignRight}


@dataclass(frozen=True)
class CodeBlock:
    number: int
    language: str
    code: str
    first: int
    """Number of the document's block with its first line."""
    last: int


@dataclass
class _Level:
    """One list around the cursor."""

    ordered: bool
    start: int
    made: QTextList | None = None
    fresh: bool = True
    """True: the next block begins an item."""


@dataclass
class Writer:
    """Writes tokens at a cursor. `first` says that nothing stands above, so no gap is kept."""

    theme: Theme
    cursor: QTextCursor
    first: bool = True
    codes: list[CodeBlock] = field(default_factory=list)
    role: str = "conversation"
    ink: str = ""
    _levels: list[_Level] = field(default_factory=list)
    _quotes: int = 0

    def write(self, tokens: list[Token]) -> None:
        at = 0
        while at < len(tokens):
            at = self._token(tokens, at)

    def write_plain(self, text: str) -> None:
        """Text as it is: each line a block, nothing interpreted."""
        for line in text.split("\n"):
            self._block(self._text_format(self.role), 0)
            self.cursor.insertText(line, self._chars())

    def _token(self, tokens: list[Token], at: int) -> int:
        token = tokens[at]
        match token.type:
            case "heading_open":
                self._heading(tokens[at + 1], token.tag)
                return at + 3
            case "inline":
                self._paragraph(token)
            case "bullet_list_open" | "ordered_list_open":
                start = token.attrGet("start")
                self._levels.append(_Level(token.type.startswith("ordered"), int(start) if start is not None else 1))
            case "bullet_list_close" | "ordered_list_close":
                self._levels.pop()
            case "list_item_open":
                self._levels[-1].fresh = True
            case "blockquote_open" | "blockquote_close":
                self._quotes += 1 if token.type.endswith("open") else -1
            case "fence" | "code_block":
                self._code(token.content, token.info.split()[0] if token.info.strip() else "")
            case "hr":
                self._rule()
            case "table_open":
                return self._table(tokens, at)
            case "html_block":
                self._paragraph(token)
            case _:
                pass
        return at + 1

    def _block(self, form: QTextBlockFormat, gap: float | None = None) -> None:
        """Begins a block; the first one of a document takes the block that is there already."""
        space = self.theme.px(GAP if gap is None else gap)
        form.setTopMargin(0 if self.first else space)
        if self._quotes:
            form.setProperty(QuoteProperty, self._quotes)
            form.setLeftMargin(form.leftMargin() + self.theme.px(14) * self._quotes)
        if self._fresh_block():
            # Below a table the character before the block ends the table's frame: its format must stay.
            below_table = self.cursor.block().userState() == _FREE
            self.cursor.setBlockFormat(form)
            if not below_table:
                self.cursor.setBlockCharFormat(self._chars())
        else:
            self.cursor.insertBlock(form, self._chars())
        self.first = False

    def _fresh_block(self) -> bool:
        block = self.cursor.block()
        return block.length() <= 1 and (self.first or not block.previous().isValid() or block.userState() == _FREE)

    def _text_format(self, role: str) -> QTextBlockFormat:
        form = QTextBlockFormat()
        height = self.theme.line_height(role)
        form.setLineHeight(height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        return form

    def _chars(self) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setFont(self.theme.font(self.role))
        form.setForeground(self.theme.color("text2" if self._quotes else self.ink or "text"))
        return form

    def _heading(self, inline: Token, tag: str) -> None:
        form = QTextBlockFormat()
        size = self.theme.px(_HEADINGS.get(tag, 14))
        form.setLineHeight(round(size * 1.4), QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        form.setHeadingLevel(int(tag[1]))
        self._block(form, 14)
        chars = self._chars()
        font = self.theme.font(self.role, 600)
        font.setPixelSize(size)
        chars.setFont(font)
        self._inline(inline.children or [], chars)

    def _paragraph(self, inline: Token) -> None:
        form = self._text_format(self.role)
        if self._levels:
            self._list_block(form, tight=True)
        else:
            self._block(form)
        if inline.children is None:
            self.cursor.insertText(inline.content, self._chars())
        else:
            self._inline(inline.children, self._chars())

    def _list_block(self, form: QTextBlockFormat, *, tight: bool) -> None:
        level = self._levels[-1]
        depth = len(self._levels)
        first_item = level.made is None
        if not level.fresh:
            form.setIndent(depth)
            self._block(form, 2 if tight else GAP)
            return
        level.fresh = False
        if not level.ordered:
            form.setProperty(BulletProperty, depth)
        self._block(form, GAP if first_item and depth == 1 else 1)
        if level.made is None:
            style = QTextListFormat()
            style.setIndent(depth)
            style.setStyle(
                QTextListFormat.Style.ListDecimal if level.ordered else QTextListFormat.Style.ListStyleUndefined
            )
            style.setNumberSuffix(". ")
            style.setStart(level.start)
            level.made = self.cursor.createList(style)
        else:
            level.made.add(self.cursor.block())

    def _rule(self) -> None:
        form = self._text_format("caption")
        form.setProperty(RuleProperty, 1)
        self._block(form)

    def _code(self, code: str, language: str) -> None:
        code = code.removesuffix("\n")
        number = len(self.codes) + 1
        lines = lines_of(code, language)
        px = self.theme.px
        for index, line in enumerate(lines):
            form = self._text_format("code")
            form.setProperty(CodeProperty, number)
            form.setNonBreakableLines(False)
            form.setIndent(len(self._levels))
            form.setLeftMargin(px(CODE_SIDE))
            form.setRightMargin(px(CODE_SIDE))
            if index == len(lines) - 1:
                form.setBottomMargin(px(CODE_PAD + 2 + GAP))
            above = (0 if self.first else GAP) + CODE_HEAD + CODE_PAD if index == 0 else 0
            was_first, self.first = self.first, False
            fresh = was_first and index == 0
            self._code_line(form, px(above), line, fresh=fresh)
        last = self.cursor.blockNumber()
        self.codes.append(CodeBlock(number, language, code, last - len(lines) + 1, last))
        if self._levels:
            self._levels[-1].fresh = False

    def _code_line(self, form: QTextBlockFormat, above: int, line: list[tuple[str, str]], *, fresh: bool) -> None:
        form.setTopMargin(above)
        if self._quotes:
            form.setLeftMargin(form.leftMargin() + self.theme.px(14) * self._quotes)
            form.setProperty(QuoteProperty, self._quotes)
        base = QTextCharFormat()
        base.setFont(self.theme.font("code"))
        base.setForeground(self.theme.color("text"))
        if fresh:
            self.cursor.setBlockFormat(form)
            self.cursor.setBlockCharFormat(base)
        else:
            self.cursor.insertBlock(form, base)
        for text, color in line:
            chars = QTextCharFormat(base)
            chars.setForeground(self.theme.color(color or "text"))
            chars.setFontItalic(color == "muted")
            self.cursor.insertText(text, chars)

    def _inline(self, children: list[Token], base: QTextCharFormat) -> None:
        stack = [base]
        for child in children:
            form = QTextCharFormat(stack[-1])
            match child.type:
                case "text" | "html_inline":
                    self.cursor.insertText(child.content, form)
                case "code_inline":
                    self._inline_code(child.content, form)
                case "softbreak":
                    self.cursor.insertText("\u2028" if self.role == "base" else " ", form)
                case "hardbreak":
                    self.cursor.insertText("\u2028", form)
                case "image":
                    self._picture(child, form)
                case "strong_open" | "em_open" | "s_open" | "link_open":
                    stack.append(self._styled(child, form))
                case "strong_close" | "em_close" | "s_close" | "link_close":
                    stack.pop()
                case _:
                    pass

    def _styled(self, token: Token, form: QTextCharFormat) -> QTextCharFormat:
        match token.type:
            case "strong_open":
                form.setFontWeight(QFont.Weight.DemiBold)
            case "em_open":
                form.setFontItalic(True)
            case "s_open":
                form.setFontStrikeOut(True)
            case _:
                target = str(token.attrGet("href") or "")
                if is_openable(target):
                    form.setAnchor(True)
                    form.setAnchorHref(target)
                    form.setToolTip(target)
                    form.setForeground(self.theme.color("accent"))
                    form.setFontUnderline(True)
        return form

    def _inline_code(self, text: str, form: QTextCharFormat) -> None:
        font = self.theme.font("mono")
        font.setPixelSize(self.theme.px(13))
        form.setFont(font)
        form.setProperty(InlineCodeProperty, True)
        self.cursor.insertText(text, form)

    def _picture(self, token: Token, form: QTextCharFormat) -> None:
        target = str(token.attrGet("src") or "")
        form.setForeground(self.theme.color("text2"))
        if is_openable(target):
            form.setAnchor(True)
            form.setAnchorHref(target)
            form.setToolTip(target)
            form.setFontUnderline(True)
        self.cursor.insertText(f"[{token.content or target}]", form)

    def _table(self, tokens: list[Token], at: int) -> int:
        """Writes a whole table; returns the index after it."""
        rows: list[list[tuple[Token, str, bool]]] = []
        while tokens[at].type != "table_close":
            token = tokens[at]
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                style = str(token.attrGet("style") or "")
                rows[-1].append((tokens[at + 1], style.removeprefix("text-align:"), token.type == "th_open"))
            at += 1
        self._fill_table(rows)
        return at + 1

    def _fill_table(self, rows: list[list[tuple[Token, str, bool]]]) -> None:
        width = max((len(row) for row in rows), default=0)
        if not width:
            return
        px = self.theme.px
        form = QTextTableFormat()
        form.setBorderCollapse(True)
        form.setBorder(1)
        form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        form.setBorderBrush(self.theme.color("line"))
        form.setCellPadding(px(6))
        form.setCellSpacing(0)
        form.setTopMargin(0 if self.first else px(GAP))
        form.setBottomMargin(px(GAP))
        form.setHeaderRowCount(1)
        table = self.cursor.insertTable(len(rows), width, form)
        self.first = False
        for y, row in enumerate(rows):
            for x, (inline, align, head) in enumerate(row):
                cell = table.cellAt(y, x)
                into = Writer(self.theme, cell.firstCursorPosition(), role="base")
                into._cell(inline, align, head=head)
                if head:
                    chars = cell.format()
                    chars.setBackground(self.theme.color("sunken"))
                    cell.setFormat(chars)
        self.cursor.movePosition(QTextCursor.MoveOperation.End)
        form_below = QTextBlockFormat()
        form_below.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        self.cursor.setBlockFormat(form_below)
        self.cursor.block().setUserState(_FREE)

    def _cell(self, inline: Token, align: str, *, head: bool) -> None:
        form = self._text_format("base")
        form.setAlignment(_ALIGN.get(align, Qt.AlignmentFlag.AlignLeft))
        self.cursor.setBlockFormat(form)
        chars = self._chars()
        if head:
            chars.setFontWeight(QFont.Weight.DemiBold)
        self._inline(inline.children or [], chars)


_FREE = 7
"""User state of the empty block that Qt keeps below a table: the next paragraph may use it."""


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def is_openable(target: str) -> bool:
    return target.lower().startswith(("http://", "https://"))


def stable_length(tokens: list[Token], text: str) -> int:
    """How many characters at the start belong to blocks that later text cannot change.

    That is all but the last one; all but two while the last one's first line is unfinished, since the rest of the line
    may yet make it a part of the block above (`***` is a rule, `***word` goes on with the paragraph).
    """
    starts = [token.map[0] for token in tokens if token.level == 0 and token.map and token.nesting >= 0]
    if "]: " in text:
        return 0
    lines = text.split("\n")
    while starts and starts[-1] == len(lines) - 1:
        starts.pop()
    return sum(len(line) + 1 for line in lines[: starts[-1]]) if len(starts) > 1 else 0
