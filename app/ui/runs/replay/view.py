"""Replay: how a request was answered then, beside what other models, instructions or temperatures make of it."""

import asyncio
import contextlib

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QStackedWidget, QWidget

from app.domain.error import AppError, said_alone
from app.domain.page import PageRequest, StepFilter
from app.domain.replay import ReplayBasis, ReplaySide, ReplayWish
from app.domain.run import Step
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import Label
from app.ui.kit.layout import Choice, column_of, follow, hairline, row_of, scrolled
from app.ui.kit.wording import full_time, moment, now
from app.ui.runs.replay.setup import Setup
from app.ui.runs.replay.side import ROWS, Head, SideColumn
from app.ui.state.view_context import ViewContext

STEPS = 60
"""Steps of the agent that are offered."""
LETTERS = "ABCD"
LEAST = 230
"""Width of a side, at 100 %; below it one scrolls sideways."""


class ReplayView(QWidget):
    chat_wanted = Signal()

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, self._services = view, view.services
        theme = self._theme = view.theme
        self._agent_id = ""
        self._wanted = ""
        """The step that a person asked for; empty: the newest."""
        self._lines: list[QFrame] = []
        self._steps: tuple[Step, ...] = ()
        self._columns: list[SideColumn] = []
        self._playing: list[asyncio.Future[None]] = []
        self.setAccessibleName(self.tr("Replay"))
        self.which = Choice(self.tr("From step"))
        self.setup = Setup(theme)
        self._grid_widget = QWidget()
        self._grid = QGridLayout(self._grid_widget)
        self._grid.setSpacing(0)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._pages = QStackedWidget()
        self._empty = EmptyState(
            theme,
            "play",
            self.tr("Nothing to replay yet"),
            self.tr("Each reply of the agent can be replayed against another model."),
            [(self.tr("Back to chat"), self.chat_wanted.emit)],
        )
        self._lay_out()
        self.which.activated.connect(lambda: self.open_step(str(self.which.currentData())))
        self.setup.play_wanted.connect(self._play)
        self.setup.stop_wanted.connect(self._stop)
        self.setup.refresh_wanted.connect(view.catalog.look_again)
        view.catalog.changed.connect(lambda: self.setup.show_models(view.catalog.known))

    def _lay_out(self) -> None:
        theme, whole, hold, left, head = self._theme, QWidget(), QWidget(), QFrame(), QWidget()
        names = {
            "head": self.tr("From here\nto the end"),
            "reasoning": self.tr("Reasoning"),
            "calls": self.tr("Calls"),
            "answer": self.tr("Answer"),
            "memory": self.tr("Memory"),
            "numbers": self.tr("Numbers"),
        }
        for row, name in enumerate(ROWS):
            label = Label(theme, names[name], "label")
            label.set_weight(500)
            cell = QFrame()
            cell.setProperty("kind", "panel")
            column_of(theme, label, None, parent=cell, inset=(14, 9, 10, 9))
            self._grid.addWidget(cell, 2 * row, 0)
            self._grid.addWidget(hairline(), 2 * row + 1, 0, 1, 2 * len(LETTERS) + 1)
        self._grid.setRowStretch(2 * len(ROWS), 1)
        row_of(
            theme, Label(theme, self.tr("From"), "label", "muted"), self.which, parent=head, inset=(14, 8, 14, 8)
        ).setStretch(1, 1)
        column_of(theme, head, hairline(), self.setup, parent=left, gap=0).setStretch(2, 1)
        area = scrolled(self._grid_widget, self.tr("Sides of the replay"))
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        row_of(theme, left, hairline(vertical=True), area, parent=whole, gap=0).setStretch(2, 1)
        column_of(theme, None, row_of(theme, None, self._empty, None), None, parent=hold)
        self._pages.addWidget(whole)
        self._pages.addWidget(hold)
        column_of(theme, self._pages, parent=self, gap=0)

        def fit() -> None:
            left.setFixedWidth(theme.px(300))
            self._grid.setColumnMinimumWidth(0, theme.px(96))

        follow(theme, self, fit)

    # What is replayed

    def begin(self) -> None:
        """Shows the newest step of the open agent, or what was chosen while it is the same agent."""
        agent = self._view.workspace.agent
        if agent is None:
            return
        self.setup.show_models(self._view.catalog.known)
        if agent.id != self._agent_id:
            self._stop()
            self._agent_id, self._wanted = agent.id, ""
            self._show_sides(())
        self._view.run(self._read_steps(self._wanted), self)

    def open_step(self, step_id: str) -> None:
        """Replays from this step of the open agent."""
        self._wanted = step_id
        self._view.run(self._read_steps(step_id), self)

    async def _read_steps(self, wanted: str) -> None:
        agent_id = self._agent_id
        found = await self._services.listing.steps(StepFilter(agent_id=agent_id), PageRequest(limit=STEPS))
        if agent_id != self._agent_id or wanted != self._wanted:
            return
        self._steps = tuple(step for step in found.steps if step.purpose == "reply" and step.status == "completed")
        basis = self.setup.basis
        shown = wanted or (basis.step_id if basis is not None and basis.agent_id == agent_id else "")
        self.which.clear()
        for step in self._steps:
            self.which.addItem(self._name(step), step.id)
        if shown and self.which.findData(shown) < 0:
            self.which.insertItem(0, self.tr("An earlier step"), shown)
        self._pages.setCurrentIndex(0 if self.which.count() else 1)
        self.which.setCurrentIndex(max(0, self.which.findData(shown)))
        chosen = str(self.which.currentData() or "")
        if chosen and (basis is None or basis.step_id != chosen):
            self._read_basis(chosen)

    def _name(self, step: Step) -> str:
        return self.tr("{0}, step {1}").format(full_time(step.created_at), step.step_no)

    def _read_basis(self, step_id: str) -> None:
        self._stop()
        work = self._services.replay.basis(step_id)
        self._view.run(work, self, done=self._show_basis, failed=self._refused)

    def _refused(self, error: AppError) -> None:
        """This step cannot be replayed; others can."""
        self._show_sides(())
        self._view.tell_error(error)

    def _show_basis(self, basis: ReplayBasis) -> None:
        if basis.step_id == self.which.currentData():
            self.setup.show_basis(self.which.currentText(), basis)
            self._show_sides(())
            self._columns[0].show_side(basis.then, None)

    def _show_sides(self, wishes: tuple[ReplayWish, ...]) -> None:
        """As it happened, and a column for each model."""
        for column in self._columns:
            column.drop()
        for line in self._lines:
            line.hide()
            line.deleteLater()
        self._lines = [hairline(vertical=True) for _ in (None, *wishes)]
        for at, line in enumerate(self._lines):
            self._grid.addWidget(line, 0, 2 * at + 1, 2 * len(ROWS), 1)
        clock = moment(round(now().timestamp() * 1_000_000)).strftime("%H:%M")
        notes = [self.tr("as it happened"), *(self.tr("replayed {}").format(clock) for _ in wishes)]
        self._columns = [
            SideColumn(self._theme, Head(LETTERS[at], note), self._grid_widget) for at, note in enumerate(notes)
        ]
        for at in range(len(LETTERS)):
            self._grid.setColumnStretch(2 * at + 2, 1 if at < len(notes) else 0)
            self._grid.setColumnMinimumWidth(2 * at + 2, self._theme.px(LEAST) if at < len(notes) else 0)
        for at, column in enumerate(self._columns):
            for row, name in enumerate(ROWS):
                self._grid.addWidget(column.cells[name], 2 * row, 2 * at + 2)
                column.cells[name].show()

    # Playing

    def _play(self) -> None:
        basis, wishes = self.setup.basis, tuple(self.setup.wishes())
        if basis is None or not wishes:
            return
        self._stop()
        self._show_sides(wishes)
        self._columns[0].show_side(basis.then, None)
        self.setup.set_playing(True)
        self._playing = [
            self._view.run(
                self._play_one(basis, wish, column), self, failed=lambda e, c=column, w=wish: self._fail(e, c, w)
            )
            for wish, column in zip(wishes, self._columns[1:], strict=True)
        ]
        for playing in self._playing:
            playing.add_done_callback(lambda _: self._note_end())

    async def _play_one(self, basis: ReplayBasis, wish: ReplayWish, column: SideColumn) -> None:
        sides = self._services.replay.play(basis.step_id, wish)
        column.show_side(ReplaySide(model=wish.model or basis.then.model, phase="waits"), basis.then)
        async with contextlib.aclosing(sides):
            async for side in sides:
                column.show_side(side, basis.then)

    def _fail(self, error: AppError, column: SideColumn, wish: ReplayWish) -> None:
        column.show_side(
            ReplaySide(model=wish.model or "", phase="failed", words=f"{said_alone(error)} {error.hint}".strip()), None
        )

    def _note_end(self) -> None:
        if all(playing.done() for playing in self._playing):
            self.setup.set_playing(False)

    def _stop(self) -> None:
        playing, self._playing = self._playing, []
        for one in playing:
            one.cancel()
        self.setup.set_playing(False)
