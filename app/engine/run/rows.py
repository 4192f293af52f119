"""The rows that an outcome leaves: the message, the step, the returns of calls. Pure."""

from dataclasses import dataclass
from typing import Literal

from app.domain.base import Micros
from app.domain.message import Message, Part, ReasoningPart, TextPart, ToolReturnPart
from app.domain.run import STOP_REASONS, Repair, Run, Step, StopReason, Usage
from app.engine.repairs.loops import WINDOW, CallMemo
from app.engine.repairs.policy import read_words
from app.engine.reply import Call, Reply
from app.engine.state import Asked, CallModel, Compact, Compacted, Exchange, RunState, RunTools
from app.engine.tools.send_message import half_spoken

Note = Literal["", "stopped", "not_finished", "edited"]
"""What is noted on a message that is not what the model meant to say."""
MAYBE_DONE = (
    "Interrupted by a restart: the tool had started, and whether it finished is unknown. Check before calling it again."
)


@dataclass(frozen=True)
class Applied:
    """The new state (its intent not yet decided) and the rows to store with it."""

    state: RunState
    message: Message | None = None
    step: Step | None = None
    exchange: Exchange | None = None
    """The bytes that belong to `step`."""


def model_call(state: RunState) -> CallModel:
    action = state.intent
    assert isinstance(action, CallModel)
    return action


def message_row(state: RunState, action: CallModel, parts: tuple[Part, ...], now: Micros, note: Note) -> Message:
    return Message(
        id=action.message_id,
        agent_id=state.agent_id,
        role="assistant",
        parts=parts,
        run_id=state.run_id,
        step_id=action.step_id,
        note=note,
        created_at=now,
    )


def step_row(
    state: RunState,
    action: CallModel,
    exchange: Exchange,
    reply: Reply,
    status: Literal["completed", "failed", "cancelled"],
    repairs: tuple[Repair, ...] = (),
) -> Step:
    counted = reply.usage or Usage()
    held = counted.prompt_tokens + counted.completion_tokens
    usage = counted.model_copy(update={"steps": 1, "context_tokens": held or None})
    return Step(
        id=action.step_id,
        run_id=state.run_id,
        agent_id=state.agent_id,
        step_no=state.step_no + 1,
        attempt=action.attempt,
        model=exchange.model,
        status=status,
        usage=usage,
        estimated_tokens=exchange.estimated_tokens,
        memory_seq=exchange.memory_seq,
        window_first=exchange.window_first,
        window_last=exchange.window_last,
        agent_version=exchange.agent_version,
        finish_reason=reply.finish,
        repairs=repairs,
        truncated=exchange.truncated,
        answered_by=reply.answered_by,
        created_at=exchange.sent_at,
        first_token_at=exchange.first_token_at,
        completed_at=exchange.ended_at,
    )


def asked_row(state: RunState, asked: Asked) -> Step:
    """The step of a request for a summary."""
    action = CallModel(step_id=asked.step_id, message_id="")
    step = step_row(state, action, asked.exchange, asked.reply, "failed" if asked.failed else "completed")
    return step.model_copy(update={"purpose": "summary"})


def summary_run_row(
    state: RunState, asked: tuple[Asked, ...], started_by: str, begun: Micros, now: Micros, *, stopped: bool
) -> Run:
    """The run of a summary that was asked for by itself, so that its requests are seen like all others."""
    usage = Usage()
    for one in asked:
        usage = usage.plus((one.reply.usage or Usage()).model_copy(update={"steps": 1, "context_tokens": None}))
    reason: StopReason = "cancelled" if stopped else "end_turn"
    return Run(
        id=state.run_id,
        agent_id=state.agent_id,
        conversation_id=state.conversation_id,
        status=STOP_REASONS[reason].status,
        stop_reason=reason,
        started_by=started_by,
        purpose="summary",
        usage=usage,
        created_at=begun,
        completed_at=now,
    )


def summary_row(state: RunState, action: Compact, outcome: Compacted, now: Micros) -> Message | None:
    """The message that takes the place of those that leave; None where nothing does."""
    if outcome.summary is None or not outcome.summary.text:
        return None
    return Message(
        id=action.message_id,
        agent_id=state.agent_id,
        role="summary",
        parts=(TextPart(text=outcome.summary.text),),
        run_id=state.run_id,
        step_id=outcome.asked[-1].step_id if outcome.asked else None,
        created_at=now,
    )


def said(text: str, reasoning: str) -> tuple[Part, ...]:
    thoughts = (ReasoningPart(text=reasoning),) if reasoning.strip() else ()
    return (*thoughts, TextPart(text=text)) if text.strip() else thoughts


def heard(reply: Reply) -> tuple[Part, ...]:
    """The words of a reply that was stopped or broke off."""
    text, reasoning = read_words(reply)
    return said("\n\n".join(words for words in (text, half_spoken(reply.calls)) if words.strip()), reasoning)


def tool_message(
    state: RunState, action: RunTools, returns: dict[str, ToolReturnPart], otherwise: str, now: Micros
) -> Applied:
    """Every call gets its return, so that none stays an orphan; `otherwise` is the text where there is none."""
    calls = state.calls_of(action)
    parts = tuple(
        _as_made(call, returns.get(call.tool_call_id))
        or tool_error(call, call.problem or (MAYBE_DONE if call.status == "started" else otherwise))
        for call in calls
    )
    message = Message(
        id=action.message_id,
        agent_id=state.agent_id,
        role="tool",
        parts=parts,
        run_id=state.run_id,
        step_id=action.step_id,
        created_at=now,
    )
    recent = (*state.recent, *_memos(state, calls, parts))[-WINDOW:]
    answered = frozenset(action.call_ids)
    still_open = tuple(call for call in state.calls if call.tool_call_id not in answered)
    return Applied(state.model_copy(update={"calls": still_open, "recent": recent}), message)


def _as_made(call: Call, part: ToolReturnPart | None) -> ToolReturnPart | None:
    """The model is told where its arguments are not those that the tool got."""
    if part is None or not call.edited:
        return part
    return part.model_copy(update={"text": f"(The user changed the arguments to {call.arguments})\n{part.text}"})


def _memos(state: RunState, calls: tuple[Call, ...], returns: tuple[ToolReturnPart, ...]) -> tuple[CallMemo, ...]:
    return tuple(
        CallMemo.of(
            call.name,
            call.arguments,
            part.text,
            answered=bool(call.result),
            failed=part.status == "error",
            step_no=state.step_no,
        )
        for call, part in zip(calls, returns, strict=True)
        if not call.problem
    )


def tool_error(call: Call, text: str) -> ToolReturnPart:
    """A return that tells the model what went wrong."""
    return ToolReturnPart(tool_call_id=call.tool_call_id, name=call.name, status="error", text=text)


def known_return(call: Call) -> ToolReturnPart:
    """The return of a call whose result is known already."""
    if call.given is not None:
        return call.given
    return ToolReturnPart(
        tool_call_id=call.tool_call_id, name=call.name, status="error" if call.failed else "success", text=call.result
    )
