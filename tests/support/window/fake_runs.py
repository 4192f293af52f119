"""The fake services of conversations, messages and runs: a scripted agent that really changes the fake memory."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from app.domain.conversation import Conversation, ConversationRow, DeletedConversation, Fork, TranscriptPage
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.event import RunEvent
from app.domain.history import USER, MemoryEvent, Origin
from app.domain.message import (
    Message,
    MessageDraft,
    SearchHit,
)
from app.domain.page import LAST_DELETED, OLDEST_FIRST, ConversationFilter, PageRequest
from app.domain.run import Run, Step, StepTrace
from tests.support.window.fake_script import Script
from tests.support.window.fake_world import World, new_id, now


class Conversations:
    def __init__(self, world: World) -> None:
        self._world = world

    async def create_default(self, agent_id: str) -> Conversation:
        return self._add(agent_id, "", is_default=True)

    def _add(self, agent_id: str, title: str, is_default: bool = False) -> Conversation:
        made = new_id("conv")
        conversation = Conversation(
            id=made,
            agent_id=agent_id,
            title=title,
            is_default=is_default,
            root_id=made,
            active_id=made,
            created_at=now(),
            updated_at=now(),
        )
        self._world.conversations[made] = conversation
        self._world.publish("conversation", made, agent_id=agent_id, conversation_id=made)
        return conversation

    async def list(self, wanted: ConversationFilter, page: PageRequest = OLDEST_FIRST) -> tuple[Conversation, ...]:
        rows = [row for row in self._world.conversations.values() if row.agent_id == wanted.agent_id]
        threads = [row for row in rows if row.root_id == row.id]
        return tuple(threads[::-1][: page.limit] if page.descending else threads[: page.limit])

    async def rows(self, wanted: ConversationFilter, page: PageRequest = OLDEST_FIRST) -> tuple[ConversationRow, ...]:
        return tuple([await self.row(row.id) for row in await self.list(wanted, page)])

    async def row(self, conversation_id: str) -> ConversationRow:
        thread = await self.get(conversation_id)
        said = [message for _, message in self._world.messages[thread.active_id]]
        return ConversationRow(
            conversation=thread,
            opening=next((message.text for message in said if message.role == "user"), ""),
            messages=len(said),
            last_at=said[-1].created_at if said else None,
        )

    async def default_of(self, agent_id: str) -> Conversation:
        rows = self._world.conversations.values()
        return next(row for row in rows if row.agent_id == agent_id and row.is_default)

    async def get(self, conversation_id: str) -> Conversation:
        if conversation_id not in self._world.conversations:
            raise NotFound("This conversation no longer exists.")
        return self._world.conversations[conversation_id]

    async def create(self, agent_id: str, title: str = "") -> Conversation:
        return self._add(agent_id, title)

    async def rename(self, conversation_id: str, title: str) -> Conversation:
        return self._replace(conversation_id, title=title)

    async def delete(self, conversation_id: str) -> None:
        row = self._world.conversations[conversation_id]
        if row.is_default:
            raise Invalid("The first conversation of an agent stays.")
        self._world.conversations.pop(conversation_id)
        self._world.settings[f"deleted:{conversation_id}"] = row
        self._world.publish("conversation", conversation_id, agent_id=row.agent_id)

    async def deleted(self, page: PageRequest = LAST_DELETED) -> tuple[DeletedConversation, ...]:
        world = self._world
        rows = [row for key, row in world.settings.items() if key.startswith("deleted:")]
        return tuple(
            DeletedConversation(
                conversation=row,
                agent_name=world.agent(row.agent_id).name,
                messages=len(world.messages[row.id]),
                at=now(),
            )
            for row in rows
        )

    async def undelete(self, conversation_id: str) -> Conversation:
        row = self._world.settings.pop(f"deleted:{conversation_id}")
        self._world.conversations[conversation_id] = row
        self._world.publish("conversation", conversation_id, agent_id=row.agent_id)
        return row

    async def changes_since(self, conversation_id: str, position: int) -> tuple[MemoryEvent, ...]:
        later = {message.id for place, message in self._world.messages[conversation_id] if place >= position}
        return tuple(event for event in self._world.history if event.origin.message_id in later)

    async def branch(
        self, conversation_id: str, position: int, undo_memory: bool = False, origin: Origin = USER
    ) -> Conversation:
        world = self._world
        old = world.conversations[conversation_id]
        made = new_id("conv")
        row = old.model_copy(
            update={
                "id": made,
                "active_id": made,
                "is_default": False,
                "branched_from": conversation_id,
                "branch_position": position,
            }
        )
        world.conversations[made] = row
        world.messages[made] = [pair for pair in world.messages[conversation_id] if pair[0] < position]
        self._replace(old.root_id, active_id=made)
        return row

    async def show_branch(self, branch_id: str) -> Conversation:
        return self._replace(self._world.conversations[branch_id].root_id, active_id=branch_id)

    async def reset(self, conversation_id: str) -> Conversation:
        return self._replace(conversation_id)

    def _replace(self, conversation_id: str, **fields: Any) -> Conversation:
        row = self._world.conversations[conversation_id].model_copy(update={**fields, "updated_at": now()})
        self._world.conversations[conversation_id] = row
        self._world.publish("conversation", conversation_id, agent_id=row.agent_id, conversation_id=row.root_id)
        return row


class Messages:
    def __init__(self, world: World) -> None:
        self._world = world

    async def page(
        self,
        conversation_id: str,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> TranscriptPage:
        every = self._world.messages[conversation_id]
        chosen = every
        if before is not None:
            chosen = [pair for pair in every if pair[0] < before][-limit:]
        elif after is not None:
            chosen = [pair for pair in every if pair[0] > after][:limit]
        elif around is not None:
            chosen = [pair for pair in every if abs(pair[0] - around) <= limit // 2]
        else:
            chosen = every[-limit:]
        ids = {message.id for _, message in chosen}
        run_ids = {message.run_id for _, message in chosen}
        first, last = (chosen[0][0], chosen[-1][0]) if chosen else (0, 0)
        return TranscriptPage(
            conversation_id=conversation_id,
            messages=tuple(message for _, message in chosen),
            positions=tuple(position for position, _ in chosen),
            first_in_context=every[0][0] if every else None,
            changes=tuple(event for event in self._world.history if event.origin.message_id in ids),
            steps=tuple(step for step in self._world.steps.values() if step.run_id in run_ids),
            runs=tuple(run for run in self._world.runs.values() if run.id in run_ids),
            forks=self._forks(conversation_id),
            has_earlier=bool(chosen) and first > every[0][0],
            has_later=bool(chosen) and last < every[-1][0],
        )

    def _forks(self, conversation_id: str) -> tuple[Fork, ...]:
        rows = self._world.conversations
        branches = [row for row in rows.values() if row.root_id == rows[conversation_id].root_id and row.branched_from]
        forks: list[Fork] = []
        for position in sorted({row.branch_position for row in branches if row.branch_position is not None}):
            here = [row for row in branches if row.branch_position == position]
            ids = (here[0].branched_from or "", *(row.id for row in here))
            current = ids.index(conversation_id) if conversation_id in ids else 0
            forks.append(Fork(position=position, branch_ids=ids, current=current))
        return tuple(forks)

    async def get(self, message_id: str) -> Message:
        for pairs in self._world.messages.values():
            for _, message in pairs:
                if message.id == message_id:
                    return message
        raise NotFound("This message no longer exists.")

    async def search(
        self, query: str, agent_id: str | None = None, limit: int = 30, conversation_id: str | None = None
    ) -> tuple[SearchHit, ...]:
        hits = [
            SearchHit(
                message=message, conversation_id=here, thread_id=here, position=position, snippet=message.text[:120]
            )
            for here, pairs in self._world.messages.items()
            if conversation_id in (None, here)
            for position, message in pairs
            if query.casefold() in message.text.casefold() and agent_id in (None, message.agent_id)
        ]
        return tuple(hits[:limit])


class Runs:
    def __init__(self, world: World) -> None:
        self._world = world

    async def start(
        self, conversation_id: str, message: MessageDraft, background: bool = False, started_by: str = "window"
    ) -> Run:
        row = self._world.conversations[conversation_id]
        target = row.active_id
        busy = [run for run in self._world.runs.values() if run.active and run.conversation_id == target]
        if busy:
            raise Conflict("The agent is still replying.", code="busy", details={"run_id": busy[0].id})
        said = Message(
            id=new_id("message"),
            agent_id=row.agent_id,
            role=message.role,
            parts=message.parts,
            otid=message.otid,
            created_at=now(),
        )
        run = Run(
            id=new_id("run"),
            agent_id=row.agent_id,
            conversation_id=target,
            status="running",
            background=background,
            started_by=started_by,
            message_id=said.id,
            created_at=now(),
        )
        said = said.model_copy(update={"run_id": run.id})
        self._begin(run, said)
        return run

    def _begin(self, run: Run, said: Message) -> None:
        world = self._world
        world.runs[run.id] = run
        world.run_news[run.id] = asyncio.Event()
        script = Script(world, run, said)
        script.begin()
        world.publish("run", run.id, agent_id=run.agent_id, conversation_id=run.conversation_id)
        world.run_tasks[run.id] = asyncio.get_event_loop().create_task(script.play())

    async def retry(self, run_id: str) -> Run:
        old = self._world.runs[run_id]
        said = next(message for _, message in self._world.messages[old.conversation_id] if message.id == old.message_id)
        run = old.model_copy(update={"id": new_id("run"), "status": "running", "stop_reason": None, "failure": None})
        world = self._world
        world.runs[run.id] = run
        world.run_news[run.id] = asyncio.Event()
        world.run_tasks[run.id] = asyncio.get_event_loop().create_task(Script(world, run, said).play())
        return run

    async def cancel(self, run_id: str) -> Run:
        task = self._world.run_tasks.get(run_id)
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])
        return self._world.runs[run_id]

    async def stop_all(self) -> None:
        for run in await self.active():
            await self.cancel(run.id)

    async def get(self, run_id: str) -> Run:
        return self._world.runs[run_id]

    async def active(self) -> tuple[Run, ...]:
        return tuple(run for run in self._world.runs.values() if run.active)

    async def list(
        self,
        agent_id: str | None = None,
        conversation_id: str | None = None,
        before_id: str | None = None,
        limit: int = 50,
    ) -> tuple[Run, ...]:
        rows = [run for run in self._world.runs.values() if agent_id in (None, run.agent_id)]
        return tuple(reversed(rows))[:limit]

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        return tuple(step for step in self._world.steps.values() if step.run_id == run_id)

    async def trace(self, step_id: str) -> StepTrace:
        return StepTrace(step_id=step_id, request='{"messages": []}', reply="")

    async def subscribe(self, run_id: str, after_seq: int = 0) -> AsyncIterator[RunEvent]:
        world = self._world
        while True:
            fresh = [event for event in world.run_log[run_id] if event.seq_id > after_seq]
            for event in fresh:
                after_seq = event.seq_id
                yield event
            if not fresh:
                if not world.runs[run_id].active:
                    return
                world.run_news[run_id].clear()
                await world.run_news[run_id].wait()
