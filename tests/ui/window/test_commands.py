"""One registry of commands, without a repeated id or key."""

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.state.command_registry import Command, Commands, shown_keys
from tests.support.window.opened_window import OpenedWindow


def test_ids_and_shortcuts_of_the_window_are_unique(window: OpenedWindow) -> None:
    commands = list(window.view.commands)
    keys = Counter(QKeySequence(keys).toString() for command in commands for keys in command.shortcuts)
    assert [sequence for sequence, count in keys.items() if count > 1] == []
    assert all(command.title for command in commands)
    assert len(commands) > 25


def test_a_repeated_id_or_key_is_refused(qapp: QApplication) -> None:
    window = QWidget()
    commands = Commands(window)
    commands.add(Command("a", "A", lambda: None, ("Ctrl+J",)))
    with pytest.raises(ValueError, match="twice"):
        commands.add(Command("a", "A again", lambda: None))
    with pytest.raises(ValueError, match="belongs to a"):
        commands.add(Command("b", "B", lambda: None, ("Ctrl+J",)))


def test_a_disabled_command_does_not_run_and_the_last_ones_are_remembered(qapp: QApplication) -> None:
    window, ran = QWidget(), []
    commands = Commands(window)
    commands.add(
        Command("a", "A", lambda: ran.append("a")),
        Command("b", "B", lambda: ran.append("b"), enabled=lambda: False),
        Command("c", "C", lambda: ran.append("c")),
    )
    for id in ("a", "b", "c", "a"):
        commands.run(id)
    assert ran == ["a", "c", "a"]
    assert commands.recent == ("a", "c")


@pytest.mark.parametrize(
    ("keys", "shown"), [("Ctrl+Shift+F", "Ctrl Shift F"), ("Ctrl++", "Ctrl +"), ("F6", "F6"), ("", "")]
)
def test_keys_are_written_for_people(qapp: QApplication, keys: str, shown: str) -> None:
    assert shown_keys(keys) == shown
