"""The context view: the exact next request part by part, any request that was sent, and the difference of two."""

from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLayout, QListView, QStackedWidget, QWidget

from app.domain.context import ContextAlarm, ContextOverview, PartText, RequestOutline, RequestText
from app.domain.error import AppError
from app.domain.page import PageRequest, StepFilter, StepPage
from app.domain.run import Step
from app.ui.context.request.origin_pane import OriginPane
from app.ui.context.request.rows import StripRow, difference_rows, rows_of
from app.ui.context.request.strips import StripDelegate, Strips
from app.ui.context.request.text_pane import TextPane
from app.ui.context.token_bar import TokenBar
from app.ui.kit.banner import Banner
from app.ui.kit.buttons import Button
from app.ui.kit.copying import copy_text
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import Label
from app.ui.kit.layout import Choice, column_of, follow, frame_of, hairline, row_of
from app.ui.kit.panes import Pane, Panes
from app.ui.kit.wording import count, full_time
from app.ui.state.list_rows import ROW
from app.ui.state.view_context import ViewContext

NEXT = ""
"""The next request, beside ids of steps."""
STEPS = 60
"""Requests that were sent, of this agent, which are offered: those of the open conversation among them."""
NARROW = 860
"""Below this width, at 100 %, one pane is shown at a time."""
LEFT, RIGHT = ((0, 280), (1340, 330), (1800, 380)), ((0, 280), (1340, 316), (1800, 400))
"""Widths of the list and of the pane with the origin."""


