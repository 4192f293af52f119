"""What the palette finds: agents, blocks, commands, and messages by meaning and words."""

import asyncio
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.block import Block
from app.domain.message import MessageScope, SearchHit
from app.domain.page import ALL_BLOCKS, PageRequest, every_page
from app.domain.retrieval import Meaning, Word
from app.ui.kit.choosing import found_in
from app.ui.kit.wording import short_time
from app.ui.palette.palette import Palette, PaletteRow
from app.ui.state.command_registry import Command, Commands, shown_keys
from app.ui.state.indexing import search_note
from app.ui.state.view_context import ViewContext

MOST = 40
BLOCKS = PageRequest(limit=200)
"""A page of them, so that reading thousands keeps nobody else waiting."""
LEAD = 24
"""Characters that stand before a hit at most."""
PAUSE = 0.15
"""Seconds without another key before meaning is asked too."""
EVERYTHING = MessageScope()
FAINT = 0.2
"""Cosine below which a text that has none of the words is no answer, however far from it all others are."""
SEARCH_FROM = 2
"""Characters from which messages are searched."""


@dataclass(frozen=True)
class Found:
    kind: str
    """agent, block, command, message, or sign."""
    id: str
    where: str = ""
    """Agent of a block, conversation of a message."""


class PaletteSearch(QObject):
    agent_wanted = Signal(str)
    block_wanted = Signal(str, str)
    """Agent and block."""
    message_wanted = Signal(str, str)
    """Message and conversation."""

    def __init__(self, view: ViewContext, commands: Commands, window: QWidget) -> None:
        super().__init__(window)
        self._view = view
        self._commands = commands
        self.palette = Palette(view.theme, window)
        self.palette.setAccessibleName(self.tr("Go to"))
        self._blocks: tuple[Block, ...] = ()
        self._hits: tuple[SearchHit, ...] = ()
        self._searched = ""
        self.palette.chosen.connect(self._chosen)
        self.palette.search_everywhere.connect(self.open_search)

    def open(self) -> None:
        self._hits, self._searched = (), ""
        self.palette.set_note("")
        self.palette.open_palette(self.rank)
        if self._view.workspace.agent is not None:
            self._view.run(self._read_blocks(), self)

    def open_search(self, query: str = "") -> None:
        self.open()
        self.palette.open_palette(self.rank, f"/{query}")

    async def _read_blocks(self) -> None:
        blocks: list[Block] = []
        async for rows in every_page(self._block_page, lambda block: block.id, BLOCKS):
            blocks += rows
        self._blocks = tuple(blocks)
        self._again()

    async def _block_page(self, page: PageRequest) -> tuple[Block, ...]:
        return await self._view.services.blocks.list(ALL_BLOCKS, page)

    def _again(self) -> None:
        if self.palette.isVisible():
            self.palette.open_palette(self.rank, self.palette.field.text())

    # Ranking

    def rank(self, query: str) -> tuple[PaletteRow, ...]:
        """`>` only commands, `@` only agents, `#` only blocks, `/` only messages, `?` these signs."""
        signed = query[:1] in (">", "@", "#", "/", "?")
        sign, words = (query[0], query[1:].strip()) if signed else ("", query.strip())
        if sign == "?":
            return self._signs()
        if sign == "/":
            return self._messages(words)
        self.palette.set_note("")
        scored: list[tuple[float, PaletteRow]] = []
        if sign in ("", "@"):
            scored += self._agents(words)
        if sign in ("", "#"):
            scored += self._memory(words)
        if sign in ("", ">"):
            scored += self._command_rows(words)
        scored.sort(key=lambda pair: -pair[0])
        return tuple(row for _, row in scored[:MOST])

    def _signs(self) -> tuple[PaletteRow, ...]:
        """What a sign at the beginning limits the search to; choosing one types it."""
        signs = (
            (">", "chevron-right", self.tr("Only commands")),
            ("@", "agent", self.tr("Only agents")),
            ("#", "memory", self.tr("Only memory blocks")),
            ("/", "search", self.tr("Search in all messages")),
        )
        return tuple(PaletteRow(icon, title, "", sign, Found("sign", sign)) for sign, icon, title in signs)

    def _agents(self, words: str) -> list[tuple[float, PaletteRow]]:
        found: list[tuple[float, PaletteRow]] = []
        for place, row in enumerate(self._view.workspace.agents.rows):
            value = match(words, row.agent.name)
            if value > 0:
                shown = PaletteRow("agent", row.agent.name, row.agent.model, "", Found("agent", row.agent.id))
                found.append((value + 0.3 - place * 0.001, shown))
        return found

    def _memory(self, words: str) -> list[tuple[float, PaletteRow]]:
        found: list[tuple[float, PaletteRow]] = []
        holders = {id: row.agent for row in reversed(self._view.workspace.agents.rows) for id in row.agent.block_ids}
        for block in self._blocks:
            holder = holders.get(block.id)
            value = max(match(words, block.label), 0.5 * match(words, block.value[:400]))
            if holder is not None and value > 0:
                place = self.tr("block of {}").format(holder.name)
                found.append((value, PaletteRow("memory", block.label, place, "", Found("block", block.id, holder.id))))
        return found

    def _command_rows(self, words: str) -> list[tuple[float, PaletteRow]]:
        found: list[tuple[float, PaletteRow]] = []
        recent = self._commands.recent
        for command in self._commands:
            if command.hidden or not command.enabled() or command.id == "palette":
                continue
            value = match(words, command.title)
            if value > 0:
                late = 0.25 - 0.02 * recent.index(command.id) if command.id in recent else 0.0
                found.append((value + late, self._command_row(command)))
        return found

    def _command_row(self, command: Command) -> PaletteRow:
        icon = command.icon or "chevron-right"
        return PaletteRow(
            icon, command.title, command.group, shown_keys(command.shortcut), Found("command", command.id)
        )

    def _messages(self, words: str) -> tuple[PaletteRow, ...]:
        if len(words) < SEARCH_FROM:
            self._hits = ()
            self.palette.set_note("")
        elif words != self._searched:
            self._searched = words
            self._view.run(self._search(words), self)
        return tuple(self._message_row(hit, self._searched) for hit in self._hits)

    def _message_row(self, hit: SearchHit, words: str) -> PaletteRow:
        names = {row.agent.id: row.agent.name for row in self._view.workspace.agents.rows}
        icon = {"user": "user", "system": "system", "tool": "tool"}.get(hit.message.role, "agent")
        meaning = next((reason for reason in hit.reasons if isinstance(reason, Meaning)), None)
        why = self.tr("by meaning {}").format(f"{meaning.cosine:.2f}") if meaning else ""
        shown = (names.get(hit.message.agent_id), short_time(hit.message.created_at), why)
        place = ", ".join(filter(None, shown))
        text = _from_the_hit(" ".join(hit.snippet.split()), words)
        return PaletteRow(icon, text, place, "", Found("message", hit.message.id, hit.conversation_id or ""), words)

    async def _search(self, words: str) -> None:
        """Hits by words at once; those by meaning when the person has stopped typing."""
        recall = self._view.services.recall
        for by_meaning in (False, True):
            if words == self._searched:
                found = await recall.messages(words, EVERYTHING, MOST, by_meaning)
                self._hits = telling(found.hits)
                self._again()
                if by_meaning:
                    self.palette.set_note(search_note(await recall.progress()) or found.state.note)
                await asyncio.sleep(PAUSE)

    def _chosen(self, value: object) -> None:
        if not isinstance(value, Found):
            return
        if value.kind == "sign":
            self.palette.open_palette(self.rank, value.id)
        elif value.kind == "command":
            self._commands.run(value.id)
        elif value.kind == "agent":
            self.agent_wanted.emit(value.id)
        elif value.kind == "block":
            self.block_wanted.emit(value.where, value.id)
        else:
            self.message_wanted.emit(value.id, value.where)


