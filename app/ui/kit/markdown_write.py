"""Writes markdown into a QTextDocument. Raw HTML stays text, pictures are named and never fetched."""

from dataclasses import dataclass, field, replace

from markdown_it.token import Token
from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
    QTextTableFormat,
)

from app.ui.kit.markdown_code import BEGINNING, State, Stretch, lexed
from app.ui.kit.markdown_parse import formula, is_openable, parts_of, task_mark
from app.ui.kit.tooltip import set_tip
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
"""Block: depth of the list whose bullet stands before it. Lists are drawn here: Qt lays all of a list out anew for each
item that is added to it, and its bullets stand too near to the text."""
NumberProperty = QTextFormat.Property.UserProperty.value + 6
"""Block: the number that stands before it; ordered lists count from any start, 0 included."""

CODE_HEAD = 30
CODE_PAD = 10
CODE_SIDE = 12
GAP = 8
INDENT = 20
DIGIT = 8
"""Pixels of a digit before an item."""
MOST_ROWS = 40
"""Rows of a table before it goes on in another one."""
NARROWEST, WIDEST = 5, 60
"""Characters that a column of such a table is wide, against the others."""
FREE = 7
"""User state of the empty block that Qt keeps below a table: the next paragraph may use it."""
Row = list[tuple[Token, str, bool]]
"""Cells of a table: what is in them, their alignment, and whether they are of the head."""
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
    items: int = 0
    """How many were begun."""
    fresh: bool = True
    """True: the next block begins an item."""
    task: bool = False
    """True: the item has a box of its own instead of a bullet."""

    @property
    def number(self) -> int:
        """Of the newest item."""
        return self.start + self.items - 1

    @property
    def room(self) -> int:
        """Digits of the number that need room beside the usual indent."""
        return len(str(self.number)) - 1 if self.ordered else 0


@dataclass
class OpenList:
    """A list whose first items are left alone while further ones are written."""

    level: _Level
    prefix: str = ""


@dataclass
class OpenCode:
    """A code block whose first lines are left alone while further ones are written."""

    prefix: str
    """The line that opened it."""
    code: str
    """What was written, its last line break included."""
    first: int
    """Number of the document's block with its first line."""
    state: State = BEGINNING
    """Where colouring goes on."""


@dataclass
class OpenTable:
    """A table whose first rows are left alone while further ones are written."""

    prefix: str
    """Its two lines of head."""
    table: QTextTable
    rows: int


Open = OpenList | OpenCode | OpenTable
"""What goes on in a growing text where it was left the last time. `prefix` makes the rest of it parse as what it is."""


