"""One server: what it starts, how it stands, its tools for the open agent, and its log."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.domain.mcp import McpLine, McpTool, McpView
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, empty, frame_of, row_of, scrolled
from app.ui.kit.switch import Switch
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count, counted
from app.ui.state.view_context import ViewContext
from app.ui.tools.mcp.add_form import launch_card
from app.ui.tools.mcp.change_view import ChangeView
from app.ui.tools.mcp.sign_in_card import SignInCard
from app.ui.tools.mcp.words import state_of

MOST_ROWS = 60
"""Tools shown at once; the search finds the others."""
LOG_HEIGHT = 150


class ServerPane(QWidget):
    start_wanted, stop_wanted, change_wanted, delete_wanted = Signal(), Signal(), Signal(), Signal()
    refresh_wanted, sign_in_wanted, sign_out_wanted = Signal(), Signal(), Signal()
    attach_wanted = Signal(str, bool)
    """Name of a tool, and whether the open agent is to have it."""
    accept_wanted = Signal(str, str)
    """Id of a tool whose change is agreed to, and the digest of that change."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, theme = view, view.theme
        self.shown: McpView | None = None
        """What a person sees, and agrees to by pressing Start."""
        self._tools: tuple[McpTool, ...] = ()
        self._names: tuple[str, ...] = ()
        self._agent = ""
        self.name, self.state = ElidedLabel(theme, "", "strong"), Badge(theme, "")
        self.start = Button(theme, self.tr("Start"), "primary", "", "small")
        self.stop = Button(theme, self.tr("Stop"), "", "", "small")
        self.sign_out = Button(theme, self.tr("Sign out"), "", "", "small")
        self.sign_in = SignInCard(theme)
        self.refresh = IconButton(theme, "refresh", self.tr("List its tools again"), size=16, box=28)
        self.change = IconButton(theme, "edit", self.tr("Change this server"), size=16, box=28)
        self.delete = IconButton(theme, "trash", self.tr("Delete this server"), size=16, box=28)
        self.problem = Label(theme, "", "base", "danger")
        self.trust = Label(
            theme, self.tr("A server is a program that runs as you, outside the sandbox. Start only what you trust."),
            "label", "warn",
        )  # fmt: skip
        for label in (self.problem, self.trust):
            label.setWordWrap(True)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search its tools"))
        self.search.setAccessibleName(self.tr("Search its tools"))
        self.summary = Label(theme, "", "label", "text2")
        self._launch, self._rows = QVBoxLayout(), QVBoxLayout()
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setProperty("plain", True)
        self.log.setFont(theme.font("mono"))
        self.log.setFixedHeight(theme.px(LOG_HEIGHT))
        self.log.setAccessibleName(self.tr("Log of the server"))
        self.switches: dict[str, Switch] = {}
        self.accepts: dict[str, Button] = {}
        self._lay_out()
        self.start.clicked.connect(lambda: self.start_wanted.emit())
        self.stop.clicked.connect(lambda: self.stop_wanted.emit())
        self.sign_out.clicked.connect(lambda: self.sign_out_wanted.emit())
        self.sign_in.sign_in_wanted.connect(lambda: self.sign_in_wanted.emit())
        self.sign_in.cancel_wanted.connect(lambda: self.stop_wanted.emit())
        self.refresh.clicked.connect(lambda: self.refresh_wanted.emit())
        self.change.clicked.connect(lambda: self.change_wanted.emit())
        self.delete.clicked.connect(lambda: self.delete_wanted.emit())
        self.search.textChanged.connect(lambda: self._show_rows())

    def _lay_out(self) -> None:
        theme = self._view.theme
        bar, content = frame_of("panel"), frame_of("surface")
        parts = (self.name, self.state, self.refresh, self.change, self.delete, self.sign_out, self.stop, self.start)
        row_of(theme, *parts, parent=bar, inset=(20, 6, 12, 6), gap=6).setStretch(0, 1)
        tools = row_of(theme, self.summary, None, self.search)
        self._log_title = Label(theme, self.tr("Log"), "label", "text2")
        column_of(
            theme, self._launch, self.problem, self.sign_in, self.trust, tools, self._rows, self._log_title, self.log,
            None, parent=content, inset=(20, 14, 20, 14), gap=10,
        )  # fmt: skip
        column_of(theme, bar, scrolled(content, self.tr("The server")), parent=self, gap=0)

    def show_server(
        self, view: McpView, tools: Sequence[McpTool], log: Sequence[McpLine], agent: str, names: Sequence[str]
    ) -> None:
        """`agent`: name of the open one, `names`: of the tools that it has."""
        self.shown = view
        self.name.set_text(view.server.name)
        words, kind = state_of(view)
        self.state.set_badge(words, kind)
        condition = view.status.condition
        self.start.setText(self.tr("Restart") if condition == "running" else self.tr("Start"))
        self.start.set_role("" if condition == "running" else "primary")
        self.start.set_busy(condition == "starting")
        self.start.setEnabled(condition not in ("starting", "signing_in"))
        self.sign_out.setVisible(view.server.signed_in)
        self.sign_in.show_view(view)
        self.stop.setVisible(condition in ("running", "waiting", "starting"))
        self.refresh.setEnabled(condition == "running")
        empty(self._launch)
        self._launch.addWidget(launch_card(self._view, view.server.draft))
        status = view.status
        self.problem.setText(f"{status.error} {status.hint}".strip())
        self.problem.setVisible(bool(status.error))
        self.trust.setVisible(condition == "unseen" and view.server.launch.transport == "stdio")
        shown = (tuple(tools), tuple(names), agent)
        if shown != (self._tools, self._names, self._agent):
            self._tools, self._names, self._agent = shown
            self._show_rows()
        self.search.setVisible(len(tools) > 8)
        text = "\n".join(one.text for one in log)
        if text != self.log.toPlainText():
            self.log.setPlainText(text)
            self.log.verticalScrollBar().setValue(self.log.verticalScrollBar().maximum())
        for widget in (self._log_title, self.log):
            widget.setVisible(bool(text))

    def _show_rows(self) -> None:
        empty(self._rows)
        self.switches.clear()
        self.accepts.clear()
        words = self.search.text().strip().casefold()
        found = [one for one in self._tools if words in f"{one.tool.name} {one.tool.description}".casefold()]
        for one in found[:MOST_ROWS]:
            self._rows.addWidget(self._row(one))
        if len(found) > MOST_ROWS:
            more = counted(len(found) - MOST_ROWS, self.tr("{} more; search for it."), self.tr("{} more; search them."))
            self._rows.addWidget(Label(self._view.theme, more, "label", "muted"))
        self.summary.setText(self._summed())

    def _summed(self) -> str:
        if not self._tools:
            return self.tr("Its tools are listed when it has started.")
        tokens = count(sum(one.tokens for one in self._tools))
        number = counted(len(self._tools), self.tr("{} tool"), self.tr("{} tools"))
        return self.tr("{0}, {1} tokens if all were attached").format(number, tokens)

    def _attach(self, name: str, on: bool) -> None:
        self.attach_wanted.emit(name, on)

    def _row(self, one: McpTool) -> QWidget:
        theme, row, tool = self._view.theme, QWidget(), one.tool
        has = tool.name in self._names
        switch = Switch(theme)
        switch.setChecked(has)
        switch.setEnabled(bool(self._agent) and (has or not one.origin.missing))
        switch.setAccessibleName(self.tr("{0} for {1}").format(tool.name, self._agent or self.tr("no agent")))
        switch.toggled.connect(partial(self._attach, tool.name))
        self.switches[tool.name] = switch
        name = ElidedLabel(theme, tool.name, "mono")
        said = ElidedLabel(theme, tool.description, "label", "muted")
        set_tip(said, tool.description)
        line = row_of(theme, switch, name, said, parent=row, inset=(0, 1, 0, 1))
        line.setStretch(2, 1)
        if one.origin.missing:
            line.addWidget(Badge(theme, self.tr("gone"), "warn"))
        if one.origin.changed is None:
            line.addWidget(Label(theme, count(one.tokens), "label", "muted"))
            return row
        line.addWidget(Badge(theme, self.tr("changed"), "warn"))
        line.addWidget(Label(theme, count(one.tokens), "label", "muted"))
        return self._with_change(row, one)

    def _with_change(self, row: QWidget, one: McpTool) -> QWidget:
        """The row with both texts below it. A server that changed all of its tools is looked at in its rows."""
        theme, whole, change = self._view.theme, QWidget(), ChangeView(self._view.theme)
        change.show_tool(one.tool)
        allow = Button(theme, self.tr("Allow the change"), "", "warning", "small")
        allow.clicked.connect(lambda: self.accept_wanted.emit(one.tool.id, change.digest))
        self.accepts[one.tool.name] = allow
        column_of(theme, row, change, row_of(theme, None, allow), parent=whole, inset=(0, 2, 0, 8), gap=6)
        return whole
