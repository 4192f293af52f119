"""The conversation with an agent: cards, composer, find. Reads pages, follows events, asks services for the rest."""

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.agent import Agent
from app.domain.context import ContextOverview
from app.domain.conversation import Conversation, TranscriptPage
from app.domain.error import AppError
from app.domain.event import Changed, Progress
from app.domain.history import Origin
from app.domain.snippet import SETTING, read_snippets
from app.ui.bridge.tasks import Tasks
from app.ui.chat.approval_card import ApprovalCard
from app.ui.chat.approvals import Approvals
from app.ui.chat.attachment import Attachment, read_source
from app.ui.chat.branches import Branches
from app.ui.chat.cards.context import CardContext
from app.ui.chat.composer import Composer
from app.ui.chat.drafts import Drafts, DraftStore
from app.ui.chat.file_saver import FileSaver
from app.ui.chat.find import Find
from app.ui.chat.images import ImageLoader
from app.ui.chat.links import LinkQuestion
from app.ui.chat.memory_changes import MemoryChanges
from app.ui.chat.memory_proposals import MemoryProposals
from app.ui.chat.message_changes import MessageChanges
from app.ui.chat.proposal_card import ProposalCard
from app.ui.chat.retry import Retry
from app.ui.chat.run_follower import RunFollower
from app.ui.chat.sending import Outgoing, Role, Sending
from app.ui.chat.slash import SlashList
from app.ui.chat.transcript.area import TranscriptArea
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.chat.transcript.page_reader import PageReader, Side
from app.ui.chat.transcript.row import MODES, Row, ViewMode
from app.ui.chat.transcript.row_layout import Anchor, column_in
from app.ui.chat.welcome import Welcome
from app.ui.kit.banner import Banner
from app.ui.kit.buttons import IconButton
from app.ui.kit.find_bar import FindBar
from app.ui.kit.segmented import Segmented
from app.ui.kit.wording import now
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.link.client import Services


NOTHING = TranscriptPage(conversation_id="", messages=(), positions=())


