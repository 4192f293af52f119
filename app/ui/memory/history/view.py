"""Memory history of the open agent: every change, the difference it made, why it is there, and the ways back.

The chosen change is point A; point B is now, or where a person dragged it. All memory is compared between the two.
"""

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import QListView, QStackedWidget, QWidget

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.history import Blame, ChangeFilter, ChangeKind, Life, MemoryAt, MemoryBetween, MemoryEvent
from app.ui.kit.buttons import Button
from app.ui.kit.diff import DiffView
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Choice, column_of, follow, frame_of, hairline, row_of
from app.ui.kit.panes import Pane, Panes
from app.ui.kit.segmented import Segmented
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count, counted, full_time, sentence_case
from app.ui.memory.history.between import ARCHIVE, BetweenView, things_of
from app.ui.memory.history.cause import WhyPane
from app.ui.memory.history.change_list import ChangeList, ChangeRow
from app.ui.memory.history.row import ChangeDelegate
from app.ui.memory.history.sentences import KIND_LOOK, by_kind, place_name
from app.ui.memory.history.timeline import DAY, Timeline
from app.ui.state.change_text import text_of
from app.ui.state.view_context import Notice, ViewContext

PAGE = 25
"""Changes that are read at once: each has the whole text before and after."""
NEAR = 8
"""Rows above the end of the list at which further ones are read."""
NARROW = 860
"""Below this width, at 100 %, one pane is shown at a time."""
LEFT, RIGHT = ((0, 280), (1340, 330), (1800, 380)), ((0, 280), (1340, 316), (1800, 400))
"""Widths of the list and of the pane with the reasons."""
PLAY_MS = 1_200
"""For so long each change is shown while it plays."""
LOW = 520
"""Below this height the timeline gives its room to the changes."""
NEVER = 2**62
"""A point that no change has reached: now."""
SPANS = {"day": DAY, "month": 31 * DAY}
"""Of the timeline, in microseconds; the whole life otherwise."""


