"""The tools of the house, and the studio in which a person writes one and tries it before an agent does."""

import asyncio
import json

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QListView, QPlainTextEdit, QWidget

from app.domain.agent import Agent, AgentPatch
from app.domain.error import AppError
from app.domain.event import Changed
from app.domain.sandbox import Enforced, SandboxLimits, SandboxResult
from app.domain.tool import NO_ACCESS, SourceFault, Tool, ToolDraft, ToolPatch, ToolReading, ToolUse
from app.domain.tool_rule import Rules, asked_about
from app.ui.bridge.rereading import Rereading
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Choice, Icon, column_of, follow, frame_of, hairline, row_of
from app.ui.kit.panes import Pane, Panes
from app.ui.kit.switch import Switch
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count
from app.ui.state.view_context import Notice, ViewContext
from app.ui.tools.access import AccessPane
from app.ui.tools.arguments import NotReadable
from app.ui.tools.code_editor import CodeEditor
from app.ui.tools.rules import RulesPane
from app.ui.tools.tool_list import ToolDelegate, ToolList
from app.ui.tools.try_pane import TryPane

READ_MS = 350
"""After the last key a source is read anew."""
NARROW = 1000
"""Below this width, at 100 %, one pane is shown at a time."""
LEFT, RIGHT = ((0, 236),), ((0, 320), (1250, 400))
"""Widths of the list and of the trial."""
TEMPLATE = '''def my_tool(word: str, times: int = 1) -> str:
    """Say what the tool is for. The model decides by this whether to call it.

    Args:
        word: What this argument is.
        times: And this one.
    """
    return " ".join([word] * times)
'''