class RequestView(QWidget):
    message_wanted = Signal(str)
    history_wanted = Signal(str)
    """Id of a block; empty: the history of all."""
    compact_wanted = Signal()
    block_wanted = Signal(str)
    """Id of a block that a person wants to edit."""
    fix_wanted = Signal(int)
    """A context size with which nothing would have been lost."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, self._services = view, view.services
        theme = self._theme = view.theme
        self._shown = ("", "")
        """Ids of the agent and the conversation that are shown."""
        self._outline: RequestOutline | None = None
        self._overview: ContextOverview | None = None
        self._steps: tuple[Step, ...] = ()
        self._turn = 0
        """Counts what is asked for, so that an answer to an earlier question is not shown."""
        self._chosen = ""
        """Key of the strip whose text is shown."""
        self.setAccessibleName(self.tr("Context"))
        self.which = Choice(self.tr("Request of"))
        self.against = Choice(self.tr("Compare with"))
        self.compare = Button(theme, self.tr("Compare"), "ghost", "diff")
        self.compare.setCheckable(True)
        self.copy = Button(theme, self.tr("Copy as JSON"), "ghost", "copy")
        self.banner = Banner(theme)
        self.next_bar, self.last_bar = TokenBar(theme, 26), TokenBar(theme, 26)
        self.last_bar.setAccessibleName(self.tr("What the server read of the last request"))
        self._next_name = Label(theme, "", "base")
        self._next_note = Label(theme, "", "caption", "muted")
        self._used, self._of = Label(theme, "", "base"), Label(theme, "", "base", "muted")
        self._last_read = Label(theme, "", "base")
        self._strips = Strips(self)
        self.list = QListView()
        self.list.setModel(self._strips)
        self.list.setItemDelegate(StripDelegate(theme, self))
        self.list.setAccessibleName(self.tr("Parts of the request"))
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.text = TextPane(theme)
        self.origin = OriginPane(theme)
        self._pages = QStackedWidget()
        self._empty = EmptyState(theme, "context", "", "", [(self.tr("Try again"), lambda: self._read())])
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        theme = self._theme
        head, bars, left = QWidget(), QWidget(), frame_of("panel")
        row_of(
            theme,
            Label(theme, self.tr("Request of"), "label", "muted"),
            self.which,
            self.against,
            self.compare,
            None,
            self.copy,
            parent=head,
            inset=(14, 6, 10, 6),
        )
        self._banner_row = QWidget()
        row_of(theme, self.banner, parent=self._banner_row, inset=(14, 4, 14, 4))
        self._last_row = QWidget()
        last_name = column_of(
            theme,
            Label(theme, self.tr("Last request"), "strong"),
            Label(theme, self.tr("what the server read"), "caption", "muted"),
            gap=0,
        )
        row_of(
            theme,
            self._side(last_name),
            self.last_bar,
            self._side(row_of(theme, self._last_read, None)),
            parent=self._last_row,
            gap=10,
        ).setStretch(1, 1)
        self._next_name.set_weight(600)
        next_name = column_of(theme, self._next_name, self._next_note, gap=0)
        used = row_of(theme, self._used, self._of, None, gap=4)
        next_row = row_of(theme, self._side(next_name), self.next_bar, self._side(used), gap=10)
        next_row.setStretch(1, 1)
        column_of(theme, next_row, self._last_row, parent=bars, inset=(14, 4, 14, 10), gap=8)
        column_of(theme, self.list, parent=left, gap=0)
        self.panes = Panes(
            theme,
            (
                Pane("parts", self.tr("Parts"), left, LEFT, self.tr("Width of the list of parts")),
                Pane("text", self.tr("Text"), self.text),
                Pane("origin", self.tr("Origin"), self.origin, RIGHT, self.tr("Width of the pane with the origin")),
            ),
            "parts",
            self.tr("Part of the view"),
            NARROW,
        )
        whole, hold = QWidget(), QWidget()
        column_of(theme, bars, hairline(), self.panes, parent=whole, gap=0).setStretch(2, 1)
        column_of(theme, None, row_of(theme, None, self._empty, None), None, parent=hold)
        self._pages.addWidget(whole)
        self._pages.addWidget(hold)
        column_of(theme, head, self._banner_row, self._pages, parent=self, gap=0).setStretch(2, 1)
        follow(theme, self, self._fit)

    def _side(self, content: QLayout) -> QWidget:
        """What stands beside a bar, so wide that both bars begin and end together."""
        side = QWidget()
        side.setLayout(content)
        follow(self._theme, side, lambda: side.setFixedWidth(self._theme.px(148)))
        return side

    def _connect(self) -> None:
        self.which.activated.connect(lambda: self._choose())
        self.against.activated.connect(lambda: self._read())
        self.compare.toggled.connect(self._compare)
        self.copy.clicked.connect(lambda: self._copy())
        self.list.selectionModel().currentChanged.connect(self._picked)
        for opened in (self.list.clicked, self.list.activated):
            opened.connect(lambda: self.panes.show_pane("text"))
        self.next_bar.part_opened.connect(self._open_kind)
        self.text.line_chosen.connect(self._show_origin)
        self.text.raw_wanted.connect(lambda: self._read_raw())
        self.text.more_wanted.connect(self._read_more)
        self.text.edit_wanted.connect(self.block_wanted)
        self.origin.message_wanted.connect(self.message_wanted)
        self.origin.history_wanted.connect(self.history_wanted)
        self.origin.compact_wanted.connect(self.compact_wanted)
        workspace = self._view.workspace
        workspace.counted.connect(self._counted)
        workspace.run_ended.connect(lambda: self._read_exact() if self.isVisible() else None)

    # Reading

    def begin(self) -> None:
        """Shows the open conversation; a request that was chosen stays while it is of the same one."""
        workspace = self._view.workspace
        if workspace.agent is None or workspace.conversation is None:
            return
        shown = (workspace.agent.id, workspace.conversation.active_id)
        if shown != self._shown:
            self._shown, self._outline, self._overview = shown, None, None
            self._steps, self._chosen = (), ""
            self.compare.setChecked(False)
            self._strips.show(())
            self.text.clear()
            self.origin.clear()
            self._offer_steps()
        self._read()
        self._read_exact()
        self._view.run(self._read_steps(), self)
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_step(self, step_id: str) -> None:
        """Shows the request that a step of the open conversation has sent."""
        self._offer_steps(step_id)
        self._choose()

    def _counted(self, overview: ContextOverview) -> None:
        """Something of the open conversation has changed."""
        if overview.conversation_id != self._shown[1] or not self.isVisible():
            return
        self._show_overview(overview)
        self._view.run(self._read_steps(), self)
        if not self._step and not self.compare.isChecked():
            self._read()

    @property
    def _step(self) -> str:
        return str(self.which.currentData() or NEXT)

    def _choose(self) -> None:
        self._read()
        if not self._step:
            self._read_exact()

    def _read(self) -> None:
        self.against.setVisible(self.compare.isChecked())
        self._turn += 1
        work = self._read_difference(self._turn) if self.compare.isChecked() else self._read_outline(self._turn)
        self._view.run(work, self, failed=self._failed)

    def _compare(self, wanted: bool) -> None:
        self.compare.set_role("" if wanted else "ghost")
        self.origin.clear()
        self._read()

    def _read_exact(self) -> None:
        """How the server itself counts, once the calibrated counts are shown."""
        if not self._step and not self.compare.isChecked():
            self._view.run(self._read_outline(self._turn, exact=True), self, failed=lambda _: None)

    async def _read_outline(self, turn: int, exact: bool = False) -> None:
        conversation, step = self._shown[1], self._step
        if step:
            outline = await self._services.requests.sent(step)
        else:
            outline = await self._services.requests.next(conversation, exact)
        if turn != self._turn or outline.conversation_id != self._shown[1]:
            return
        if self._overview is None and not step:
            self._show_overview(await self._services.context.overview(conversation))
        self._show_outline(outline)

    async def _read_difference(self, turn: int) -> None:
        conversation, after, before = self._shown[1], self._step, str(self.against.currentData() or "")
        if not before:
            self._strips.show(())
            self.text.clear()
            self.text.say(self.tr("No earlier request to compare with"))
            return
        diff = await self._services.requests.compare(conversation, before, after)
        if turn != self._turn:
            return
        self._strips.show(difference_rows(diff))
        share = round(100 * diff.reused / diff.total) if diff.total else 0
        words = self.tr("The first {0} tokens are the same, {1} % of the later request: a server can reuse them.")
        self.text.say(words.format(count(diff.reused), share))
        self._select(next((row.key for row in self._strips.rows if row.opens), ""))

    async def _read_steps(self) -> None:
        agent_id, conversation = self._shown
        found: StepPage = await self._services.listing.steps(StepFilter(agent_id=agent_id), PageRequest(limit=STEPS))
        if (agent_id, conversation) != self._shown:
            return
        runs = found.runs
        steps = tuple(
            step for step in found.steps if step.run_id in runs and runs[step.run_id].conversation_id == conversation
        )
        if steps != self._steps:
            self._steps = steps
            self._offer_steps(self._step)

    def _offer_steps(self, chosen: str = NEXT) -> None:
        """The next request, then those that were sent, newest first."""
        against = self.against.currentData()
        names = [(self._name(step), step.id) for step in self._steps]
        if chosen and all(id != chosen for _, id in names):
            names.insert(0, (self.tr("An earlier step"), chosen))
        self.which.clear()
        self.against.clear()
        self.which.addItem(self.tr("Next step"), NEXT)
        for name, id in names:
            self.which.addItem(name, id)
            self.against.addItem(name, id)
        self.which.setCurrentIndex(max(0, self.which.findData(chosen)))
        self.against.setCurrentIndex(max(0, self.against.findData(against)))
        self.compare.setEnabled(bool(names))

    def _name(self, step: Step) -> str:
        purpose = self.tr("summary") if step.purpose == "summary" else self.tr("step {}").format(step.step_no)
        return f"{full_time(step.created_at)}, {purpose}"

    def _failed(self, error: AppError) -> None:
        self._empty.set_heading(error.message, error.hint)
        self._pages.setCurrentIndex(1)

    # Showing

    def _show_overview(self, overview: ContextOverview) -> None:
        self._overview, alarm = overview, overview.alarm
        self._banner_row.setVisible(alarm is not None)
        if alarm is None:
            self.banner.clear("cut")
        else:
            self.banner.show_message("cut", alarm.sentence, "danger", "", self._ways_out(alarm), closable=False)
        self._last_row.setVisible(overview.last_real is not None)
        if overview.last_real is not None:
            lost = max(0, alarm.sent - alarm.read) if alarm is not None else 0
            read = [("messages", self.tr("Read"), overview.last_real + lost)]
            self.last_bar.set_parts(read, overview.window, 0, None, lost)
            words = self.tr("{} read").format(count(overview.last_real))
            words += self.tr(", {} lost").format(count(lost)) if lost else ""
            self._last_read.setText(words)
            self._last_read.set_kind("danger" if lost else "")

    def _ways_out(self, alarm: ContextAlarm) -> list[tuple[str, Callable[[], object]]]:
        ways: list[tuple[str, Callable[[], object]]] = [(self.tr("Compact to fit"), self.compact_wanted.emit)]
        if size := alarm.fix_window:
            ways.append((self.tr("Serve {} tokens").format(count(size)), lambda: self.fix_wanted.emit(size)))
        return ways

    def _show_outline(self, outline: RequestOutline) -> None:
        self._pages.setCurrentIndex(0)
        self._outline = outline
        alarm = self._overview.alarm if self._overview is not None and not outline.step_id else None
        self._show_bar(outline)
        self._strips.show(rows_of(outline, alarm))
        self.origin.show_next(outline)
        self.origin.show_counts(outline, self._overview)
        self.text.say(self._said_of(outline))
        known = {row.key for row in self._strips.rows if row.opens}
        first = next((row.key for row in self._strips.rows if row.part is not None and row.part.block_id), "system")
        self._select(self._chosen if self._chosen in known else first)

    def _show_bar(self, outline: RequestOutline) -> None:
        names = {
            "system": self.tr("System"),
            "tools": self.tr("Tools"),
            "tool_rules": self.tr("Tool rules"),
            "memory": self.tr("Memory"),
            "summary": self.tr("Summary"),
            "messages": self.tr("Messages"),
        }
        sums: dict[str, int] = {}
        for part in outline.parts:
            sums[part.kind] = sums.get(part.kind, 0) + part.tokens
        parts = [(kind, names.get(kind, kind), tokens) for kind, tokens in sums.items()]
        kept = 0 if outline.step_id else outline.kept_for_reply
        self.next_bar.set_parts(parts, outline.window, kept, None if outline.step_id else outline.served)
        self._next_name.setText(self.tr("This request") if outline.step_id else self.tr("Next request"))
        self._next_note.setText(self.tr("as it was sent") if outline.step_id else self.tr("not sent yet"))
        self._used.setText(count(outline.used))
        self._used.set_weight(600)
        self._of.setText(self.tr("of {}").format(count(outline.window)))

    def _said_of(self, outline: RequestOutline) -> str:
        if outline.step_id:
            return self.tr("Exactly what was sent, from the bytes that were kept.")
        if outline.memory_as_begun:
            return self.tr("Memory as it was when this run began; what changed since shows from the next one on.")
        if outline.reused:
            words = self.tr("The server can reuse {} tokens of the last request.")
            return words.format(count(outline.reused))
        return self.tr("Your next message comes after this.")

    def _select(self, key: str) -> None:
        place = self._strips.index_of(key)
        if place < 0:
            return
        index = self._strips.index(place)
        if self.list.currentIndex() == index:
            self._picked(index, QModelIndex())
        else:
            self.list.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _picked(self, index: QModelIndex, _before: QModelIndex) -> None:
        row: StripRow | None = index.data(ROW) if index.isValid() else None
        if row is None:
            return
        if row.change is not None:
            self.text.show_change(row.title, row.change)
            self.origin.clear()
        elif row.part is not None:
            self._chosen = row.key
            self._view.run(self._read_part(row), self)

    async def _read_part(self, row: StripRow, before: PartText | None = None) -> None:
        first = 0 if before is None else before.first + len(before.lines)
        part = await self._services.requests.part(row.key, self._shown[1], self._step, first)
        if self._chosen != row.key or row.part is None or self.compare.isChecked():
            return
        if before is not None:
            shift = len(before.origins)
            later = tuple(None if place is None else place + shift for place in part.origin_of)
            together = {
                "first": before.first,
                "lines": before.lines + part.lines,
                "origins": before.origins + part.origins,
                "origin_of": before.origin_of + later,
            }
            part = part.model_copy(update=together)
        block_id = row.part.block_id or "" if not self._step else ""
        self.text.show_part(row.title, row.tokens, part, block_id)
        self._show_origin(self.text.lines.textCursor().blockNumber())
        if self.text.form.current == "raw":
            self._read_raw()

    def _read_more(self, _lines: int) -> None:
        row: StripRow | None = self.list.currentIndex().data(ROW)
        if row is not None and self.text.part is not None:
            self._view.run(self._read_part(row, self.text.part), self)

    def _read_raw(self) -> None:
        part = self.text.part
        words = next((line for line in part.lines if line.strip()), "") if part is not None else ""

        def show(found: RequestText) -> None:
            self.text.show_raw(found, words)

        self._view.run(self._services.requests.raw(self._shown[1], self._step), self, done=show)

    def _show_origin(self, line: int) -> None:
        row: StripRow | None = self.list.currentIndex().data(ROW)
        part, agent, outline = self.text.part, self._view.workspace.agent, self._outline
        if row is None or row.part is None or part is None or agent is None or outline is None:
            return
        shown = row.part.model_copy(
            update={"tokens": row.tokens, "label": "" if row.key == "tools" else row.part.label}
        )
        self.origin.show_origin(shown, part, line, self.text.origin_at(line), agent.name, outline.counted)

    def _open_kind(self, kind: str, _label: str) -> None:
        self._select(next((row.key for row in self._strips.rows if row.kind == kind and row.opens), ""))
        self.panes.show_pane("text")

    def _copy(self) -> None:
        """All of it, however many pages that is."""

        async def whole() -> str:
            text, total = "", 1
            while len(text) < total:
                page = await self._services.requests.raw(self._shown[1], self._step, len(text))
                text, total = text + page.text, page.total
            return text

        def copied(text: str) -> None:
            copy_text(self._theme, text, self.copy)

        self._view.run(whole(), self, done=copied)

    # Room

    def _fit(self) -> None:
        self.which.setMinimumWidth(self._theme.px(150))
        self.list.scheduleDelayedItemsLayout()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F7 goes from change to change while two requests are compared."""
        if event.key() == Qt.Key.Key_F7 and self.compare.isChecked():
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if not self.text.diff.step(-1 if back else 1):
                self._next_change(-1 if back else 1)
        else:
            super().keyPressEvent(event)

    def _next_change(self, step: int) -> None:
        keys = [row.key for row in self._strips.rows if row.opens]
        row: StripRow | None = self.list.currentIndex().data(ROW)
        at = keys.index(row.key) + step if row is not None and row.key in keys else 0
        if 0 <= at < len(keys):
            self._select(keys[at])
