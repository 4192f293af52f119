"""Which views of an agent there are besides its conversation: the table of tabs and segments, and what builds each.

A new view is one line of `tabs` and one function that builds it; it is imported there, when it is first shown.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.ui.state.inbox_count import InboxCount
from app.ui.state.view_context import ViewContext
from app.ui.window.agent_tabs import Segment, Tab

if TYPE_CHECKING:
    from app.ui.archive.view import ArchiveView
    from app.ui.context.compact.page import CompactNow
    from app.ui.context.request.view import RequestView
    from app.ui.memory.history.view import HistoryView
    from app.ui.memory.inbox.view import InboxView
    from app.ui.runs.replay.view import ReplayView
    from app.ui.runs.view import RunsView
    from app.ui.tools.mcp.page import McpPage
    from app.ui.tools.page import ToolsPage


class AgentViews(QObject):
    message_wanted = Signal(str)
    """Id of a message that a person wants to see in its conversation."""
    chat_wanted = Signal()
    counted = Signal(str, int)
    """Name of a view, and how many things wait in it."""
    agent_made = Signal(str)
    """Id of an agent that was made here and is to be shown."""
    history_wanted = Signal(str)
    """Id of a block whose history a person wants to see; empty: of all."""
    block_wanted = Signal(str)
    """Id of a block that a person wants to edit."""
    segment_wanted = Signal(str)
    request_wanted = Signal(str)
    """Id of a step whose request is to be shown part by part."""
    replay_wanted = Signal(str)
    """Id of a step of the open agent that is to be replayed."""
    size_wanted = Signal(int)
    """Tokens that the context window is to have."""

    def __init__(self, view: ViewContext, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._inbox_count = InboxCount(view, self)
        self._inbox_count.counted.connect(self._count_inbox)

    def _count_inbox(self, number: int) -> None:
        self.counted.emit("inbox", number)

    def tabs(self) -> tuple[Tab, ...]:
        memory = (
            Segment("history", self.tr("History"), "history", self._history),
            Segment("archive", self.tr("Archive"), "archive", self._archive),
            Segment("inbox", self.tr("Inbox"), "memory", self._inbox),
        )
        context = (
            Segment("request", self.tr("Next request"), "context", self._request),
            Segment("compact", self.tr("Compact now"), "context", self._compact),
        )
        tools = (
            Segment("tool studio", self.tr("Tools"), "tool", self._tools),
            Segment("mcp servers", self.tr("MCP servers"), "plug", self._mcp),
        )
        runs = (
            Segment("run list", self.tr("Runs"), "runs", self._runs),
            Segment("replay", self.tr("Replay"), "play", self._replay),
        )
        return (
            Tab("memory", self.tr("Memory"), "memory", "Ctrl+2", memory),
            Tab("context", self.tr("Context"), "context", "Ctrl+3", context),
            Tab("runs", self.tr("Runs"), "runs", "Ctrl+4", runs),
            Tab("tools", self.tr("Tools"), "tool", "Ctrl+5", tools),
        )

    def _history(self) -> "HistoryView":
        from app.ui.memory.history.view import HistoryView

        page = HistoryView(self._view)
        page.message_wanted.connect(self.message_wanted)
        page.back_wanted.connect(self.chat_wanted)
        page.agent_made.connect(self.agent_made)
        return page

    def _archive(self) -> "ArchiveView":
        from app.ui.archive.view import ArchiveView

        page = ArchiveView(self._view)
        page.message_wanted.connect(self.message_wanted)
        return page

    def _inbox(self) -> "InboxView":
        from app.ui.memory.inbox.view import InboxView

        page = InboxView(self._view)
        page.message_wanted.connect(self.message_wanted)
        page.history_wanted.connect(self.history_wanted)
        page.doctor.block_wanted.connect(self.block_wanted)
        page.doctor.archive_wanted.connect(lambda: self.segment_wanted.emit("archive"))
        return page

    def _request(self) -> "RequestView":
        from app.ui.context.request.view import RequestView

        page = RequestView(self._view)
        page.message_wanted.connect(self.message_wanted)
        page.history_wanted.connect(self.history_wanted)
        page.block_wanted.connect(self.block_wanted)
        page.compact_wanted.connect(lambda: self.segment_wanted.emit("compact"))
        page.fix_wanted.connect(self.size_wanted)
        return page

    def _compact(self) -> "CompactNow":
        from app.ui.context.compact.page import CompactNow

        page = CompactNow(self._view)
        page.closed.connect(self.chat_wanted)
        return page

    def _runs(self) -> "RunsView":
        from app.ui.runs.view import RunsView

        page = RunsView(self._view)
        page.message_wanted.connect(self.message_wanted)
        page.history_wanted.connect(self.history_wanted)
        page.request_wanted.connect(self.request_wanted)
        page.replay_wanted.connect(self.replay_wanted)
        page.chat_wanted.connect(self.chat_wanted)
        return page

    def _replay(self) -> "ReplayView":
        from app.ui.runs.replay.view import ReplayView

        page = ReplayView(self._view)
        page.chat_wanted.connect(self.chat_wanted)
        return page

    def _tools(self) -> "ToolsPage":
        from app.ui.tools.page import ToolsPage

        return ToolsPage(self._view)

    def _mcp(self) -> "McpPage":
        from app.ui.tools.mcp.page import McpPage

        return McpPage(self._view)
