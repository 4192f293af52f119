"""What each command of the window does, and when it can be done."""

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QTextEdit

from app.ui.state.command_registry import Command
from app.ui.window.commands import window_commands

if TYPE_CHECKING:
    from app.ui.window.assembly import Assembly

SCALE_STEP = 0.1


class CommandLink:
    def __init__(self, view: "Assembly") -> None:
        self._view = view

    def commands(self) -> tuple[Command, ...]:
        view = self._view
        window, pages, actions = view.window, view.pages, view.actions
        runs = {
            "agent.new": pages.new_agent,
            "agent.rename": lambda: actions.rename(self._row()),
            "agent.duplicate": lambda: actions.duplicate(self._row()),
            "agent.pin": lambda: actions.toggle_pin(self._row()),
            "agent.delete": lambda: actions.delete(self._row()),
            "agent.model": self._change_model,
            "agent.instructions": pages.instructions,
            "agent.block": self._first_block,
            "agent.add_block": self._add_block,
            "agent.conversation": actions.new_conversation,
            "agents.previous": lambda: self._step_agent(-1),
            "agents.next": lambda: self._step_agent(1),
            "demo": actions.make_demo,
            "palette": lambda: view.finding.open(),
            "search": lambda: view.finding.open_search(),
            "chat.find": lambda: self._in_chat("find_text"),
            "chat.retry": lambda: self._in_chat("retry_last"),
            "chat.role": lambda: self._in_chat("toggle_role"),
            "chat.mode": self._next_mode,
            "chat.stop": lambda: self._in_chat("stop"),
            "tab.chat": lambda: view.show_tab("chat"),
            "tab.history": lambda: view.show_tab("history"),
            "column.left": lambda: window.toggle_column("left"),
            "column.right": lambda: window.toggle_column("right"),
            "column.next": lambda: window.cycle_columns(1),
            "column.previous": lambda: window.cycle_columns(-1),
            "scale.up": lambda: self._scale(view.theme.scale + SCALE_STEP),
            "scale.down": lambda: self._scale(view.theme.scale - SCALE_STEP),
            "scale.reset": lambda: self._scale(1.0),
            "theme": self._switch_theme,
            "undo": self._undo,
            "settings": lambda: pages.settings(),
            "api": pages.local_api,
            "shortcuts": pages.shortcuts,
            "quit": window.closing.emit,
        }
        one = self._has_agent
        enabled = {
            **{f"agent.{verb}": one for verb in ("rename", "duplicate", "pin", "delete", "model", "instructions")},
            **{f"agent.{verb}": one for verb in ("block", "add_block", "conversation")},
            "agent.new": self._is_connected,
            "demo": self._is_connected,
            "tab.": one,
            "chat.": one,
            "agents.": one,
        }
        return window_commands(runs, enabled)

    def _has_agent(self) -> bool:
        return self._view.workspace.agent is not None and self._is_connected()

    def _is_connected(self) -> bool:
        return self._view.connection.state == "connected"

    def _row(self) -> Any:
        agent = self._view.workspace.agent
        return self._view.workspace.agents.rows[self._view.workspace.agents.index_of(agent.id if agent else "")]

    def _step_agent(self, step: int) -> None:
        agent, rows = self._view.workspace.agent, self._view.workspace.agents.rows
        if agent is not None and rows:
            at = self._view.workspace.agents.index_of(agent.id) + step
            if 0 <= at < len(rows):
                self._view.workspace.open(rows[at].agent.id)

    def _change_model(self) -> None:
        if not self._view.window.column_shown("left"):
            self._view.window.toggle_column("left")
        self._view.left.settings.model.open()

    def _first_block(self) -> None:
        self._view.show_right()
        self._view.right.memory.focus_first()

    def _add_block(self) -> None:
        self._view.show_right()
        self._view.right.memory.begin_new()

    def _in_chat(self, verb: str) -> None:
        if self._view.centre.page != "chat":
            self._view.show_tab("chat")
        getattr(self._view.chat, verb)()

    def _next_mode(self) -> None:
        self._in_chat("next_mode")
        self._view.preferences.set(f"mode/{self._view.chat.agent.id}", self._view.chat.model.mode)

    def _scale(self, scale: float) -> None:
        self._view.theme.set_scale(scale)
        self._view.preferences.set("scale", self._view.theme.scale)

    def _switch_theme(self) -> None:
        mode = "light" if self._view.theme.dark else "dark"
        self._view.theme.set_mode(mode)
        self._view.preferences.set("theme", mode)

    def _undo(self) -> None:
        """In a text field its own, if anything was typed; else the newest notice's way back."""
        focus = QApplication.focusWidget()
        if isinstance(focus, QLineEdit):
            typed = focus.isUndoAvailable()
        else:
            typed = isinstance(focus, QPlainTextEdit | QTextEdit) and focus.document().isUndoAvailable()
        if isinstance(focus, QLineEdit | QPlainTextEdit | QTextEdit) and typed and not focus.isReadOnly():
            focus.undo()
            return
        for toast in reversed(self._view.desk.toasts.toasts):
            if toast.button is not None:
                toast.button.click()
                return