def telling(hits: tuple[SearchHit, ...]) -> tuple[SearchHit, ...]:
    """Those that have a word of what was asked, or mean something near it. A search by words alone tells no reasons."""

    def tells(hit: SearchHit) -> bool:
        return any(isinstance(reason, Word) or reason.cosine >= FAINT for reason in hit.reasons)

    return tuple(filter(tells, hits)) if any(hit.reasons for hit in hits) else hits


def _from_the_hit(text: str, words: str) -> str:
    """With the found word near the beginning, where a narrow row shows it."""
    at = min((part.start for part in found_in(words, text)), default=0)
    cut = text.find(" ", at - LEAD) + 1 if at > LEAD else 0
    return f"…{text[cut:]}" if cut else text


def match(words: str, text: str) -> float:
    """How well text answers words, 0 to 1: whole words first, then beginnings, then letters in order."""
    query, full = words.casefold(), text.casefold()
    if not query:
        return 0.5
    if full.startswith(query):
        return 1.0
    parts = full.replace("_", " ").split()
    if all(any(part.startswith(piece) for part in parts) for piece in query.split()):
        return 0.9
    if query in full:
        return 0.7
    at = 0
    for letter in query.replace(" ", ""):
        at = full.find(letter, at) + 1
        if at == 0:
            return 0.0
    return 0.2 if len(query) >= 2 and len(full) < 80 else 0.0
