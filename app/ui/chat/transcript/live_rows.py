"""Builds the rows of what is being written or sent, and picks what a view mode shows. Pure."""

from dataclasses import replace

from app.ui.chat.transcript.log import Draft, Pending, TranscriptLog
from app.ui.chat.transcript.row import VISIBLE, Footer, Problem, Row, RowState, ToolUse, ViewMode
from app.ui.chat.transcript.stored_rows import error_row, problem_of, thinking_seconds, user_key

_AGENT = frozenset({"assistant", "reasoning", "tool", "working", "repair"})
_CHARS_PER_TOKEN = 4


def live_rows(log: TranscriptLog) -> list[Row]:
    """Rows of what is being written or sent, in order."""
    waiting = [_pending_row(pending) for pending in log.pending.values()]
    rows = [row for row in waiting if row.kind == "user"]
    if not log.has_later:
        rows.extend(_draft_row(log, draft) for draft in log.live_drafts())
        rows.extend(_early_errors(log))
    rows.extend(row for row in waiting if row.kind == "queued")
    return rows


def _early_errors(log: TranscriptLog) -> list[Row]:
    """Errors of runs of which no message is shown."""
    failed = [run_id for run_id, live in log.live.items() if live.error is not None]
    shown = {message.run_id for message in log.messages.values()}
    found = [(run_id, problem_of(log, run_id, solved=False)) for run_id in failed if run_id not in shown]
    return [error_row(log, run_id, problem) for run_id, problem in found if problem is not None]


def shown_rows(settled: list[Row], mode: ViewMode) -> list[Row]:
    """Stored rows that a view mode shows, with the agent's tile on the first card of each of its turns."""
    return _with_leads([row for row in settled if row.kind in VISIBLE[mode]], "")


def tail_rows(log: TranscriptLog, shown: list[Row], live: list[Row], mode: ViewMode) -> list[Row]:
    """Live rows that a view mode shows below the stored ones."""
    tail = [row for row in live if row.kind in VISIBLE[mode]]
    waiting = _working_row(log, shown, tail)
    if waiting is not None:
        place = next((i for i, row in enumerate(tail) if row.kind == "queued"), len(tail))
        tail.insert(place, waiting)
    before = next((row.kind for row in reversed(shown) if row.kind != "error"), "")
    return _with_leads(tail, before)


def _with_leads(rows: list[Row], before: str) -> list[Row]:
    for index, row in enumerate(rows):
        lead = row.kind in _AGENT and before not in _AGENT
        if lead != row.lead:
            rows[index] = replace(row, lead=lead)
        before = row.kind if row.kind != "error" else before
    return rows


def _draft_row(log: TranscriptLog, draft: Draft) -> Row:
    message_id, message_type, call_id = draft.key
    base = Row(
        key="", kind="assistant", text=draft.text, state="writing", at=int(draft.began * 1_000_000), run_id=draft.run_id
    )
    if message_type == "reasoning_message":
        seconds = thinking_seconds(log, message_id)
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
    key = user_key(pending.otid, "")
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
    text = live.progress.text if live and live.progress else ""
    return Row(key=f"working:{run_id}", kind="working", text=text, state="writing", run_id=run_id)
