"""The list of everything one can do in the window, with its keys. What a command does is given in."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication

from app.ui.state.command_registry import Command

Run = Callable[[], None]
Enabled = Callable[[], bool]


def tr(text: str) -> str:
    return QCoreApplication.translate("commands", text)


def window_commands(runs: Mapping[str, Run], enabled: Mapping[str, Enabled]) -> tuple[Command, ...]:
    """`runs` by command id; a command without one does not exist here."""

    def make(id: str, title: str, keys: str = "", icon: str = "", group: str = "", hidden: bool = False) -> Command:
        shortcuts = tuple(keys.split(" or ")) if keys else ()
        can = enabled.get(id, enabled.get(id.partition(".")[0] + ".", _always))
        return Command(id, title, runs[id], shortcuts, can, icon, group, hidden)

    agent, chat, view, help_ = tr("Agent"), tr("Conversation"), tr("View"), tr("Lares")
    every = (
        ("agent.new", tr("New agent"), "Ctrl+N", "plus", agent),
        ("agent.rename", tr("Rename this agent"), "", "edit", agent),
        ("agent.duplicate", tr("Duplicate this agent"), "", "copy", agent),
        ("agent.pin", tr("Keep this agent at the top, or not"), "", "pin", agent),
        ("agent.delete", tr("Delete this agent"), "", "trash", agent),
        ("agent.model", tr("Change the model"), "Ctrl+M", "model", agent),
        ("agent.instructions", tr("Edit system instructions"), "", "edit", agent),
        ("agent.block", tr("Go to the first memory block"), "Ctrl+Shift+M", "memory", agent),
        ("agent.add_block", tr("Add a memory block"), "", "plus", agent),
        ("agent.conversation", tr("New conversation"), "Ctrl+Shift+N", "plus", agent),
        ("agents.previous", tr("Previous agent"), "Alt+Up", "chevron-up", agent),
        ("agents.next", tr("Next agent"), "Alt+Down", "chevron-down", agent),
        ("demo", tr("Make the demo agent"), "", "flame", agent),
        ("chat.find", tr("Find in this conversation"), "Ctrl+F", "search", chat),
        ("chat.retry", tr("Try the last reply again"), "Ctrl+R", "refresh", chat),
        ("chat.role", tr("Write as user or as system"), "Ctrl+Shift+S", "user", chat),
        ("chat.mode", tr("Simple, interactive or debug view"), "Ctrl+Shift+D", "eye", chat),
        ("chat.stop", tr("Stop the reply"), "", "stop", chat),
        ("palette", tr("Go to an agent, block, message or command"), "Ctrl+K", "search", view),
        ("search", tr("Search in all messages"), "Ctrl+Shift+F", "search", view),
        ("tab.chat", tr("Chat"), "Ctrl+1", "agent", view),
        ("tab.history", tr("Memory history"), "Ctrl+2", "history", view),
        ("column.left", tr("Show or hide the left column"), "Ctrl+B", "panel-left", view),
        ("column.right", tr("Show or hide the right column"), "Ctrl+Alt+B", "panel-right", view),
        ("column.next", tr("Next column"), "F6", "", ""),
        ("column.previous", tr("Previous column"), "Shift+F6", "", ""),
        ("scale.up", tr("Make everything larger"), "Ctrl++ or Ctrl+=", "plus", view),
        ("scale.down", tr("Make everything smaller"), "Ctrl+-", "minus", view),
        ("scale.reset", tr("Normal size"), "Ctrl+0", "", view),
        ("theme", tr("Switch between light and dark"), "", "moon", view),
        ("undo", tr("Take back the last change"), "Ctrl+Z", "undo", ""),
        ("settings", tr("Settings"), "Ctrl+,", "settings", help_),
        ("api", tr("Local API for programs"), "", "api", help_),
        ("shortcuts", tr("Keyboard shortcuts"), "F1 or Ctrl+/", "keyboard", help_),
        ("quit", tr("Quit Lares"), "Ctrl+Q", "close", help_),
    )
    return tuple(make(*one, hidden=not one[4]) for one in every if one[0] in runs)


def _always() -> bool:
    return True
