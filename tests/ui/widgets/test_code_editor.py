"""The code editor: indenting, leaving it by keyboard, colours after a pause."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.theme import Theme
from app.ui.theme.code_colors import colored, style_of
from app.ui.widgets.code_editor import CodeEditor


@pytest.fixture
def editor(theme: Theme, qtbot: QtBot) -> Iterator[CodeEditor]:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    editor = CodeEditor(theme, "python")
    column.addWidget(editor)
    column.addWidget(QLineEdit())
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    editor.setFocus()
    yield editor
    window.close()


def colours_of(editor: CodeEditor, line: int) -> set[str]:
    formats = editor.document().findBlockByNumber(line).layout().formats()
    return {piece.format.foreground().color().name().upper() for piece in formats}


def test_code_is_coloured_after_a_pause(editor: CodeEditor, theme: Theme, qtbot: QtBot) -> None:
    qtbot.keyClicks(editor, "def f(): return 'x'")
    qtbot.waitUntil(lambda: theme.tokens.plum in colours_of(editor, 0), timeout=3000)
    assert theme.tokens.ok in colours_of(editor, 0)


def test_a_string_over_several_lines_is_coloured_in_each(editor: CodeEditor, theme: Theme, qtbot: QtBot) -> None:
    editor.setPlainText('"""one\ntwo\nthree"""\nx = 1')
    qtbot.waitUntil(lambda: bool(colours_of(editor, 3)), timeout=3000)
    assert [colours_of(editor, line) for line in range(3)] == [{theme.tokens.ok}] * 3


def test_colours_follow_the_theme(editor: CodeEditor, theme: Theme, qtbot: QtBot) -> None:
    editor.setPlainText("import os")
    qtbot.waitUntil(lambda: bool(colours_of(editor, 0)), timeout=3000)
    theme.set_mode("dark")
    qtbot.waitUntil(lambda: colours_of(editor, 0) == {theme.tokens.plum}, timeout=3000)


def test_an_unknown_language_stays_plain() -> None:
    assert list(colored("anything", "no-such-language")) == []
    assert style_of("Text.Whitespace") == ""


def test_tab_indents_and_shift_tab_takes_it_back(editor: CodeEditor, qtbot: QtBot) -> None:
    editor.setPlainText("a\nb")
    editor.selectAll()
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText() == "    a\n    b"
    qtbot.keyClick(editor, Qt.Key.Key_Backtab)
    assert editor.toPlainText() == "a\nb"


def test_a_new_line_keeps_the_indent_and_goes_in_after_a_colon(editor: CodeEditor, qtbot: QtBot) -> None:
    qtbot.keyClicks(editor, "def f():")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.keyClicks(editor, "x")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.keyClicks(editor, "y")
    assert editor.toPlainText() == "def f():\n    x\n    y"


def test_nobody_is_caught_in_the_editor(editor: CodeEditor, qtbot: QtBot) -> None:
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert not editor.hasFocus()
    assert editor.toPlainText() == ""


def test_the_number_column_grows_with_the_lines(editor: CodeEditor) -> None:
    before = editor.gutter_width()
    editor.setPlainText("\n" * 1500)
    assert editor.gutter_width() > before
