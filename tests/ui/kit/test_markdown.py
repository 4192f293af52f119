"""Markdown as it is written: the tail is drawn again, code can be copied, nothing foreign is run or fetched."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextCursor, QTextDocument, QTextTable
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.kit.buttons import Button
from app.ui.kit.markdown import MarkdownView
from app.ui.kit.markdown_code import BEGINNING, lexed, lines_of
from app.ui.kit.markdown_write import BulletProperty, CodeProperty, NumberProperty
from app.ui.theme import Theme
from tests.support.window.looks import plain_theme

PIECES = (
    "A first **bold** line.\n",
    "\n",
    "- one\n",
    "  - deeper `code`\n",
    "1. first\n",
    "> quoted\n",
    "```python\n",
    "x = 1\n",
    "```\n",
    "# Head\n",
    "| a | b |\n|---|--:|\n| c | d |\n",
    "---\n",
    "<b>raw</b> & text\n",
    "[link](https://example.org) ",
    "![picture](https://example.org/a.png)\n",
    "***",
    "`unclosed",
    "- item\n" * 9,
    "3. third\n" * 7,
    "  more of it\n",
    "```\n" + "\ny = 2\n" * 45,
    "| h |\n|---|\n" + "| cell |\n" * 8,
    "| cell |\n" * 3,
    "$$\n",
    "\\[ x_1\n",
    "[1]: https://example.org\n",
    "- [x] done\n",
)


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> MarkdownView:
    view = MarkdownView(theme)
    qtbot.addWidget(view)
    return view


def drawn(view: MarkdownView) -> list[tuple[str, tuple[int, int, int], int, float]]:
    """Every block as it stands: text, mark and depth of a list, code, margin."""
    found: list[tuple[str, int, int, float]] = []
    block = view.document().begin()
    while block.isValid():
        form = block.blockFormat()
        mark = (form.intProperty(BulletProperty), form.intProperty(NumberProperty), form.indent())
        found.append((block.text(), mark, form.intProperty(CodeProperty), form.leftMargin()))
        block = block.next()
    return found


@given(st.lists(st.sampled_from(PIECES), max_size=14), st.integers(1, 9))
def test_text_that_grew_looks_like_text_shown_at_once(qapp: QApplication, pieces: list[str], stride: int) -> None:
    theme = plain_theme(qapp)
    text = "".join(pieces)
    grown, whole = MarkdownView(theme), MarkdownView(theme)
    for length in range(0, len(text), stride):
        grown.set_markdown(text[:length])
    grown.set_markdown(text)
    whole.set_markdown(text)
    assert drawn(grown) == drawn(whole)
    assert [code.code for code in grown.codes] == [code.code for code in whole.codes]
    assert grown.height_for(600) == whole.height_for(600)
    grown.deleteLater()
    whole.deleteLater()


OPEN_BLOCKS = {
    "code": ("```python\n", "def f(x):\n    return x  # why\n\n"),
    "list": ("Items:\n\n", "- an item with **bold** words\n"),
    "table": ("| a | b |\n|---|---|\n", "| one | two |\n"),
}


@pytest.mark.parametrize("kind", OPEN_BLOCKS)
def test_an_open_block_is_not_written_again_from_its_beginning(view: MarkdownView, kind: str) -> None:
    head, piece = OPEN_BLOCKS[kind]
    changed: list[int] = []
    view.document().contentsChange.connect(lambda position, _removed, added: changed.append(position))
    for count in (100, 101, 102):
        view.set_markdown(head + piece * count)
        end = view.document().characterCount()
        if count > 100:
            assert min(changed) > end * 0.6
        changed.clear()


@pytest.mark.parametrize("kind", OPEN_BLOCKS)
def test_a_selection_in_an_open_block_stays_while_it_grows(view: MarkdownView, kind: str) -> None:
    head, piece = OPEN_BLOCKS[kind]
    view.set_markdown(head + piece * 100)
    cursor = view.textCursor()
    cursor.setPosition(20)
    cursor.setPosition(40, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    selected = view.textCursor().selectedText()
    for count in range(101, 140):
        view.set_markdown(head + piece * count)
    assert view.textCursor().selectedText() == selected != ""


DECIDED = {
    "one break is one on the screen": ("roses\nviolets", "roses\u2028violets"),
    "emphasis beside signs without spaces": ("**重要：**これは**「強調」**です。", "重要：これは「強調」です。"),
    "korean": ("**“강조”**는", "“강조”는"),
    "a break in HTML": ("one<br>two<BR/>three", "one\u2028two\u2028three"),
    "other HTML is text": ("<b>x</b>", "<b>x</b>"),
    "formulas in brackets": (r"so \( a_1 * b * c \) holds", r"so \( a_1 * b * c \) holds"),
    "formulas on their own": (r"\[ x_1 \]", r"\[ x_1 \]"),
    "formulas in dollars": ("so $x_1 + y_1$ and $$z_1$$", "so $x_1 + y_1$ and $$z_1$$"),
    "money": ("$5 to $10, and *$3*", "$5 to $10, and $3"),
    "task lists": ("- [x] done\n- [ ] open", "☑ done\n☐ open"),
    "escapes": (r"\*not\* \# this", "*not* # this"),
    "half a formula": (r"\( a *b*", "( a b"),
    "words with underscores": ("snake_case_name", "snake_case_name"),
}


@pytest.mark.parametrize("what", DECIDED)
def test_what_models_write(view: MarkdownView, what: str) -> None:
    text, shown = DECIDED[what]
    view.set_markdown(text)
    lines: list[str] = []
    block = view.document().begin()
    while block.isValid():
        lines.append(block.text())
        block = block.next()
    assert "\n".join(lines) == shown


def test_numbers_of_a_list_go_on_while_it_grows(view: MarkdownView) -> None:
    for count in range(1, 14):
        view.set_markdown("".join(f"{number}. item\n" for number in range(7, 7 + count)))
    assert [mark[1] for _, mark, *_ in drawn(view)] == list(range(7, 20))


def test_a_break_in_a_cell_is_one(view: MarkdownView) -> None:
    view.set_markdown("| a |\n|---|\n| one<br>two |\n")
    assert "one\u2028two" in [text for text, *_ in drawn(view)]


def test_addresses_in_the_text_are_links(view: MarkdownView) -> None:
    view.set_markdown("See https://example.org/x_y_z, or write to <mailto:a@example.org>, or run example.sh")
    assert 'href="https://example.org/x_y_z"' in view.toHtml()
    assert 'href="mailto:a@example.org"' in view.toHtml()
    assert 'example.sh"' not in view.toHtml()


def test_growing_text_leaves_finished_blocks_alone(view: MarkdownView) -> None:
    view.set_markdown("First paragraph.\n\nSecond paragraph.\n\nThird")
    changed: list[int] = []
    view.document().contentsChange.connect(lambda position, _removed, _added: changed.append(position))
    view.set_markdown("First paragraph.\n\nSecond paragraph.\n\nThird grows")
    assert changed
    assert min(changed) >= len("First paragraph.")


def test_an_unclosed_fence_is_code_already(view: MarkdownView) -> None:
    view.set_markdown("Look:\n\n```python\nx = 1\ny =")
    assert [(code.language, code.code) for code in view.codes] == [("python", "x = 1\ny =")]


def test_the_copy_button_copies_exactly_the_code(view: MarkdownView, qtbot: QtBot) -> None:
    view.set_markdown("Text\n\n```python\ndef f():\n    return 1\n```\n\nMore text")
    view.resize(500, view.height_for(500))
    view.show()
    button = view.findChild(Button)
    assert button is not None
    assert button.accessibleName() == "Copy python code"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "def f():\n    return 1"


def test_raw_html_is_text(view: MarkdownView) -> None:
    view.set_markdown("<script>alert(1)</script> and <b>bold</b>\n\n<div>block</div>")
    assert view.toPlainText() == "<script>alert(1)</script> and <b>bold</b>\n<div>block</div>"


@pytest.mark.parametrize("target", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "ftp://host/x"])
def test_only_web_addresses_become_links(view: MarkdownView, target: str) -> None:
    view.set_markdown(f"[click]({target}) and [good](https://example.org)")
    assert "href" not in view.toHtml().split("good")[0].rsplit("and", 1)[0]
    assert 'href="https://example.org"' in view.toHtml()


def test_clicking_a_link_opens_nothing_by_itself(view: MarkdownView, qtbot: QtBot) -> None:
    view.set_markdown("[good](https://example.org/a)")
    assert view.openLinks() is False
    with qtbot.waitSignal(view.link_activated) as told:
        view.anchorClicked.emit(QUrl("https://example.org/a"))
    assert told.args == ["https://example.org/a"]


def test_pictures_are_named_and_never_fetched(view: MarkdownView) -> None:
    view.set_markdown("![a cat](https://example.org/cat.png)")
    assert view.toPlainText() == "[a cat]"
    assert view.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl("file:///etc/hostname")) is None
    assert "<img" not in view.toHtml()


def test_tables_keep_their_alignment(view: MarkdownView) -> None:
    view.set_markdown("| left | right |\n|:-----|------:|\n| a | 1 |\n\nAfter it.")
    assert view.toPlainText().split() == ["left", "right", "a", "1", "After", "it."]
    block = view.document().begin()
    aligned = {}
    while block.isValid():
        aligned[block.text()] = block.blockFormat().alignment()
        block = block.next()
    assert aligned["1"] & Qt.AlignmentFlag.AlignRight
    assert aligned["a"] & Qt.AlignmentFlag.AlignLeft
    tables = view.document().rootFrame().childFrames()
    assert len(tables) == 1


def test_a_wider_column_needs_less_height(view: MarkdownView) -> None:
    view.set_markdown("many words " * 80)
    assert view.height_for(300) > view.height_for(700) > 0


def test_code_is_coloured_by_what_it_is() -> None:
    [line] = lines_of('def f(): return "x"  # why', "python")
    assert ("def", "plum") in line
    assert ("f", "info") in line
    assert ('"x"', "ok") in line or ('"', "ok") in line
    assert line[-1] == ("# why", "muted")


def test_code_of_an_unknown_language_is_plain() -> None:
    assert lines_of("a\nb", "no such language") == [[("a", "")], [("b", "")]]


def test_a_change_of_theme_draws_the_same_text_again(view: MarkdownView) -> None:
    view.set_markdown("A **b**\n\n```py\nx\n```\n\n- c")
    before = drawn(view)
    view.restyle()
    assert drawn(view) == before


def test_a_text_that_begins_with_code_has_room_for_its_head(view: MarkdownView) -> None:
    view.set_markdown("```python\nx = 1\n```\n")
    view.resize(400, view.height_for(400))
    (_code, area), *_ = view._code_areas()
    assert area.top() >= 0
    assert view._copies[0].geometry().top() >= 0
    view.set_markdown("Words.\n\n```python\nx = 1\n```\n")
    assert view.document().documentLayout().blockBoundingRect(view.document().firstBlock()).top() == 0


def written(view: MarkdownView) -> None:
    """Everything that the loop would write."""
    while view._portions.isActive():
        view._go_on()


def test_a_giant_text_is_folded_and_opens_by_portions(view: MarkdownView, qtbot: QtBot) -> None:
    text = "The stock is hot, the rice is not. " * 120_000
    view.set_markdown(text)
    assert view.document().characterCount() < 4_000
    written(view)
    view.resize(600, view.height_for(600))
    assert 12_000 < view.document().characterCount() < 24_000
    more = next(button for button in view.findChildren(Button) if button.text() == "Show more")
    assert not more.isHidden()
    with qtbot.waitSignal(view.unfolded):
        more.click()
    assert view.document().characterCount() < 24_000 + 10_000
    assert view._portions.isActive()


def test_a_text_that_was_written_before_ones_eyes_is_not_folded(view: MarkdownView) -> None:
    text = "The stock is hot.\n\n" * 2_000
    view.set_markdown(text[:100], whole=True)
    view.set_markdown(text, whole=True)
    view.set_markdown(text)
    written(view)
    assert view.toPlainText().count("hot") == 2_000


@pytest.mark.parametrize("kind", ["", "```text\n", "- ", "> "])
def test_a_very_long_line_is_parted_for_the_eye_alone(
    view: MarkdownView, kind: str, times: Callable[[int, int], int]
) -> None:
    """Of 100,000 characters in the long tier."""
    line = "Brad, Mia and the risotto of eighteen minutes " * times(440, 2_200)
    longest: list[int] = []
    for length in (len(line) * 9 // 10, len(line) * 9 // 10 + 400, len(line)):
        view.set_markdown(kind + line[:length], whole=True)
        written(view)
        block = view.document().begin()
        while block.isValid():
            longest.append(block.length())
            block = block.next()
    assert max(longest) < 2_400
    view.selectAll()
    assert view.createMimeDataFromSelection().text().strip() == line.strip()
    if kind.startswith("```"):
        view._copy_code(0)
        assert QGuiApplication.clipboard().text() == line


def test_code_below_the_fold_is_copied_with_what_is_above(view: MarkdownView) -> None:
    code = "\n".join(f"x[{n}] = 'Brad'" for n in range(2_000))
    view.set_markdown(f"Here:\n\n```python\n{code}\n```\nThat is all.")
    written(view)
    assert view.document().blockCount() < 400
    view._copy_code(0)
    assert QGuiApplication.clipboard().text() == code


def test_a_long_table_goes_on_in_further_ones(view: MarkdownView) -> None:
    rows = "".join(f"| {n} | risotto |\n" for n in range(150))
    for length in range(0, len(rows), 500):
        view.set_markdown(f"| n | dish |\n|--:|---|\n{rows[:length]}")
    view.set_markdown(f"| n | dish |\n|--:|---|\n{rows}\nAfter it.")
    written(view)
    tables = [frame for frame in view.document().rootFrame().childFrames() if isinstance(frame, QTextTable)]
    assert max(table.rows() for table in tables) <= 40
    assert sum(table.rows() for table in tables) == 151
    assert len({tuple(str(one.rawValue()) for one in t.format().columnWidthConstraints()) for t in tables}) == 1
    assert view.toPlainText().endswith("After it.")


CODE = {
    "python": 'def f():\n    """Long\n    words\n    """\n    return f"{x!r}"\n\nclass A(B):\n    pass\n',
    "html": "<p class='a'>x\n<script>\nlet a = `b\n${c}`;\n</script></p>\n",
    "bash": 'cat <<EOF\na $b\nEOF\nfor i in 1 2; do echo "$i"; done\n',
    "yaml": "a: 1\nb:\n  - c\n",
}


@pytest.mark.parametrize("language", CODE)
def test_code_is_coloured_alike_from_its_beginning_or_from_where_it_was_left(language: str) -> None:
    lines = CODE[language] * 9
    whole = lines_of(lines, language)
    found, state, at = [], BEGINNING, 0
    for end in range(0, len(lines) + 1, 7):
        part = lexed(lines[at:end], language, state)
        if part.settled:
            found += part.lines[: part.settled]
            at += len("\n".join(lines[at:].split("\n")[: part.settled])) + 1
            state = part.state
    found += lexed(lines[at:], language, state).lines
    assert found == whole
    assert language == "yaml" or at > len(lines) * 0.6
