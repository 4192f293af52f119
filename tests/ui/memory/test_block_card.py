"""The card of a block: changes and undo, editing that loses nothing, conflicts, limits."""

import itertools
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.domain.block import Block
from app.ui.memory.block_card import BlockCard
from app.ui.memory.block_change import LineChange, change_of, count_text, sentence
from app.ui.memory.block_preview import COUNTED, PORTION, _wrap_part, wrap
from app.ui.theme import Theme
from tests.support.window.gallery import a_block, a_change
from tests.support.window.looks import nameless

BEFORE = "Name: Chad.\nPartner: Mia."
AFTER = "Name: Brad.\nPartner: Mia."


@pytest.fixture
def card(theme: Theme, qtbot: QtBot) -> Iterator[BlockCard]:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    card = BlockCard(theme, "Juno")
    column.addWidget(card)
    column.addStretch(1)
    window.resize(344, 600)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    yield card
    window.close()


def human(value: str = AFTER, version: int = 7, **fields: object) -> Block:
    return a_block("human", value, version=version, **fields)


def typed(card: BlockCard, text: str, qtbot: QtBot) -> None:
    card.editor.field.selectAll()
    qtbot.keyClicks(card.editor.field, text)


CHANGES = [
    (BEFORE, AFTER, LineChange(0, "Name: Brad.", "Chad", 0)),
    ("a", "a\nb", LineChange(1, "b", "", 0)),
    ("a\nb", "a", LineChange(None, "", "b", 0)),
    ("Cooks.", "Cooks, well.", LineChange(0, "Cooks, well.", "Cooks.", 0)),
    ("a\nb\nc", "x\ny\nc", LineChange(0, "x", "a", 1)),
    ("same", "same", None),
]


@pytest.mark.parametrize(("before", "after", "expected"), CHANGES)
def test_the_changed_line_is_found(before: str, after: str, expected: LineChange | None) -> None:
    assert change_of(before, after) == expected


def test_a_change_is_told_in_words() -> None:
    assert sentence(LineChange(0, "x", "Chad", 0), "Juno", "4 s ago") == "was “Chad”, changed by Juno 4 s ago"
    assert sentence(LineChange(0, "x", "", 2), "you", "4 s ago") == "new and 2 more, added by you 4 s ago"
    assert sentence(LineChange(None, "", "x", 0), "Juno", "1 min ago") == "“x” removed by Juno 1 min ago"
    assert count_text(1237, 1200) == "37 too many"


def test_a_change_shows_what_was_who_and_undo(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human(), a_change(BEFORE, AFTER, seq=42))
    assert card.property("changed")
    assert card.changed_line.cause.whole_text == "was “Chad”, changed by Juno 4 s ago"
    assert card.head.badges["change"].accessibleName() == "v7 just now"
    assert card.changed_line.undo.accessibleName() == "Undo change to block human"
    with qtbot.waitSignal(card.undo_requested) as asked:
        qtbot.mouseClick(card.changed_line.undo, Qt.MouseButton.LeftButton)
    assert asked.args == [42]
    card.set_block(human(BEFORE, 8))
    assert not card.property("changed")
    assert not card.changed_line.isVisible()


def test_the_tint_of_a_change_fades_only_where_motion_is_wanted(card: BlockCard, theme: Theme, qtbot: QtBot) -> None:
    card.set_block(human(), a_change(BEFORE, AFTER))
    assert card.changed_line.tint == 1.0
    theme.set_reduced_motion(False)
    card.set_block(human(version=8), a_change(BEFORE, AFTER, seq=8))
    qtbot.waitUntil(lambda: card.changed_line.tint < 1.0, timeout=8000)


@pytest.mark.parametrize(
    ("fields", "shared", "words"),
    [
        ({"read_only": True}, 0, "Read-only for the agent"),
        ({}, 2, "Shared with 2 agents"),
        ({"limit": len(AFTER) + 1}, 0, "Nearly full"),
        ({"limit": len(AFTER) - 3}, 0, "3 too many"),
    ],
)
def test_a_badge_says_what_is_special(card: BlockCard, fields: dict[str, object], shared: int, words: str) -> None:
    card.set_block(human(**fields), None, shared)
    assert [badge.accessibleName() for badge in card.head.badges.values()] == [words]


def test_badges_give_way_to_the_label_when_it_is_narrow(card: BlockCard) -> None:
    card.set_block(human(read_only=True, limit=len(AFTER)), a_change(BEFORE, AFTER), 3)
    assert all(badge.accessibleName() for badge in card.head.badges.values())
    right = max(badge.geometry().right() for badge in card.head.badges.values() if badge.isVisible())
    assert right < card.head.history.x()


def test_a_long_block_shows_four_rows_and_the_rest_on_request(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human("\n".join(f"Line {n}" for n in range(10))))
    assert len(card.after.rows) == 4
    assert card.more.text() == "6 more"
    qtbot.waitUntil(lambda: card.height() == card.sizeHint().height(), timeout=2000)
    short = card.height()
    qtbot.mouseClick(card.more, Qt.MouseButton.LeftButton)
    assert len(card.after.rows) == 10
    assert card.more.text() == "Less"
    qtbot.waitUntil(lambda: card.height() > short, timeout=2000)


