"""Conversations: threads of one agent, and the branches that edits and retries make."""

import itertools

from app.domain.base import Micros
from app.domain.conversation import Conversation, ConversationRow, DeletedConversation, Fork
from app.domain.error import Invalid, NotFound, busy
from app.domain.event import Changed
from app.domain.history import USER, MemoryEvent, Origin
from app.domain.message import Message, Part, TextPart, ToolCallPart
from app.domain.page import LAST_DELETED, OLDEST_FIRST, ConversationFilter, PageRequest
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.engine.memory.undo import undo_event
from app.engine.run.approvals import check_not_waiting
from app.ports.storage import Repositories
from app.services.changing import change

PAGE = 500
HITS = 200
"""Messages among which the conversations that hold searched words are found."""


class Conversations:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def list(self, wanted: ConversationFilter, page: PageRequest = OLDEST_FIRST) -> tuple[Conversation, ...]:
        """A page of threads. `active_id` of each is the branch to show and to speak to."""
        return await self._deps.storage.read(lambda repos: repos.conversations.list(wanted, page))

    async def rows(self, wanted: ConversationFilter, page: PageRequest = OLDEST_FIRST) -> tuple[ConversationRow, ...]:
        """The same page, with what a list says of each thread."""

        def work(repos: Repositories) -> tuple[ConversationRow, ...]:
            return repos.conversations.described(repos.conversations.list(wanted, page))

        return await self._deps.storage.read(work)

    async def row(self, conversation_id: str) -> ConversationRow:
        def work(repos: Repositories) -> ConversationRow:
            return repos.conversations.described((repos.conversations.get(conversation_id),))[0]

        return await self._deps.storage.read(work)

    async def find(self, agent_id: str, words: str, limit: int = 50) -> tuple[ConversationRow, ...]:
        """Threads of an agent whose title has these words, then those in which something with them was said."""
        return await self._deps.storage.read(lambda repos: _find(repos, agent_id, words.strip(), limit))

    async def default_of(self, agent_id: str) -> Conversation:
        """The thread that an agent was made with, and that its own routes speak to. Raises `NotFound`."""
        return await self._deps.storage.read(lambda repos: repos.conversations.default_of(agent_id))

    async def last_said(self, conversation_ids: tuple[str, ...]) -> dict[str, Micros]:
        """When the last message came of what each shows; those without messages are missing."""
        return await self._deps.storage.read(lambda repos: repos.conversations.last_said(conversation_ids))

    async def get(self, conversation_id: str) -> Conversation:
        return await self._deps.storage.read(lambda repos: repos.conversations.get(conversation_id))

    async def create(self, agent_id: str, title: str = "") -> Conversation:
        """A further thread: the same memory, an empty context window."""
        new_id, now = self._deps.ids.new("conv"), self._deps.clock.now()
        row = Conversation(
            id=new_id, agent_id=agent_id, title=title, root_id=new_id, active_id=new_id, created_at=now, updated_at=now
        )

        def work(repos: Repositories) -> Conversation:
            repos.agents.get(agent_id)
            repos.conversations.add(row)
            _note(repos, row)
            return row

        return await self._deps.storage.write(work)

    async def rename(self, conversation_id: str, title: str) -> Conversation:
        def work(repos: Repositories) -> Conversation:
            return self._save(repos, repos.conversations.get(conversation_id), {"title": title.strip()})

        return await self._deps.storage.write(work)

    async def delete(self, conversation_id: str) -> None:
        """Takes a thread out of the list; it can be brought back for 30 days. The default one stays."""

        def work(repos: Repositories) -> None:
            row = repos.conversations.get(conversation_id)
            if row.is_default:
                raise Invalid(
                    "The first conversation of an agent cannot be deleted.", hint="Empty its context instead."
                )
            if row.root_id != row.id:
                raise Invalid("A branch cannot be deleted alone.", hint="Delete the conversation it belongs to.")
            for member in repos.conversations.of_thread(row.id):
                _check_idle(repos, member)
            repos.conversations.delete(conversation_id, self._deps.clock.now())
            _note(repos, row)

        await self._deps.storage.write(work)

    async def deleted(self, page: PageRequest = LAST_DELETED) -> tuple[DeletedConversation, ...]:
        """Those of agents that are there, last deleted first."""
        return await self._deps.storage.read(lambda repos: repos.conversations.deleted(page))

    async def undelete(self, conversation_id: str) -> Conversation:
        def work(repos: Repositories) -> Conversation:
            repos.conversations.undelete(conversation_id)
            row = repos.conversations.get(conversation_id)
            _note(repos, row)
            return row

        return await self._deps.storage.write(work)

    async def reset(self, conversation_id: str) -> Conversation:
        """Empties the context window. The messages stay in the conversation and can be searched."""

        def work(repos: Repositories) -> Conversation:
            row = repos.conversations.get(conversation_id)
            _check_idle(repos, row)
            check_not_waiting(row)
            end = repos.messages.count(conversation_id) + 1
            repos.messages.leave_context(conversation_id, end, end)
            _note(repos, row)
            return row

        return await self._deps.storage.write(work)

    async def changes_since(self, conversation_id: str, position: int) -> tuple[MemoryEvent, ...]:
        """Memory changes made by the messages from `position` on, still in force, oldest first."""
        return await self._deps.storage.read(lambda repos: _changes_since(repos, conversation_id, position))

    async def branch(
        self, conversation_id: str, position: int, undo_memory: bool = False, origin: Origin = USER
    ) -> Conversation:
        """A branch that shares everything before `position`; it is shown from now on, the old one is kept.

        With `undo_memory` the memory changes that the left-out messages made are undone with it.
        """

        def work(changes: Changes) -> Conversation:
            repos = changes.repos
            source = repos.conversations.get(conversation_id)
            _check_idle(repos, source)
            if undo_memory:
                for event in reversed(_changes_since(repos, conversation_id, position)):
                    undo_event(changes, event)  # one that has nothing left to undo is as good as undone
            new_id = self._deps.ids.new("conv")
            branch = Conversation(
                id=new_id,
                agent_id=source.agent_id,
                root_id=source.root_id,
                branched_from=source.id,
                branch_position=position,
                active_id=new_id,
                created_at=changes.now,
                updated_at=changes.now,
            )
            repos.conversations.add(branch)
            repos.conversations.copy_members(source.id, new_id, position)
            self._save(repos, repos.conversations.get(source.root_id), {"active_id": new_id})
            return branch

        return await change(self._deps, origin, work)

    async def leave_out(self, conversation_id: str, position: int) -> Conversation:
        """A branch without one message; it is shown from now on, and the old one is kept with the message in it.

        A reply that called tools goes with what they returned. Raises `Invalid` for a return alone.
        """

        def work(repos: Repositories) -> Conversation:
            source = repos.conversations.get(conversation_id)
            _check_idle(repos, source)
            return self._branched(repos, source, position, _together(repos, source.id, position))

        return await self._deps.storage.write(work)

    async def edit_reply(self, conversation_id: str, position: int, text: str) -> Conversation:
        """A branch in which a reply says something else; all that follows stays. The old one is kept as it was."""

        def work(repos: Repositories) -> Conversation:
            source = repos.conversations.get(conversation_id)
            _check_idle(repos, source)
            edited = self._edited(_at(repos, source.id, position), text)
            branch = self._branched(repos, source, position, 0)
            repos.messages.put_at(branch.id, position, edited)
            return branch

        return await self._deps.storage.write(work)

    def _edited(self, reply: Message, text: str) -> Message:
        """Of no run: what the run said is what the model said."""
        if reply.role != "assistant" or not text.strip():
            raise Invalid("Only a reply can be edited, and not to nothing.", hint="Delete the message instead.")
        said: list[Part] = [TextPart(text=text.strip())]
        at = next((at for at, part in enumerate(reply.parts) if isinstance(part, TextPart)), len(reply.parts))
        before = [part for part in reply.parts[:at] if not isinstance(part, ToolCallPart)]
        after = [part for part in reply.parts if part not in before and not isinstance(part, TextPart)]
        update = {"id": self._deps.ids.new("message"), "parts": (*before, *said, *after), "note": "edited"}
        return reply.model_copy(update={**update, "otid": None, "run_id": None, "step_id": None})

    def _branched(self, repos: Repositories, source: Conversation, position: int, without: int) -> Conversation:
        """A branch that shows the same but so many messages from a position on, and is shown from now on."""
        new_id, now = self._deps.ids.new("conv"), self._deps.clock.now()
        branch = Conversation(
            id=new_id,
            agent_id=source.agent_id,
            root_id=source.root_id,
            branched_from=source.id,
            branch_position=position,
            active_id=new_id,
            created_at=now,
            updated_at=now,
        )
        repos.conversations.add(branch)
        repos.conversations.copy_without(source.id, new_id, position, without)
        self._save(repos, repos.conversations.get(source.root_id), {"active_id": new_id})
        return branch

    async def fork(self, conversation_id: str) -> Conversation:
        """A further thread that begins with everything said in this conversation; both go on by themselves.

        Calls whose returns are not there yet stay with the run that waits for them.
        """

        def work(repos: Repositories) -> Conversation:
            source = repos.conversations.get(conversation_id)
            now, new_id = self._deps.clock.now(), self._deps.ids.new("conv")
            row = Conversation(
                id=new_id,
                agent_id=source.agent_id,
                title=source.title,
                root_id=new_id,
                active_id=new_id,
                created_at=now,
                updated_at=now,
            )
            repos.conversations.add(row)
            repos.conversations.copy_members(source.id, new_id, _complete_before(repos, source.id))
            _note(repos, row)
            return row

        return await self._deps.storage.write(work)

    async def show_branch(self, branch_id: str) -> Conversation:
        """Makes a branch the one that its thread shows; returns the branch."""

        def work(repos: Repositories) -> Conversation:
            branch = repos.conversations.get(branch_id)
            root = repos.conversations.get(branch.root_id)
            _check_idle(repos, repos.conversations.get(root.active_id))
            self._save(repos, root, {"active_id": branch_id})
            return repos.conversations.get(branch_id)

        return await self._deps.storage.write(work)

    def _save(self, repos: Repositories, row: Conversation, changed: dict[str, str]) -> Conversation:
        update = {**changed, "version": row.version + 1, "updated_at": self._deps.clock.now()}
        after = row.model_copy(update=update)
        repos.conversations.save(after)
        _note(repos, after)
        return after


