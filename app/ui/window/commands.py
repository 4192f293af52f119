"""Everything one can do in the window, menu by menu: its words, its keys, what it does and when it can be done."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from app.domain.agent import AgentRow
from app.domain.conversation import ExportForm
from app.ui.agents.actions import AgentActions
from app.ui.state.command_registry import Command
from app.ui.state.look import Look
from app.ui.state.workspace import Workspace
from app.ui.window.agent_tabs import AgentTabs
from app.ui.window.chat_page import ChatPage
from app.ui.window.main_window import MainWindow
from app.ui.window.pages import Pages
from app.ui.window.side_columns import SideColumns

Run = Callable[[], None]


@dataclass(frozen=True)
class Possible:
    """What must be so for a command to make sense."""

    connected: Callable[[], bool]
    on_agent: Callable[[], bool]
    """An agent is open, and the engine there to change it."""


def tr(text: str) -> str:
    return QCoreApplication.translate("commands", text)


def agent_commands(
    actions: AgentActions, workspace: Workspace, pages: Pages, columns: SideColumns, possible: Possible
) -> tuple[Command, ...]:
    def on_row(act: Callable[[AgentRow], None]) -> Run:
        def run() -> None:
            if workspace.row is not None:
                act(workspace.row)

        return run

    menu, there, on_agent = tr("Agent"), possible.connected, possible.on_agent
    new_block, talk_anew = tr("Add a memory block"), tr("New conversation")
    wide = tr("Edit a memory block in the centre")
    first_block, keys = tr("Go to the first memory block"), ("Ctrl+Shift+M",)
    return (
        Command("agent.new", tr("New agent"), pages.new_agent, ("Ctrl+N",), there, "plus", menu),
        Command("agent.rename", tr("Rename this agent"), on_row(actions.rename), ("F2",), on_agent, "edit", menu),
        Command("agent.duplicate", tr("Duplicate this agent"), on_row(actions.duplicate), (), on_agent, "copy", menu),
        Command("agent.pin", tr("Pin or unpin this agent"), on_row(actions.toggle_pin), (), on_agent, "pin", menu),
        Command("agent.delete", tr("Delete this agent"), on_row(actions.delete_one), (), on_agent, "trash", menu),
        Command("agent.tags", tr("Tags of this agent"), columns.edit_tags, (), on_agent, "tag", menu),
        Command("agent.model", tr("Change the model"), columns.choose_model, ("Ctrl+M",), on_agent, "model", menu),
        Command("agent.instructions", tr("Edit system instructions"), pages.instructions, (), on_agent, "edit", menu),
        Command("agent.block", first_block, columns.go_to_first_block, keys, on_agent, "memory", menu),
        Command("agent.wide_block", wide, columns.edit_block_wide, ("Ctrl+Shift+E",), on_agent, "expand", menu),
        Command("agent.add_block", new_block, columns.add_block, (), on_agent, "plus", menu),
        Command("agent.conversation", talk_anew, actions.new_conversation, ("Ctrl+Shift+N",), on_agent, "plus", menu),
        Command(
            "agents.previous",
            tr("Previous agent"),
            lambda: workspace.open_neighbour(-1),
            ("Alt+Up",),
            on_agent,
            "chevron-up",
            menu,
        ),
        Command(
            "agents.next",
            tr("Next agent"),
            lambda: workspace.open_neighbour(1),
            ("Alt+Down",),
            on_agent,
            "chevron-down",
            menu,
        ),
        Command("demo", tr("Create the demo agent"), actions.make_demo, (), there, "flame", menu),
    )


@dataclass(frozen=True)
class Conversations:
    """What is done with the conversation that is shown, as a whole."""

    switch: Run
    export: Callable[[ExportForm], None]
    copy: Run


def chat_commands(chat: ChatPage, talks: Conversations, possible: Possible) -> tuple[Command, ...]:
    menu, on_agent = tr("Conversation"), possible.on_agent
    down = "download"
    yes, no = tr("Approve the request that waits"), tr("Refuse the request that waits")
    role, mode = tr("Switch between writing as user and as system"), tr("Simple, interactive or debug view")
    return (
        Command("chat.find", tr("Find in this conversation"), chat.find_text, ("Ctrl+F",), on_agent, "search", menu),
        Command("chat.retry", tr("Retry the last reply"), chat.retry_last, ("Ctrl+R",), on_agent, "refresh", menu),
        Command("chat.role", role, chat.toggle_role, ("Ctrl+Shift+S",), on_agent, "user", menu),
        Command("chat.mode", mode, chat.next_mode, ("Ctrl+Shift+D",), on_agent, "eye", menu),
        Command("chat.switch", tr("Go to another conversation"), talks.switch, ("Ctrl+J",), on_agent, "jump", menu),
        Command("chat.markdown", tr("Export as Markdown"), lambda: talks.export("markdown"), (), on_agent, down, menu),
        Command("chat.json", tr("Export as JSON"), lambda: talks.export("json"), (), on_agent, down, menu),
        Command("chat.copy", tr("Copy the conversation"), talks.copy, (), on_agent, "copy", menu),
        Command("chat.approve", yes, chat.approve, ("Ctrl+Shift+A",), on_agent, "check", menu),
        Command("chat.refuse", no, chat.refuse, ("Ctrl+Shift+X",), on_agent, "close", menu),
        Command("chat.stop", tr("Stop the reply"), chat.stop, (), on_agent, "stop", menu),
    )


@dataclass(frozen=True)
class Destinations:
    """Where one can go from anywhere in the window."""

    palette: Run
    search: Run
    chat: Run


def view_commands(
    window: MainWindow, look: Look, go: Destinations, tabs: AgentTabs, possible: Possible
) -> tuple[Command, ...]:
    menu, always, on_agent = tr("View"), _always, possible.on_agent
    everywhere = tr("Go to an agent, block, message or command")
    left, right = tr("Show or hide the left column"), tr("Show or hide the right column")

    def toggle(side: str) -> Run:
        return lambda: window.toggle_column(side)

    def cycle(step: int) -> Run:
        return lambda: window.cycle_columns(step)

    return (
        Command("palette", everywhere, go.palette, ("Ctrl+K",), always, "search", menu),
        Command("search", tr("Search in all messages"), go.search, ("Ctrl+Shift+F",), always, "search", menu),
        Command("tab.chat", tr("Chat"), go.chat, ("Ctrl+1",), on_agent, "agent", menu),
        *tabs.commands(on_agent, menu),
        Command("column.left", left, toggle("left"), ("Ctrl+B",), always, "panel-left", menu),
        Command("column.right", right, toggle("right"), ("Ctrl+Alt+B",), always, "panel-right", menu),
        Command("column.next", tr("Next column"), cycle(1), ("F6",), hidden=True),
        Command("column.previous", tr("Previous column"), cycle(-1), ("Shift+F6",), hidden=True),
        Command("scale.up", tr("Make everything larger"), look.enlarge, ("Ctrl++", "Ctrl+="), always, "plus", menu),
        Command("scale.down", tr("Make everything smaller"), look.shrink, ("Ctrl+-",), always, "minus", menu),
        Command("scale.reset", tr("Normal size"), look.reset_scale, ("Ctrl+0",), always, "", menu),
        Command("theme", tr("Switch between light and dark"), look.switch_mode, (), always, "moon", menu),
    )


def lares_commands(pages: Pages, undo: Run, leave: Run) -> tuple[Command, ...]:
    menu, always = tr("Lares"), _always
    return (
        Command("undo", tr("Undo the last change"), undo, ("Ctrl+Z",), always, "undo", hidden=True),
        Command("settings", tr("Settings"), pages.appearance, ("Ctrl+,",), always, "settings", menu),
        Command("snippets", tr("Edit snippets"), pages.snippets, (), always, "edit", menu),
        Command("assistants", tr("Assistants of other programs"), pages.assistants, (), always, "plug", menu),
        Command("api", tr("Local API for programs"), pages.local_api, (), always, "api", menu),
        Command("folder", tr("Use another data folder"), pages.data_folder, (), always, "folder", menu),
        Command("shortcuts", tr("Keyboard shortcuts"), pages.shortcuts, ("F1", "Ctrl+/"), always, "keyboard", menu),
        Command("quit", tr("Quit Lares"), leave, ("Ctrl+Q",), always, "close", menu),
    )


def _always() -> bool:
    return True
