"""Plays a recorded request again: asks a model, answers its calls from the record or a copy, until it has answered."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.block import Block
from app.domain.error import ModelError
from app.domain.message import Message, Part, TextPart, ToolCallPart, ToolReturnPart
from app.domain.model import Provider
from app.domain.replay import MOST_ROUNDS, ReplayCall, ReplayChange, ReplaySide
from app.domain.run import Usage
from app.domain.tool import ALSO_MEMORY, Tool
from app.engine.context.quoting import as_read
from app.engine.deps import EngineDeps
from app.engine.memory.block_edits import edits_between, with_edits
from app.engine.memory.block_tools import run_memory_tool
from app.engine.model_call.heard import Heard
from app.engine.queue import Priority, Purpose
from app.engine.repairs.policy import Circumstances, Reading, read_reply
from app.engine.repairs.request_changes import Offered, offer
from app.engine.replay.recorded import call_key
from app.engine.reply import Call
from app.ports.models import ChatRequest

LONGEST = 400_000
"""Characters of one reply; what comes after them is not listened to."""
NOT_RECORDED = "This call was not made then, so nothing is known of what it returns. Answer without it."
PUT_AWAY = "Stored in the archive."
"""What a model is told that stores a passage other than then: there is no copy of the archive that it could search."""
STEP = 0.1
"""Seconds between two reports while a reply is written."""


@dataclass(frozen=True)
class Stage:
    """Where a replay plays."""

    provider: Provider
    handle: str
    request: ChatRequest
    blocks: tuple[Block, ...]
    """A copy: those that the request showed."""
    tools: Mapping[str, Tool]
    recorded: Mapping[tuple[str, str], ToolReturnPart]
    at_once: int | None
    who: str
    """The agent's name, for others who wait for the server."""


