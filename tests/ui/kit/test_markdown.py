"""Markdown as it is written: the tail is drawn again, code can be copied, nothing foreign is run or fetched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextCursor, QTextDocument
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.kit.buttons import Button
from app.ui.kit.markdown import MarkdownView
from app.ui.kit.markdown_code import lines_of
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