class HistoryView(QWidget):
    message_wanted = Signal(str)
    back_wanted = Signal()
    agent_made = Signal(str)
    """Id of the agent that was forked from a point."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._services = view.services
        theme = self._theme = view.theme
        self._block_id = ""
        self._blocks: dict[str, Block] = {}
        self._chosen: MemoryEvent | None = None
        self._agent_id = ""
        """Whose changes are shown. Empty or another one: nothing of it is shown yet."""
        self._complete = self._reading_more = False
        self._top: int | None = None
        """The newest change in the list, where it does not begin with the newest of all."""
        self._b: MemoryEvent | None = None
        """Point B, where it is not now."""
        self._life: Life | None = None
        self._between: MemoryBetween | None = None
        self.setAccessibleName(self.tr("Memory history"))
        self._model = ChangeList(self)
        self._list = QListView()
        self._list.setModel(self._model)
        self._list.setItemDelegate(ChangeDelegate(theme, self))
        self._list.setAccessibleName(self.tr("Changes"))
        self._list.setMouseTracking(True)
        self._list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._kinds = Segmented(theme, self._kind_choices(), "all", self.tr("Changes by"))
        self._target = Choice(self.tr("Changes of"))
        self._diff = DiffView(theme)
        self._head = ElidedLabel(theme, "", "strong")
        self._head.keep(120)
        self._versions = ElidedLabel(theme, "", "label", "muted")
        ways = (("change", self.tr("This change")), ("between", self.tr("A to B")))
        self._way = Segmented(theme, ways, "change", self.tr("What is compared"))
        self.between = BetweenView(theme)
        self._comparison = QStackedWidget()
        self.timeline = Timeline(theme)
        spans = (("day", self.tr("Day")), ("month", self.tr("Month")), ("life", self.tr("Whole life")))
        self._span = Segmented(theme, spans, "life", self.tr("Span of the timeline"))
        self.play = Button(theme, self.tr("Play"), "", "play", "small")
        self._playing = QTimer(self)
        self._playing.setInterval(PLAY_MS)
        self._earlier = Button(theme, self.tr("Earlier change"), "ghost", "chevron-down", "small")
        self._later = Button(theme, self.tr("Later change"), "ghost", "chevron-up", "small")
        self._hint = ElidedLabel(theme, self.tr("Drag A and B, or pick a change in the list"), "label", "muted")
        self._newest = Button(theme, self.tr("Newest changes"), "link", "chevron-up")
        self._summary = Label(theme, "", "label", "text2")
        self.why = WhyPane(theme)
        self._pages = QStackedWidget()
        self._empty = EmptyState(
            theme,
            "history",
            self.tr("Nothing has changed yet"),
            self.tr("Every change to memory will appear here, with its cause."),
            [(self.tr("Back to chat"), self.back_wanted.emit)],
        )
        self._lay_out()
        self._connect()

    def _kind_choices(self) -> tuple[tuple[str, ...], ...]:
        return (("all", self.tr("All")), *((kind, "", look[0]) for kind, look in KIND_LOOK.items()))

    def _lay_out(self) -> None:
        theme = self._theme
        left, middle = frame_of("panel"), frame_of("surface")
        head = QWidget()
        row_of(theme, Label(theme, self.tr("Changes"), "strong"), None, self._kinds, parent=head, inset=(14, 6, 8, 6))
        target = QWidget()
        row_of(theme, self._target, parent=target, inset=(14, 0, 8, 8))
        self._newest_row = QWidget()
        row_of(theme, self._newest, None, parent=self._newest_row, inset=(14, 2, 14, 2))
        self._newest_row.hide()
        column_of(theme, head, target, hairline(), self._newest_row, self._list, parent=left, gap=0)
        bar = frame_of("panel")
        row_of(theme, self._head, self._versions, None, self._way, parent=bar, inset=(14, 6, 10, 6), gap=8)
        foot, alone = frame_of("panel"), frame_of("surface")
        row_of(theme, self._summary, None, parent=foot, inset=(14, 6, 14, 6))
        column_of(theme, self._diff, hairline(), foot, parent=alone, gap=0)
        for page in (alone, self.between):
            self._comparison.addWidget(page)
        column_of(theme, bar, hairline(), self._comparison, parent=middle, gap=0)
        self.panes = Panes(
            theme,
            (
                Pane("changes", self.tr("Changes"), left, LEFT, self.tr("Width of the list of changes")),
                Pane("difference", self.tr("Difference"), middle),
                Pane("why", self.tr("Why"), self.why, RIGHT, self.tr("Width of the pane with the reasons")),
            ),
            "changes",
            self.tr("Part of the history"),
            NARROW,
        )
        hold = QWidget()
        column_of(theme, None, row_of(theme, None, self._empty, None), None, parent=hold)
        self._pages.addWidget(self.panes)
        self._pages.addWidget(hold)
        self._time = frame_of("panel")
        steps = row_of(theme, self.play, self._earlier, self._later, self._hint, None, self._span, gap=8)
        hands = QWidget()
        row_of(theme, steps, parent=hands, inset=(14, 4, 14, 8)).setStretch(0, 1)
        column_of(theme, self.timeline, hands, hairline(), parent=self._time, gap=0)
        column_of(theme, self._time, self._pages, parent=self, gap=0).setStretch(1, 1)
        follow(theme, self, self._fit)

    def _fit(self) -> None:
        """The timeline needs room."""
        roomy = not self.panes.narrow and self.height() / self._theme.scale > LOW
        self._time.setVisible(roomy and self._pages.currentIndex() == 0)
        self._list.scheduleDelayedItemsLayout()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def _connect(self) -> None:
        self._kinds.chosen.connect(lambda: self._begin_at(None))
        self._target.activated.connect(lambda: self._pick_target())
        self._list.selectionModel().currentChanged.connect(self._picked)
        self.panes.narrowed.connect(lambda: self._fit())
        for opened in (self._list.clicked, self._list.activated):
            opened.connect(lambda: self.panes.show_pane("difference"))
        self._list.verticalScrollBar().valueChanged.connect(lambda: self._ask_for_more())
        self._way.chosen.connect(lambda: self._compare_again())
        self.between.blame_wanted.connect(self._begin_blame)
        self._span.chosen.connect(lambda: self._view.run(self._read_life(), self))
        self._newest.clicked.connect(lambda: self._begin_at(None))
        self._earlier.clicked.connect(lambda: self._step(1))
        self._later.clicked.connect(lambda: self._step(-1))
        self.timeline.picked.connect(self._begin_at)
        self.timeline.moved.connect(self._begin_move)
        self.timeline.stepped.connect(self._stepped)
        self._view.toasts.stand_in(self.why)
        self._view.toasts.room_wanted.connect(self._keep_free)
        self.play.clicked.connect(lambda: self._play())
        self._playing.timeout.connect(lambda: self._play_on())
        self.why.message_wanted.connect(self.message_wanted)
        self.why.undo_wanted.connect(self._begin_undo)
        self.why.restore_wanted.connect(self._begin_restore)
        self.why.restore_all_wanted.connect(self._begin_restore_all)
        self.why.fork_wanted.connect(self._begin_fork)
        self._view.workspace.history_changed.connect(self._reload)

    # Reading

    def begin(self, block_id: str = "") -> None:
        """Show the history of the open agent, of one block or of all."""
        agent = self._view.workspace.agent
        self._block_id = block_id
        self._chosen = self._b = None
        self._top = None
        if agent is not None and agent.id != self._agent_id:
            self._forget()
            self._agent_id = agent.id
        self.panes.show_pane("changes")
        self._view.run(self._read(), self)
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _forget(self) -> None:
        """Nothing of another agent stays on show, and nothing of it can be undone here."""
        self._blocks = {}
        self._complete = False
        self._model.load((), "")
        self._show_filters()
        self._show_nothing("")

    def _reload(self) -> None:
        if self.isVisible():
            self._view.run(self._read(), self)

    async def _read(self) -> None:
        """The newest changes; of those that are loaded already, what may have been undone meanwhile."""
        agent = self._view.workspace.agent
        if agent is None or agent.id != self._agent_id:
            return
        before = None if self._top is None else self._top + 1
        events = await self._services.history.page(agent.id, before, PAGE, self._wanted())
        blocks = {block.id: block for block in await self._services.blocks.of_agent(agent.id)}
        if agent.id != self._agent_id:
            return
        self._blocks = blocks
        known = with_newer(events, self._model.events)
        self._complete = self._complete if len(known) > len(events) else len(events) < PAGE
        self._model.load(known, agent.name)
        await self._read_life()
        nothing = self._life is None or not self._life.total
        self._pages.setCurrentIndex(1 if nothing and not known else 0)
        self._fit()
        if known or not nothing:
            self._choose_again()
        self._ask_for_more()

    def _wanted(self) -> ChangeFilter:
        kinds: tuple[ChangeKind, ...] = (
            () if self._kinds.current == "all" else (cast("ChangeKind", self._kinds.current),)
        )
        return ChangeFilter(kinds=kinds, target_id=self._block_id)

    async def _read_life(self) -> None:
        """How many changes there are, and the span of the timeline that is chosen."""
        agent_id = self._agent_id
        span = SPANS.get(self._span.current)
        centre = self._chosen.at if self._chosen is not None else None
        since = until = None
        if span is not None and centre is not None:
            since, until = centre - span // 2, centre + span // 2
        life = await self._services.history.life(agent_id, since, until, self._block_id)
        agent = self._view.workspace.agent
        if agent is not None and agent_id == agent.id == self._agent_id:
            self._life = life
            self.timeline.show_life(life, agent.name)
            self._show_filters()
            self._show_points()

    def _begin_at(self, seq: int | None) -> None:
        """The list begins with this change, or with the newest of all."""
        self._top = seq
        self._chosen = None
        self._complete = False
        self._model.load((), "")
        self._newest_row.setVisible(seq is not None)
        self._view.run(self._read(), self)

    def _begin_move(self, name: str, at: int) -> None:
        self._view.run(self._move(name, at), self)

    async def _move(self, name: str, at: int) -> None:
        """A point was dragged to a time: A is the last change until then; so is B, or now."""
        agent_id = self._agent_id
        seq = await self._services.history.point_at(agent_id, at)
        if agent_id != self._agent_id:
            return
        if name == "a":
            self._begin_at(seq or None)
            return
        newest = self._life is not None and at >= self._life.until - (self._life.until - self._life.since) // 200
        self._b = None if newest or not seq else await self._services.history.get(seq)
        self._way.set_current("between")
        self._compare_again()

    def _stepped(self, by: int) -> None:
        if by == 2:
            self._begin_at(None)
        elif by == -2:
            self._view.run(self._move("a", self._life.began if self._life and self._life.began else 0), self)
        else:
            self._step(-by)

    def _step(self, down: int) -> None:
        """To the next change in the list that is one."""
        place = self._list.currentIndex().row() + down
        while 0 <= place < self._model.rowCount():
            if self._model.change_at(place) is not None:
                self._list.setCurrentIndex(self._model.index(place))
                return
            place += down

    def _keep_free(self, at: object, pixels: int) -> None:
        self.why.keep_free(pixels if at is self.why else 0)

    def _play(self) -> None:
        """Goes from change to change towards now; from the newest on, from the oldest that the list has."""
        if self._playing.isActive():
            self._stop_playing()
            return
        places = [place for place in range(self._model.rowCount()) if self._model.change_at(place) is not None]
        if len(places) < 2:
            return
        if self._list.currentIndex().row() == places[0]:
            self._list.setCurrentIndex(self._model.index(places[-1]))
        self.play.setText(self.tr("Stop"))
        self.play.set_icon("stop")
        self._playing.start()

    def _play_on(self) -> None:
        before = self._list.currentIndex().row()
        self._step(-1)
        if self._list.currentIndex().row() == before or not self.isVisible():
            self._stop_playing()

    def _stop_playing(self) -> None:
        self._playing.stop()
        self.play.setText(self.tr("Play"))
        self.play.set_icon("play")

    def _ask_for_more(self) -> None:
        """While a person nears the end of what is loaded, or a filter leaves too little to scroll."""
        last = self._list.indexAt(self._list.viewport().rect().bottomLeft()).row()
        near = last < 0 or last >= self._model.rowCount() - NEAR
        if near and self._model.events and not self._complete and not self._reading_more and self.isVisible():
            self._reading_more = True
            self._view.run(self._read_more(), self)

    async def _read_more(self) -> None:
        agent_id, oldest = self._agent_id, self._model.events[-1].seq
        try:
            older = await self._services.history.page(agent_id, oldest, PAGE, self._wanted())
        finally:
            self._reading_more = False
        agent = self._view.workspace.agent
        if agent is None or not agent_id == agent.id == self._agent_id:
            return
        self._complete = len(older) < PAGE
        self._model.load((*self._model.events, *older), agent.name)
        if self._chosen is None:
            self._choose_again()
        self._ask_for_more()

    def _show_filters(self) -> None:
        counts = self._life.counts if self._life is not None else {}
        for kind in KIND_LOOK:
            number, name = counts.get(kind, 0), by_kind(kind)
            self._kinds.set_label(kind, count(number))
            self._kinds.button(kind).setVisible(kind in ("agent", "user") or bool(number))
            set_tip(self._kinds.button(kind), name)
            self._kinds.button(kind).setAccessibleName(f"{name}, {number}")
        self._target.clear()
        self._target.addItem(self.tr("All blocks and settings"), "")
        targets = {id: block.label for id, block in self._blocks.items()}
        targets |= {event.target_id: event.label for event in self._model.events if event.target_kind == "block"}
        for target_id, label in targets.items():
            self._target.addItem(label, target_id)
        self._target.setCurrentIndex(max(0, self._target.findData(self._block_id)))

    def _pick_target(self) -> None:
        self._block_id = str(self._target.currentData() or "")
        self._begin_at(None)

    def _choose_again(self) -> None:
        """The same change as before, else the newest."""
        wanted = self._model.index_of(self._chosen.seq) if self._chosen is not None else -1
        place = (
            wanted
            if wanted >= 0
            else next((at for at in range(self._model.rowCount()) if self._model.change_at(at) is not None), -1)
        )
        if place < 0:
            self._show_nothing(self.tr("No change matches this filter") if self._complete else "")
            self._show_points()
            return
        index = self._model.index(place)
        self._list.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._picked(index, QModelIndex())

    # Showing

    def _picked(self, index: QModelIndex, _before: QModelIndex) -> None:
        row = self._model.change_at(index.row()) if index.isValid() else None
        if row is not None:
            self._chosen = row.event
            self._show_change(row)
            self._show_points()

    def _show_nothing(self, why: str) -> None:
        self._chosen = None
        self._head.set_text("")
        self._versions.set_text(why)
        self._diff.set_texts("", "")
        self._summary.setText("")
        self.why.clear()

    def _show_change(self, row: ChangeRow) -> None:
        agent, event = self._view.workspace.agent, row.event
        block = self._blocks.get(event.target_id)
        newest = block is not None and block.version == event.version
        self.why.show_change(row, agent.name if agent is not None else "", newest)
        self._head.set_text(place_name(event))
        self._compare_again()

    def _show_points(self) -> None:
        a, b = self._chosen, self._b
        if a is None or self._life is None:
            self.timeline.show_points(None, None)
            return
        end = (self._life.until, self.tr("B · Now")) if b is None else (b.at, self.tr("B · {}").format(_stamp(b.at)))
        self.timeline.show_points((a.at, self.tr("A · {}").format(_stamp(a.at))), end)

    def _compare_again(self) -> None:
        event, between = self._chosen, self._way.current == "between"
        self._comparison.setCurrentIndex(1 if between else 0)
        if event is None:
            return
        if between:
            self._view.run(self._compare(event), self)
            return
        # What the list has read are the lines that differ; all others are read for the one change that is looked at.
        self._show_diff(text_of(event.before), text_of(event.after), self._versions_of(event))
        self._view.run(self._read_whole(event), self)

    async def _read_whole(self, event: MemoryEvent) -> None:
        whole = await self._services.history.get(event.seq)
        if self._chosen is not None and self._chosen.seq == event.seq and self._way.current == "change":
            self._show_diff(text_of(whole.before), text_of(whole.after), self._versions_of(event))

    async def _compare(self, event: MemoryEvent) -> None:
        """The memory right after the chosen change, and at point B."""
        last = self._b.seq if self._b is not None else NEVER
        found = await self._services.history.between(self._agent_id, event.seq, last)
        agent = self._view.workspace.agent
        if agent is None or self._chosen is None or self._chosen.seq != event.seq:
            return
        self._between = found
        self._versions.set_text(
            self.tr("compared with {}").format(full_time(self._b.at) if self._b else self.tr("now"))
        )
        self.between.show_between(found, agent.name, event.target_id if event.target_kind == "block" else "")
        self._show_points()

    def _begin_blame(self, key: str) -> None:
        self._view.run(self._read_blame(key), self)

    async def _read_blame(self, key: str) -> None:
        found = self._between
        if found is None:
            return

        async def of(side: MemoryAt) -> Blame:
            text = next((block.value for block in side.blocks if block.id == key), "")
            return await self._services.history.blame(key, side.seq, text)

        before, after = await of(found.before), await of(found.after)
        if found is self._between:
            self.between.show_blame(key, before, after)

    def _versions_of(self, event: MemoryEvent) -> str:
        if event.version > 1:
            return self.tr("version {} to {}").format(event.version - 1, event.version)
        return self.tr("version {}").format(event.version)

    def _show_diff(self, before: str, after: str, words: str) -> None:
        self._diff.set_texts(before, after)
        self._versions.set_text(words)
        self._summary.setText(self._diff.summary())

    # Changing

    def _begin_undo(self, event: MemoryEvent, again: bool) -> None:
        """`again`: the event is itself an undo, so the change is made once more."""

        def undone(made: MemoryEvent) -> Notice:
            words = self.tr("The change to “{}” was redone") if again else self.tr("The change to “{}” was undone")
            detail = self.tr("Saved as version {}").format(made.version)
            return Notice(words.format(event.label), detail, self.tr("Undo") if again else self.tr("Redo"))

        work = self._services.history.undo(event.seq, origin=self._view.workspace.origin)
        self._view.run(work, self, done=undone, undo=lambda made: self._begin_undo(made, not again))

    def _begin_restore(self, event: MemoryEvent) -> None:
        def restored(made: tuple[int, ...]) -> Notice | None:
            if not made:
                self._view.tell(self.tr("“{}” already reads like this").format(event.label))
                return None
            if event.target_kind == "agent":
                return Notice(self.tr("All settings are as they were at {}").format(full_time(event.at)))
            return Notice(self.tr("“{}” was restored to version {}").format(event.label, event.version))

        self._view.run(self._restore(event), self, done=restored, undo=self._undo_all)

    async def _restore(self, event: MemoryEvent) -> tuple[int, ...]:
        """The seqs of what it changed; none where all was so already."""
        history, origin = self._services.history, self._view.workspace.origin
        before = (await history.of_agent(self._agent_id, limit=1))[0].seq
        if event.target_kind == "agent":
            await history.restore_settings(event.target_id, event.seq, origin=origin)
        else:
            await history.restore(event.target_id, event.seq, origin=origin)
        made = await history.of_agent(self._agent_id, limit=PAGE)
        return tuple(one.seq for one in made if one.seq > before)

    def _begin_restore_all(self, event: MemoryEvent) -> None:
        self._view.run(self._restore_all(event), self)

    async def _restore_all(self, event: MemoryEvent) -> None:
        between = await self._services.history.between(self._agent_id, event.seq, NEVER)
        changed = sum(
            thing.before != thing.after for thing in things_of(between) if thing.limit or thing.key == ARCHIVE
        )
        if not changed:
            self._view.tell(self.tr("All memory already reads like this"))
            return
        title = self.tr("Restore all memory to {}?").format(full_time(event.at))
        text = counted(
            changed,
            self.tr("One block or passage becomes what it was then, for every agent that shares it."),
            self.tr("{} blocks or passages become what they were then, for every agent that shares them."),
        )
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("restore", self.tr("Restore all memory"), "primary"))
        answer, _ = await self._view.ask.ask(title, text, answers)
        if answer != "restore":
            return
        origin = self._view.workspace.origin
        notice = Notice(self.tr("All memory is as it was at {}").format(full_time(event.at)))
        work = self._services.history.restore_all(self._agent_id, event.seq, origin=origin)
        self._view.run(work, self, done=notice, undo=self._undo_all)

    def _undo_all(self, seqs: tuple[int, ...]) -> None:
        origin = self._view.workspace.origin
        notice = Notice(self.tr("Memory is as it was before you restored it"), undo_label=self.tr("Redo"))
        self._view.run(self._services.history.undo_all(seqs, origin=origin), self, done=notice, undo=self._undo_all)

    def _begin_fork(self, event: MemoryEvent) -> None:
        def made(agent: Agent) -> Notice:
            self.agent_made.emit(agent.id)
            return Notice(self.tr("“{}” goes on from {}").format(agent.name, full_time(event.at)))

        work = self._services.forks.from_change(self._agent_id, event.seq, origin=self._view.workspace.origin)
        self._view.run(work, self, done=made)


def _stamp(at: int) -> str:
    return sentence_case(full_time(at))


def with_newer(newest: Sequence[MemoryEvent], known: Sequence[MemoryEvent]) -> tuple[MemoryEvent, ...]:
    """The newest changes before those that were known, where both meet; what a newer one undid is marked.

    Newest first. Where they do not meet only the newest are left: between the two there are some that nobody read.
    """
    read = {event.seq for event in newest}
    if not known or not newest or known[0].seq < newest[-1].seq:
        return tuple(newest)
    older = [event for event in known if event.seq not in read and event.seq < newest[-1].seq]
    undone: dict[int, int] = {}
    for event in (*newest, *older):
        # A change is undone only by later ones, so all that could undo this one were seen before it.
        if event.undoes is not None and event.seq not in undone:
            undone.setdefault(event.undoes, event.seq)
    marked = [event.model_copy(update={"undone_by": undone.get(event.seq)}) for event in older]
    return (*newest, *(new if new != old else old for new, old in zip(marked, older, strict=True)))
