"""The view of a difference: rows, folds, keys, words for those who do not see it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.kit.diff import DiffView
from app.ui.theme import Theme

BEFORE = "Name: Chad.\n" + "\n".join(f"line {n}" for n in range(40)) + "\nLikes coriander."
AFTER = BEFORE.replace("Chad", "Brad").replace("Likes coriander", "Likes basil")


@pytest.fixture
def view(theme: Theme, qtbot: QtBot) -> DiffView:
    view = DiffView(theme)
    qtbot.addWidget(view)
    view.resize(500, 300)
    view.set_texts(BEFORE, AFTER)
    with qtbot.waitActive(view):
        view.show()
        view.activateWindow()
    return view


def test_the_text_of_the_rows_can_be_read_and_copied(view: DiffView) -> None:
    lines = view.toPlainText().split("\n")
    assert lines[:3] == ["Name: Chad.", "Name: Brad.", "line 0"]
    assert "34 lines, no difference" in lines
    view.selectAll()
    assert "Name: Brad." in view.textCursor().selectedText()


def test_f7_walks_forward_and_back_over_the_changes(view: DiffView, qtbot: QtBot) -> None:
    seen: list[int] = []
    view.current_changed.connect(seen.append)
    qtbot.keyClick(view, Qt.Key.Key_F7)
    qtbot.keyClick(view, Qt.Key.Key_F7)
    qtbot.keyClick(view, Qt.Key.Key_F7)
    qtbot.keyClick(view, Qt.Key.Key_F7, Qt.KeyboardModifier.ShiftModifier)
    assert seen == [0, 1, 0]
    assert view.textCursor().block().text() == "Name: Chad."


def test_a_fold_opens_by_enter_and_by_click(view: DiffView, qtbot: QtBot) -> None:
    folded = view.document().blockCount()
    for _ in range(5):
        qtbot.keyClick(view, Qt.Key.Key_Down)
    assert "no difference" in view.textCursor().block().text()
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert view.document().blockCount() == folded + 33
    view.set_texts(BEFORE, AFTER)
    cursor = QTextCursor(view.document().findBlockByNumber(5))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.cursorRect(cursor).center())
    assert view.document().blockCount() == folded + 33


def test_no_difference_is_said(view: DiffView) -> None:
    view.set_texts("same", "same")
    assert view.toPlainText() == "No difference"
    assert view.accessibleDescription() == "No difference"
    assert not view.step(1)


def test_signs_and_colours_are_also_words(view: DiffView) -> None:
    said = view.accessibleDescription()
    assert said.startswith("2 added, 2 removed")
    assert "Removed 1: Name: Chad." in said
    assert "Added 1: Name: Brad." in said


def test_the_text_stays_in_its_typeface_when_the_size_of_everything_changes(view: DiffView, theme: Theme) -> None:
    theme.set_scale(1.5)
    theme.set_mode("dark")
    QApplication.processEvents()
    assert view.document().defaultFont().families() == theme.font("diff").families()
    assert view.document().defaultFont().pixelSize() == theme.font("diff").pixelSize()


def test_a_compact_view_is_as_high_as_its_wrapped_lines(theme: Theme, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    view = DiffView(theme, compact=True)
    column.addWidget(view)
    column.addStretch(1)
    view.set_texts("a", "b " * 100)
    assert view.heightForWidth(2000) == 40
    assert view.heightForWidth(300) > 80
    window.resize(300, 600)
    window.show()
    qtbot.waitUntil(lambda: view.height() == view.heightForWidth(view.width()), timeout=2000)
    assert view.verticalScrollBar().maximum() == 0
    assert view.focusPolicy() == Qt.FocusPolicy.NoFocus


def test_the_view_follows_theme_and_scale_and_keeps_its_place(view: DiffView, theme: Theme, qtbot: QtBot) -> None:
    qtbot.keyClick(view, Qt.Key.Key_F7)
    light = view.grab().toImage()
    theme.set_mode("dark")
    assert view.grab().toImage() != light
    assert view.textCursor().block().text() == "Name: Chad."
    theme.set_scale(2.0)
    assert view.document().defaultFont().pixelSize() == 24
