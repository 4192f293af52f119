"""Builds the rows of what is stored of a conversation. Pure: the same log gives the same rows."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from app.domain.history import MemoryEvent
from app.domain.message import ImagePart, Message, ReasoningPart, ToolCallPart, ToolReturnPart
from app.domain.run import Repair, Step, StopReason
from app.ui.chat.transcript.log import TranscriptLog
from app.ui.chat.transcript.row import Footer, Problem, Row, RowState, ToolState, ToolUse

_STATES: dict[str, RowState] = {"": "done", "stopped": "stopped", "not_finished": "not_finished", "edited": "edited"}

Memo = dict[str, tuple[tuple[object, ...], tuple[Row, ...]]]
"""Rows of each message with all that went into them, so that only what changed is built again."""


@dataclass(frozen=True)
class _Known:
    """What the rows of one message take from all the others."""

    log: TranscriptLog
    returns: dict[str, ToolReturnPart]
    calls: frozenset[str]
    changes: dict[str, tuple[MemoryEvent, ...]]
    stops: dict[str, StopReason]
    """Stop reason of a run, by the message that says it."""


def settled_rows(log: TranscriptLog, memo: Memo) -> list[Row]:
    """Rows of what is stored, oldest first. Changes only when a message, a run, a step or a memory change arrives."""
    ordered = sorted(log.messages.values(), key=lambda message: log.positions[message.id])
    known = _Known(
        log,
        {part.tool_call_id: part for message in ordered for part in message.tool_returns},
        frozenset(part.tool_call_id for message in ordered for part in message.tool_calls),
        _changes_by_call(log),
        _stops(log, ordered),
    )
    ends = {message.run_id: message.id for message in ordered if message.run_id}
    rows: list[Row] = []
    day: datetime.date | None = None
    for message in ordered:
        today = _day(message.created_at)
        if today != day and not (day is None and log.has_earlier):
            rows.append(Row(key=f"day:{today.isoformat()}:{message.id}", kind="day", at=message.created_at))
        day = today
        if log.first_in_context is not None and log.positions[message.id] == log.first_in_context and rows[1:]:
            rows.append(Row(key="boundary", kind="boundary", position=log.first_in_context))
        rows.extend(_remembered_rows(known, message, memo))
        if message.run_id and ends[message.run_id] == message.id:
            problem = problem_of(log, message.run_id, solved=message is not ordered[-1])
            if problem is not None:
                rows.append(error_row(log, message.run_id, problem))
    return rows


def _stops(log: TranscriptLog, ordered: list[Message]) -> dict[str, StopReason]:
    """The stop reason of each run, by the last message of the run that shows text."""
    found: dict[str, StopReason] = {}
    seen: set[str] = set()
    for message in reversed(ordered):
        run_id = message.run_id
        if run_id and run_id not in seen and message.role == "assistant" and message.text:
            seen.add(run_id)
            live, run = log.live.get(run_id), log.runs.get(run_id)
            stop = (live.stop if live else None) or (run.stop_reason if run else None)
            if stop is not None:
                found[message.id] = stop
    return found


def _remembered_rows(known: _Known, message: Message, memo: Memo) -> tuple[Row, ...]:
    log, run_id = known.log, message.run_id
    position = log.positions[message.id]
    inputs: tuple[object, ...] = (
        message,
        position,
        log.runs.get(run_id or ""),
        log.steps.get(message.step_id or ""),
        log.forks.get(position),
        log.feedback.get(message.step_id or ""),
        known.stops.get(message.id),
        log.thinking.get(message.id),
        tuple(
            (known.returns.get(call.tool_call_id), known.changes.get(call.tool_call_id)) for call in message.tool_calls
        ),
        tuple(part.tool_call_id in known.calls for part in message.tool_returns),
        bool(message.tool_calls) and _is_over(log, run_id),
        log.step_no(run_id, message.step_id),
    )
    found = memo.get(message.id)
    if found is not None and found[0] == inputs:
        return found[1]
    rows = (*_message_rows(known, message), *_stray_returns(known, message))
    memo[message.id] = (inputs, rows)
    return rows


def _is_over(log: TranscriptLog, run_id: str | None) -> bool:
    """True if no return can come any more."""
    return run_id is None or log.ended(run_id) or run_id not in {*log.runs, *log.live}


def _message_rows(known: _Known, message: Message) -> Iterator[Row]:
    log = known.log
    position = log.positions[message.id]
    base = Row(
        key=message.id,
        kind="event",
        text=message.text,
        at=message.created_at,
        position=position,
        message=message,
        run_id=message.run_id,
        run=log.runs.get(message.run_id or ""),
        step=log.steps.get(message.step_id or ""),
        fork=log.forks.get(position),
    )
    match message.role:
        case "user":
            images = tuple(part for part in message.parts if isinstance(part, ImagePart))
            yield replace(base, key=user_key(message.otid, message.id), kind="user", images=images)
        case "system":
            yield base
        case "summary":
            yield replace(base, kind="summary")
        case "assistant":
            rows = list(_assistant_rows(known, message, base))
            state = _STATES[message.note]
            bearer = next((i for i, row in enumerate(rows) if row.kind == "assistant"), len(rows) - 1)
            for index, row in enumerate(rows):
                yield replace(row, state=state) if index == bearer and state != row.state else row
            yield from _repair_rows(message, base)
        case "tool" | "approval":
            return


def _assistant_rows(known: _Known, message: Message, base: Row) -> Iterator[Row]:
    thoughts = "\n".join(part.text for part in message.parts if isinstance(part, ReasoningPart))
    if thoughts:
        tokens = base.step.usage.reasoning_tokens if base.step else None
        seconds = thinking_seconds(known.log, message.id)
        yield replace(
            base,
            key=f"{message.id}:reasoning",
            kind="reasoning",
            text=thoughts,
            seconds=seconds,
            tokens=tokens,
            fork=None,
        )
    images = tuple(part for part in message.parts if isinstance(part, ImagePart))
    calls = message.tool_calls
    if message.text or images or not (thoughts or calls):
        footer = None if calls else _footer(base.step)
        if message.id in known.stops:
            footer = replace(footer or Footer(), stop=known.stops[message.id])
        feedback = known.log.feedback.get(message.step_id or "")
        said = replace(base, key=f"{message.id}:text", kind="assistant", images=images, footer=footer)
        yield replace(said, feedback=feedback)
    for call in calls:
        tool = _tool_use(known, message, call, known.returns.get(call.tool_call_id))
        yield replace(base, key=f"call:{call.tool_call_id}", kind="tool", text=call.name, tool=tool, fork=None)


def _repair_rows(message: Message, base: Row) -> Iterator[Row]:
    """What of this reply was read otherwise than the model wrote it."""
    for number, repair in enumerate(base.step.repairs if base.step is not None else ()):
        text = repair_text(repair)
        yield replace(base, key=f"{message.id}:repair:{number}", kind="repair", text=text, message=None, fork=None)


def repair_text(repair: Repair) -> str:
    tr = QCoreApplication.translate
    if not repair.read_as:
        return tr("Repair", "The model wrote {0}; it was left out.").format(repair.wrote or tr("Repair", "nothing"))
    words = tr("Repair", "The model wrote {0}, read as {1}")
    return words.format(repair.wrote or tr("Repair", "nothing"), repair.read_as)


def _stray_returns(known: _Known, message: Message) -> Iterator[Row]:
    """Returns whose call lies on an earlier page."""
    for part in message.tool_returns:
        if part.tool_call_id in known.calls:
            continue
        call = ToolCallPart(tool_call_id=part.tool_call_id, name=part.name, arguments="{}")
        tool = _tool_use(known, message, call, part)
        yield Row(
            key=f"call:{part.tool_call_id}",
            kind="tool",
            text=part.name,
            at=message.created_at,
            position=known.log.positions[message.id],
            message=message,
            run_id=message.run_id,
            tool=tool,
        )


def _tool_use(known: _Known, message: Message, call: ToolCallPart, returned: ToolReturnPart | None) -> ToolUse:
    made = known.changes.get(call.tool_call_id, ())
    use = ToolUse(
        call_id=call.tool_call_id,
        name=call.name,
        arguments=call.arguments,
        state="running",
        changes=made,
        step_no=known.log.step_no(message.run_id, message.step_id),
        since=message.created_at,
    )
    if returned is None:
        over: ToolState = "waiting" if call.asks else "interrupted"
        return replace(use, state=over) if _is_over(known.log, message.run_id) else use
    state: ToolState = "failed" if returned.status == "error" else "done"
    if made and all(event.undone_by is not None for event in made):
        state = "undone"
    return replace(
        use,
        state=state,
        result=returned.text,
        stdout=returned.stdout,
        stderr=returned.stderr,
        duration_ms=returned.duration_ms,
        approximate=returned.approximate,
        files=returned.files,
    )


def _changes_by_call(log: TranscriptLog) -> dict[str, tuple[MemoryEvent, ...]]:
    """Memory changes of each tool call, with `undone_by` worked out from all events that are known."""
    undone: dict[int, int] = {}
    for event in sorted(log.changes.values(), key=lambda event: -event.seq):
        if event.undoes is not None and event.undone_by is None and event.seq not in undone:
            undone[event.undoes] = event.seq
    redone = {event.undoes for event in log.changes.values()} - set(undone)
    found: dict[str, list[MemoryEvent]] = {}
    for event in sorted(log.changes.values(), key=lambda event: event.seq):
        call_id = event.origin.tool_call_id
        if call_id is None or event.undoes is not None:
            continue
        by = undone.get(event.seq, None if event.seq in redone else event.undone_by)
        found.setdefault(call_id, []).append(
            event if by == event.undone_by else event.model_copy(update={"undone_by": by})
        )
    return {call_id: tuple(events) for call_id, events in found.items()}


def error_row(log: TranscriptLog, run_id: str, problem: Problem) -> Row:
    return Row(key=f"error:{run_id}", kind="error", run_id=run_id, run=log.runs.get(run_id), problem=problem)


def problem_of(log: TranscriptLog, run_id: str, *, solved: bool) -> Problem | None:
    run, live = log.runs.get(run_id), log.live.get(run_id)
    if run is not None and run.failure is not None:
        failure = run.failure
        details = tuple((name, str(value)) for name, value in failure.details.items())
        return Problem(failure.code, failure.message, failure.hint, details, solved)
    if live is not None and live.error is not None:
        error = live.error
        return Problem(error.error_type, error.message, error.detail, (), solved)
    return None


def _footer(step: Step | None) -> Footer | None:
    if step is None:
        return None
    tokens = step.usage.completion_tokens or None
    first = (step.first_token_at - step.created_at) / 1_000_000 if step.first_token_at else None
    per_second = None
    if tokens and step.first_token_at and step.completed_at and step.completed_at > step.first_token_at:
        per_second = tokens * 1_000_000 / (step.completed_at - step.first_token_at)
    return Footer(
        tokens=tokens,
        per_second=per_second,
        first_token_s=first,
        step_no=step.step_no,
        answered_by=step.answered_by,
        asked=step.model,
    )


def thinking_seconds(log: TranscriptLog, message_id: str) -> float | None:
    span = log.thinking.get(message_id)
    return round(span[1] - span[0], 1) if span and span[1] > span[0] else None


def user_key(otid: str | None, message_id: str) -> str:
    return f"sent:{otid}" if otid else message_id


def _day(at: int) -> datetime.date:
    return datetime.datetime.fromtimestamp(at / 1_000_000, datetime.UTC).astimezone().date()
