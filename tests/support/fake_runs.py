"""The fake services of conversations, messages and runs: a scripted agent that really changes the fake memory."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from app.domain.block import BlockPatch
from app.domain.conversation import Conversation, Fork, TranscriptPage
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.event import Progress, RunEvent
from app.domain.history import USER, MemoryEvent, Origin
from app.domain.message import (
    Message,
    MessageDraft,
    ReasoningPart,
    SearchHit,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from app.domain.run import Run, Step, StepTrace, Usage
from app.domain.wire_message import (
    AssistantMessage,
    ReasoningMessage,
    StopReasonObject,
    UsageStatistics,
    iso,
    objects_of,
)
from tests.support.fake_world import World, new_id, now

NAME = re.compile(r"my name is (?P<new>\w+),? not (?P<old>\w+)", re.IGNORECASE)


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

    async def of_agent(self, agent_id: str) -> tuple[Conversation, ...]:
        rows = self._world.conversations.values()
        return tuple(row for row in rows if row.agent_id == agent_id and row.root_id == row.id)

    async def get(self, conversation_id: str) -> Conversation:
        if conversation_id not in self._world.conversations:
            raise NotFound("This conversation does not exist any more.")
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

    async def undelete(self, conversation_id: str) -> Conversation:
        row = self._world.settings.pop(f"deleted:{conversation_id}")
        self._world.conversations[conversation_id] = row
        self._world.publish("conversation", conversation_id, agent_id=row.agent_id)
        return row

    async def changes_since(self, conversation_id: str, position: int) -> tuple[MemoryEvent, ...]:
        later = {message.id for place, message in self._world.messages[conversation_id] if place >= position}
        return tuple(event for event in self._world.history if event.origin.message_id in later)

    async def branch(
        self, conversation_id: str, position: int, take_back_memory: bool = False, origin: Origin = USER
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
        raise NotFound("This message does not exist any more.")

    async def search(self, query: str, agent_id: str | None = None, limit: int = 30) -> tuple[SearchHit, ...]:
        hits = [
            SearchHit(message=message, conversation_id=conversation_id, position=position, snippet=message.text[:120])
            for conversation_id, pairs in self._world.messages.items()
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
        script = _Script(world, run, said)
        script.store(said)
        world.publish("run", run.id, agent_id=run.agent_id, conversation_id=run.conversation_id)
        world.publish("message", said.id, agent_id=run.agent_id, conversation_id=run.conversation_id)
        world.run_tasks[run.id] = asyncio.get_event_loop().create_task(script.play())

    async def retry(self, run_id: str) -> Run:
        old = self._world.runs[run_id]
        said = next(message for _, message in self._world.messages[old.conversation_id] if message.id == old.message_id)
        run = old.model_copy(update={"id": new_id("run"), "status": "running", "stop_reason": None, "failure": None})
        world = self._world
        world.runs[run.id] = run
        world.run_news[run.id] = asyncio.Event()
        world.run_tasks[run.id] = asyncio.get_event_loop().create_task(_Script(world, run, said).play())
        return run

    async def cancel(self, run_id: str) -> Run:
        task = self._world.run_tasks.get(run_id)
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])
        return self._world.runs[run_id]

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


class _Script:
    """Plays one run: corrects a name by a real change of the block, else answers with a sentence."""

    def __init__(self, world: World, run: Run, said: Message) -> None:
        self._world = world
        self._run = run
        self._said = said
        self._step_no = 0
        self._step_id = ""

    async def play(self) -> None:
        try:
            await self._turns()
            self._finish("completed", "end_turn")
        except asyncio.CancelledError:
            self._finish("cancelled", "cancelled")

    async def _turns(self) -> None:
        self._progress("sent", "Reading")
        found = NAME.search(self._said.text)
        if found is not None and await self._correct(found["old"], found["new"]):
            await self._say(f"Sorry about that, **{found['new']}**. I have corrected it in my memory.")
        else:
            await self._say(f"You said: {self._said.text}")

    async def _correct(self, old: str, new: str) -> bool:
        world, agent = self._world, self._world.agent(self._run.agent_id)
        block = next((world.blocks[id] for id in agent.block_ids if old in world.blocks[id].value), None)
        if block is None:
            return False
        self._next_step()
        thought = f"The {block.label} block says {old}. I should correct it first."
        arguments = json.dumps({"label": block.label, "old_string": old, "new_string": new})
        call = ToolCallPart(tool_call_id=new_id("call"), name="memory_replace", arguments=arguments)
        asking = self._message("assistant", (ReasoningPart(text=thought), call))
        self._delta(ReasoningMessage(id=asking.id, date=iso(asking.created_at), reasoning=thought))
        await self._pause()
        self._publish_message(asking)
        origin = Origin(
            actor="agent",
            run_id=self._run.id,
            step_id=self._step_id,
            tool_call_id=call.tool_call_id,
            tool_name=call.name,
            message_id=self._said.id,
        )
        from tests.support.fake_services import Blocks

        changed = await Blocks(world).update(block.id, BlockPatch(value=block.value.replace(old, new)), origin=origin)
        answer = f"Changed. {block.label} is now version {changed.version}."
        returned = ToolReturnPart(
            tool_call_id=call.tool_call_id, name=call.name, status="success", text=answer, duration_ms=38
        )
        self._publish_message(self._message("tool", (returned,)), (world.history[-1],))
        return True

    async def _say(self, text: str) -> None:
        self._next_step()
        saying = self._message("assistant", (TextPart(text=text),))
        words = re.findall(r"\S+\s*", text)
        for index, word in enumerate(words):
            self._delta(AssistantMessage(id=saying.id, date=iso(saying.created_at), content=word))
            await asyncio.sleep(0)
            if index == len(words) // 2:
                await self._pause()
        self._publish_message(saying)

    async def _pause(self) -> None:
        if self._world.gate is not None:
            await self._world.gate.wait()

    def _next_step(self) -> None:
        self._step_no += 1
        self._step_id = new_id("step")
        self._world.steps[self._step_id] = Step(
            id=self._step_id,
            run_id=self._run.id,
            agent_id=self._run.agent_id,
            step_no=self._step_no,
            model=self._world.agent(self._run.agent_id).model,
            status="completed",
            usage=Usage(prompt_tokens=900, completion_tokens=41, steps=1),
            created_at=now(),
            first_token_at=now() + 400_000,
            completed_at=now() + 1_600_000,
        )

    def _message(self, role: Any, parts: tuple[Any, ...]) -> Message:
        return Message(
            id=new_id("message"),
            agent_id=self._run.agent_id,
            role=role,
            parts=parts,
            run_id=self._run.id,
            step_id=self._step_id,
            created_at=now(),
        )

    def store(self, message: Message) -> int:
        """Append to the conversation; returns the position."""
        pairs = self._world.messages[self._run.conversation_id]
        position = pairs[-1][0] + 1 if pairs else 1
        pairs.append((position, message))
        return position

    def _publish_message(self, message: Message, changes: tuple[MemoryEvent, ...] = ()) -> None:
        position = self.store(message)
        for wire in objects_of(message):
            self._event(wire, whole=True, message=message, position=position, changes=changes)
        world, run = self._world, self._run
        world.publish("message", message.id, agent_id=run.agent_id, conversation_id=run.conversation_id)

    def _delta(self, payload: Any) -> None:
        self._event(payload, whole=False)

    def _event(self, payload: Any, *, whole: bool, **fields: Any) -> None:
        log = self._world.run_log[self._run.id]
        log.append(
            RunEvent(
                run_id=self._run.id,
                seq_id=len(log) + 1,
                step_id=self._step_id or None,
                step_no=self._step_no,
                whole=whole,
                payload=payload,
                **fields,
            )
        )
        self._world.run_news[self._run.id].set()

    def _progress(self, phase: Any, text: str) -> None:
        run = self._run
        self._world.send(
            Progress(
                run_id=run.id,
                agent_id=run.agent_id,
                conversation_id=run.conversation_id,
                phase=phase,
                text=text,
                at=now(),
            )
        )

    def _finish(self, status: Any, stop_reason: Any) -> None:
        world = self._world
        usage = Usage(prompt_tokens=900, completion_tokens=41, steps=self._step_no)
        ended = self._run.model_copy(
            update={"status": status, "stop_reason": stop_reason, "usage": usage, "completed_at": now()}
        )
        self._event(StopReasonObject(stop_reason=stop_reason), whole=True)
        self._event(UsageStatistics(prompt_tokens=900, completion_tokens=41, total_tokens=941), whole=True)
        world.runs[ended.id] = ended
        world.run_news[ended.id].set()
        self._progress("ended", "")
        world.publish("run", ended.id, agent_id=ended.agent_id, conversation_id=ended.conversation_id)
        world.publish("agent", ended.agent_id, agent_id=ended.agent_id)
