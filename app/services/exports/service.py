"""Exporting: a whole conversation in pieces, so that its length costs neither memory nor anybody else's turn."""

from collections.abc import AsyncIterator, Sequence

from app.domain.conversation import ConversationRow, ExportForm
from app.domain.message import Message
from app.engine.deps import EngineDeps
from app.ports.storage import Repositories
from app.services.exports.forms import JsonForm, MarkdownForm

PAGE = 20
"""Messages that are read at once."""
PIECE = 256 * 1024
"""Characters of a piece at most, however long a message is."""


class Exports:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def conversation(self, conversation_id: str, form: ExportForm) -> AsyncIterator[str]:
        """Everything that a branch shows, or the one that a thread shows, oldest first.

        Pieces of one text, none longer than `PIECE`. `markdown` is for people, `json` for programs: its messages are
        those of the local API. Images are named, not contained. Messages that come while it is read may be part of
        it. Raises `NotFound`.
        """
        row, writer = await self._deps.storage.read(lambda repos: _begin(repos, conversation_id, form))
        shown = row.conversation.active_id
        yield writer.head()
        after: int | None = 0
        while after is not None:
            text, after = await self._deps.storage.read(lambda repos, at=after: _page(repos, shown, at, writer))
            for start in range(0, len(text), PIECE):
                yield text[start : start + PIECE]
        yield writer.foot()


def _begin(
    repos: Repositories, conversation_id: str, form: ExportForm
) -> tuple[ConversationRow, MarkdownForm | JsonForm]:
    shown = repos.conversations.get(conversation_id)
    thread = repos.conversations.get(shown.root_id)
    row = repos.conversations.described((thread.model_copy(update={"active_id": shown.active_id}),))[0]
    agent = repos.agents.get(thread.agent_id)
    title = row.title or f"Conversation with {agent.name}"
    make = MarkdownForm if form == "markdown" else JsonForm
    return row, make(agent, row.conversation, title)


def _page(
    repos: Repositories, conversation_id: str, after: int, writer: MarkdownForm | JsonForm
) -> tuple[str, int | None]:
    """The text of the next messages, and the position behind which to go on. Written where it is read, off the loop."""
    members = repos.messages.page(conversation_id, after=after, limit=PAGE)
    messages: Sequence[Message] = tuple(member.message for member in members)
    return writer.page(messages), members[-1].position if len(members) == PAGE else None
