"""The conversation with an agent: cards, composer, find. Reads pages, follows events, asks services for the rest."""

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.agent import Agent
from app.domain.conversation import Conversation, TranscriptPage
from app.domain.event import Changed, Progress
from app.ui.bridge.tasks import Tasks
from app.ui.chat.attachment import Attachment
from app.ui.chat.cards.card import CardContext
from app.ui.chat.composer import Composer
from app.ui.chat.confirmations import ChatQuestions
from app.ui.chat.drafts import ChatDrafts, Drafts
from app.ui.chat.find import ChatFind
from app.ui.chat.find_bar import FindBar
from app.ui.chat.images import ChatPictures
from app.ui.chat.memory_changes import ChatMemory
from app.ui.chat.sending import Sending
from app.ui.chat.transcript.area import TranscriptArea
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.chat.transcript.row import MODES, Row, ViewMode
from app.ui.chat.transcript.row_layout import column_in
from app.ui.chat.welcome import Welcome
from app.ui.kit.banner import Banner
from app.ui.kit.buttons import IconButton
from app.ui.kit.segmented import Segmented
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.link.client import Services

PAGE = 50


class ChatView(QFrame):
    """`open(agent, conversation)` shows a thread; the shell hands on `Changed` and `Progress`."""

    history_wanted = Signal(str)
    """Id of a block whose history a person wants to see."""
    model_wanted = Signal()
    told = Signal(str, str, str)
    """Text, detail and kind of a notice (info, done, error)."""
    told_undo = Signal(str, str, str, object)
    """Text, detail, words of the way back, and what does it."""

    def __init__(
        self, theme: Theme, services: "Services", tasks: Tasks, *, drafts: Drafts | None = None, client: str = ""
    ) -> None:
        super().__init__()
        self._theme, self._services, self._tasks = theme, services, tasks
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Chat"))
        self.agent: Agent | None = None
        self.conversation: Conversation | None = None
        self._opened = 0
        self._opening: asyncio.Future[None] | None = None
        self._reading = False
        self.model = TranscriptModel(self)
        self.context = CardContext(theme)
        self.area = TranscriptArea(theme, self.model, self.context, self)
        self.composer = Composer(theme, self)
        self.banner = Banner(theme, self)
        self.find_bar = FindBar(theme, self)
        self.welcome = Welcome(theme, self.area)
        self.tools = self._make_tools()
        self.talk = Sending(services, tasks, self.model, self, client)
        self.memory = ChatMemory(self, services, tasks, client)
        self.questions = ChatQuestions(self, services, tasks)
        self.pictures = ChatPictures(self, services, tasks)
        self.finder = ChatFind(self, services, tasks)
        self.drafts = ChatDrafts(self, drafts)
        self._build()
        self._connect()

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
        tasks_spawn = self._tasks.spawn
        composer, talk, signals = self.composer, self.talk, self.context.signals
        composer.send_wanted.connect(self._send)
        composer.stop_wanted.connect(talk.stop)
        composer.edit_last_wanted.connect(self.edit_last)
        composer.refused.connect(lambda text, way: self.told.emit(text, way, "error"))
        talk.replying_changed.connect(composer.set_replying)
        talk.branched.connect(self._branched)
        talk.stale.connect(self.memory.read)
        talk.sent.connect(lambda edge: tasks_spawn(self._read_behind(edge), self))
        self.area.more_wanted.connect(self._page_wanted)
        self.area.newest_wanted.connect(self._read_newest)
        self.modes.chosen.connect(lambda mode: self.set_mode(mode))
        self.welcome.picked.connect(self._suggest)
        signals.send_again.connect(talk.say_again)
        signals.discard.connect(talk.discard)
        signals.branch.connect(talk.show_branch)
        signals.resend.connect(self.say_instead)
        signals.switch_model.connect(self.model_wanted)
        signals.history.connect(self.history_wanted)
        for moved in (self.model.rowsInserted, self.model.rowsRemoved, self.model.modelReset):
            moved.connect(lambda *_: self._show_welcome())

    # Opening

    def open(self, agent: Agent, conversation: Conversation) -> None:
        """Shows a thread. The same one again: reads it anew and stays where the reader was."""
        again = self.conversation is not None and self.conversation.id == conversation.id
        place = self.area.place() if again else None
        if not again:
            self.leave()
            self.conversation = conversation
            place = self.drafts.take(conversation.id)
        self.conversation = conversation
        self.show_agent(agent)
        self._read_anew(conversation.active_id, place)

    def _read_anew(self, branch_id: str, place: tuple[str, int] | None) -> None:
        self._opened += 1
        self._opening = self._tasks.spawn(self._open(branch_id, self._opened, place), self)

    def show_agent(self, agent: Agent) -> None:
        """Name, model or limits of the open agent changed."""
        other = self.agent is None or (self.agent.name, self.agent.id) != (agent.name, agent.id)
        self.agent = agent
        self.context.agent_name, self.context.agent_id = agent.name, agent.id
        self.context.max_steps, self.context.agent_model = agent.max_steps, agent.model
        self.composer.set_agent(agent.name)
        self.welcome.show_agent(agent)
        if other:
            self.area.refresh()

    async def _open(self, branch_id: str, number: int, place: tuple[str, int] | None) -> None:
        page: TranscriptPage = await self._services.messages.page(branch_id, limit=PAGE)
        if number != self._opened:
            return
        if branch_id != self.talk.branch_id:
            self.drafts.take_back()
        self.talk.turn_to(branch_id)
        self.model.load(page)
        self.area.go_to(place if place and self.model.index_of(place[0]) >= 0 else None)
        self._show_welcome()
        await self.talk.find_run()

    def _branched(self, conversation: Conversation) -> None:
        """Another branch of the thread is shown: `conversation` is the branch or its thread."""
        if self.conversation is None:
            return
        self.conversation = self.conversation.model_copy(update={"active_id": conversation.active_id})
        self._read_anew(conversation.active_id, self.area.place())

    # Pages

    def _page_wanted(self, side: str) -> None:
        if not self._reading:
            self._reading = True
            self._tasks.spawn(self._read_page(side, self._opened), self)

    async def _read_page(self, side: str, number: int) -> None:
        log = self.model.log
        try:
            edge = log.oldest_position if side == "earlier" else log.newest_position
            bound = {"before": edge} if side == "earlier" else {"after": edge}
            page = await self._services.messages.page(self.talk.branch_id, limit=PAGE, **bound)
        finally:
            self._reading = False
        if number == self._opened and page.conversation_id == log.conversation_id:
            (self.model.prepend if side == "earlier" else self.model.append)(page)

    def _read_newest(self) -> None:
        self._read_anew(self.talk.branch_id, None)

    async def _read_behind(self, edge: int | None = None) -> None:
        """Messages that were added after a position (after the newest shown), by whomever."""
        log, number = self.model.log, self._opened
        if log.has_later:
            return
        after = log.newest_position if edge is None else edge
        page = await self._services.messages.page(self.talk.branch_id, after=after, limit=PAGE)
        if number == self._opened and page.messages and page.conversation_id == self.model.log.conversation_id:
            self.model.append(page)

    async def go_to_position(self, position: int) -> None:
        """Shows the message at a position, loading what is around it."""
        if self.model.index_at(position) < 0:
            page = await self._services.messages.page(self.talk.branch_id, around=position, limit=PAGE)
            self.model.load(page)
        self.area.show_row(self.model.index_at(position), focus=True)

    def show_message(self, message_id: str, position: int | None = None) -> None:
        """Scrolls to a message, wherever it lies in the open conversation."""
        self._tasks.spawn(self._show_message(message_id, position), self)

    async def _show_message(self, message_id: str, position: int | None) -> None:
        if self._opening is not None:
            await asyncio.wait({self._opening})
        if position is None:
            position = await self.finder.position_of(message_id)
        if position is not None:
            await self.go_to_position(position)

    # Events

    def on_changed(self, changed: Changed) -> None:
        if self.agent is None or self.conversation is None:
            return
        if changed.kind == "history" and changed.agent_id in (None, self.agent.id):
            self.memory.read()
        if changed.conversation_id not in (self.conversation.id, self.talk.branch_id):
            return
        if changed.kind == "run" and not self.talk.replying:
            self._tasks.spawn(self._find_run(), self)
        elif changed.kind == "conversation":
            self._tasks.spawn(self._read_conversation(self.conversation.id), self)

    async def _find_run(self) -> None:
        """Follows a run that somebody else began; one that is over already has left messages."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        await self.talk.find_run()
        if not self.talk.replying:
            await self._read_behind()

    async def _read_conversation(self, conversation_id: str) -> None:
        found: Conversation = await self._services.conversations.get(conversation_id)
        if self.conversation is not None and self.conversation.id == conversation_id:
            moved = found.active_id != self.talk.branch_id
            self.conversation = found
            if moved and not self.talk.replying:
                self._branched(found)

    def on_progress(self, progress: Progress) -> None:
        if progress.conversation_id == self.talk.branch_id:
            self.model.apply_progress(progress)

    def set_connected(self, connected: bool) -> None:
        """While the engine is away one can write but not send."""
        self.composer.set_disabled("" if connected else self.tr("The engine is starting again"))

    # What a person does

    def _send(self, text: str, role: str, attachments: tuple[Attachment, ...]) -> None:
        if self.conversation is None or not self.talk.branch_id:
            return
        for attachment in attachments:
            self.context.pictures.put(attachment.sha256, attachment.pixmap)
        self.area.to_bottom()
        self.talk.say(text, role, attachments)
        self.composer.clear()
        self.drafts.keep()
        if self.model.log.has_later:
            self._read_newest()

    def say_instead(self, row: Row, text: str, take_back: bool) -> None:
        self.area.to_bottom()
        self.talk.branch_and_say(row, text, take_back=take_back)

    def stop(self) -> None:
        self.talk.stop()

    def set_mode(self, mode: str) -> None:
        if mode in MODES:
            chosen: ViewMode = mode  # type: ignore[assignment]
            place = self.area.place()
            self.context.mode = chosen
            self.modes.set_current(mode)
            self.model.set_mode(chosen)
            self.area.refresh()
            if place is not None:
                self.area.go_to(place)

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
        rows = [row for row in self.model.rows if row.run_id and row.kind in ("assistant", "error")]
        if rows and not self.talk.replying:
            self.context.signals.retry.emit(rows[-1])

    def _suggest(self, text: str) -> None:
        self.composer.restore(text, ())
        self.composer.setFocus()

    def leave(self) -> None:
        """Before something else is shown: what was typed, edited or queued and not sent is kept as a draft."""
        self.drafts.take_back()
        self.drafts.keep()

    # Looks

    def _show_welcome(self) -> None:
        empty = self.agent is not None and self.model.rowCount() == 0 and not self.model.log.has_earlier
        self.welcome.setVisible(empty)
        if empty:
            self.welcome.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.finder.take_key(event):
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._restyle()

    def _restyle(self) -> None:
        px = self._theme.px
        left, width = column_in(self._theme, self.width())
        self._foot.setContentsMargins(left, px(6), max(0, self.width() - left - width), px(14))
        self._foot.setSpacing(px(8))
        size = self.find_bar.sizeHint()
        self.find_bar.setGeometry(self.width() - size.width() - px(18), px(8), size.width(), size.height())
        self.welcome.place()
