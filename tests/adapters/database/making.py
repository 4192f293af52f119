"""Rows for the tests of the database."""

from dataclasses import dataclass

from app.adapters.database import SqliteStorage
from app.domain.agent import Agent
from app.domain.conversation import Conversation
from app.domain.event import RunEvent
from app.domain.history import MemoryEvent, Origin
from app.domain.message import Message, Role
from app.domain.run import Run, Step, Usage
from app.domain.wire_message import AssistantMessage, iso
from tests.support.values import samples
from tests.support.values.samples import NOON, some_id


@dataclass(frozen=True)
class World:
    """An agent, its default conversation, and the database they are in."""

    storage: SqliteStorage
    agent: Agent
    conversation: Conversation

    def message(self, text: str, role: Role = "user", **fields: object) -> Message:
        return samples.message(role, text, **{"agent_id": self.agent.id, **fields})

    def run(self, **fields: object) -> Run:
        given = {"id": some_id("run"), "agent_id": self.agent.id, "conversation_id": self.conversation.id}
        return Run.model_validate({**given, "status": "running", "created_at": NOON, **fields})

    async def say(self, *texts: str) -> list[Message]:
        """Appends user messages, in one transaction."""
        said = [self.message(text) for text in texts]
        await self.storage.write(
            lambda repos: [repos.messages.append(self.conversation.id, message) for message in said]
        )
        return said

    async def start(self, **fields: object) -> Run:
        run = self.run(**fields)
        await self.storage.write(lambda repos: repos.runs.add(run, "{}"))
        return run


def conversation(agent_id: str, **fields: object) -> Conversation:
    new_id = some_id("conv")
    given = {"id": new_id, "agent_id": agent_id, "root_id": new_id, "active_id": new_id}
    return Conversation.model_validate({**given, "created_at": NOON, "updated_at": NOON, **fields})


def branch(of: Conversation, position: int, **fields: object) -> Conversation:
    new_id = some_id("conv")
    given = {"id": new_id, "active_id": new_id, "root_id": of.root_id, "branched_from": of.id}
    return conversation(of.agent_id, **{**given, "branch_position": position, **fields})


def step(run: Run, **fields: object) -> Step:
    given = {"id": some_id("step"), "run_id": run.id, "agent_id": run.agent_id, "step_no": 1, "model": "demo/vesta"}
    usage = Usage(prompt_tokens=120, completion_tokens=8, cached_tokens=None, reasoning_tokens=3, steps=1)
    return Step.model_validate({**given, "status": "completed", "usage": usage, "created_at": NOON, **fields})


def run_event(
    run: Run, seq_id: int, *, whole: bool = False, message: Message | None = None, **more: object
) -> RunEvent:
    shown = message or samples.message("assistant", f"piece {seq_id}", agent_id=run.agent_id)
    payload = AssistantMessage(id=shown.id, date=iso(NOON), content=shown.text)
    given = {"run_id": run.id, "seq_id": seq_id, "whole": whole, "payload": payload, "message": message}
    return RunEvent.model_validate({**given, **more})


def memory_event(target_id: str, before: str, after: str, **fields: object) -> MemoryEvent:
    given = {"seq": 0, "id": some_id("event"), "at": NOON, "agent_id": None, "target_kind": "block"}
    what = {"target_id": target_id, "label": "human", "op": "update", "version": 2, "origin": Origin()}
    values = {"before": {"value": before}, "after": {"value": after}}
    return MemoryEvent.model_validate({**given, **what, **values, **fields})