class ChatView(QFrame):
    """`open(agent, conversation)` shows a thread; the window hands on `Changed` and `Progress`.

    `drafts` keeps what was typed, `client` names this window in the history of what it changes.
    """

    history_wanted = Signal(str)
    """Id of a block whose history a person wants to see."""
    model_wanted = Signal()
    told = Signal(str, str, str)
    """Text, detail and kind of a notice (info, done, error)."""
    told_done = Signal(object, object)
    """Notice of what was done, and the function that undoes it."""

    def __init__(
        self,
        theme: Theme,
        services: "Services",
        tasks: Tasks,
        *,
        drafts: DraftStore | None = None,
        client: str = "",
    ) -> None:
        super().__init__()
        self._theme, self._services, self._tasks = theme, services, tasks
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Chat"))
        self.agent: Agent | None = None
        self.conversation: Conversation | None = None
        self._opening: asyncio.Future[None] | None = None
        self.model = TranscriptModel(self)
        self.context = CardContext(theme)
        self.area = TranscriptArea(theme, self.model, self.context, self)
        self.composer = Composer(theme, self)
        self.banner = Banner(theme, self)
        self.find_bar = FindBar(theme, self.tr("Find in this conversation"), self, enter=-1)
        self.welcome = Welcome(theme, self.area)
        self.tools = self._make_tools()
        origin, model = Origin(client=client), self.model
        self.pages = PageReader(services, model)
        self.runs = RunFollower(services, tasks, model, self)
        self.sending = Sending(services, tasks, model, self.runs, self)
        self.branches = Branches(services, tasks, self.runs, self.sending, origin, self)
        self.changes = MessageChanges(services, tasks, model, self.runs, self)
        self.retry = Retry(services, tasks, model, self.runs, self.banner)
        self.memory = MemoryChanges(services, tasks, model, origin, self)
        self.proposal_card = ProposalCard(theme, self)
        self.proposals = MemoryProposals(services, tasks, self.proposal_card, origin, self)
        self.approval_card = ApprovalCard(theme, self)
        self.approvals = Approvals(services, tasks, self.approval_card, origin, self)
        self._away = self._asked = False
        self.drafts = Drafts(drafts, self.composer, self.area.anchor)
        self.finder = Find(theme, services, tasks, self.find_bar, self.area, model, self.pages)
        self.slash = SlashList(theme, self.composer, self._known_places, self)
        self.links = LinkQuestion(theme, self.banner)
        self.images = ImageLoader(self.context.images, services, tasks, self, theme)
        self.saver = FileSaver(services, tasks, self)
        self._build()
        self._connect()

    @property
    def replying(self) -> bool:
        """Whether a reply is being written in the shown branch."""
        return self.runs.replying

    @property
    def branch_id(self) -> str:
        """Id of the branch that messages are sent to; empty before one was opened."""
        return self.runs.branch_id

    def _make_tools(self) -> QWidget:
        """View mode and find, to be put into the tab row."""
        tools = QWidget()
        row = QHBoxLayout(tools)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(self._theme.px(4))
        choices = (("simple", self.tr("Simple")), ("interactive", self.tr("Interactive")), ("debug", self.tr("Debug")))
        self.modes = Segmented(self._theme, choices, self.model.mode, self.tr("View"), tools)
        row.addWidget(self.modes)
        find = IconButton(self._theme, "search", self.tr("Find in this conversation"), "Ctrl+F", parent=tools)
        find.clicked.connect(lambda _checked=False: self.find_text())
        row.addWidget(find)
        return tools

    def _build(self) -> None:
        self._foot = QVBoxLayout()
        self._foot.addWidget(self.approval_card)
        self._foot.addWidget(self.proposal_card)
        self._foot.addWidget(self.banner)
        self._foot.addWidget(self.composer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.area, 1)
        column.addLayout(self._foot)
        self.setFocusProxy(self.composer)
        self._theme.changed.connect(self._restyle)
        self._restyle()

    def _connect(self) -> None:
        composer, signals = self.composer, self.context.signals
        signals.save.connect(self.saver.ask)
        composer.send_wanted.connect(self._send)
        composer.stop_wanted.connect(self.stop)
        composer.edit_last_wanted.connect(self.edit_last)
        composer.refused.connect(self._tell_refused)
        composer.reading_wanted.connect(self._begin_reading)
        self.runs.replying_changed.connect(composer.set_replying)
        self.runs.ended.connect(self.memory.read)
        self.sending.sent.connect(self._read_sent)
        self.sending.lost.connect(self._not_sent_elsewhere)
        for changer in (self.branches, self.changes):
            changer.branched.connect(self._branched)
        self.area.more_wanted.connect(self._page_wanted)
        self.area.newest_wanted.connect(self._read_newest)
        self.modes.chosen.connect(self.set_mode)
        self.welcome.picked.connect(self._suggest)
        self.find_bar.closed.connect(composer.setFocus)
        self.retry.replace_wanted.connect(self._send_instead)
        self.proposal_card.undo_wanted.connect(self.memory.undo)
        self.approvals.waiting_changed.connect(self._waits)
        for teller in (self.retry, self.memory, self.changes, self.proposals, self.approvals):
            teller.told.connect(self.told)
        for doer in (self.memory, self.changes):
            doer.told_done.connect(self.told_done)
        signals.delete.connect(self.changes.delete)
        signals.rewrite.connect(self.changes.rewrite)
        signals.rate.connect(self.changes.rate)
        signals.send_again.connect(self.sending.send_again)
        signals.discard.connect(self.sending.discard)
        signals.branch.connect(self.branches.show)
        signals.resend.connect(self._send_instead)
        signals.retry.connect(self.retry.retry)
        signals.undo.connect(self.memory.undo)
        signals.edit_opened.connect(self.memory.offer_for)
        signals.edit_closed.connect(composer.setFocus)
        signals.link.connect(self.links.ask)
        signals.switch_model.connect(self.model_wanted)
        signals.history.connect(self.history_wanted)
        for moved in (self.model.rowsInserted, self.model.rowsRemoved, self.model.modelReset):
            moved.connect(self._show_welcome)

    # Opening

    def open(self, agent: Agent, conversation: Conversation) -> None:
        """Shows a thread. The same one again: reads it anew and stays where the reader was."""
        again = self.conversation is not None and self.conversation.id == conversation.id
        anchor = self.area.anchor() if again else None
        if not again:
            self.leave()
            anchor = self.drafts.open(conversation.id)
            # Until the page is there nothing is shown: no messages of another agent, and nothing to do with them.
            self.runs.turn_to("")
            self.model.load(NOTHING)
        self.conversation = conversation
        self.show_agent(agent)
        self.read_snippets()
        self.memory.turn_to(agent.id)
        self.finder.turn_to(agent.id, conversation.id)
        self._read_anew(conversation.active_id, anchor)

    def _read_anew(self, branch_id: str, anchor: Anchor | None) -> None:
        self._opening = self._tasks.spawn(self._open(branch_id, anchor), self)

    def show_agent(self, agent: Agent) -> None:
        """Name, model or limits of the open agent changed."""
        other = self.agent is None or (self.agent.name, self.agent.id) != (agent.name, agent.id)
        self.agent = agent
        self.context.agent_name, self.context.agent_id = agent.name, agent.id
        self.context.max_steps, self.context.agent_model = agent.max_steps, agent.model
        self.composer.set_agent(agent.name)
        self.welcome.show_agent(agent)
        if other:
            self.composer.set_room(0, 0)
            self.area.refresh()

    def show_overview(self, overview: ContextOverview) -> None:
        """What a message has room for."""
        window = min(overview.window, overview.served or overview.window)
        always = sum(part.tokens for part in overview.parts if part.kind != "messages")
        self.composer.set_room(window, always + overview.kept_for_reply)

    async def _open(self, branch_id: str, anchor: Anchor | None) -> None:
        page = await self.pages.open(branch_id)
        if page is None:
            return
        if self.branch_id not in ("", branch_id):
            self._keep_as_draft()
        self.runs.turn_to(branch_id)
        self.proposals.turn_to(branch_id)
        self.approvals.turn_to(branch_id)
        self.model.load(page)
        self.sending.come_back()
        self.area.go_to(anchor if anchor and self.model.index_of(anchor[0]) >= 0 else None)
        self._show_welcome()
        await self.runs.find()

    def _branched(self, conversation: Conversation) -> None:
        """Another branch of the thread is shown: `conversation` is the branch or its thread."""
        if self.conversation is None:
            return
        self.conversation = self.conversation.model_copy(update={"active_id": conversation.active_id})
        self._read_anew(conversation.active_id, self.area.anchor())

    # Pages

    def _page_wanted(self, side: Side) -> None:
        self._tasks.spawn(self.pages.extend(side), self)

    def _read_newest(self) -> None:
        self._read_anew(self.branch_id, None)

    def _read_sent(self, edge: int) -> None:
        self._tasks.spawn(self.pages.read_behind(edge), self)

    def show_message(self, message_id: str, position: int | None = None) -> None:
        """Scrolls to a message, wherever it lies in the open conversation."""
        self._tasks.spawn(self._show_message(message_id, position), self)

    async def _show_message(self, message_id: str, position: int | None) -> None:
        if self._opening is not None:
            await asyncio.wait({self._opening})
        if position is None:
            position = await self.pages.position_of(message_id)
        if position is not None:
            self.area.show_row(await self.pages.show_position(position), focus=True)

    # Events

    def on_changed(self, changed: Changed) -> None:
        if changed.kind == "run" and changed.conversation_id:
            self.sending.run_changed(changed.conversation_id)
        if self.agent is None or self.conversation is None:
            return
        if changed.kind == "setting" and SETTING in changed.ids:
            self.read_snippets()
        if changed.kind == "history" and changed.agent_id in (None, self.agent.id):
            self.memory.read()
        if changed.conversation_id not in (self.conversation.id, self.branch_id):
            return
        if changed.kind == "proposal":
            self.proposals.read()
        if changed.kind == "run" and not self.replying:
            self._tasks.spawn(self._find_run(), self)
        elif changed.kind == "conversation":
            self.approvals.read()
            self._tasks.spawn(self._read_conversation(self.conversation.id), self)

    async def _find_run(self) -> None:
        """Follows a run that somebody else began; one that is over already has left messages."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        await self.runs.find()
        if not self.replying:
            await self.pages.read_behind()

    async def _read_conversation(self, conversation_id: str) -> None:
        found = await self._services.conversations.get(conversation_id)
        if self.conversation is not None and self.conversation.id == conversation_id:
            moved = found.active_id != self.branch_id
            self.conversation = found
            if moved and not self.replying:
                self._branched(found)

    def on_progress(self, progress: Progress) -> None:
        if progress.conversation_id == self.branch_id:
            self.model.apply_progress(progress)

    def set_connected(self, connected: bool) -> None:
        """While the engine is away one can write but not send."""
        self._away = not connected
        self._tell_why_not()
        if connected and self.branch_id:
            self.approvals.read()

    def _waits(self, asked: bool) -> None:
        self._asked = asked
        self._tell_why_not()

    def _tell_why_not(self) -> None:
        asked = self.tr("Answer the request above first, or refuse it") if self._asked else ""
        self.composer.set_disabled(self.tr("The engine is restarting") if self._away else asked)

    # What a person does

    def _send(self, text: str, role: Role, attachments: tuple[Attachment, ...]) -> None:
        if self.conversation is None:
            return
        if not self.branch_id:
            self._tasks.spawn(self._send_when_open(self.conversation.id), self)
            return
        for attachment in attachments:
            self.context.images.put(attachment.sha256, attachment.pixmap)
        self.area.to_bottom()
        self.sending.send(text, role, attachments)
        self.composer.clear()
        self.drafts.keep()
        if self.model.log.has_later:
            self._read_newest()

    async def _send_when_open(self, conversation_id: str) -> None:
        """Enter was pressed before the conversation was read; what is typed then is sent to it, and nowhere else."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        composer = self.composer
        if self.branch_id and self.conversation is not None and self.conversation.id == conversation_id:
            composer.send_now()

    def _send_instead(self, row: Row, text: str, undo_memory: bool) -> None:
        self.area.to_bottom()
        self.branches.send_instead(row, text, undo_memory)

    def _known_places(self) -> dict[str, str]:
        """What fills itself in snippets."""
        then = now()
        agent = self.agent.name if self.agent is not None else ""
        return {"date": f"{then.day} {then:%B %Y}", "time": then.strftime("%H:%M"), "agent": agent}

    def read_snippets(self) -> None:
        self._tasks.spawn(self._services.settings.get(SETTING), self, done=self._take_snippets)

    def _take_snippets(self, value: object) -> None:
        self.slash.set_snippets(read_snippets(value))

    def _begin_reading(self, name: str, source: bytes | QImage) -> None:
        self._tasks.spawn(self._read_image(name, source), self)

    async def _read_image(self, name: str, source: bytes | QImage) -> None:
        self.composer.take_read(await asyncio.to_thread(read_source, name, source))

    def _tell_refused(self, text: str, detail: str) -> None:
        self.told.emit(text, detail, "error")

    def stop(self) -> None:
        self.runs.stop()

    def approve(self) -> None:
        """Approves the request that waits, as it stands in the card."""
        self.approval_card.approve_now()

    def refuse(self) -> None:
        self.approval_card.refuse_now()

    def set_mode(self, mode: str) -> None:
        if mode in MODES:
            chosen: ViewMode = mode  # type: ignore[assignment]
            anchor = self.area.anchor()
            self.context.mode = chosen
            self.modes.set_current(mode)
            self.model.set_mode(chosen)
            self.area.refresh()
            if anchor is not None:
                self.area.go_to(anchor)

    def next_mode(self) -> None:
        self.set_mode(MODES[(MODES.index(self.model.mode) + 1) % len(MODES)])

    def toggle_role(self) -> None:
        self.composer.role.set_current("system" if self.composer.role.current == "user" else "user")

    def find_text(self) -> None:
        self.finder.open()

    def edit_last(self) -> None:
        """Opens the newest message of the person for editing."""
        rows = self.model.rows
        number = next((i for i in range(len(rows) - 1, -1, -1) if rows[i].kind == "user" and rows[i].message), -1)
        card = self.area.show_row(number)
        if card is not None:
            card.edit()

    def retry_last(self) -> None:
        self.retry.retry_last()

    def _suggest(self, text: str) -> None:
        self.composer.set_text(text)
        self.composer.setFocus()

    def leave(self) -> None:
        """Before another thread is shown: what was typed or edited is kept as a draft; what waits goes on waiting."""
        if self.conversation is not None:
            self.sending.go_elsewhere(self.conversation.id)
        self._keep_as_draft()
        self.drafts.keep()

    def put_away(self) -> None:
        """Before the window closes: what waits anywhere is kept as a draft too."""
        self._keep_as_draft()
        for message in self.sending.take_elsewhere():
            self.drafts.add_elsewhere(message)
        self.drafts.keep()

    def _not_sent_elsewhere(self, message: Outgoing, error: AppError) -> None:
        self.drafts.add_elsewhere(message)
        title = self.tr("A message that waited could not be sent: {0}").format(error.message)
        self.told.emit(title, self.tr("It is now a draft in its conversation."), "error")

    @property
    def unsent(self) -> bool:
        """Whether a message waits for the end of a reply, or could not be sent."""
        return bool(self.sending.unsent) or self.sending.waits_elsewhere

    def _keep_as_draft(self) -> None:
        """What waits and what is being edited becomes part of the draft."""
        unsent = self.sending.take_unsent()
        self.drafts.add(unsent, [text for text in (card.take_edit() for card in self.area.cards()) if text])
        if unsent:
            title, detail = (
                self.tr("A message was not sent"),
                self.tr("It is now a draft in its conversation."),
            )
            self.told.emit(title, detail, "info")

    # Looks

    def _show_welcome(self) -> None:
        read = self.agent is not None and bool(self.branch_id)
        empty = read and self.model.rowCount() == 0 and not self.model.log.has_earlier
        self.welcome.setVisible(empty)
        if empty:
            self.welcome.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.finder.take_key(event):
            return
        if event.key() == Qt.Key.Key_Escape and self.replying:
            self.stop()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._restyle()

    def _restyle(self) -> None:
        px = self._theme.px
        left, width = column_in(self._theme, self.width())
        self._foot.setContentsMargins(left, px(6), max(0, self.width() - left - width), px(14))
        self._foot.setSpacing(px(8))
        self.approval_card.fit()
        size = self.find_bar.sizeHint()
        self.find_bar.setGeometry(self.width() - size.width() - px(18), px(8), size.width(), size.height())
        self.welcome.place()
