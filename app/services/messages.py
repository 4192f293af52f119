"""Messages: pages of a conversation with all that a view draws, and search."""

from app.domain.base import Micros
from app.domain.conversation import TranscriptPage
from app.domain.message import Member, Message, SearchHit
from app.engine.deps import EngineDeps
from app.ports.storage import Repositories
from app.services.conversations import forks

MAX_PAGE = 500


class Messages:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def page(
        self,
        conversation_id: str,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> TranscriptPage:
        """Messages before, after or around a position (without any the newest), oldest first."""
        size = max(1, min(limit, MAX_PAGE))
        return await self._deps.storage.read(lambda repos: _page(repos, conversation_id, before, after, around, size))

    async def in_context(self, conversation_id: str) -> tuple[Message, ...]:
        """What the model sees: a summary, if there is one, then the messages, oldest first."""
        members = await self._deps.storage.read(lambda repos: repos.messages.in_context(conversation_id))
        return tuple(member.message for member in members)

    async def get(self, message_id: str) -> Message:
        return await self._deps.storage.read(lambda repos: repos.messages.get(message_id))

    async def search(
        self,
        query: str,
        agent_id: str | None = None,
        limit: int = 30,
        conversation_id: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> tuple[SearchHit, ...]:
        """Full-text search, best first: over all conversations, or what one of them or a branch shows."""
        return await self._deps.storage.read(
            lambda repos: repos.search.find(
                query,
                agent_id=agent_id,
                roles=("user", "assistant", "system"),
                start=start,
                end=end,
                conversation_id=conversation_id,
                limit=limit,
            )
        )


def _page(
    repos: Repositories, conversation_id: str, before: int | None, after: int | None, around: int | None, limit: int
) -> TranscriptPage:
    members = _members(repos, conversation_id, before, after, around, limit)
    messages = tuple(member.message for member in members)
    run_ids = tuple(dict.fromkeys(message.run_id for message in messages if message.run_id))
    shown = repos.conversations.get(conversation_id)
    last = repos.messages.count(conversation_id)
    step_ids = tuple(dict.fromkeys(message.step_id for message in messages if message.step_id))
    return TranscriptPage(
        conversation_id=conversation_id,
        messages=messages,
        positions=tuple(member.position for member in members),
        first_in_context=repos.messages.first_in_context(conversation_id),
        changes=repos.history.of_runs(run_ids) if run_ids else (),
        steps=repos.runs.steps(run_ids) if run_ids else (),
        runs=repos.runs.many(run_ids) if run_ids else (),
        feedback=tuple(repos.requests.feedback(step_ids).values()) if step_ids else (),
        forks=forks(repos.conversations.of_thread(shown.root_id), shown),
        has_earlier=bool(members) and members[0].position > 1,
        has_later=bool(members) and members[-1].position < last,
    )


def _members(
    repos: Repositories, conversation_id: str, before: int | None, after: int | None, around: int | None, limit: int
) -> tuple[Member, ...]:
    if around is not None:
        half = max(1, limit // 2)
        return (
            *repos.messages.page(conversation_id, before=around, limit=half),
            *repos.messages.page(conversation_id, after=around - 1, limit=half),
        )
    return repos.messages.page(conversation_id, before=before, after=after, limit=limit)