def forks(thread: tuple[Conversation, ...], shown: Conversation) -> tuple[Fork, ...]:
    """Where the shown conversation has variants, from all rows of its thread.

    Two conversations share everything before a position if walking up to the row that owns the message before it
    leads to the same row; the variants at a position are the different owners of the message at it.
    """
    family = {row.id: row for row in thread}
    positions = sorted({row.branch_position for row in family.values() if row.branch_position is not None})
    found: list[Fork] = []
    for position in positions:
        trunk = _owner(family, shown, position - 1)
        alike = [row for row in family.values() if _owner(family, row, position - 1) == trunk]
        variants: dict[str, str] = {}
        for row in alike:
            variants.setdefault(_owner(family, row, position), row.id)
        mine = _owner(family, shown, position)
        if len(variants) > 1:
            variants[mine] = shown.id
            found.append(Fork(position=position, branch_ids=tuple(variants.values()), current=[*variants].index(mine)))
    return tuple(found)


def _owner(family: dict[str, Conversation], row: Conversation, position: int) -> str:
    """The row in which the message at a position was first said."""
    while row.branch_position is not None and position < row.branch_position and row.branched_from in family:
        row = family[row.branched_from]
    return row.id


def _find(repos: Repositories, agent_id: str, words: str, limit: int) -> tuple[ConversationRow, ...]:
    titled = repos.conversations.list(ConversationFilter(agent_id=agent_id, search=words), PageRequest(limit=limit))
    threads = {row.id: row for row in titled}
    found: dict[str, tuple[str, str]] = {row.id: ("", "") for row in titled}
    for hit in repos.search.find(words, agent_id=agent_id, roles=("user", "assistant", "system"), limit=HITS):
        if hit.thread_id and hit.thread_id not in found and len(found) < limit:
            found[hit.thread_id] = hit.snippet, hit.message.id
            threads[hit.thread_id] = repos.conversations.get(hit.thread_id)
    rows = repos.conversations.described(tuple(threads[id] for id in found))
    pieces = (found[row.conversation.id] for row in rows)
    return tuple(
        row.model_copy(update={"found": text, "found_id": id}) for row, (text, id) in zip(rows, pieces, strict=True)
    )


