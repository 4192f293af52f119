"""Builds conversations for tests of the window: stored messages, pages, and the event log of a run."""

import json
from typing import Any

from app.domain.conversation import Fork, TranscriptPage
from app.domain.event import RunEvent
from app.domain.history import MemoryEvent, Origin
from app.domain.message import Message, Part, ReasoningPart, Role, TextPart, ToolCallPart, ToolReturnPart
from app.domain.run import Run, Step, Usage
from app.domain.wire_message import (
    AssistantMessage,
    ReasoningMessage,
    StopReasonObject,
    ToolCallDelta,
    ToolCallMessage,
    UsageStatistics,
    iso,
    objects_of,
)

AGENT = "agent-00000000-0000-4000-8000-000000000001"
CONVERSATION = "conv-00000000-0000-4000-8000-000000000001"
START = 1_763_800_000_000_000
SECOND = 1_000_000


def message_id(number: int) -> str:
    return f"message-00000000-0000-4000-8000-{number:012x}"


def said(number: int, role: Role, *parts: Part | str, **fields: Any) -> Message:
    """The message with this number; plain strings become text parts."""
    typed = tuple(TextPart(text=part) if isinstance(part, str) else part for part in parts)
    values = {"created_at": START + number * SECOND, **fields}
    return Message(id=message_id(number), agent_id=AGENT, role=role, parts=typed, **values)


def page_of(messages: tuple[Message, ...], first: int = 1, **fields: Any) -> TranscriptPage:
    """A page whose messages lie at consecutive positions from `first`."""
    positions = tuple(range(first, first + len(messages)))
    return TranscriptPage(conversation_id=CONVERSATION, messages=messages, positions=positions, **fields)


def small_talk(first: int, count: int, **fields: Any) -> TranscriptPage:
    """`count` messages, in turn from the person and the agent, from position `first` on."""
    texts = [said(n, "user" if n % 2 else "assistant", f"Message number {n}.") for n in range(first, first + count)]
    return page_of(tuple(texts), first, **fields)


def fork_at(position: int, count: int = 3, current: int = 1) -> Fork:
    return Fork(position=position, branch_ids=tuple(f"conv-{n}" for n in range(count)), current=current)


def a_run(run_id: str = "run-7f3a0000-0000-4000-8000-000000000001", **fields: Any) -> Run:
    values = {"status": "running", "created_at": START, **fields}
    return Run(id=run_id, agent_id=AGENT, conversation_id=CONVERSATION, **values)


def a_step(run: Run, number: int, tokens: int = 41) -> Step:
    begin = START + number * 10 * SECOND
    return Step(
        id=f"step-{number}-of-{run.id}",
        run_id=run.id,
        agent_id=AGENT,
        step_no=number,
        model="demo/vesta",
        status="completed",
        usage=Usage(completion_tokens=tokens, reasoning_tokens=48, steps=1),
        created_at=begin,
        first_token_at=begin + 400_000,
        completed_at=begin + 1_600_000,
    )


def memory_change(seq: int, call_id: str, before: str, after: str, **fields: Any) -> MemoryEvent:
    values: dict[str, Any] = {"cause": "my name is Brad, not Chad", **fields}
    return MemoryEvent(
        seq=seq,
        id=f"event-{seq}",
        at=START + seq,
        agent_id=AGENT,
        target_kind="block",
        target_id="block-human",
        label="human",
        op="update",
        before={"value": before},
        after={"value": after},
        version=7,
        origin=values.pop("origin", Origin(actor="agent", run_id=a_run().id, tool_call_id=call_id)),
        **values,
    )


class RunLog:
    """Writes the events of one run as the engine would."""

    def __init__(self, run: Run, position: int = 1) -> None:
        self.run = run
        self.events: list[RunEvent] = []
        self.position = position
        self.step = 0
        self.clock = START

    def next_step(self) -> None:
        self.step += 1

    def _event(self, payload: Any, **fields: Any) -> None:
        number = len(self.events) + 1
        step_id = f"step-{self.step}-of-{self.run.id}" if self.step else None
        self.events.append(
            RunEvent(run_id=self.run.id, seq_id=number, step_id=step_id, step_no=self.step, payload=payload, **fields)
        )

    def _tick(self) -> str:
        self.clock += SECOND // 10
        return iso(self.clock)

    def write(self, number: int, text: str, attempt: int = 1) -> None:
        for word in text.split(" "):
            payload = AssistantMessage(id=message_id(number), date=self._tick(), content=word + " ")
            self._event(payload, whole=False, attempt=attempt)

    def think(self, number: int, text: str) -> None:
        for word in text.split(" "):
            payload = ReasoningMessage(id=message_id(number), date=self._tick(), reasoning=word + " ")
            self._event(payload, whole=False)

    def call(self, number: int, call_id: str, name: str, arguments: dict[str, str]) -> None:
        first = ToolCallDelta(name=name, tool_call_id=call_id)
        self._event(ToolCallMessage(id=message_id(number), date=self._tick(), tool_call=first), whole=False)
        text = json.dumps(arguments)
        for piece in (text[:5], text[5:]):
            delta = ToolCallDelta(arguments=piece, tool_call_id=call_id)
            self._event(ToolCallMessage(id=message_id(number), date=self._tick(), tool_call=delta), whole=False)

    def store(self, message: Message, changes: tuple[MemoryEvent, ...] = (), attempt: int = 1) -> None:
        for wire in objects_of(message):
            self._event(wire, whole=True, message=message, position=self.position, changes=changes, attempt=attempt)
        self.position += 1

    def end(self, reason: Any = "end_turn") -> None:
        self._event(StopReasonObject(stop_reason=reason), whole=True)
        self._event(UsageStatistics(completion_tokens=82, prompt_tokens=900, total_tokens=982), whole=True)


def correction() -> RunLog:
    """ "My name is Brad, not Chad": a user message, a step that changes a block, a step that answers."""
    run = a_run()
    log = RunLog(run)
    mine = {"run_id": run.id}
    log.store(said(1, "user", "My name is Brad, not Chad.", otid="otid-1", **mine))
    log.next_step()
    arguments = {"label": "human", "old_string": "Chad", "new_string": "Brad"}
    log.think(2, "The block says Chad.")
    log.call(2, "call-1", "memory_replace", arguments)
    call = ToolCallPart(tool_call_id="call-1", name="memory_replace", arguments=json.dumps(arguments))
    thought = ReasoningPart(text="The block says Chad.")
    log.store(said(2, "assistant", thought, call, step_id=f"step-1-of-{run.id}", **mine))
    returned = ToolReturnPart(tool_call_id="call-1", name="memory_replace", status="success", text="OK", duration_ms=38)
    change = memory_change(7, "call-1", "Name: Chad.\nPartner: Mia.", "Name: Brad.\nPartner: Mia.")
    log.store(said(3, "tool", returned, step_id=f"step-1-of-{run.id}", **mine), (change,))
    log.next_step()
    log.write(4, "Sorry about that, **Brad**.")
    log.store(said(4, "assistant", "Sorry about that, **Brad**.", step_id=f"step-2-of-{run.id}", **mine))
    log.end()
    return log
