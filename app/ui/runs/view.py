"""The run inspector: all runs of an agent or of all, what each did, and what went over the wire."""

import time

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.domain.error import AppError
from app.domain.event import Changed
from app.domain.page import PageRequest, RunFilter, RunPage, RunReport
from app.domain.run import Step
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, follow, frame_of, hairline, row_of
from app.ui.kit.panes import Pane, Panes
from app.ui.kit.splitter import Splitter
from app.ui.kit.wording import count, counted
from app.ui.runs.exchange import Exchange
from app.ui.runs.export import RunExport
from app.ui.runs.figures import Figures
from app.ui.runs.filters import RunFilters
from app.ui.runs.steps import StepRow, rows_of, unfolded
from app.ui.runs.table import RunRow, RunTable, RunTableModel
from app.ui.runs.timeline import StepList, Ticks, Timeline
from app.ui.state.list_rows import ROW
from app.ui.state.view_context import ViewContext

PAGE = 60
"""Runs that are read at once."""
NEAR = 20
"""Rows above the end of the table at which further ones are read."""
SOON_MS = 150
"""Changes that come together are read once."""
NARROW = 900
"""Below this width, at 100 %, steps and bytes share one place."""


class RunsView(QWidget):
    message_wanted = Signal(str)
    history_wanted = Signal(str)
    """Id of a block whose history a person wants to see; empty: of all."""
    request_wanted = Signal(str)
    """Id of a step whose request is to be shown part by part."""
    replay_wanted = Signal(str)
    """Id of a step of the open agent that is to be replayed."""
    chat_wanted = Signal()

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, self._services = view, view.services
        theme = self._theme = view.theme
        self._agent_id = ""
        self._turn = 0
        """Counts what is asked for, so that an answer to an earlier question is not shown."""
        self._complete = self._reading = False
        self._report: RunReport | None = None
        self._wanted_step = ""
        self.setAccessibleName(self.tr("Runs"))
        self._model = RunTableModel(theme, self._name_of, self)
        self.table = RunTable(theme, self._model)
        self.filters = RunFilters(theme)
        self.files = RunExport(view, self)
        self._steps = StepList(self)
        self.timeline = Timeline(theme, self._steps)
        self._ticks = Ticks(theme, self._steps)
        self._title = ElidedLabel(theme, "", "strong")
        self._about = ElidedLabel(theme, "", "label", "muted")
        self._title.keep(76)
        self.open_message = IconButton(theme, "jump", self.tr("Open the message that began it"))
        self.open_history = IconButton(theme, "history", self.tr("History of what it changed"))
        self.replay = Button(theme, self.tr("Replay"), "", "play", "small")
        self.replay.setAccessibleName(self.tr("Replay this step"))
        self.figures = Figures(theme)
        self.exchange = Exchange(theme)
        self._pages = QStackedWidget()
        self._empty = EmptyState(theme, "runs", "", "", [(self.tr("Back to chat"), self.chat_wanted.emit)])
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        theme = self._theme
        left, run_head, hold = frame_of("panel"), QWidget(), QWidget()
        row_of(
            theme,
            self._title,
            self._about,
            None,
            self.open_history,
            self.open_message,
            self.replay,
            parent=run_head,
            inset=(14, 6, 10, 6),
        )
        column_of(
            theme,
            run_head,
            hairline(),
            self._ticks,
            hairline(),
            self.timeline,
            hairline(),
            self.figures,
            parent=left,
            gap=0,
        ).setStretch(4, 1)
        self.panes = Panes(
            theme,
            (
                Pane("steps", self.tr("Steps"), left, border=self.tr("Width of the steps")),
                Pane("bytes", self.tr("Request and reply"), self.exchange),
            ),
            "steps",
            self.tr("Part of the run"),
            NARROW,
        )
        upper = QWidget()
        column_of(theme, self.table, parent=upper, gap=0)
        self.above = Splitter(theme, Qt.Orientation.Vertical)
        self.above.addWidget(upper)
        self.above.addWidget(self.panes)
        self.above.name_handle(1, self.tr("Height of the table of runs"))
        self.above.setStretchFactor(1, 1)
        column_of(theme, None, row_of(theme, None, self._empty, None), None, parent=hold)
        self._nothing = Label(theme, self.tr("No run matches this filter."), "base", "muted")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(self.above)
        self._pages.addWidget(hold)
        self._pages.addWidget(self._nothing)
        column_of(theme, self.filters, hairline(), self._pages, parent=self, gap=0).setStretch(2, 1)
        follow(theme, self, self._fit)

    def _connect(self) -> None:
        self.filters.changed.connect(lambda: self._begin_list())
        self.filters.export_wanted.connect(lambda: self._export())
        self.timeline.folded.connect(lambda: self._show_steps())
        self.table.selectionModel().currentRowChanged.connect(self._picked)
        self.table.verticalScrollBar().valueChanged.connect(lambda: self._ask_for_more())
        self.timeline.selectionModel().currentChanged.connect(self._step_picked)
        self.exchange.wanted.connect(lambda: self._read_bytes())
        self.exchange.context_wanted.connect(lambda: self.request_wanted.emit(self._wanted_step))
        self.open_message.clicked.connect(lambda: self._open_message())
        self.replay.clicked.connect(lambda: self.replay_wanted.emit(self._wanted_step))
        self.open_history.clicked.connect(lambda: self._open_history())
        self._view.workspace.changed.connect(self._changed)
        self._soon.timeout.connect(lambda: self._renew())

    def _name_of(self, agent_id: str) -> str:
        agents = self._view.workspace.agents
        at = agents.index_of(agent_id)
        return agents.rows[at].agent.name if at >= 0 else ""

    # Reading

    def begin(self) -> None:
        """Shows the runs of the open agent; what was chosen stays while it is the same agent."""
        agent = self._view.workspace.agent
        if agent is None:
            return
        self.filters.whose.set_label("own", agent.name)
        self.filters.agent_id = agent.id
        if agent.id != self._agent_id:
            self._agent_id = agent.id
            self._begin_list()
        else:
            self._renew()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _begin_list(self) -> None:
        self._turn += 1
        self._complete = False
        self.table.show_agents(self.filters.whose.current == "all")
        self._view.run(self._read_first(self._turn), self, failed=self._failed)

    async def _read_first(self, turn: int) -> None:
        rows = _rows(await self._services.listing.run_rows(self.filters.wanted, PageRequest(limit=PAGE)))
        if turn != self._turn:
            return
        self._complete = len(rows) < PAGE
        self._model.begin(rows)
        self._say_sum()
        if rows:
            self._pages.setCurrentIndex(0)
            self.table.selectRow(0)
            self._ask_for_more()
        else:
            self._show_no_runs()

    def _show_no_runs(self) -> None:
        self._clear_run()
        if self.filters.narrows:
            self._pages.setCurrentIndex(2)
            return
        self._empty.set_heading(
            self.tr("No runs yet"), self.tr("Each message that an agent answers becomes a run here.")
        )
        self._pages.setCurrentIndex(1)

    def _failed(self, error: AppError) -> None:
        self._empty.set_heading(error.message, error.hint)
        self._pages.setCurrentIndex(1)

    def _ask_for_more(self) -> None:
        last = self.table.rowAt(self.table.viewport().height() - 1)
        near = last < 0 or last >= self._model.rowCount() - NEAR
        if near and self._model.rowCount() and not self._complete and not self._reading:
            self._reading = True
            self._view.run(self._read_more(self._turn), self)

    async def _read_more(self, turn: int) -> None:
        oldest = self._model.rows[-1].run.id
        try:
            page = PageRequest(limit=PAGE, after=oldest)
            rows = _rows(await self._services.listing.run_rows(self.filters.wanted, page))
        finally:
            self._reading = False
        if turn == self._turn:
            self._complete = len(rows) < PAGE
            self._model.append(rows)
            self._say_sum()
            self._ask_for_more()  # the window may be higher than what was read

    def _changed(self, event: Changed) -> None:
        """A run began, went on or ended."""
        own = self.filters.whose.current == "all" or event.agent_id in (None, self._agent_id)
        if event.kind == "run" and own and self.isVisible():
            self._soon.start()

    def _renew(self) -> None:
        self._view.run(self._read_newest(self._turn), self)

    async def _read_newest(self, turn: int) -> None:
        if self.filters.narrows:
            await self._read_first(turn)
            return
        rows = _rows(await self._services.listing.run_rows(self.filters.wanted, PageRequest(limit=PAGE)))
        if turn != self._turn:
            return
        if self._model.rowCount() == 0 or not any(self._model.row_of(row.run.id) >= 0 for row in rows):
            await self._read_first(turn)
            return
        self._model.renew(rows)
        self._say_sum()
        report = self._report
        if report is not None and report.run.active:
            self._read_run(report.run.id)

    def _say_sum(self) -> None:
        number = self._model.rowCount()
        more = "" if self._complete else "+"
        failed = sum(row.run.status == "failed" for row in self._model.rows)
        words = counted(number, self.tr("{} run"), self.tr("{} runs"))
        self.filters.sum.set_text(words + more + (self.tr(", {} failed").format(count(failed)) if failed else ""))

    # One run

    def _picked(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and index.row() < self._model.rowCount():
            run = self._model.rows[index.row()].run
            if self._report is None or self._report.run.id != run.id:
                self._wanted_step = ""
            self._read_run(run.id)

    def _read_run(self, run_id: str) -> None:
        self._view.run(self._show_run(run_id), self, failed=lambda error: self._clear_run(error.message))

    async def _show_run(self, run_id: str) -> None:
        report = await self._services.listing.report(run_id)
        index = self.table.currentIndex()
        if not index.isValid() or self._model.rows[index.row()].run.id != run_id:
            return
        before, self._report = self._report, report
        self._show_steps()
        self.filters.export.setEnabled(True)
        run = report.run
        self._title.set_text(self.tr("Run {}").format(run.id.partition("-")[2][:4]))
        tools = sum(len(message.tool_returns) for message in report.messages)
        parts = [counted(len(report.steps), self.tr("{} step"), self.tr("{} steps"))]
        if tools:
            parts.append(counted(tools, self.tr("{} tool call"), self.tr("{} tool calls")))
        if report.changes:
            number = len(report.changes)
            parts.append(counted(number, self.tr("{} memory change"), self.tr("{} memory changes")))
        self._about.set_text(", ".join(parts))
        self.open_message.setVisible(run.message_id is not None)
        self.open_history.setVisible(bool(report.changes))
        same = before is not None and before.run.id == run_id
        if not same or self._wanted_step not in {step.id for step in report.steps}:
            self._choose_step()

    def _show_steps(self) -> None:
        """What is folded shows its first row alone."""
        if self._report is not None:
            rows = rows_of(self._report, int(time.time() * 1_000_000))
            self._steps.show(unfolded(rows, self.timeline.folded_keys))
            self._ticks.update()

    def _export(self) -> None:
        if self._report is not None:
            self.files.ask_file(self._report.run, self._title.whole_text)

    def _choose_step(self) -> None:
        """The last step of the run: what led to its end."""
        report = self._report
        if report is None or not report.steps:
            self.figures.clear()
            self.replay.hide()
            self._wanted_step = ""
            self.exchange.clear(self.tr("Nothing was sent in this run yet."))
            return
        place = self._steps.index_of(report.steps[-1].id)
        self.timeline.setCurrentIndex(self._steps.index(place))

    def _clear_run(self, words: str = "") -> None:
        self._report, self._wanted_step = None, ""
        self.filters.export.setEnabled(False)
        self._steps.show(())
        self._ticks.update()
        self._title.set_text("")
        self._about.set_text("")
        for button in (self.open_message, self.open_history, self.replay):
            button.hide()
        self.figures.clear()
        self.exchange.clear(words)

    def _step_picked(self, index: QModelIndex, _before: QModelIndex) -> None:
        row: StepRow | None = index.data(ROW) if index.isValid() else None
        report = self._report
        if row is None or report is None or not row.step_id:
            return
        step = next((step for step in report.steps if step.id == row.step_id), None)
        if step is not None and step.id != self._wanted_step:
            self._wanted_step = step.id
            self.figures.show_step(step)
            self.replay.setVisible(self._can_replay(report, step))
            self._read_bytes()

    def _can_replay(self, report: RunReport, step: Step) -> bool:
        return step.purpose == "reply" and step.status == "completed" and report.run.agent_id == self._agent_id

    def _read_bytes(self) -> None:
        report, step_id = self._report, self._wanted_step
        if report is None or not step_id:
            return
        which = self.exchange.which.current
        self._view.run(self._show_bytes(report, step_id, which), self, failed=lambda e: self.exchange.clear(e.message))

    async def _show_bytes(self, report: RunReport, step_id: str, which: str) -> None:
        requests, conversation = self._services.requests, report.run.conversation_id
        if which == "against":
            before = await self._step_before(report, step_id)
            if before:
                diff = await requests.compare(conversation, before, step_id)
                if step_id == self._wanted_step:
                    self.exchange.show_difference(diff)
            else:
                self.exchange.clear(self.tr("There is no earlier request of this conversation to compare with."))
            return
        found = await (requests.reply(step_id) if which == "reply" else requests.raw(conversation, step_id))
        if step_id == self._wanted_step and self.exchange.which.current == which:
            self.exchange.show_text(found)

    async def _step_before(self, report: RunReport, step_id: str) -> str:
        """The one before it in its run, else the last one of the conversation's run before."""
        ids = [step.id for step in report.steps]
        at = ids.index(step_id)
        if at > 0:
            return ids[at - 1]
        wanted = RunFilter(agent_ids=(report.run.agent_id,))
        earlier = await self._services.listing.runs(wanted, PageRequest(limit=10, after=report.run.id))
        conversation = report.run.conversation_id
        run = next((run for run in earlier.runs if run.conversation_id == conversation and run.usage.steps), None)
        steps = await self._services.runs.steps(run.id) if run is not None else ()
        return steps[-1].id if steps else ""

    def _open_message(self) -> None:
        if self._report is not None and self._report.run.message_id is not None:
            self.message_wanted.emit(self._report.run.message_id)

    def _open_history(self) -> None:
        """Of the block whose change is chosen, else of the first that this run changed."""
        row: StepRow | None = self.timeline.currentIndex().data(ROW)
        changes = self._report.changes if self._report is not None else ()
        event = row.change if row is not None and row.change is not None else next(iter(changes), None)
        if event is not None:
            self.history_wanted.emit(event.target_id if event.target_kind == "block" else "")

    # Room

    def _fit(self) -> None:
        px = self._theme.px
        self.above.setSizes([max(px(120), self.height() * 36 // 100), self.height() * 64 // 100])

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()


def _rows(page: RunPage) -> list[RunRow]:
    return [RunRow(run, page.causes.get(run.id, ""), page.first_token_at.get(run.id)) for run in page.runs]
