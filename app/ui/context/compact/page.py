"""Compact now: see what leaves the context window, mend the summary, then do it; until then nothing changes."""

import asyncio

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.domain.agent import AgentPatch
from app.domain.compaction import CompactionDraft, CompactionOutlook, CompactionPreview, CompactionResult
from app.domain.context import ContextOverview
from app.domain.error import AppError, said_alone
from app.ui.context.compact.bars import BeforeAfter, Weights
from app.ui.context.compact.cut_list import CutList
from app.ui.context.compact.how_pane import HowPane
from app.ui.context.compact.summary_pane import SummaryPane
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, frame_of, hairline, row_of
from app.ui.kit.panes import Pane, Panes
from app.ui.kit.wording import count, counted
from app.ui.state.view_context import Notice, ViewContext

CHARS_A_TOKEN = 4
"""Of the summary while it is typed; what is stored is counted by the engine."""
NARROW = 1000
"""Below this width, at 100 %, one pane is shown at a time."""
LEFT, RIGHT = ((0, 270), (1180, 352)), ((0, 290), (1180, 316))
"""Widths of the list of messages and of the settings."""


class CompactNow(QWidget):
    closed = Signal()
    """A person leaves it, or it was done."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._theme = theme = view.theme
        self._conversation_id = ""
        self._outlook: CompactionOutlook | None = None
        self._overview: ContextOverview | None = None
        self._writing: asyncio.Future[None] | None = None
        self._made_for: int | None = None
        """The cut that the summary was written for."""
        self._turn = 0
        """Counts what is read and written, so that what was asked before is not taken for what is asked now."""
        self.setAccessibleName(self.tr("Compact now"))
        self.bars = BeforeAfter(theme)
        self.cut = CutList(theme)
        self._leaving = Label(theme, "", "label", "muted")
        self.summary = SummaryPane(theme)
        self.how = HowPane(theme)
        self._pages = QStackedWidget()
        self._empty = EmptyState(
            theme, "context", self.tr("Nothing to compact"), "", [(self.tr("Back"), self.closed.emit)]
        )
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        theme = self._theme
        left, head = frame_of("panel"), QWidget()
        row_of(
            theme,
            Label(theme, self.tr("Leaves the window"), "strong"),
            self._leaving,
            None,
            parent=head,
            inset=(14, 9, 14, 9),
        )
        note = Label(theme, self.tr("What leaves stays in the chat, and search still finds it."), "label", "muted")
        note.setWordWrap(True)
        foot = QWidget()
        row_of(theme, note, parent=foot, inset=(14, 8, 14, 8))
        column_of(theme, head, hairline(), self.cut, hairline(), foot, parent=left, gap=0)
        self.panes = Panes(
            theme,
            (
                Pane("leaves", self.tr("Leaves"), left, LEFT, self.tr("Width of the list of messages")),
                Pane("summary", self.tr("Summary"), self.summary),
                Pane("how", self.tr("How"), self.how, RIGHT, self.tr("Width of the settings")),
            ),
            "summary",
            self.tr("Part of the page"),
            NARROW,
        )
        whole = QWidget()
        column_of(theme, self.bars, hairline(), self.panes, parent=whole, gap=0).setStretch(2, 1)
        hold = QWidget()
        column_of(theme, None, row_of(theme, None, self._empty, None), None, parent=hold)
        self._blank = QWidget()
        for page in (whole, hold, self._blank):
            self._pages.addWidget(page)
        column_of(theme, self._pages, parent=self, gap=0)

    def _connect(self) -> None:
        self.cut.cut_moved.connect(lambda: self._settle())
        self.summary.changed.connect(self._settle)
        self.summary.write_wanted.connect(self._write)
        self.summary.stop_wanted.connect(self._stop)
        self.summary.paragraph_entered.connect(self.cut.mark)
        self.summary.details.counted.connect(lambda: self._settle())
        self.how.settings_changed.connect(self._settings_changed)
        self.how.compact_wanted.connect(self._compact)
        self.how.save_wanted.connect(self._save)
        self.how.cancel_wanted.connect(self.closed)
        for keys, act in (("Ctrl+Return", self._compact), ("Esc", self.closed.emit)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
        self._view.workspace.counted.connect(self._counted)

    # Reading

    def begin(self) -> None:
        """Shows the window of the conversation that is open. What was typed for the same one is kept."""
        conversation = self._view.workspace.conversation
        if conversation is None:
            return
        thread = conversation.active_id
        same = thread == self._conversation_id and (self.summary.typed or self.summary.writing)
        self._conversation_id = thread
        if not same:
            self._pages.setCurrentWidget(self._blank)
        self._read(keep=same)
        self.cut.setFocus(Qt.FocusReason.OtherFocusReason)

    def _read(self, keep: bool) -> None:
        self._turn += 1
        self._view.run(self._load(self._turn, keep), self, failed=self._refused)

    async def _load(self, turn: int, keep: bool) -> None:
        services, thread = self._view.services, self._conversation_id
        agent = self._view.workspace.agent
        if agent is None:
            return
        settings = self.how.settings if keep else agent.compaction
        outlook = await services.compaction.outlook(thread, settings)
        overview = await services.context.overview(thread)
        if turn != self._turn or self._view.workspace.agent is None:
            return
        self._outlook, self._overview = outlook, overview
        if not keep:
            self.how.show_settings(agent.compaction, agent.name, self._handles)
            self.summary.clear(outlook.old_summary)
            self.summary.set_limit(agent.compaction.most_chars)
            self._made_for = None
        if outlook.leave_before is None:
            self._show_nothing(self.tr("The window holds only the newest turn."), self.tr("Nothing to compact"))
            return
        before = self.cut.cut_model.leave_before if keep else outlook.leave_before
        self.cut.load(outlook.rows, before)
        self._pages.setCurrentIndex(0)
        self._settle()

    def _refused(self, error: AppError) -> None:
        title = self.tr("A reply is under way") if error.code == "busy" else self.tr("The window cannot be shown")
        self._show_nothing(f"{said_alone(error)} {error.hint}".strip(), title)

    def _show_nothing(self, text: str, title: str) -> None:
        self._outlook = None
        self._empty.title.setText(title)
        self._empty.text.setText(text)
        self._pages.setCurrentIndex(1)

    def _counted(self, overview: ContextOverview) -> None:
        """More was said in the conversation, or something else of its next request changed."""
        if self.isVisible() and overview.conversation_id == self._conversation_id:
            self._read(keep=self.summary.typed or self.summary.writing or self._made_for is not None)

    def _settings_changed(self) -> None:
        self.summary.set_limit(self.how.settings.most_chars)
        self._turn += 1
        self._view.run(self._recut(self._turn), self)

    async def _recut(self, turn: int) -> None:
        """Where the settings would cut."""
        outlook = await self._view.services.compaction.outlook(self._conversation_id, self.how.settings)
        if turn == self._turn and outlook.leave_before is not None:
            self._outlook = outlook
            self.cut.load(outlook.rows, outlook.leave_before)
        self._settle()

    # Showing

    def _settle(self) -> None:
        outlook, overview = self._outlook, self._overview
        if outlook is None or overview is None:
            return
        model = self.cut.cut_model
        leaving, staying = model.leaving, model.staying
        gone = sum(one.tokens for one in leaving)
        words = counted(len(leaving), self.tr("{} message"), self.tr("{} messages"))
        self._leaving.setText(self.tr("{0}, {1} tokens").format(words, count(gone)))
        text = self.summary.edit.toPlainText().strip()
        size = len(text) // CHARS_A_TOKEN if text else self.how.settings.most_chars // CHARS_A_TOKEN
        old = sum(part.tokens for part in overview.parts if part.kind == "summary")
        weights = Weights(gone, sum(one.tokens for one in staying), old, size)
        self.bars.show_weights(overview, weights)
        again = sum(part.tokens for part in overview.parts if part.kind not in ("messages", "summary"))
        again += weights.staying + weights.new_summary
        room = overview.window - overview.kept_for_reply - again
        each = (weights.leaving + weights.staying) / max(1, len(outlook.rows))
        self.how.show_costs(again, round(room / each) if each and room > 0 else None)
        self.how.allow(self._why_not())

    def _why_not(self) -> str:
        if self.summary.writing:
            return self.tr("The summary is being written.")
        if self.summary.too_long:
            return self.tr("The summary is too long.")
        if self.summary.summary is None:
            return self.tr("Have the summary written first, or write it yourself.")
        if self._made_for is not None and self._made_for != self.cut.cut_model.leave_before and not self.summary.typed:
            return self.tr("The cut was moved, so the summary no longer fits what leaves. Have it written again.")
        return ""

    # Doing

    def _write(self) -> None:
        if self._outlook is None:
            return
        self.summary.set_writing(self.tr("Asking the model"))
        self._turn += 1
        self._writing = self._view.run(self._written(self._turn), self, failed=self._not_written)

    async def _written(self, turn: int) -> None:
        cut = self.cut.cut_model.leave_before
        news = self._view.services.compaction.preview(self._conversation_id, self.how.settings, cut)
        async for one in news:
            if turn != self._turn:
                return
            if isinstance(one, CompactionPreview):
                self._made_for = one.draft.leave_before
                self.summary.show_preview(one)
            else:
                self.summary.set_writing(one.text)

    def _not_written(self, error: AppError) -> None:
        self.summary.set_writing(None)
        self._view.tell(said_alone(error), error.hint, "error")

    def _stop(self) -> None:
        self._turn += 1
        if self._writing is not None:
            self._writing.cancel()
        self.summary.set_writing(None)

    def _compact(self) -> None:
        outlook, summary = self._outlook, self.summary.summary
        if outlook is None or summary is None or self._why_not():
            return
        draft = CompactionDraft(
            leave_before=self.cut.cut_model.leave_before, last_position=outlook.last_position, summary=summary
        )
        thread, origin = self._conversation_id, self._view.workspace.origin
        work = self._view.services.compaction.now(thread, None, draft, origin)
        self._view.run(work, self, done=self._done, undo=self._undo, failed=self._not_done)

    def _done(self, _: CompactionResult) -> Notice:
        left = len(self.cut.cut_model.leaving)
        words = counted(
            left, self.tr("{} message left the context window"), self.tr("{} messages left the context window")
        )
        self.summary.clear("")
        self._conversation_id = ""
        self.closed.emit()
        return Notice(words, self.tr("The summary takes their place"))

    def _undo(self, result: CompactionResult) -> None:
        self._view.run(self._view.services.history.undo(result.event_seq, origin=self._view.workspace.origin), self)

    def _not_done(self, error: AppError) -> None:
        self._view.tell_error(error)
        self._read(keep=True)

    def _save(self) -> None:
        agent = self._view.workspace.agent
        if agent is None:
            return
        settings = self.how.settings
        extras = agent.extras.model_copy(
            update={"compaction_settings": settings.asked(agent.extras.compaction_settings)}
        )
        work = self._view.services.agents.update(
            agent.id, AgentPatch(extras=extras), origin=self._view.workspace.origin
        )

        def saved(_: object) -> Notice:
            self.how.show_settings(settings, agent.name, self._handles)
            self._read(keep=True)
            return Notice(self.tr("How {} is compacted was saved").format(agent.name))

        self._view.run(work, self, done=saved)

    @property
    def _handles(self) -> list[str]:
        return [model.handle for offer in self._view.catalog.known.offers for model in offer.models]