def _at(repos: Repositories, conversation_id: str, position: int) -> Message:
    found = repos.messages.page(conversation_id, after=position - 1, limit=1)
    if not found or found[0].position != position:
        raise NotFound("This message no longer exists.", hint="Open the conversation again.")
    return found[0].message


def _together(repos: Repositories, conversation_id: str, position: int) -> int:
    """How many messages go when the one at this position does."""
    message = _at(repos, conversation_id, position)
    if message.role in ("approval", "tool"):
        raise Invalid("What a tool returned cannot be deleted alone.", hint="Delete the reply that called it.")
    if not message.tool_calls:
        return 1
    following = repos.messages.page(conversation_id, after=position, limit=len(message.tool_calls) + 1)
    returns = itertools.takewhile(lambda member: member.message.role in ("approval", "tool"), following)
    return 1 + sum(1 for _ in returns)


def _complete_before(repos: Repositories, conversation_id: str) -> int:
    """The position before which no call lacks its return."""
    newest = repos.messages.page(conversation_id, limit=1)
    if newest and newest[0].message.role == "approval":
        newest = repos.messages.page(conversation_id, after=newest[0].position - 2, limit=1)
    if newest and newest[0].message.tool_calls:
        return newest[0].position
    return repos.messages.count(conversation_id) + 1


def _changes_since(repos: Repositories, conversation_id: str, position: int) -> tuple[MemoryEvent, ...]:
    run_ids = repos.messages.run_ids(conversation_id, position)
    # In portions, because a statement takes only so many values.
    found = (repos.history.of_runs(run_ids[start : start + PAGE]) for start in range(0, len(run_ids), PAGE))
    events = sorted((event for portion in found for event in portion), key=lambda event: event.seq)
    return tuple(event for event in events if event.undone_by is None)


def _check_idle(repos: Repositories, row: Conversation) -> None:
    run = repos.runs.active_in(row.id)
    if run is not None:
        raise busy(run.id)


def _note(repos: Repositories, row: Conversation) -> None:
    repos.changed(Changed(kind="conversation", ids=(row.id,), agent_id=row.agent_id, conversation_id=row.id))