@dataclass
class Writer:
    """Writes tokens at a cursor. `first` says that nothing stands above, so no gap is kept; `open` goes on there."""

    theme: Theme
    cursor: QTextCursor
    first: bool = True
    codes: list[CodeBlock] = field(default_factory=list)
    role: str = "conversation"
    ink: str = ""
    open: Open | None = None
    _levels: list[_Level] = field(default_factory=list)
    _quotes: int = 0
    _colors: dict[str, QTextCharFormat] = field(default_factory=dict)
    """Formats of code, by the theme's token."""

    def write(self, tokens: list[Token]) -> None:
        at = 0
        while at < len(tokens):
            at = self._token(tokens, at)

    def write_plain(self, text: str) -> None:
        """Text as it is: each line a block, nothing interpreted."""
        for line in text.split("\n"):
            for part in parts_of(line):
                self._block(self._text_format(self.role), 0)
                self.cursor.insertText(part, self._chars())

    def _token(self, tokens: list[Token], at: int) -> int:
        token = tokens[at]
        match token.type:
            case "heading_open":
                self._heading(tokens[at + 1], token.tag)
                return at + 3
            case "inline":
                self._paragraph(token)
            case "bullet_list_open" | "ordered_list_open":
                self._levels.append(self._level(token))
            case "bullet_list_close" | "ordered_list_close":
                self._levels.pop()
            case "list_item_open":
                self._levels[-1].fresh = True
                self._levels[-1].task = "task-list-item" in str(token.attrGet("class") or "")
            case "blockquote_open" | "blockquote_close":
                self._quotes += 1 if token.type.endswith("open") else -1
            case "fence" | "code_block":
                self.code(token.content, language_of(token))
            case "hr":
                self._rule()
            case "table_open":
                return self._table(tokens, at)
            case "html_block":
                self._paragraph(token)
            case _:
                pass
        return at + 1

    def _level(self, token: Token) -> _Level:
        if isinstance(self.open, OpenList) and token.level == 0:
            level, self.open = replace(self.open.level, fresh=True), None
            return level
        start = token.attrGet("start")
        return _Level(token.type.startswith("ordered"), int(start) if start is not None else 1)

    @property
    def list_here(self) -> OpenList:
        """The list at the top level that the cursor is in."""
        return OpenList(replace(self._levels[0]))

    def _block(self, form: QTextBlockFormat, gap: float | None = None) -> None:
        """Begins a block; the first one of a document takes the block that is there already."""
        space = self.theme.px(GAP if gap is None else gap)
        form.setTopMargin(0 if self.first else space)
        if self._quotes:
            form.setProperty(QuoteProperty, self._quotes)
            form.setLeftMargin(form.leftMargin() + self.theme.px(14) * self._quotes)
        if self._fresh_block():
            # Below a table the character before the block ends the table's frame: its format must stay.
            below_table = self.cursor.block().userState() == FREE
            self.cursor.setBlockFormat(form)
            if not below_table:
                self.cursor.setBlockCharFormat(self._chars())
        else:
            self.cursor.insertBlock(form, self._chars())
        self.first = False

    def _fresh_block(self) -> bool:
        block = self.cursor.block()
        return block.length() <= 1 and (self.first or not block.previous().isValid() or block.userState() == FREE)

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
            self._list_block(form)
        else:
            self._block(form)
        if inline.children is None:
            self.cursor.insertText(inline.content, self._chars())
        else:
            self._inline(inline.children, self._chars())

    def _list_block(self, form: QTextBlockFormat) -> None:
        level, depth = self._levels[-1], len(self._levels)
        form.setIndent(depth)
        if not level.fresh:
            form.setLeftMargin(level.room * self.theme.px(DIGIT))
            self._block(form, 2)
            return
        gap = GAP if not level.items and depth == 1 else 1
        level.fresh = False
        level.items += 1
        if level.ordered:
            form.setProperty(NumberProperty, level.number)
        elif not level.task:
            form.setProperty(BulletProperty, depth)
        form.setLeftMargin(level.room * self.theme.px(DIGIT))
        self._block(form, gap)

    def _rule(self) -> None:
        form = self._text_format("caption")
        form.setProperty(RuleProperty, 1)
        self._block(form)

    def code(self, text: str, language: str) -> None:
        """Writes a code block to its end; one that is open goes on."""
        begun = self.open if isinstance(self.open, OpenCode) else None
        text = text.removesuffix("\n")
        found = lexed(text, language, begun.state if begun is not None else BEGINNING)
        self.code_lines(text, found.lines, language, ends=True)

    def code_lines(self, text: str, lines: list[list[Stretch]], language: str, *, ends: bool) -> None:
        """Writes coloured lines of a code block. `ends`: nothing of it will follow."""
        begun, self.open = (self.open, None) if isinstance(self.open, OpenCode) else (None, self.open)
        number = len(self.codes) + 1
        for index, line in enumerate(lines):
            first = self.first
            form = self._code_format(number, begins=index == 0 and begun is None, ends=ends and index == len(lines) - 1)
            self.first = False
            self._code_line(form, line, fresh=first)
        last = self.cursor.blockNumber()
        first_line = begun.first if begun is not None else last - len(lines) + 1
        whole = f"{begun.code}{text}" if begun is not None else text
        self.codes.append(CodeBlock(number, language, whole, first_line, last))
        if self._levels:
            self._levels[-1].fresh = False

    def _code_format(self, number: int, *, begins: bool, ends: bool) -> QTextBlockFormat:
        px = self.theme.px
        form = self._text_format("code")
        form.setProperty(CodeProperty, number)
        form.setNonBreakableLines(False)
        form.setIndent(len(self._levels))
        form.setLeftMargin(px(CODE_SIDE))
        form.setRightMargin(px(CODE_SIDE))
        form.setTopMargin(px((0 if self.first else GAP) + CODE_HEAD + CODE_PAD) if begins else 0)
        if ends:
            form.setBottomMargin(px(CODE_PAD + 2 + GAP))
        if self._quotes:
            form.setLeftMargin(form.leftMargin() + px(14) * self._quotes)
            form.setProperty(QuoteProperty, self._quotes)
        return form

    def _code_line(self, form: QTextBlockFormat, line: list[tuple[str, str]], *, fresh: bool) -> None:
        base = self._code_chars("")
        if fresh:
            self.cursor.setBlockFormat(form)
            self.cursor.setBlockCharFormat(base)
        else:
            self.cursor.insertBlock(form, base)
        for text, color in line:
            self.cursor.insertText(text, self._code_chars(color))

    def _code_chars(self, color: str) -> QTextCharFormat:
        chars = self._colors.get(color)
        if chars is None:
            chars = self._colors[color] = QTextCharFormat()
            chars.setFont(self.theme.font("code"))
            chars.setForeground(self.theme.color(color or "text"))
            chars.setFontItalic(color == "muted")
        return chars

    def _inline(self, children: list[Token], base: QTextCharFormat) -> None:
        stack = [base]
        for child in children:
            form = QTextCharFormat(stack[-1])
            match child.type:
                case "text" | "html_inline":
                    self.cursor.insertText(task_mark(child) or child.content, form)
                case "math_inline" | "math_inline_double":
                    self._formula(formula(child), form)
                case "code_inline":
                    self._inline_code(child.content, form)
                case "softbreak" | "hardbreak":
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
                    set_tip(form, target)
                    form.setForeground(self.theme.color("accent"))
                    form.setFontUnderline(True)
        return form

    def _inline_code(self, text: str, form: QTextCharFormat) -> None:
        font = self.theme.font("mono")
        font.setPixelSize(self.theme.px(13))
        form.setFont(font)
        form.setProperty(InlineCodeProperty, True)
        self.cursor.insertText(text, form)

    def _formula(self, text: str, form: QTextCharFormat) -> None:
        font = self.theme.font("mono")
        font.setPixelSize(self.theme.px(13))
        form.setFont(font)
        self.cursor.insertText(text.replace("\n", "\u2028"), form)

    def _picture(self, token: Token, form: QTextCharFormat) -> None:
        target = str(token.attrGet("src") or "")
        form.setForeground(self.theme.color("text2"))
        if is_openable(target):
            form.setAnchor(True)
            form.setAnchorHref(target)
            set_tip(form, target)
            form.setFontUnderline(True)
        self.cursor.insertText(f"[{token.content or target}]", form)

    def _table(self, tokens: list[Token], at: int) -> int:
        """Writes a whole table, or the further rows of one that is open; returns the index after it."""
        rows, after = rows_of(tokens, at)
        begun, self.open = (self.open, None) if isinstance(self.open, OpenTable) else (None, self.open)
        if begun is not None:
            self.more_rows(begun.table, rows[1:])
        elif rows:
            self.table(rows)
        return after

    def table(self, rows: list[Row]) -> QTextTable:
        """Writes a table with these rows, the first of them its head. Returns the one that further rows go on in."""
        form = self._table_format()
        form.setTopMargin(0 if self.first else self.theme.px(GAP))
        form.setHeaderRowCount(1)
        begin = rows[:MOST_ROWS]
        table = self.cursor.insertTable(len(begin), max(1, *(len(row) for row in begin)), form)
        self.first = False
        self._fill(table, begin, 0)
        self._leave(table)
        return self.more_rows(table, rows[MOST_ROWS:])

    def _table_format(self) -> QTextTableFormat:
        px = self.theme.px
        form = QTextTableFormat()
        form.setBorderCollapse(True)
        form.setBorder(1)
        form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        form.setBorderBrush(self.theme.color("line"))
        form.setCellPadding(px(6))
        form.setCellSpacing(0)
        form.setBottomMargin(px(GAP))
        return form

    def more_rows(self, table: QTextTable, rows: list[Row]) -> QTextTable:
        """Writes further rows below those of a table. Returns the one that still further rows go on in."""
        while rows:
            if table.rows() >= MOST_ROWS:
                table = self._next_part(table, len(rows))
                above = 0
            else:
                above = table.rows()
                table.appendRows(min(len(rows), MOST_ROWS - above))
            self._fill(table, rows[: table.rows() - above], above)
            rows = rows[table.rows() - above :]
            self._leave(table)
        self._leave(table)
        return table

    def _next_part(self, table: QTextTable, rows: int) -> QTextTable:
        """A long table goes on in another one of equal columns: Qt lays out a table anew for each row that it gets."""
        form = table.format().toTableFormat()
        if not form.columnWidthConstraints():
            form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
            form.setColumnWidthConstraints(_shares(table))
        form.setBottomMargin(0)
        table.setFormat(form)
        self._leave(table)
        below = self._table_format()
        below.setTopMargin(-1)
        below.setWidth(form.width())
        below.setColumnWidthConstraints(form.columnWidthConstraints())
        return self.cursor.insertTable(min(rows, MOST_ROWS), table.columns(), below)

    def _fill(self, table: QTextTable, rows: list[Row], above: int) -> None:
        for y, row in enumerate(rows, above):
            for x, (inline, align, head) in enumerate(row[: table.columns()]):
                cell = table.cellAt(y, x)
                into = Writer(self.theme, cell.firstCursorPosition(), role="base")
                into._cell(inline, align, head=head)
                if head:
                    chars = cell.format()
                    chars.setBackground(self.theme.color("sunken"))
                    cell.setFormat(chars)

    def _leave(self, table: QTextTable) -> None:
        """Goes to the block that Qt keeps below a table: the next paragraph may use it."""
        self.cursor.setPosition(table.lastPosition() + 1)
        form_below = QTextBlockFormat()
        form_below.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        self.cursor.setBlockFormat(form_below)
        self.cursor.block().setUserState(FREE)

    def _cell(self, inline: Token, align: str, *, head: bool) -> None:
        form = self._text_format("base")
        form.setAlignment(_ALIGN.get(align, Qt.AlignmentFlag.AlignLeft))
        self.cursor.setBlockFormat(form)
        chars = self._chars()
        if head:
            chars.setFontWeight(QFont.Weight.DemiBold)
        self._inline(inline.children or [], chars)


def _shares(table: QTextTable) -> list[QTextLength]:
    """How wide the columns are: as long as their longest text, within reason."""
    wide: list[int] = []
    for x in range(table.columns()):
        cells = [table.cellAt(y, x) for y in range(table.rows())]
        longest = max(cell.lastPosition() - cell.firstPosition() for cell in cells)
        wide.append(max(NARROWEST, min(WIDEST, longest)))
    return [QTextLength(QTextLength.Type.PercentageLength, 100 * one / sum(wide)) for one in wide]


def language_of(token: Token) -> str:
    """What a fence says its code is written in."""
    return token.info.split()[0] if token.info.strip() else ""


def rows_of(tokens: list[Token], at: int) -> tuple[list[Row], int]:
    """The rows of the table that begins there, and the index after it."""
    rows: list[Row] = []
    while tokens[at].type != "table_close":
        token = tokens[at]
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            style = str(token.attrGet("style") or "")
            rows[-1].append((tokens[at + 1], style.removeprefix("text-align:"), token.type == "th_open"))
        at += 1
    return rows, at + 1
