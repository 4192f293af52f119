"""Finds words in the open conversation: in the cards that are loaded first, then in everything older.

Each place where the words stand is a hit. One in a folded card, or beyond the fold of a long text, is opened.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeyEvent

from app.ui.bridge.tasks import Tasks
from app.ui.chat.transcript.area import TranscriptArea
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.chat.transcript.page_reader import PageReader
from app.ui.chat.transcript.row import Row, RowKind
from app.ui.kit.find_bar import FindBar
from app.ui.kit.markdown import MarkdownView
from app.ui.kit.text_marks import TextMarks, places_of
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.link.client import Services

HITS = 100
"""Messages with the words that are asked for beyond what is loaded."""
SAID: frozenset[RowKind] = frozenset({"user", "assistant", "reasoning", "event", "summary"})
"""Cards whose text is looked through."""


@dataclass(frozen=True, order=True)
class Hit:
    position: int
    """Of the message."""
    number: int
    """Counted from 0 over the texts of that message."""


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
        self._services, self._tasks = services, tasks
        self._bar, self._area, self._model, self._pages = bar, area, model, pages
        self._agent_id = self._conversation_id = ""
        self._words = ""
        self._older: dict[int, int] = {}
        """Hits in messages that the index named, by their position."""
        self._more = False
        """There are messages with the words that were not asked for."""
        self._found: list[Hit] = []
        """In reading order."""
        self._current: Hit | None = None
        self._marks = TextMarks(theme)
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
        self._words = words.strip().lower()
        self._older, self._more = {}, False
        self._collect()
        self._current = self._found[-1] if self._found else None
        older = bool(self._words) and self._model.log.has_earlier
        self._tell(older)
        if self._current is not None:
            self._show()
        else:
            self._marks.clear()
        if older:
            self._tasks.spawn(self._look_further(self._words), self)

    def _collect(self) -> None:
        """Counts what is loaded, and takes the index's word for the rest."""
        hits = dict(self._older)
        loaded: dict[int, int] = {}
        for position, row in self._rows():
            loaded[position] = loaded.get(position, 0) + row.text.lower().count(self._words)
        hits.update(loaded)
        self._found = [Hit(position, number) for position in sorted(hits) for number in range(hits[position])]

    def _rows(self) -> Iterator[tuple[int, Row]]:
        if self._words:
            for row in self._model.rows:
                if row.position is not None and row.kind in SAID:
                    yield row.position, row

    async def _look_further(self, words: str) -> None:
        """Asks the index about the whole conversation."""
        here = self._model.log.conversation_id or self._conversation_id
        hits = await self._services.messages.search(words, self._agent_id or None, HITS, here)
        if words != self._words:
            return
        self._older = {hit.position: hit.message.text.lower().count(words) for hit in hits if hit.position is not None}
        self._more = len(hits) == HITS
        self._collect()
        before, self._current = self._current, self._current or (self._found[-1] if self._found else None)
        self._tell(older=False)
        if before is None and self._current is not None:
            self._show()

    def step(self, by: int) -> None:
        if not self._found:
            return
        here = self._found.index(self._current) if self._current in self._found else -1
        self._current = self._found[(here + by) % len(self._found)]
        self._tell(older=False)
        self._show()

    def _tell(self, older: bool) -> None:
        at = self._found.index(self._current) if self._current in self._found else -1
        self._bar.show_count(at, len(self._found), older, self._more)

    def _show(self) -> None:
        if self._current is not None:
            self._tasks.spawn(self._go(self._current), self)

    async def _go(self, hit: Hit) -> None:
        if self._model.index_at(hit.position) < 0:
            await self._pages.show_position(hit.position)
            self._collect()
        if hit != self._current:
            return
        self._tell(older=False)
        number = hit.number
        for at, row in enumerate(self._model.rows):
            if row.position != hit.position or row.kind not in SAID:
                continue
            places = places_of(self._words, row.text)
            if number < len(places):
                self._open(at, row, number, places[number])
                return
            number -= len(places)

    def _open(self, at: int, row: Row, number: int, place: int) -> None:
        """The card of a row, unfolded as far as its hit of this number, which stands at a place of its text."""
        card = self._area.card(row.key) or self._area.show_row(at)
        if card is None:
            return
        card.unfold()
        text = next(iter(card.findChildren(MarkdownView)), None)
        if text is not None:
            text.show_up_to(place + len(self._words))
            self._marks.show(text, self._words, number, self._seen)

    def _seen(self) -> None:
        """The hit is written, and marked."""
        if (text := self._marks.text) is not None:
            self._area.reveal(text, self._marks.current)

    def _closed(self) -> None:
        self._marks.clear()
        self._words, self._found, self._current, self._older = "", [], None, {}
