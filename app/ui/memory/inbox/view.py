"""The inbox of memory: five minutes in which nothing that an agent wrote goes unseen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.domain.block import Block
from app.domain.event import Changed
from app.domain.history import MemoryEvent
from app.domain.inbox import Inbox, Looked, Waiting
from app.ui.bridge.rereading import Rereading
from app.ui.kit.buttons import Button
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, empty, follow, frame_of, hairline, reveal, row_of, scrolled
from app.ui.kit.panes import Pane, Panes
from app.ui.kit.segmented import Segmented
from app.ui.kit.wording import counted, day, full_time
from app.ui.memory.inbox.card import ReviewCard
from app.ui.memory.inbox.doctor import DoctorPane
from app.ui.state.view_context import Notice, ViewContext

PAGE = 20
"""Cards that are built at once."""
NARROW = 900
"""Below this width, at 100 %, one pane is shown at a time."""
DOCTOR = ((0, 380), (1340, 452))
"""Widths of the doctor."""


class InboxView(QWidget):
    message_wanted = Signal(str)
    history_wanted = Signal(str)

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._services = view.services
        theme = self._theme = view.theme
        self._inbox: Inbox | None = None
        self._limit = PAGE
        self._rereading = Rereading(view.tasks, self)
        self.cards: list[ReviewCard] = []
        self.setAccessibleName(self.tr("Inbox of memory"))
        self.title = Label(theme, "", "strong")
        self.detail = ElidedLabel(theme, "", "label", "text2")
        scopes = (("agent", self.tr("This agent")), ("all", self.tr("All agents")))
        self.scope = Segmented(theme, scopes, "all", self.tr("Changes of"))
        self.keep_all = Button(theme, self.tr("Keep all"), "", "check")
        self.looked = Label(theme, "", "label", "text2")
        self._list = frame_of("panel")
        self._column = QVBoxLayout(self._list)
        self._area = scrolled(self._list, self.tr("Changes to look at"))
        self._more = Button(theme, self.tr("Show more"), "ghost", "history", "small")
        nothing = self.tr("What agents write from now on waits here.")
        self._empty = EmptyState(theme, "check", self.tr("All seen"), nothing)
        self._pages = QStackedWidget()
        self.doctor = DoctorPane(view)
        self._lay_out()
        self.scope.chosen.connect(lambda: self._read_soon())
        self.keep_all.clicked.connect(self._keep_all)
        self._more.clicked.connect(self._show_more)
        view.workspace.changed.connect(self._on_changed)

    def _lay_out(self) -> None:
        theme = self._theme
        head, foot, looked, hold = QWidget(), frame_of("panel"), QWidget(), QWidget()
        tools = (self.scope, self.keep_all)
        row_of(theme, self.title, self.detail, None, *tools, parent=head, inset=(14, 9, 14, 9), gap=10)
        row_of(theme, self.looked, None, parent=looked, inset=(14, 6, 14, 6))
        self._looked_row = looked
        keys = self.tr("↓ ↑ next, previous   K keep   E edit   U undo   Enter history   Shift K keep all of this run")
        keys += "   " + self.tr("Shift D doctor")
        row_of(theme, ElidedLabel(theme, keys, "label", "muted"), parent=foot, inset=(14, 7, 14, 7)).setStretch(0, 1)
        column_of(theme, None, row_of(theme, None, self._empty, None), None, parent=hold)
        for page in (self._area, hold):
            self._pages.addWidget(page)
        left = QWidget()
        column_of(theme, head, hairline(), looked, self._pages, hairline(), foot, parent=left, gap=0).setStretch(3, 1)
        doctor = Pane("doctor", self.tr("Doctor"), self.doctor, DOCTOR, self.tr("Width of the doctor"))
        panes = (Pane("changes", self.tr("Changes"), left), doctor)
        self.panes = Panes(theme, panes, "changes", self.tr("Part of the page"), NARROW)
        column_of(theme, self.panes, parent=self, gap=0)
        follow(theme, self, self._restyle)

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(14), px(10), px(14), px(14))
        self._column.setSpacing(px(8))

    # Reading

    def begin(self) -> None:
        self._limit = PAGE
        self._read_soon()
        self.doctor.begin()

    def _on_changed(self, event: object) -> None:
        if isinstance(event, Changed) and event.kind in ("history", "agent"):
            self._read_soon()

    def _read_soon(self) -> None:
        self._rereading.read("inbox", self._read)

    async def _read(self) -> None:
        agent = self._view.workspace.agent
        if self.isVisible():
            agent_id = agent.id if self.scope.current == "agent" and agent is not None else None
            self._show(await self._services.inbox.look(agent_id, self._limit))

    # Showing

    def _show(self, inbox: Inbox) -> None:
        self._inbox = inbox
        editing = {card.waiting.event.seq: card for card in self.cards if card.editing}
        focus = self.window().focusWidget() or self
        at = next((at for at, card in enumerate(self.cards) if card is focus or card.isAncestorOf(focus)), -1)
        for card in editing.values():
            self._column.removeWidget(card)
        empty(self._column)
        self.cards = []
        heading = ""
        for waiting in inbox.waiting:
            if (title := day(waiting.event.at)) != heading:
                heading = title
                self._column.addWidget(Label(self._theme, title, "label", "text2"))
            card = editing.get(waiting.event.seq) or self._card(ReviewCard(self._theme, waiting))
            self.cards.append(card)
            self._column.addWidget(card)
        self._more = Button(self._theme, self.tr("Show more"), "ghost", "history", "small")
        self._more.clicked.connect(self._show_more)
        self._more.setVisible(inbox.total > len(inbox.waiting))
        self._column.addWidget(self._more)
        self._column.addStretch(1)
        self._show_head(inbox)
        self._pages.setCurrentIndex(0 if inbox.waiting else 1)
        if at >= 0 and not editing:
            self._go_to(min(at, len(self.cards) - 1))

    def _show_head(self, inbox: Inbox) -> None:
        since = self.tr("Since {}").format(full_time(inbox.since)) if inbox.since else self.tr("All seen")
        self.title.setText(since)
        words = counted(inbox.total, self.tr("{} change to look at"), self.tr("{} changes to look at"))
        self.detail.set_text(words if inbox.total else "")
        self.keep_all.setVisible(bool(inbox.total))
        others = counted(inbox.total, self.tr("Keep the other one"), self.tr("Keep the other {}"))
        self.keep_all.setText(others if inbox.looked else self.tr("Keep all"))
        self._looked_row.setVisible(bool(inbox.looked))
        self.looked.setText(self._looked_words(inbox.looked))

    def _looked_words(self, looked: tuple[Looked, ...]) -> str:
        number = {outcome: sum(one.outcome == outcome for one in looked) for outcome in ("kept", "edited", "undone")}
        words = {"kept": self.tr("{} kept"), "edited": self.tr("{} edited"), "undone": self.tr("{} undone")}
        parts = ", ".join(words[outcome].format(count) for outcome, count in number.items() if count)
        return self.tr("{} looked at: {}").format(len(looked), parts)

    def _card(self, card: ReviewCard) -> ReviewCard:
        card.kept.connect(self._keep)
        card.undo_wanted.connect(self._undo)
        card.edited.connect(self._edit)
        card.history_wanted.connect(self.history_wanted)
        card.rule_wanted.connect(self._begin_rule)
        card.message_wanted.connect(self.message_wanted)
        card.focused.connect(lambda: reveal(card))
        card.stepped.connect(self._step)
        return card

    def _show_more(self) -> None:
        self._limit += PAGE
        self._read_soon()

    # Doing

    def _keep(self, seq: int) -> None:
        self._view.run(self._services.inbox.keep((seq,)), self, done=Notice(self.tr("Kept")), undo=self._wait_again)

    def _keep_all(self) -> None:
        agent = self._view.workspace.agent
        agent_id = agent.id if self.scope.current == "agent" and agent is not None else None
        notice = Notice(self.tr("All kept"))
        self._view.run(self._services.inbox.keep_all(agent_id), self, done=notice, undo=self._wait_again)

    def _keep_run(self, run_id: str) -> None:
        notice = Notice(self.tr("All changes of this run kept"))
        self._view.run(self._services.inbox.keep_run(run_id), self, done=notice, undo=self._wait_again)

    def _wait_again(self, seqs: tuple[int, ...]) -> None:
        self._view.run(self._services.inbox.wait_again(seqs), self)

    def _undo(self, seq: int) -> None:
        def undone(made: MemoryEvent | None) -> Notice | None:
            if made is None:
                self._view.tell(self.tr("It already is as it was before"))
                return None
            return Notice(self.tr("The change to “{}” was undone").format(made.label), undo_label=self.tr("Redo"))

        work = self._services.inbox.undo(seq, origin=self._view.workspace.origin)
        self._view.run(work, self, done=undone, undo=self._redo)

    def _redo(self, made: MemoryEvent | None) -> None:
        if made is not None:
            self._view.run(self._services.history.undo(made.seq, origin=self._view.workspace.origin), self)

    def _begin_rule(self, waiting: Waiting) -> None:
        self._view.run(self._ask_rule(waiting), self)

    async def _ask_rule(self, waiting: Waiting) -> None:
        """What an agent is never to store, in the person's words."""
        title = self.tr("What should {} never store again?").format(waiting.agent_name)
        text = self.tr("It becomes a rule in a block that the agent reads and cannot change.")
        begun = self.tr("Never store ")
        rule = await self._view.ask.ask_text(title, text, begun, self.tr("Make it a rule"))
        if not rule or rule == begun.strip():
            return

        def undo(seqs: tuple[int, ...]) -> None:
            self._view.run(self._services.history.undo_all(seqs, origin=self._view.workspace.origin), self)

        notice = Notice(self.tr("{} has a new rule").format(waiting.agent_name), rule)
        work = self._services.inbox.forbid(waiting.agent_id, rule, origin=self._view.workspace.origin)
        self._view.run(work, self, done=notice, undo=undo)

    def _edit(self, seq: int, value: str) -> None:
        def saved(block: Block) -> Notice:
            return Notice(self.tr("“{}” was saved as version {}").format(block.label, block.version))

        for card in self.cards:
            if card.waiting.event.seq == seq:
                card.cancel.click()
        work = self._services.inbox.edit(seq, value, origin=self._view.workspace.origin)
        self._view.run(work, self, done=lambda block: self._view.tell_done(saved(block)))

    # Keys

    def _go_to(self, place: int) -> None:
        if 0 <= place < len(self.cards):
            self.cards[place].show()  # a new one is shown by its layout only later, and takes no keyboard before
            self.cards[place].setFocus(Qt.FocusReason.TabFocusReason)

    @property
    def _place(self) -> int:
        """Which card has the keyboard; -1 for none."""
        return next((at for at, card in enumerate(self.cards) if card.hasFocus()), -1)

    def _step(self, by: int) -> None:
        self._go_to(self._place + by if self._place >= 0 else 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        place = self._place
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._step(1 if key == Qt.Key.Key_Down else -1)
        elif key == Qt.Key.Key_K and shift and place >= 0 and self.cards[place].waiting.event.origin.run_id:
            self._keep_run(self.cards[place].waiting.event.origin.run_id or "")
        elif key == Qt.Key.Key_D and shift:
            self.panes.show_pane("doctor")
            self.doctor.again.setFocus(Qt.FocusReason.OtherFocusReason)
        elif place < 0 and self.cards and self.cards[0].press(key):
            self._go_to(0)
        else:
            super().keyPressEvent(event)
