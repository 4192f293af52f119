"""Finds words in the open conversation: in the cards that are loaded first, then in everything older."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextEdit

from app.ui.bridge.tasks import Tasks
from app.ui.chat.find_bar import FindBar
from app.ui.chat.transcript.area import TranscriptArea
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.chat.transcript.page_reader import PageReader
from app.ui.kit.markdown import MarkdownView
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.link.client import Services

HITS = 100


class Find(QObject):
    """What is typed into `bar` is looked for in `model` and shown in `area`."""

    def __init__(
        self,
        theme: Theme,
        services: "Services",
        tasks: Tasks,
        bar: FindBar,
        area: TranscriptArea,
        model: TranscriptModel,
        pages: PageReader,
    ) -> None:
        super().__init__(bar)
        self._theme, self._services, self._tasks = theme, services, tasks
        self._bar, self._area, self._model, self._pages = bar, area, model, pages
        self._agent_id = self._conversation_id = ""
        self._words = ""
        self._found: list[int] = []
        """Positions of messages with the words, ascending."""
        self._current = -1
        self._marked: list[MarkdownView] = []
        bar.wanted.connect(self._look_for)
        bar.stepped.connect(self.step)
        bar.closed.connect(self._closed)

    def turn_to(self, agent_id: str, conversation_id: str) -> None:
        """Looks in this conversation from now on, in whichever of its branches is shown."""
        self._agent_id, self._conversation_id = agent_id, conversation_id

    def open(self) -> None:
        self._bar.open_bar()
        if self._bar.field.text():
            self._look_for(self._bar.field.text())

    def take_key(self, event: QKeyEvent) -> bool:
        """F3 goes on, Esc closes the bar; True if the key was one of these."""
        held = event.modifiers()
        if event.key() == Qt.Key.Key_F3:
            self.step(-1 if held & Qt.KeyboardModifier.ShiftModifier else 1)
            return True
        if event.key() == Qt.Key.Key_F and held == Qt.KeyboardModifier.ControlModifier:
            self.open()
            return True
        if event.key() == Qt.Key.Key_Escape and self._bar.isVisible():
            self._bar.close_bar()
            return True
        return False

    def _look_for(self, words: str) -> None:
        self._words = words.strip().casefold()
        self._found = self._loaded_hits()
        self._current = len(self._found) - 1
        older = bool(self._words) and self._model.log.has_earlier
        self._tell(older)
        if self._found:
            self._show()
        if older:
            self._tasks.spawn(self._look_further(self._words), self)

    def _loaded_hits(self) -> list[int]:
        if not self._words:
            return []
        rows = self._model.rows
        hits = [row.position for row in rows if row.position is not None and self._words in row.text.casefold()]
        return sorted(set(hits))

    async def _look_further(self, words: str) -> None:
        """Asks the index about the whole conversation."""
        here = self._model.log.conversation_id or self._conversation_id
        hits = await self._services.messages.search(words, self._agent_id or None, HITS, here)
        if words != self._words:
            return
        found = {hit.position for hit in hits if hit.position is not None}
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
        self._bar.show_count(self._current, len(self._found), older)

    def _show(self) -> None:
        self._tasks.spawn(self._go(self._found[self._current]), self)

    async def _go(self, position: int) -> None:
        if self._model.index_at(position) < 0:
            self._area.show_row(await self._pages.show_position(position), focus=True)
        self._unmark()
        for number, row in enumerate(self._model.rows):
            if row.position == position and self._words in row.text.casefold():
                card = self._area.show_row(number)
                for text in card.findChildren(MarkdownView) if card is not None else ():
                    self._mark(text)
                return

    def _mark(self, text: MarkdownView) -> None:
        theme = self._theme
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
