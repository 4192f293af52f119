"""Builds the rows of a conversation from its log. Pure: the same log gives the same rows."""

import datetime
from collections.abc import Iterator
from dataclasses import replace

from app.domain.history import MemoryEvent
from app.domain.message import ImagePart, Message, ReasoningPart, ToolCallPart, ToolReturnPart
from app.domain.run import Step
from app.ui.models.transcript_log import Draft, Pending, TranscriptLog
from app.ui.models.transcript_row import VISIBLE, Footer, Problem, Row, RowState, ToolState, ToolUse, ViewMode

_AGENT = frozenset({"assistant", "reasoning", "tool", "working"})
_STATES: dict[str, RowState] = {"": "done", "stopped": "stopped", "not_finished": "not_finished", "edited": "edited"}
_CHARS_PER_TOKEN = 4


def settled_rows(log: TranscriptLog) -> list[Row]:
    """Rows of what is stored, oldest first. Changes only when a message, a run, a step or a memory change arrives."""
    ordered = sorted(log.messages.values(), key=lambda message: log.positions[message.id])
    returns = {part.tool_call_id: part for message in ordered for part in message.tool_returns}
    calls = {part.tool_call_id for message in ordered for part in message.tool_calls}
    changes = _changes_by_call(log)
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
        rows.extend(_message_rows(log, message, returns, changes))
        rows.extend(_stray_returns(log, message, calls, changes))
        if message.run_id and ends[message.run_id] == message.id:
            rows = _close_run(log, rows, message.run_id, last=message is ordered[-1])
    return rows


def live_rows(log: TranscriptLog) -> list[Row]:
    """Rows of what is being written or sent. Rebuilt at each flush; short."""
    waiting = [_pending_row(pending) for pending in log.pending.values()]
    rows = [row for row in waiting if row.kind == "user"]
    if not log.has_later:
        rows.extend(_draft_row(log, draft) for draft in log.live_drafts())
    told = {message.run_id for message in log.messages.values()}
    if not log.has_later:
        for run_id in log.live:
            problem = None if run_id in told else _problem(log, run_id, solved=False)
            if problem is not None:
                rows.append(Row(key=f"error:{run_id}", kind="error", run_id=run_id, problem=problem))
    rows.extend(row for row in waiting if row.kind == "queued")
    return rows


def visible_rows(log: TranscriptLog, settled: list[Row], live: list[Row], mode: ViewMode) -> list[Row]:
    """What a view mode shows, with the agent's tile on the first card of each of its turns."""
    kinds = VISIBLE[mode]
    shown = [row for row in settled if row.kind in kinds]
    tail = [row for row in live if row.kind in kinds]
    waiting = _working_row(log, shown, tail)
    if waiting is not None:
        place = next((i for i, row in enumerate(tail) if row.kind == "queued"), len(tail))
        tail.insert(place, waiting)
    shown.extend(tail)
    return _with_leads(shown)


def _with_leads(rows: list[Row]) -> list[Row]:
    before = ""
    for index, row in enumerate(rows):
        lead = row.kind in _AGENT and before not in _AGENT
        if lead != row.lead:
            rows[index] = replace(row, lead=lead)
        before = row.kind if row.kind != "error" else before
    return rows


def _message_rows(
    log: TranscriptLog,
    message: Message,
    returns: dict[str, ToolReturnPart],
    changes: dict[str, tuple[MemoryEvent, ...]],
) -> Iterator[Row]:
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
            yield replace(base, key=_user_key(message.otid, message.id), kind="user", images=images)
        case "system":
            yield base
        case "summary":
            yield replace(base, kind="summary")
        case "assistant":
            rows = list(_assistant_rows(log, message, base, returns, changes))
            state = _STATES[message.note]
            bearer = next((i for i, row in enumerate(rows) if row.kind == "assistant"), len(rows) - 1)
            for index, row in enumerate(rows):
                yield replace(row, state=state) if index == bearer else row
        case "tool":
            return


def _assistant_rows(
    log: TranscriptLog,
    message: Message,
    base: Row,
    returns: dict[str, ToolReturnPart],
    changes: dict[str, tuple[MemoryEvent, ...]],
) -> Iterator[Row]:
    thoughts = "\n".join(part.text for part in message.parts if isinstance(part, ReasoningPart))
    if thoughts:
        tokens = base.step.usage.reasoning_tokens if base.step else None
        seconds = _thinking_seconds(log, message.id)
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
        yield replace(base, key=f"{message.id}:text", kind="assistant", images=images, footer=footer)
    for call in calls:
        tool = _tool_use(log, message, call, returns.get(call.tool_call_id), changes)
        yield replace(base, key=f"call:{call.tool_call_id}", kind="tool", text=call.name, tool=tool, fork=None)


def _stray_returns(
    log: TranscriptLog, message: Message, calls: set[str], changes: dict[str, tuple[MemoryEvent, ...]]
) -> Iterator[Row]:
    """Returns whose call lies on an earlier page."""
    for part in message.tool_returns:
        if part.tool_call_id in calls:
            continue
        call = ToolCallPart(tool_call_id=part.tool_call_id, name=part.name, arguments="{}")
        tool = _tool_use(log, message, call, part, changes)
        yield Row(
            key=f"call:{part.tool_call_id}",
            kind="tool",
            text=part.name,
            at=message.created_at,
            position=log.positions[message.id],
            message=message,
            run_id=message.run_id,
            tool=tool,
        )