class Player:
    """One replay. `play` tells how it stands, again and again; closing it stops the model."""

    def __init__(self, stage: Stage, deps: EngineDeps) -> None:
        self._stage, self._deps = stage, deps
        self._blocks = stage.blocks
        self._side = ReplaySide(model=stage.handle, phase="waits")

    async def play(self) -> AsyncGenerator[ReplaySide]:
        """From the request to the answer. What the server does wrong is told in the last side, not raised."""
        stage, request = self._stage, self._stage.request
        yield self._side
        try:
            for _ in range(MOST_ROUNDS):
                heard = Heard(LONGEST)
                async with contextlib.aclosing(self._ask(request, heard)) as sides:
                    async for side in sides:
                        yield side
                reading = read_reply(heard.reply, Circumstances(stage.request.tools, constrained=self._constrained))
                answers = [self._answer(call) for call in reading.calls]
                self._note(reading, answers)
                if not reading.calls:
                    yield self._ended(cut=False)
                    return
                returns = tuple(map(self._returned, reading.calls, answers))
                request = request.model_copy(update={"messages": (*request.messages, *_said(reading, returns))})
                yield self._side
            yield self._ended(cut=True)
        except ModelError as error:
            words = f"{error.message} {error.hint}".strip()
            yield self._side.model_copy(update={"phase": "failed", "words": words})

    async def _ask(self, request: ChatRequest, heard: Heard) -> AsyncGenerator[ReplaySide]:
        deps, stage = self._deps, self._stage
        model, waiting = deps.catalog.chat(stage.provider), asyncio.Queue[str]()
        purpose = Purpose(Priority.BACKGROUND, f"a replay of {stage.who}")
        async with deps.queues.place(stage.provider, purpose, waiting.put_nowait, stage.at_once):
            offered: Offered = offer(await model.prepare(request), None, self._blocks)
            self._constrained = offered.constrained or request.answer_schema is not None
            wire = await asyncio.to_thread(model.encode, offered.request)
            begun = told = deps.clock.ticks()
            async with contextlib.aclosing(model.stream(wire)) as deltas:
                async for delta in deltas:
                    now = deps.clock.ticks()
                    if self._side.first_token_ms is None and (delta.text or delta.reasoning or delta.call_name):
                        self._update(first_token_ms=(now - begun) // 1000)
                    if not heard.takes(delta):
                        break
                    if now - told > STEP * 1_000_000:
                        told = now
                        yield self._written(heard)
            usage = heard.usage or Usage()
            took = (deps.clock.ticks() - begun) // 1000
            self._update(
                rounds=self._side.rounds + 1,
                took_ms=self._side.took_ms + took,
                prompt_tokens=self._side.prompt_tokens or usage.prompt_tokens,
                completion_tokens=self._side.completion_tokens + usage.completion_tokens,
            )
            deps.requested(stage.provider)

    _constrained = False
    """The model is made to answer in JSON."""

    def _written(self, heard: Heard) -> ReplaySide:
        side, text = self._side, "".join(heard.text)
        shown = {"phase": "writes", "text": _joined(side.text, "" if self._constrained else text)}
        return side.model_copy(update=shown | {"reasoning": _joined(side.reasoning, "".join(heard.reasoning))})

    def _answer(self, call: Call) -> ReplayCall:
        told: dict[str, Any] = {"name": call.name, "arguments": call.arguments}
        if call.problem:
            return ReplayCall(**told, result=call.problem, source="not recorded", failed=True)
        known = self._stage.recorded.get(call_key(call.name, call.arguments))
        if call.name in ALSO_MEMORY and known is None:
            return ReplayCall(**told, result=PUT_AWAY, source="on a copy")
        tool = self._stage.tools.get(call.name)
        if tool is not None and tool.edits_memory and call.name not in ALSO_MEMORY:
            result = run_memory_tool(call.name, self._blocks, call.parsed)
            self._blocks = with_edits(self._blocks, result.edits)
            return ReplayCall(**told, result=result.text, source="on a copy", failed=not result.ok)
        if known is None:
            return ReplayCall(**told, result=NOT_RECORDED, source="not recorded", failed=True)
        return ReplayCall(**told, result=known.text, source="recorded", failed=known.status == "error")

    def _returned(self, call: Call, answer: ReplayCall) -> ToolReturnPart:
        """As the model reads it next."""
        if answer.source == "recorded":
            known = self._stage.recorded[call_key(call.name, call.arguments)]
            return as_read(known).model_copy(update={"tool_call_id": call.tool_call_id})
        status = "error" if answer.failed else "success"
        return ToolReturnPart(tool_call_id=call.tool_call_id, name=call.name, status=status, text=answer.result)

    def _note(self, reading: Reading, answers: Sequence[ReplayCall]) -> None:
        side = self._side
        self._update(
            phase="writes",
            text=_joined(side.text, reading.text),
            reasoning=_joined(side.reasoning, reading.reasoning),
            calls=(*side.calls, *answers),
            changes=changes_between(self._stage.blocks, self._blocks),
        )

    def _ended(self, *, cut: bool) -> ReplaySide:
        self._update(phase="done", cut=cut)
        return self._side

    def _update(self, **fields: object) -> None:
        self._side = self._side.model_copy(update=fields)


def changes_between(before: Sequence[Block], after: Sequence[Block]) -> tuple[ReplayChange, ...]:
    """The blocks whose texts differ, those that came or went among them."""
    told = list[ReplayChange]()
    for edit in edits_between(tuple(before), tuple(after)):
        old, new = ("" if block is None else block.value for block in (edit.before, edit.after))
        label = next(block.label for block in (edit.after, edit.before) if block is not None)
        if old != new:
            told.append(ReplayChange(label=label, before=old, after=new))
    return tuple(told)


def _said(reading: Reading, returns: tuple[ToolReturnPart, ...]) -> tuple[Message, Message]:
    """The reply with its calls, and what they returned, as the model reads them next."""
    words: tuple[Part, ...] = (TextPart(text=reading.text),) if reading.text.strip() else ()
    calls = tuple(
        ToolCallPart(tool_call_id=call.tool_call_id, name=call.name, arguments=call.arguments) for call in reading.calls
    )
    base = Message(id=f"message-replay-{calls[0].tool_call_id}", agent_id="", role="assistant", parts=(), created_at=0)
    said = base.model_copy(update={"parts": (*words, *calls)})
    return said, base.model_copy(update={"id": f"{base.id}-return", "role": "tool", "parts": returns})


def _joined(before: str, more: str) -> str:
    return "\n\n".join(part for part in (before, more.strip()) if part)