class ToolsPage(QWidget):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, self._theme = view, view.theme
        self._rereading = Rereading(view.tasks, self)
        self._tool: Tool | None = None
        """What is open; None: a new one."""
        self._stored = ""
        self._drafts: dict[str, str] = {}
        """What was typed and is not saved, by the id of the tool; of a new one under the empty id."""
        self._reading = ToolReading()
        self._enforced: Enforced | None = None
        self._turn = 0
        self._running: asyncio.Future[SandboxResult] | None = None
        theme = self._theme
        self.setAccessibleName(self.tr("Tools"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search tools"))
        self.search.setAccessibleName(self.tr("Search tools"))
        self.new = IconButton(theme, "plus", self.tr("Write a tool"), size=16, box=28)
        self.to_rules = Button(theme, self.tr("Rules"), "ghost", "", "small")
        self.rules = RulesPane(theme)
        self.rules.hide()
        self.list = ToolList(self)
        self.kinds, self.order = Choice(self.tr("Which tools")), Choice(self.tr("Order of the tools"))
        self._offer()
        self.rows = QListView()
        self.rows.setModel(self.list)
        self.rows.setItemDelegate(ToolDelegate(theme, self.list))
        self.rows.setAccessibleName(self.tr("Tools"))
        self.rows.setMouseTracking(True)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._number = Label(theme, "", "base", "muted")
        self._name = ElidedLabel(theme, "", "mono")
        self._state = Badge(theme, "")
        self.asks = Switch(theme, self.tr("Asks first"))
        set_tip(self.asks, self.tr("Whether the agent asks you before each call of this tool"))
        self.attach = Button(theme, "", "", "", "small")
        self.to_access = Button(theme, self.tr("May use"), "ghost", "", "small")
        set_tip(self.to_access, self.tr("Network, folders and variables of this tool"))
        self.access = AccessPane(view)
        self.access.hide()
        self.delete = IconButton(theme, "trash", self.tr("Delete this tool"), size=16, box=28)
        self.copy = IconButton(theme, "copy", self.tr("Write a copy of it"), size=16, box=28)
        self.save = Button(theme, self.tr("Save"), "primary", "", "small")
        self.editor = CodeEditor(theme, self.tr("Source of the tool"))
        self.problem = Button(theme, "", "ghost", "error", "small")
        self._fine = ElidedLabel(theme, "", "label", "ok")
        self._place = Label(theme, "", "label", "muted")
        self.schema = QPlainTextEdit()
        self.schema.setReadOnly(True)
        self.schema.setProperty("plain", True)
        self.schema.setAccessibleName(self.tr("What models are told of it"))
        self._tokens = Label(theme, "", "label", "muted")
        self.trial = TryPane(theme)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(READ_MS)
        self._lay_out()
        self._connect()

    def _offer(self) -> None:
        for words, wanted in (
            (self.tr("All"), "all"),
            (self.tr("Given"), "given"),
            (self.tr("Yours"), "own"),
            (self.tr("Memory"), "memory"),
            (self.tr("Built in"), "built_in"),
            (self.tr("MCP"), "mcp"),
            (self.tr("Not set up"), "not_set_up"),
        ):
            self.kinds.addItem(words, wanted)
        self.order.addItem(self.tr("By name"), "name")
        self.order.addItem(self.tr("By cost"), "tokens")
        self.order.addItem(self.tr("By use"), "agents")
        set_tip(self.kinds, self.tr("Which tools are listed; given: those that the open agent has"))
        set_tip(self.order, self.tr("Cost: tokens in every request of an agent that has the tool"))

    def _lay_out(self) -> None:
        theme = self._theme
        left, head, search, narrow = frame_of("panel"), QWidget(), QWidget(), QWidget()
        row_of(
            theme,
            Label(theme, self.tr("Tools"), "strong"),
            self._number,
            None,
            self.to_rules,
            self.new,
            parent=head,
            inset=(14, 6, 8, 4),
        )
        row_of(theme, self.search, parent=search, inset=(10, 0, 10, 6))
        row_of(theme, self.kinds, self.order, parent=narrow, inset=(10, 0, 10, 6), gap=6)
        column_of(theme, head, search, narrow, self.rows, parent=left, gap=0)
        centre, bar = frame_of("surface"), frame_of("panel")
        row = row_of(
            theme,
            Icon(theme, "code", "teal", 16),
            self._name,
            self._state,
            self.copy,
            self.delete,
            self.to_access,
            self.asks,
            self.attach,
            self.save,
            parent=bar,
            inset=(14, 6, 10, 6),
            gap=6,
        )
        row.setStretch(1, 1)
        line = frame_of("panel")
        row_of(theme, self.problem, self._fine, None, self._place, parent=line, inset=(8, 2, 14, 2))
        told = frame_of("panel")
        row_of(
            theme,
            Label(theme, self.tr("What models are told"), "label", "text2"),
            None,
            self._tokens,
            parent=told,
            inset=(14, 6, 14, 6),
        )
        column_of(
            theme, bar, hairline(), self.editor, hairline(), line, hairline(), told, self.schema, parent=centre, gap=0
        ).setStretch(2, 1)
        self.panes = Panes(
            theme,
            (
                Pane("tools", self.tr("Tools"), left, LEFT, self.tr("Width of the list of tools")),
                Pane("source", self.tr("Source"), centre),
                Pane("try", self.tr("Try it"), self.trial, RIGHT, self.tr("Width of the trial")),
            ),
            "source",
            self.tr("Part of the page"),
            NARROW,
        )
        column_of(theme, self.panes, self.rules, self.access, parent=self, gap=0)
        follow(theme, self, self._fit)

    def _connect(self) -> None:
        self.search.textChanged.connect(self.list.find)
        self.kinds.currentIndexChanged.connect(lambda: self.list.narrow(self.kinds.currentData()))
        self.order.currentIndexChanged.connect(lambda: self.list.sort_by(self.order.currentData()))
        self.new.clicked.connect(lambda: self.write_new(TEMPLATE))
        self.rows.selectionModel().currentChanged.connect(self._picked)
        self.rows.clicked.connect(lambda: self.panes.show_pane("source"))
        self.copy.clicked.connect(self._copy)
        self.delete.clicked.connect(lambda: self._view.run(self._ask_delete(), self))
        self.attach.clicked.connect(self._attach)
        self.asks.clicked.connect(lambda _checked=False: self._ask_first())
        self.to_rules.clicked.connect(lambda _checked=False: self.show_rules(True))
        self.to_access.clicked.connect(lambda _checked=False: self.show_access(True))
        self.access.closed.connect(lambda: self.show_access(False))
        self.rules.closed.connect(lambda: self.show_rules(False))
        self.rules.save_wanted.connect(self._save_rules)
        self.save.clicked.connect(self.save_now)
        self.editor.textChanged.connect(self._typed)
        self.editor.cursorPositionChanged.connect(self._tell_place)
        self.editor.run_wanted.connect(self.run_now)
        self.problem.clicked.connect(self._go_to_problem)
        self.trial.run_wanted.connect(self.run_now)
        self.trial.stop_wanted.connect(self._stop)
        self._wait.timeout.connect(self._read)
        for keys, act in (("Ctrl+S", self.save_now), ("Ctrl+Return", self.run_now)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
        self._view.workspace.changed.connect(self._changed)
        self._view.workspace.agent_changed.connect(lambda: self._again())

    def _fit(self) -> None:
        px = self._theme.px
        self.schema.setFont(self._theme.font("mono"))
        self.schema.setFixedHeight(px(150 if self.height() > px(620) else 90))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    # Reading

    def begin(self) -> None:
        self._rereading.read("tools", self._load)
        self.rows.setFocus(Qt.FocusReason.OtherFocusReason)

    def _again(self) -> None:
        if self.isVisible():
            self._rereading.read("tools", self._load)

    def _changed(self, event: Changed) -> None:
        if event.kind in ("tool", "agent"):
            self._again()

    async def _load(self) -> None:
        services, agent = self._view.services, self._view.workspace.agent
        tools = await services.tools.in_use()
        self.list.load(tools, agent.tool_names if agent is not None else ())
        self._number.setText(count(len(tools)))
        known = next((one.tool for one in tools if self._tool is not None and one.tool.id == self._tool.id), None)
        if self._tool is None and not self.editor.toPlainText():
            self._begin_with(tools)
        elif self._tool is not None and known is not None:
            self._renewed(known)
        elif self._tool is not None:
            self.write_new(self.editor.toPlainText() if self.changed else TEMPLATE)
        self._tell_state()
        self._enforced = await services.tools.enforced()
        self.access.show_enforced(self._enforced)
        self._tell_enforced()

    def _tell_enforced(self) -> None:
        if self._enforced is not None:
            access = self._tool.access if self._tool is not None else NO_ACCESS
            self.trial.show_enforced(self._enforced, SandboxLimits(), access)

    def _begin_with(self, tools: tuple[ToolUse, ...]) -> None:
        own = [one.tool for one in tools if one.tool.tool_type == "custom"]
        if own:
            self._choose(own[-1])
        else:
            self.write_new(TEMPLATE)

    def _renewed(self, tool: Tool) -> None:
        """It was changed, here or by somebody else; what is typed here stays."""
        untouched, self._tool = not self.changed, tool
        self._stored = tool.source_code or ""
        if untouched and self.editor.toPlainText() != self._stored:
            self.editor.show_source(self._stored)
        self._mark_row()

    # Choosing

    def _picked(self, index: QModelIndex, _before: QModelIndex) -> None:
        row = self.list.tool_at(index.row()) if index.isValid() else None
        if row is not None and (self._tool is None or row.use.tool.id != self._tool.id):
            self._choose(row.use.tool)

    def _keep(self) -> None:
        key = self._tool.id if self._tool is not None else ""
        if self.changed and self._own:
            self._drafts[key] = self.editor.toPlainText()
        else:
            self._drafts.pop(key, None)

    def _choose(self, tool: Tool) -> None:
        self._keep()
        self._tool, self._stored = tool, tool.source_code or ""
        self.editor.setReadOnly(not self._own)
        self.editor.show_source(self._drafts.get(tool.id, self._stored))
        self.trial.show_result(None)
        self._tell_enforced()
        self._mark_row()
        self._read()
        self._tell_state()

    def write_new(self, source: str) -> None:
        """A tool that is not stored yet."""
        self._keep()
        self._tool, self._stored = None, ""
        self.rows.selectionModel().clear()
        self.editor.setReadOnly(False)
        self.editor.show_source(self._drafts.get("", source) if source == TEMPLATE else source)
        self.trial.show_result(None)
        self._read()
        self._tell_state()
        self.panes.show_pane("source")
        if self.isVisible():
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _mark_row(self) -> None:
        place = self.list.index_of(self._tool.id) if self._tool is not None else -1
        if place >= 0:
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.rows.selectionModel().setCurrentIndex(self.list.index(place), flag)

    def _copy(self) -> None:
        if self._tool is not None:
            source = self.editor.toPlainText()
            self.write_new(source.replace(f"def {self._tool.name}(", f"def {self._tool.name}_copy("))

    @property
    def _own(self) -> bool:
        return self._tool is None or self._tool.tool_type == "custom"

    @property
    def changed(self) -> bool:
        return self._own and self.editor.toPlainText() != self._stored

    @property
    def unsaved(self) -> list[str]:
        """What was typed here and is not saved, in words."""
        words = self.tr("source of the tool {}")
        sources = [words.format(self._named(key)) for key in self._unsaved_sources()]
        return [*sources, self.tr("tool rules")] if self.rules.changed else sources

    async def save_all(self) -> None:
        """Stores what was typed. Raises `AppError`: a source with a fault is not stored, nor rules that contradict."""
        tools, agent = self._view.services.tools, self._view.workspace.agent
        if self.rules.changed and agent is not None:
            patch = AgentPatch(tool_rules=self.rules.rules)
            await self._view.services.agents.update(agent.id, patch, origin=self._view.workspace.origin)
        for key, source in self._unsaved_sources().items():
            if key:
                await tools.update(key, ToolPatch(source_code=source))
            else:
                await tools.write(ToolDraft(source_code=source), new=True)

    def _unsaved_sources(self) -> dict[str, str]:
        """By the id of the tool; of a new one under the empty id."""
        found = dict(self._drafts)
        key = self._tool.id if self._tool is not None else ""
        if self.changed:
            found[key] = self.editor.toPlainText()
        else:
            found.pop(key, None)
        return {key: source for key, source in found.items() if source.strip() not in ("", TEMPLATE.strip())}

    def _named(self, key: str) -> str:
        known = {one.tool.id: one.tool.name for one in self.list.tools}
        return known.get(key) or self._reading.name or "?"

    # What the source says

    def _typed(self) -> None:
        self._wait.start()
        self._tell_state()

    def _read(self) -> None:
        self._turn += 1
        self._view.run(self._examine(self._turn), self)

    async def _examine(self, turn: int) -> None:
        if not self._own and self._tool is not None:
            tool = self._tool
            tokens = next((one.tokens for one in self.list.tools if one.tool.id == tool.id), 0)
            self._reading = ToolReading(
                name=tool.name, description=tool.description, parameters=tool.parameters, tokens=tokens
            )
        else:
            reading = await self._view.services.tools.examine(self.editor.toPlainText())
            if turn != self._turn:
                return
            self._reading = reading
        self._show_reading()

    def _show_reading(self) -> None:
        reading = self._reading
        faults: tuple[SourceFault, ...] = reading.faults
        self.editor.show_faults([one.line for one in faults])
        self.problem.setVisible(bool(faults))
        self._fine.setVisible(not faults)
        if faults:
            first, *others = faults
            more = self.tr(" · {} more").format(len(others)) if others else ""
            words = self.tr("Line {0}: {1}").format(first.line, first.text)
            self.problem.setText(
                self.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, self.width() // 3) + more
            )
            set_tip(self.problem, "\n".join(f"{one.line}: {one.text}" for one in faults))
        else:
            self._fine.set_text(self._where_from())
            told = {"name": reading.name, "description": reading.description, "parameters": reading.parameters}
            self.schema.setPlainText(json.dumps(told, ensure_ascii=False, indent=1))
            self.trial.form.show_schema(reading.parameters)
        self._tokens.setText(
            self.tr("{} tokens in every request").format(count(reading.tokens)) if reading.tokens else ""
        )
        self._tell_state()

    def _where_from(self) -> str:
        if self._own:
            return self.tr("No problems")
        served = self._tool is not None and self._tool.tool_type == "external_mcp"
        return self.tr("From an MCP server") if served else self.tr("Comes with Lares")

    def _tell_state(self) -> None:
        tool, faulty = self._tool, bool(self._reading.faults)
        self._name.set_text(self._reading.name or (tool.name if tool is not None else self.tr("new tool")))
        if not self._own and tool is not None:
            self._state.set_badge(self.tr("built in") if tool.set_up else self.tr("not set up"), "", "")
        elif tool is None and not self._unsaved_sources():
            self._state.set_badge(self.tr("example"), "", "")
        elif self.changed:
            self._state.set_badge(self.tr("not saved"), "warn", "")
        elif tool is not None:
            self._state.set_badge(self.tr("version {}").format(tool.version), "", "")
        self.save.setVisible(self._own)
        self.save.setEnabled(self.changed and not faulty)
        self.delete.setVisible(tool is not None and self._own)
        self.to_access.setVisible(tool is not None and self._own)
        self.copy.setVisible(tool is not None and self._own)
        agent = self._view.workspace.agent
        if tool is None or not self._own:
            self.show_access(False)
        else:
            self.access.show_tool(tool, agent)
        self.attach.setVisible(
            tool is not None and agent is not None and (tool.set_up or tool.name in agent.tool_names)
        )
        self.to_rules.setVisible(agent is not None)
        if agent is None:
            self.show_rules(False)
        else:
            self.rules.show_agent(agent)
        self.asks.setVisible(tool is not None and agent is not None and tool.name in agent.tool_names)
        if tool is not None and agent is not None:
            has = tool.name in agent.tool_names
            self.asks.setChecked(tool.name in asked_about(agent.tool_rules))
            self.asks.set_busy(False)
            words = self.tr("Take from {}") if has else self.tr("Give to {}")
            self.attach.setText(words.format(agent.name))
        self.panes.set_present("try", self._own)
        self.trial.allow(self.tr("Correct the source first.") if faulty else "")

    def _tell_place(self) -> None:
        cursor = self.editor.textCursor()
        words = self.tr("Line {0}, column {1}")
        self._place.setText(words.format(cursor.blockNumber() + 1, cursor.positionInBlock() + 1))

    def _go_to_problem(self) -> None:
        if self._reading.faults:
            self.editor.go_to(self._reading.faults[0].line)

    # Doing

    def save_now(self) -> None:
        if not self._own or not self.changed:
            return
        if self._reading.faults:
            self._go_to_problem()
            return
        source, tool = self.editor.toPlainText(), self._tool
        tools = self._view.services.tools
        if tool is not None:
            work = tools.update(tool.id, ToolPatch(source_code=source))
        else:
            work = tools.write(ToolDraft(source_code=source), new=True)

        def saved(stored: Tool) -> Notice:
            self._drafts.pop(tool.id if tool is not None else "", None)
            self._tool, self._stored = stored, source
            self._tell_state()
            self._again()
            return Notice(self.tr("“{0}” is saved as version {1}").format(stored.name, stored.version))

        self._view.run(work, self, done=saved, failed=self._view.tell_error)

    def run_now(self) -> None:
        if not self._own or self._reading.faults or self._running is not None:
            return
        try:
            arguments = self.trial.form.arguments()
        except NotReadable:
            return
        draft = ToolDraft(source_code=self.editor.toPlainText())
        self.trial.set_running(True)
        tool_id = self._tool.id if self._tool is not None else None
        work = self._view.services.tools.run_source(draft, arguments, {}, tool_id)
        self._running = self._view.run(work, self, done=self._ran, failed=self._not_run)

    def _ran(self, result: SandboxResult) -> None:
        self._running = None
        self.trial.set_running(False)
        self.trial.show_result(result)

    def _not_run(self, error: AppError) -> None:
        self._running = None
        self.trial.set_running(False)
        self._view.tell_error(error)

    def _stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            self._running = None
        self.trial.set_running(False)

    def _attach(self) -> None:
        tool, agent = self._tool, self._view.workspace.agent
        if tool is None or agent is None:
            return
        kept = tuple(name for name in agent.tool_names if name != tool.name)
        names = kept if tool.name in agent.tool_names else (*kept, tool.name)
        work = self._view.services.agents.update(
            agent.id, AgentPatch(tool_names=names), origin=self._view.workspace.origin, ask_first=True
        )
        self._view.run(work, self)

    def show_rules(self, shown: bool) -> None:
        """The rules of the agent in place of the tools, or the tools again."""
        if shown != self.rules.isHidden():
            return
        self.panes.setVisible(not shown)
        self.rules.setVisible(shown)
        shows = self.rules.back if shown else self.to_rules
        shows.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_access(self, shown: bool) -> None:
        """What the tool may use in place of the tools, or the tools again."""
        if shown != self.access.isHidden():
            return
        self.panes.setVisible(not shown)
        self.access.setVisible(shown)
        (self.access.back if shown else self.to_access).setFocus(Qt.FocusReason.OtherFocusReason)

    def _save_rules(self, rules: Rules) -> None:
        agent, origin = self._view.workspace.agent, self._view.workspace.origin
        if agent is None:
            return

        def saved(_agent: Agent) -> Notice:
            return Notice(self.tr("The tool rules of {} are saved").format(agent.name))

        work = self._view.services.agents.update(agent.id, AgentPatch(tool_rules=rules), origin=origin)
        self._view.run(work, self, done=saved, failed=self._view.tell_error)

    def _ask_first(self) -> None:
        tool, agent = self._tool, self._view.workspace.agent
        if tool is None or agent is None:
            return
        self.asks.set_busy(True)
        origin = self._view.workspace.origin
        work = self._view.services.approvals.require(agent.id, tool.name, self.asks.isChecked(), origin)
        self._view.run(work, self, failed=self._view.tell_error)

    async def _ask_delete(self) -> None:
        tool = self._tool
        if tool is None:
            return
        users = await self._view.services.tools.users(tool.id)
        words = self.tr("No agent has it.")
        if users:
            words = self.tr("These agents lose it: {}.").format(", ".join(users))
            had = next((one.agents for one in self.list.tools if one.tool.id == tool.id), len(users))
            if had > len(users):
                words = self.tr("These agents lose it: {0}, and {1} more.").format(", ".join(users), had - len(users))
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("delete", self.tr("Delete"), "danger"))
        answer, _ = await self._view.ask.ask(
            self.tr("Delete the tool “{}”?").format(tool.name),
            self.tr("{} Its source is gone with it.").format(words),
            answers,
        )
        if answer != "delete":
            return
        await self._view.services.tools.delete(tool.id, origin=self._view.workspace.origin)
        self._drafts.pop(tool.id, None)
        self._stored = self.editor.toPlainText()
        self.write_new(TEMPLATE)
        self._again()