@pytest.mark.parametrize("separator", [" ", "\n"])
def test_of_a_huge_block_only_what_is_shown_is_wrapped(card: BlockCard, qtbot: QtBot, separator: str) -> None:
    card.set_block(human(separator.join(["Brad cooks 🍚 on Saturdays."] * 2000), limit=60_000))
    assert len(card.after.rows) == 4
    assert max(len(rows) for rows, _ends, _wanted in card.after._laid_out.values()) <= 4 + COUNTED + 1
    assert card.more.text() == "More"
    qtbot.mouseClick(card.more, Qt.MouseButton.LeftButton)
    assert len(card.after.rows) == 4 + PORTION
    assert set("".join(card.after.rows)) == set("Brad cooks 🍚 on Saturdays.")
    assert card.more.text() == "More"


def test_a_line_is_wrapped_as_a_whole_or_in_parts_alike(theme: Theme) -> None:
    line = " ".join(f"Brad 🍚 number {n} cooks" for n in range(300))
    rows = wrap(line, theme, 300, 10_000)
    assert "".join(rows) == line
    assert rows == _wrap_part(line, theme, 300)
    assert wrap(line, theme, 300, 7) == rows[:7]


def test_the_changed_line_of_a_long_block_is_always_on_show(card: BlockCard) -> None:
    before = "\n".join(f"Line {n}" for n in range(30))
    after = before.replace("Line 20", "Line twenty")
    card.set_block(human(after), a_change(before, after))
    assert card.changed_line.text.rows == ["Line twenty"]
    assert card.before.rows == ["Line 19"]


def test_an_empty_block_invites(card: BlockCard) -> None:
    card.set_block(human(""))
    assert card.empty.isVisible()
    assert card.empty.text() == "Empty. The agent may write here."


