"""Memory history of the open agent: every change, the difference it made, why it is there, and the way back."""

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtWidgets import QComboBox, QListView, QStackedWidget, QWidget

from app.domain.block import Block
from app.domain.history import MemoryEvent
from app.ui.kit.actors import ACTOR_LOOK
from app.ui.kit.diff import DiffView
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Choice, column_of, follow, frame_of, hairline, row_of
from app.ui.kit.section import UNLIMITED
from app.ui.kit.segmented import Segmented
from app.ui.kit.splitter import Splitter
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count, full_time
from app.ui.memory.history.cause import WhyPane
from app.ui.memory.history.change_list import ChangeList, ChangeRow
from app.ui.memory.history.row import ChangeDelegate
from app.ui.memory.history.sentences import by_actor, place_name
from app.ui.state.view_context import Notice, ViewContext

PAGE = 25
"""Changes that are read at once: each has the whole text before and after."""
OFFERED = 30
"""Versions before and after the chosen one that it can be compared with."""
NEAR = 8
"""Rows above the end of the list at which further ones are read."""
NARROW = 860
"""Below this width, at 100 %, one pane is shown at a time."""
NOW, BEFORE = -1, 0
"""Other sides of a comparison: the block as it is, the block just before the chosen change."""


class HistoryView(QWidget):
    message_wanted = Signal(str)
    back_wanted = Signal()

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
        self.setAccessibleName(self.tr("Memory history"))
        self._model = ChangeList(self)
        self._list = QListView()
        self._list.setModel(self._model)
        self._list.setItemDelegate(ChangeDelegate(theme, self))
        self._list.setAccessibleName(self.tr("Changes"))
        self._list.setMouseTracking(True)
        self._list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._actors = Segmented(theme, self._actor_choices(), "all", self.tr("Changes by"))
        self._target = Choice(self.tr("Changes of"))
        self._diff = DiffView(theme)
        self._head = ElidedLabel(theme, "", "strong")
        self._head.keep(120)
        self._versions = ElidedLabel(theme, "", "label", "muted")
        self._against = Choice(self.tr("Compare with"))
        self._against.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._against.setMinimumContentsLength(14)
        set_tip(self._against, self.tr("Compare with"))
        self._against.view().setTextElideMode(Qt.TextElideMode.ElideNone)
        self._summary = Label(theme, "", "label", "text2")
        self.why = WhyPane(theme)
        panes = (("changes", self.tr("Changes")), ("difference", self.tr("Difference")), ("why", self.tr("Why")))
        self.pane = Segmented(theme, panes, "changes", self.tr("Part of the history"))
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

    def _actor_choices(self) -> tuple[tuple[str, ...], ...]:
        icons = [(actor, "", ACTOR_LOOK[actor][0]) for actor in ACTOR_LOOK]
        return (("all", self.tr("All")), *icons)

    def _lay_out(self) -> None:
        theme = self._theme
        left, middle = frame_of("panel"), frame_of("surface")
        self._panes = {"changes": left, "difference": middle, "why": self.why}
        head = QWidget()
        row_of(theme, Label(theme, self.tr("Changes"), "strong"), None, self._actors, parent=head, inset=(14, 6, 8, 6))
        target = QWidget()
        row_of(theme, self._target, parent=target, inset=(14, 0, 8, 8))
        column_of(theme, head, target, hairline(), self._list, parent=left, gap=0)
        bar = frame_of("panel")
        row_of(theme, self._head, self._versions, None, self._against, parent=bar, inset=(14, 6, 10, 6), gap=8)
        foot = frame_of("panel")
        row_of(theme, self._summary, None, parent=foot, inset=(14, 6, 14, 6))
        column_of(theme, bar, hairline(), self._diff, hairline(), foot, parent=middle, gap=0)
        self.splitter = Splitter(theme)
        for pane in (left, middle, self.why):
            self.splitter.addWidget(pane)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.name_handle(1, self.tr("Width of the list of changes"))
        self.splitter.name_handle(2, self.tr("Width of the pane with the reasons"))
        hold = QWidget()
        column_of(theme, None, row_of(theme, None, self._empty, None), None, parent=hold)
        self._pages.addWidget(self.splitter)
        self._pages.addWidget(hold)
        self._pane_row = QWidget()
        row_of(theme, self.pane, None, parent=self._pane_row, inset=(14, 6, 14, 6))
        column_of(theme, self._pane_row, self._pages, parent=self, gap=0)
        follow(theme, self, self._fit)

    def _fit(self) -> None:
        px, width = self._theme.px, self.width() / self._theme.scale
        side = 280 if width < 1340 else 330 if width < 1800 else 380
        sides = (px(side), px(min(side, 316) if width < 1800 else 400))
        self._arrange()
        if width >= NARROW:
            self.splitter.setSizes([sides[0], max(px(240), self.width() - sum(sides)), sides[1]])
        self._list.scheduleDelayedItemsLayout()

    def _arrange(self) -> None:
        """All three panes, or in a narrow window the chosen one."""
        narrow = self.width() / self._theme.scale < NARROW
        self._pane_row.setVisible(narrow and self._pages.currentIndex() == 0)
        for name, pane in self._panes.items():
            pane.setVisible(not narrow or name == self.pane.current)
            pane.setMaximumWidth(self._theme.px(560) if name != "difference" and not narrow else UNLIMITED)

    def _show_pane(self, name: str) -> None:
        self.pane.set_current(name)
        self._arrange()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def _connect(self) -> None:
        self._actors.chosen.connect(lambda: self._refilter())
        self._target.activated.connect(lambda: self._pick_target())
        self._list.selectionModel().currentChanged.connect(self._picked)
        self.pane.chosen.connect(self._show_pane)
        for opened in (self._list.clicked, self._list.activated):
            opened.connect(lambda: self._show_pane("difference"))
        self._list.verticalScrollBar().valueChanged.connect(lambda: self._ask_for_more())
        self._against.activated.connect(lambda: self._compare_again())
        self.why.message_wanted.connect(self.message_wanted)
        self.why.undo_wanted.connect(self._begin_undo)
        self.why.restore_wanted.connect(self._begin_restore)
        self._view.workspace.history_changed.connect(self._reload)

    # Reading

    def begin(self, block_id: str = "") -> None:
        """Show the history of the open agent, of one block or of all."""
        agent = self._view.workspace.agent
        self._block_id = block_id
        self._chosen = None
        if agent is not None and agent.id != self._agent_id:
            self._forget()
            self._agent_id = agent.id
        self._show_pane("changes")
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
        events = await self._services.history.of_agent(agent.id, limit=PAGE)
        blocks = {block.id: block for block in await self._services.blocks.of_agent(agent.id)}
        if agent.id != self._agent_id:
            return
        self._blocks = blocks
        known = with_newer(events, self._model.events)
        self._complete = self._complete if len(known) > len(events) else len(events) < PAGE
        self._model.load(known, agent.name)
        self._show_filters()
        self._refilter()
        self._pages.setCurrentIndex(0 if events else 1)
        self._arrange()
        if events:
            self._choose_again()

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
            older = await self._services.history.of_agent(agent_id, before=oldest, limit=PAGE)
        finally:
            self._reading_more = False
        agent = self._view.workspace.agent
        if agent is None or not agent_id == agent.id == self._agent_id:
            return
        self._complete = len(older) < PAGE
        self._model.load((*self._model.events, *older), agent.name)
        self._show_filters()
        self._refilter()
        if self._chosen is None:
            self._choose_again()

    def _show_filters(self) -> None:
        counts = self._model.counts()
        for actor in ACTOR_LOOK:
            more = "" if self._complete or actor not in counts else "+"
            self._actors.set_label(actor, f"{count(counts.get(actor, 0))}{more}")
            name = by_actor(actor)
            self._actors.button(actor).setVisible(actor in ("agent", "user") or actor in counts)
            set_tip(self._actors.button(actor), name)
            self._actors.button(actor).setAccessibleName(f"{name}, {counts.get(actor, 0)}")
        self._target.clear()
        self._target.addItem(self.tr("All blocks and settings"), "")
        targets = {id: block.label for id, block in self._blocks.items()}
        targets |= {event.target_id: event.label for event in self._model.events if event.target_kind == "block"}
        for target_id, label in targets.items():
            self._target.addItem(label, target_id)
        self._target.setCurrentIndex(max(0, self._target.findData(self._block_id)))

    def _pick_target(self) -> None:
        self._block_id = str(self._target.currentData() or "")
        self._refilter()
        self._choose_again()

    def _refilter(self) -> None:
        actor = "" if self._actors.current == "all" else self._actors.current
        self._model.filter(actor, self._block_id)
        self._ask_for_more()

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

    def _show_nothing(self, why: str) -> None:
        self._chosen = None
        self._head.set_text("")
        self._versions.set_text(why)
        self._diff.set_texts("", "")
        self._summary.setText("")
        self._against.hide()
        self.why.clear()

    def _show_change(self, row: ChangeRow) -> None:
        agent, event = self._view.workspace.agent, row.event
        block = self._blocks.get(event.target_id)
        newest = block is not None and block.version == event.version
        self.why.show_change(row, agent.name if agent is not None else "", newest, block is not None)
        self._head.set_text(place_name(event))
        self._fill_against(event)
        self._compare_again()

    def _fill_against(self, event: MemoryEvent) -> None:
        """What the chosen version can be compared with."""
        self._against.clear()
        self._against.addItem(self.tr("Version before"), BEFORE)
        whole = event.target_kind == "block" and "value" in (event.after or {})
        if whole and event.target_id in self._blocks:
            self._against.addItem(self.tr("As it is now"), NOW)
        for other in self._versions_near(event) if whole else ():
            words = self.tr("Version {}, {}").format(other.version, full_time(other.at))
            self._against.addItem(words, other.seq)
        self._against.view().setMinimumWidth(self._against.view().sizeHintForColumn(0) + self._theme.px(24))
        self._against.setVisible(self._against.count() > 1)

    def _versions_near(self, event: MemoryEvent) -> list[MemoryEvent]:
        """Other versions of the block, newest first: those before and after the chosen one, not all of a thousand."""
        others = [
            one for one in self._model.events if one.target_id == event.target_id and "value" in (one.after or {})
        ]
        at = next((place for place, one in enumerate(others) if one.seq <= event.seq), len(others))
        near = others[max(0, at - OFFERED) : at + OFFERED + 1]
        return [one for one in near if one.seq != event.seq]

    def _compare_again(self) -> None:
        event = self._chosen
        if event is None:
            return
        other = self._against.currentData()
        if other in (None, BEFORE):
            self._show_diff(text_of(event.before), text_of(event.after), self._span(event))
        else:
            self._view.run(self._compare(event, int(other)), self)

    async def _compare(self, event: MemoryEvent, other: int) -> None:
        mine = await self._services.history.value_at(event.target_id, event.seq)
        if other == NOW:
            theirs = (await self._services.blocks.get(event.target_id)).value
            self._show_diff(mine, theirs, self.tr("from version {} to now").format(event.version))
            return
        theirs = await self._services.history.value_at(event.target_id, other)
        first, second = (theirs, mine) if other < event.seq else (mine, theirs)
        self._show_diff(first, second, self.tr("two versions, the older one first"))

    def _span(self, event: MemoryEvent) -> str:
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
        before = self._blocks.get(event.target_id)

        def restored(made: MemoryEvent) -> Notice | None:
            if before is not None and made.version == before.version:
                self._view.tell(self.tr("“{}” already reads like this").format(event.label))
                return None
            words = self.tr("“{}” was restored to version {}").format(event.label, event.version)
            return Notice(words, self.tr("Saved as version {}").format(made.version))

        self._view.run(self._restore(event), self, done=restored, undo=lambda made: self._begin_undo(made, again=False))

    async def _restore(self, event: MemoryEvent) -> MemoryEvent:
        """The block's newest change, which is the restoring one unless nothing had to change."""
        await self._services.history.restore(event.target_id, event.seq, origin=self._view.workspace.origin)
        return (await self._services.history.of_block(event.target_id, limit=1))[0]


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


def text_of(fields: dict[str, object] | None) -> str:
    """What changed as text: a value as it is, other fields one to a line."""
    if not fields:
        return ""
    for whole in ("value", "text"):
        if isinstance(fields.get(whole), str):
            return str(fields[whole])
    lines: list[str] = []
    for name, value in fields.items():
        if name in ("system", "description") and isinstance(value, str):
            lines.append(value)
        elif isinstance(value, list | tuple):
            lines += [str(item) for item in cast("Sequence[object]", value)]
        elif isinstance(value, dict):
            lines += [f"{key}: {inner}" for key, inner in cast("dict[str, object]", value).items()]
        else:
            lines.append(f"{name}: {value}")
    return "\n".join(lines)
