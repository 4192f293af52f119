"""Everything a person can do, once: id, title, shortcut. Menus, palette, tooltips and the list of keys read it here."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Command:
    """`title` is a verb sentence. `shortcuts` in Qt's portable writing; the first is the one that is shown."""

    id: str
    title: str
    run: Callable[[], None]
    shortcuts: tuple[str, ...] = ()
    enabled: Callable[[], bool] = lambda: True
    icon: str = ""
    group: str = ""
    """Menu it stands in; empty: palette and keys only."""
    hidden: bool = False
    """True: only a key, not worth a line in menus or the palette."""

    @property
    def shortcut(self) -> str:
        return self.shortcuts[0] if self.shortcuts else ""


class Commands(QObject):
    """The registry of one window. Ids and shortcuts are unique; a repeated one is refused at once."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._recent: list[str] = []

    def add(self, *commands: Command) -> None:
        for command in commands:
            self._check(command)
            self._commands[command.id] = command
            self._actions[command.id] = self._action_of(command)

    def _check(self, command: Command) -> None:
        if command.id in self._commands:
            raise ValueError(f"command {command.id} exists twice")
        taken = {QKeySequence(keys).toString(): other.id for other in self for keys in other.shortcuts}
        for keys in command.shortcuts:
            if (other := taken.get(QKeySequence(keys).toString())) is not None:
                raise ValueError(f"{keys} belongs to {other}, so {command.id} cannot have it")

    def _action_of(self, command: Command) -> QAction:
        action = QAction(command.title, self)
        action.setShortcuts([QKeySequence(keys) for keys in command.shortcuts])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda: self.run(command.id))
        self._window.addAction(action)
        return action

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __getitem__(self, command_id: str) -> Command:
        return self._commands[command_id]

    def action(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def run(self, command_id: str) -> None:
        command = self._commands[command_id]
        if not command.enabled():
            return
        if not command.hidden:
            self._recent = [command_id, *(other for other in self._recent if other != command_id)][:8]
        command.run()

    @property
    def recent(self) -> tuple[str, ...]:
        """Ids of the last ones that ran, newest first."""
        return tuple(self._recent)

    def refresh(self) -> None:
        """Ask every command whether it makes sense now, for menus."""
        for command in self:
            self._actions[command.id].setEnabled(command.enabled())

    def tip(self, command_id: str) -> str:
        """Title and shortcut, for the tooltip of a button."""
        command = self._commands[command_id]
        keys = shown_keys(command.shortcut)
        return f"{command.title} ({keys})" if keys else command.title

    def groups(self) -> dict[str, list[Command]]:
        """Commands by menu, in the order in which they were added."""
        menus: dict[str, list[Command]] = {}
        for command in self:
            if command.group and not command.hidden:
                menus.setdefault(command.group, []).append(command)
        return menus


def shown_keys(portable: str) -> str:
    """`Ctrl+Shift+F` as a person reads it: `Ctrl Shift F`, or the signs of a Mac."""
    if not portable:
        return ""
    native = QKeySequence(portable).toString(QKeySequence.SequenceFormat.NativeText)
    if sys.platform == "darwin":
        return native
    return native.replace("++", " +").replace("+", " ") if not native.endswith("++") else native[:-2] + " +"
