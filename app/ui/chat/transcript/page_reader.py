"""Reads the pages of the shown conversation into its transcript, and looks for messages beyond what is loaded."""

from typing import TYPE_CHECKING, Literal

from app.domain.conversation import TranscriptPage
from app.ui.chat.transcript.model import TranscriptModel

if TYPE_CHECKING:
    from app.link.client import Services

PAGE = 50
SEARCH_PAGE, SEARCH_PAGES = 500, 60
"""How far back a message is looked for: in large pages, but not for ever."""

Side = Literal["earlier", "later"]


class PageReader:
    """What arrives after another opening began belongs to what was shown before, and is dropped."""

    def __init__(self, services: "Services", model: TranscriptModel) -> None:
        self._services, self._model = services, model
        self._openings = 0
        self._extending = False

    async def open(self, branch_id: str) -> TranscriptPage | None:
        """The newest page of a branch; None if another opening began meanwhile."""
        self._openings += 1
        opening = self._openings
        page = await self._services.messages.page(branch_id, limit=PAGE)
        return page if opening == self._openings else None

    async def extend(self, side: Side) -> None:
        """One more page at an end of what is loaded; nothing while another one is on its way."""
        if self._extending:
            return
        self._extending = True
        opening, log = self._openings, self._model.log
        try:
            before = log.oldest_position if side == "earlier" else None
            after = log.newest_position if side == "later" else None
            page = await self._services.messages.page(log.conversation_id, before=before, after=after, limit=PAGE)
        finally:
            self._extending = False
        if self._is_shown(page, opening):
            (self._model.prepend if side == "earlier" else self._model.append)(page)

    async def read_behind(self, edge: int | None = None) -> None:
        """Messages that were added after a position (after the newest shown), by whomever."""
        log, opening = self._model.log, self._openings
        if log.has_later or not log.conversation_id:
            return
        after = log.newest_position if edge is None else edge
        page = await self._services.messages.page(log.conversation_id, after=after, limit=PAGE)
        if page.messages and self._is_shown(page, opening):
            self._model.append(page)

    async def show_position(self, position: int) -> int:
        """The row of the message at a position, loading what is around it; -1 if there is none."""
        if self._model.index_at(position) < 0:
            branch_id = self._model.log.conversation_id
            self._model.load(await self._services.messages.page(branch_id, around=position, limit=PAGE))
        return self._model.index_at(position)

    async def position_of(self, message_id: str) -> int | None:
        """Where a message of the shown conversation lies, looking back page by page."""
        log = self._model.log
        found = log.positions.get(message_id)
        before: int | None = None
        for _page in range(SEARCH_PAGES):
            if found is not None:
                return found
            page = await self._services.messages.page(log.conversation_id, before=before, limit=SEARCH_PAGE)
            pairs = zip(page.messages, page.positions, strict=True)
            found = next((position for message, position in pairs if message.id == message_id), None)
            if not page.has_earlier:
                return found
            before = page.positions[0]
        return found

    def _is_shown(self, page: TranscriptPage, opening: int) -> bool:
        return opening == self._openings and page.conversation_id == self._model.log.conversation_id
