"""One run of the scripted agent of the fake services: it really changes the fake memory, and streams what it says."""

import asyncio
import json
import re
from typing import Any

from app.domain.block import BlockPatch
from app.domain.event import Progress, RunEvent
from app.domain.history import MemoryEvent, Origin
from app.domain.message import Message, ReasoningPart, TextPart, ToolCallPart, ToolReturnPart
from app.domain.run import Run, Step, Usage
from app.domain.wire_message import (
    AssistantMessage,
    ReasoningMessage,
    StopReasonObject,
    UsageStatistics,
    iso,
    objects_of,
)
from tests.support.window.fake_world import World, new_id, now

NAME = re.compile(r"my name is (?P<new>\w+),? not (?P<old>\w+)", re.IGNORECASE)


class Script:
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
        from tests.support.window.fake_services import Blocks

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

    def begin(self) -> None:
        """The message it answers is stored, and told as the run's first event."""
        position = self.store(self._said)
        for wire in objects_of(self._said):
            self._event(wire, whole=True, message=self._said, position=position)

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
        world.publish("run", run.id, agent_id=run.agent_id, conversation_id=run.conversation_id)

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
