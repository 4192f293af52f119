"""Finds words in the open conversation: in the cards that are loaded first, then in everything older."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextEdit

from app.domain.conversation import TranscriptPage
from app.domain.message import SearchHit
from app.ui.bridge.tasks import Tasks
from app.ui.kit.markdown import MarkdownView

if TYPE_CHECKING:
    from app.link.client import Services
    from app.ui.chat.view import ChatView

HITS = 100
STRIDE = 500
MOST_PAGES = 60


class ChatFind(QObject):
    def __init__(self, view: "ChatView", services: "Services", tasks: Tasks) -> None:
        super().__init__(view)
        self._view, self._services, self._tasks = view, services, tasks
        self._words = ""
        self._found: list[int] = []
        """Positions of messages with the words, ascending."""
        self._current = -1
        self._marked: list[MarkdownView] = []
        view.find_bar.wanted.connect(self._look_for)
        view.find_bar.stepped.connect(self.step)
        view.find_bar.closed.connect(self._closed)

    def open(self) -> None:
        self._view.find_bar.open_bar()
        if self._view.find_bar.field.text():
            self._look_for(self._view.find_bar.field.text())

    def take_key(self, event: QKeyEvent) -> bool:
        """F3 goes on while the bar is open; Esc closes it, else stops the reply."""
        held = event.modifiers()
        if event.key() == Qt.Key.Key_F3:
            self.step(-1 if held & Qt.KeyboardModifier.ShiftModifier else 1)
            return True
        if event.key() == Qt.Key.Key_F and held == Qt.KeyboardModifier.ControlModifier:
            self.open()
            return True
        if event.key() == Qt.Key.Key_Escape and self._view.find_bar.isVisible():
            self._view.find_bar.close_bar()
            return True
        if event.key() == Qt.Key.Key_Escape and self._view.talk.replying:
            self._view.stop()
            return True
        return False

    def _look_for(self, words: str) -> None:
        self._words = words.strip().casefold()
        self._found = self._loaded_hits()
        self._current = len(self._found) - 1
        older = bool(self._words) and self._view.model.log.has_earlier
        self._tell(older)
        if self._found:
            self._show()
        if older:
            self._tasks.spawn(self._look_further(self._words), self)

    def _loaded_hits(self) -> list[int]:
        if not self._words:
            return []
        rows = self._view.model.rows
        hits = [row.position for row in rows if row.position is not None and self._words in row.text.casefold()]
        return sorted(set(hits))

    async def _look_further(self, words: str) -> None:
        """Asks the index about the whole conversation."""
        agent = self._view.agent
        hits: tuple[SearchHit, ...] = await self._services.messages.search(
            words, agent.id if agent else None, limit=HITS
        )
        if words != self._words:
            return
        own = (self._view.talk.branch_id, self._view.conversation.id if self._view.conversation else "")
        found = {hit.position for hit in hits if hit.position is not None and hit.conversation_id in own}
        current = self._found[self._current] if self._found else None
        self._found = sorted(found | set(self._found))
        self._current = self._found.index(current) if current is not None else len(self._found) - 1
        self._tell(older=False)
        if current is None and self._found:
            self._show()

    def step(self, by: int) -> None:
        if self._found:
            self._current = (self._current + by) % len(self._found)
            self._tell(older=False)
            self._show()

    def _tell(self, older: bool) -> None:
        self._view.find_bar.show_count(self._current, len(self._found), older)

    def _show(self) -> None:
        self._tasks.spawn(self._go(self._found[self._current]), self)

    async def _go(self, position: int) -> None:
        view = self._view
        if view.model.index_at(position) < 0:
            await view.go_to_position(position)
        self._unmark()
        rows = view.model.rows
        for number, row in enumerate(rows):
            if row.position == position and self._words in row.text.casefold():
                card = view.area.show_row(number)
                for text in card.findChildren(MarkdownView) if card is not None else ():
                    self._mark(text)
                return

    def _mark(self, text: MarkdownView) -> None:
        theme = self._view.context.theme
        marks: list[QTextEdit.ExtraSelection] = []
        cursor = QTextCursor(text.document())
        while True:
            cursor = text.document().find(self._words, cursor, QTextDocument.FindFlag(0))
            if cursor.isNull():
                break
            mark = QTextEdit.ExtraSelection()
            mark.cursor = cursor
            mark.format.setBackground(theme.color("warntint"))
            mark.format.setForeground(theme.color("warn"))
            marks.append(mark)
        text.setExtraSelections(marks)
        self._marked.append(text)

    def _unmark(self) -> None:
        for text in self._marked:
            try:
                text.setExtraSelections([])
            except RuntimeError:
                # The card was let go meanwhile, and its marks with it.
                continue
        self._marked = []

    def _closed(self) -> None:
        self._unmark()
        self._words, self._found = "", []
        self._view.composer.setFocus()

    async def position_of(self, message_id: str) -> int | None:
        """Where a message of the open conversation lies, looking back page by page."""
        found = self._view.model.log.positions.get(message_id)
        before: int | None = None
        for _page in range(MOST_PAGES):
            if found is not None:
                return found
            page: TranscriptPage = await self._services.messages.page(
                self._view.talk.branch_id or "", before=before, limit=STRIDE
            )
            pairs = zip(page.messages, page.positions, strict=True)
            found = next((position for message, position in pairs if message.id == message_id), None)
            if not page.has_earlier:
                return found
            before = page.positions[0]
        return found