def _tool_use(
    log: TranscriptLog,
    message: Message,
    call: ToolCallPart,
    returned: ToolReturnPart | None,
    changes: dict[str, tuple[MemoryEvent, ...]],
) -> ToolUse:
    made = changes.get(call.tool_call_id, ())
    use = ToolUse(
        call_id=call.tool_call_id,
        name=call.name,
        arguments=call.arguments,
        state="running",
        changes=made,
        step_no=log.step_no(message.run_id, message.step_id),
        since=message.created_at,
    )
    if returned is None:
        over = message.run_id is None or log.ended(message.run_id) or message.run_id not in {*log.runs, *log.live}
        return replace(use, state="interrupted") if over else use
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


def _close_run(log: TranscriptLog, rows: list[Row], run_id: str, *, last: bool) -> list[Row]:
    """Adds what is said at the end of a run: its stop reason under the last reply, or its error card."""
    run, live = log.runs.get(run_id), log.live.get(run_id)
    stop = (live.stop if live else None) or (run.stop_reason if run else None)
    if stop is not None:
        for index in range(len(rows) - 1, -1, -1):
            row = rows[index]
            if row.run_id == run_id and row.kind == "assistant":
                rows[index] = replace(row, footer=replace(row.footer or Footer(), stop=stop))
                break
    problem = _problem(log, run_id, solved=not last)
    if problem is not None:
        rows.append(Row(key=f"error:{run_id}", kind="error", run_id=run_id, run=run, problem=problem))
    return rows


def _problem(log: TranscriptLog, run_id: str, *, solved: bool) -> Problem | None:
    run, live = log.runs.get(run_id), log.live.get(run_id)
    if run is not None and run.failure is not None:
        failure = run.failure
        details = tuple((name, str(value)) for name, value in failure.details.items())
        return Problem(failure.code, failure.message, failure.hint, details, solved)
    if live is not None and live.error is not None:
        error = live.error
        return Problem(error.error_type, error.message, error.detail, (), solved)
    return None


def _draft_row(log: TranscriptLog, draft: Draft) -> Row:
    message_id, message_type, call_id = draft.key
    base = Row(
        key="", kind="assistant", text=draft.text, state="writing", at=int(draft.began * 1_000_000), run_id=draft.run_id
    )
    if message_type == "reasoning_message":
        seconds = _thinking_seconds(log, message_id)
        done = any(key[0] == message_id and key[1] != message_type for key in log.drafts)
        state: RowState = "done" if done else "writing"
        return replace(base, key=f"{message_id}:reasoning", kind="reasoning", seconds=seconds, state=state)
    if message_type == "tool_call_message":
        tool = ToolUse(call_id, draft.name, draft.text, "writing", step_no=draft.step_no, since=base.at)
        return replace(base, key=f"call:{call_id}", kind="tool", text=draft.name, tool=tool)
    tokens = max(1, len(draft.text) // _CHARS_PER_TOKEN)
    span = draft.latest - draft.began
    footer = Footer(
        tokens=tokens, per_second=tokens / span if span >= 0.5 else None, step_no=draft.step_no, estimated=True
    )
    return replace(base, key=f"{message_id}:text", footer=footer)


def _pending_row(pending: Pending) -> Row:
    kind = "queued" if pending.state == "queued" else "user"
    state: RowState = "not_sent" if pending.state == "not_sent" else "sending"
    problem = Problem("not_sent", pending.reason, "") if pending.reason else None
    key = _user_key(pending.otid, "")
    return Row(key=key, kind=kind, text=pending.text, state=state, images=pending.images, problem=problem)


def _working_row(log: TranscriptLog, shown: list[Row], tail: list[Row]) -> Row | None:
    """A line that says the agent is at work while no card shows it."""
    if log.has_later:
        return None
    active = [run_id for run_id in {**log.live, **log.runs} if not log.ended(run_id)]
    active = [run_id for run_id in active if run_id in log.runs or log.live[run_id].last_seq]
    if not active or any(row.state == "writing" for row in tail):
        return None
    if shown and shown[-1].tool is not None and shown[-1].tool.state == "running":
        return None
    run_id = active[-1]
    live = log.live.get(run_id)
    text = live.progress.text if live and live.progress and live.progress.phase != "ended" else ""
    return Row(key=f"working:{run_id}", kind="working", text=text, state="writing", run_id=run_id)


def _footer(step: Step | None) -> Footer | None:
    if step is None:
        return None
    tokens = step.usage.completion_tokens or None
    first = (step.first_token_at - step.created_at) / 1_000_000 if step.first_token_at else None
    per_second = None
    if tokens and step.first_token_at and step.completed_at and step.completed_at > step.first_token_at:
        per_second = tokens * 1_000_000 / (step.completed_at - step.first_token_at)
    return Footer(tokens=tokens, per_second=per_second, first_token_s=first, step_no=step.step_no)


def _thinking_seconds(log: TranscriptLog, message_id: str) -> float | None:
    span = log.thinking.get(message_id)
    return round(span[1] - span[0], 1) if span and span[1] > span[0] else None


def _user_key(otid: str | None, message_id: str) -> str:
    return f"sent:{otid}" if otid else message_id


def _day(at: int) -> datetime.date:
    return datetime.datetime.fromtimestamp(at / 1_000_000, datetime.UTC).astimezone().date()