def test_saving_hands_out_text_and_version_and_ends_with_the_answer(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human())
    qtbot.mouseClick(card.head.edit, Qt.MouseButton.LeftButton)
    assert card.editor.field.hasFocus()
    assert not card.editor.save.isEnabled()
    typed(card, "Mine.", qtbot)
    with qtbot.waitSignal(card.save_requested) as saved:
        qtbot.keyClick(card.editor.field, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert saved.args == ["Mine.", 7]
    assert card.editing
    card.set_block(human("Mine.", 8))
    assert not card.editing


def test_typing_too_much_says_by_how_much_and_cannot_be_saved(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human("ab", limit=4))
    card.begin_edit()
    typed(card, "abcdefg", qtbot)
    assert card.editor.count.text() == "3 too many"
    assert not card.editor.save.isEnabled()
    assert "limit" in card.editor.save.toolTip()
    with qtbot.assertNotEmitted(card.save_requested):
        qtbot.keyClick(card.editor.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_a_change_by_the_agent_never_replaces_typed_text(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human())
    card.begin_edit()
    typed(card, "Mine.", qtbot)
    card.set_block(human("Theirs.", 8), a_change(AFTER, "Theirs."))
    assert card.editor.text == "Mine."
    assert card.editor.in_conflict
    assert card.property("tone") == "warn"
    assert card.editor.conflict.sentence.text() == "Version 8 was saved while you typed. Your text is kept."
    qtbot.mouseClick(card.editor.show_both, Qt.MouseButton.LeftButton)
    assert card.editor.difference.toPlainText() == "Theirs.\nMine."
    with qtbot.waitSignal(card.save_requested) as saved:
        qtbot.mouseClick(card.editor.save_mine, Qt.MouseButton.LeftButton)
    assert saved.args == ["Mine.", 8]


def test_taking_theirs_ends_the_edit(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human())
    card.begin_edit()
    typed(card, "Mine.", qtbot)
    card.set_block(human("Theirs.", 8))
    qtbot.mouseClick(card.editor.take_theirs, Qt.MouseButton.LeftButton)
    assert not card.editing
    assert card.after.rows == ["Theirs."]
    assert card.property("tone") == ""


def test_changes_in_different_places_can_be_saved_together(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human("one\ntwo\nthree\nfour"))
    card.begin_edit()
    card.editor.field.setPlainText("ONE\ntwo\nthree\nfour")
    card.set_block(human("one\ntwo\nthree\nFOUR", 8))
    assert card.editor.save_both.isVisible()
    with qtbot.waitSignal(card.save_requested) as saved:
        qtbot.mouseClick(card.editor.save_both, Qt.MouseButton.LeftButton)
    assert saved.args == ["ONE\ntwo\nthree\nFOUR", 8]


def test_an_untouched_editor_takes_the_new_text(card: BlockCard) -> None:
    card.set_block(human())
    card.begin_edit()
    card.set_block(human("Theirs.", 8))
    assert card.editor.text == "Theirs."
    assert not card.editor.in_conflict


def test_a_change_of_something_else_keeps_the_edit_going(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human())
    card.begin_edit()
    typed(card, "Mine.", qtbot)
    card.set_block(human(version=8, limit=9000))
    assert card.editor.text == "Mine."
    assert not card.editor.in_conflict
    with qtbot.waitSignal(card.save_requested) as saved:
        qtbot.mouseClick(card.editor.save, Qt.MouseButton.LeftButton)
    assert saved.args == ["Mine.", 8]


def test_a_failed_save_says_why_and_keeps_the_text(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human())
    card.begin_edit()
    typed(card, "Mine.", qtbot)
    qtbot.mouseClick(card.editor.save, Qt.MouseButton.LeftButton)
    card.save_failed("The disk is full. Your text is kept.")
    assert card.editor.problem.text() == "The disk is full. Your text is kept."
    assert card.editor.text == "Mine."
    assert not card.editor.save.busy


def test_escape_asks_before_typed_text_is_thrown_away(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human())
    card.begin_edit()
    typed(card, "Mine.", qtbot)
    qtbot.keyClick(card.editor.field, Qt.Key.Key_Escape)
    assert card.editing
    assert card.editor.keep_writing.hasFocus()
    qtbot.keyClick(card.editor.keep_writing, Qt.Key.Key_Space)
    assert card.editor.field.hasFocus()
    qtbot.keyClick(card.editor.field, Qt.Key.Key_Escape)
    qtbot.mouseClick(card.editor.throw_away, Qt.MouseButton.LeftButton)
    assert not card.editing


def test_escape_leaves_an_untouched_editor(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human())
    card.begin_edit()
    qtbot.keyClick(card.editor.field, Qt.Key.Key_Escape)
    assert not card.editing
    assert card.head.edit.hasFocus()


@pytest.mark.parametrize(
    ("key", "signal"),
    [
        ("history", "history_requested"),
        ("detach", "detach_requested"),
        ("delete", "delete_requested"),
        ("read_only", "read_only_requested"),
    ],
)
def test_the_menu_asks_for_what_it_says(card: BlockCard, qtbot: QtBot, key: str, signal: str) -> None:
    card.set_block(human())
    with qtbot.waitSignal(getattr(card, signal)):
        card.head.picked.emit(key)


def test_renaming_happens_in_the_card(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human())
    card.head.picked.emit("label")
    assert card.form is not None
    qtbot.keyClicks(card.form.editor, "person")
    with qtbot.waitSignal(card.rename_requested) as asked:
        qtbot.keyClick(card.form.editor, Qt.Key.Key_Return)
    assert asked.args == ["person"]
    card.save_failed("This agent already has a block “person”. Choose another label.")
    assert card.form.field.error.startswith("This agent already")
    card.set_block(human(version=8))
    assert card.form is None


def test_a_label_cannot_be_empty(card: BlockCard, qtbot: QtBot) -> None:
    card.set_block(human())
    card.head.picked.emit("label")
    assert card.form is not None
    qtbot.keyClick(card.form.editor, Qt.Key.Key_Delete)
    with qtbot.assertNotEmitted(card.rename_requested):
        qtbot.mouseClick(card.form.save, Qt.MouseButton.LeftButton)
    assert card.form.field.error == "A block needs a label, so that the agent can name it."
    qtbot.keyClick(card.form.editor, Qt.Key.Key_Escape)
    assert card.form is None


def test_everything_in_a_card_has_a_name(card: BlockCard) -> None:
    card.set_block(human("\n".join("abcdefgh")), a_change("a", "\n".join("abcdefgh")), 2)
    assert nameless(card) == []
    card.begin_edit()
    assert nameless(card) == []
    card.end_edit()
    for key in ("label", "description", "limit"):
        card.head.picked.emit(key)
        assert nameless(card) == []


@pytest.mark.parametrize("width", [242, 316])
def test_a_conflict_fits_into_the_narrowest_column(card: BlockCard, width: int) -> None:
    """Four answers and a long sentence: rows more, but nothing cut and nothing on top of something else."""
    window = card.window()
    card.set_block(human("one\ntwo\nthree\nfour\nfive\nsix"))
    card.begin_edit()
    card.editor.field.setPlainText("ONE\ntwo\nthree\nfour\nfive\nsix\nseven")
    card.set_block(human("one\ntwo\nthree\nFOUR\nfive\nsix", 8))
    window.layout().setContentsMargins(0, 0, 0, 0)
    window.resize(width, 700)
    QApplication.processEvents()
    editor = card.editor
    assert window.width() == width
    parts = [editor.show_both, editor.save_mine, editor.save_both, editor.take_theirs]
    places = [QRect(part.mapTo(window, QPoint(0, 0)), part.size()) for part in [*parts, editor.field, editor.count]]
    for place in places:
        assert window.rect().contains(place)
    for one, other in itertools.combinations(places, 2):
        assert not one.intersects(other)
    for part in parts:
        assert part.width() >= part.minimumSizeHint().width()


def test_the_field_is_as_high_as_its_text_when_the_column_becomes_narrower(card: BlockCard) -> None:
    card.set_block(human("\n".join("Works from home on Mondays and Fridays, with the door closed." for _ in range(3))))
    card.begin_edit()
    for width in (600, 260):
        card.window().resize(width, 700)
        QApplication.processEvents()
        assert card.editor.field.verticalScrollBar().maximum() == 0
