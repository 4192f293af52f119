"""What a run did in which order, as rows with bars in time: steps, model calls, tools, changes of memory."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from app.domain.history import MemoryEvent
from app.domain.message import Message
from app.domain.page import RunReport
from app.domain.run import Step
from app.ui.kit.wording import count, counted
from app.ui.runs.words import ending_words, took

READS, WRITES, TOOL, WHOLE, WAITS = "reads", "writes", "tool", "whole", "waits"
"""Kinds of bars: a server reads the prompt, writes the reply; a tool works; a step or run as a whole; a wait."""


def tr(text: str) -> str:
    return QCoreApplication.translate("runs", text)


@dataclass(frozen=True)
class Bar:
    """Microseconds since 1970."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class StepRow:
    key: str
    depth: int
    icon: str
    title: str
    note: str
    bars: tuple[Bar, ...]
    took: str
    failed: bool = False
    step_id: str = ""
    change: MemoryEvent | None = None
    folds: bool | None = None
    """Whether what belongs to it is folded away; None: nothing belongs to it."""


def unfolded(rows: Sequence[StepRow], folded: Collection[str]) -> tuple[StepRow, ...]:
    """Without what lies deeper below a row that is folded."""
    shown: list[StepRow] = []
    deepest = None
    for row, after in zip(rows, (*rows[1:], None), strict=True):
        if deepest is not None and row.depth > deepest:
            continue
        holds = after is not None and after.depth > row.depth
        deepest = row.depth if holds and row.key in folded else None
        shown.append(replace(row, folds=deepest is not None) if holds else row)
    return tuple(shown)


def rows_of(report: RunReport, now: int) -> tuple[StepRow, ...]:
    """`now`: where the bars of what still goes on end."""
    run = report.run
    end = run.completed_at or now
    whole = Bar(run.created_at, max(end, run.created_at), WHOLE)
    note = ending_words(run) if run.stop_reason is not None else tr("goes on")
    failed = run.status == "failed"
    rows = [StepRow(run.id, 0, "runs", tr("Run"), note, (whole,), took(end - run.created_at), failed)]
    before = run.created_at
    changes: dict[str | None, list[MemoryEvent]] = {}
    for event in report.changes:
        changes.setdefault(event.origin.step_id, []).append(event)
    for step in report.steps:
        said = [message for message in report.messages if message.step_id == step.id]
        rows += _of_step(step, said, changes.get(step.id, ()), before, end)
        before = step.completed_at or end
    return tuple(rows)


def _of_step(
    step: Step, said: Sequence[Message], changes: Iterable[MemoryEvent], before: int, end: int
) -> list[StepRow]:
    over = step.completed_at or end
    tools = [_tool(step, message, number) for message in said for number in range(len(message.tool_returns))]
    last = max([over, *(row.bars[0].end for row in tools)])
    usage = step.usage
    tokens = tr("{0} in, {1} out").format(count(usage.prompt_tokens), count(usage.completion_tokens))
    title = tr("Summary") if step.purpose == "summary" else tr("Step {}").format(step.step_no)
    failed = step.status == "failed"
    rows = [
        StepRow(
            step.id,
            1,
            "step",
            title,
            tokens if usage.prompt_tokens else "",
            (Bar(step.created_at, last, WHOLE),),
            took(last - step.created_at),
            failed,
            step.id,
        )
    ]
    if step.created_at - before > WORTH_A_ROW:
        wait = Bar(before, step.created_at, WAITS)
        rows.append(StepRow(f"{step.id} wait", 2, "clock", tr("Waited"), "", (wait,), took(wait.end - wait.start)))
    rows.append(_call(step, over))
    rows += tools
    rows += (_change(step, event) for event in changes)
    return rows


WORTH_A_ROW = 100_000
"""Microseconds that a wait must take to be told."""


def _call(step: Step, over: int) -> StepRow:
    first = step.first_token_at
    bars = (Bar(step.created_at, first, READS), Bar(first, over, WRITES)) if first is not None else ()
    bars = bars or (Bar(step.created_at, over, READS),)
    notes = [step.model.partition("/")[2] or step.model]
    if step.attempt > 1:
        notes.append(tr("attempt {}").format(step.attempt))
    if step.usage.cached_tokens:
        words = tr("{0} of {1} reused")
        notes.append(words.format(count(step.usage.cached_tokens), count(step.usage.prompt_tokens)))
    if step.repairs:
        notes.append(counted(len(step.repairs), tr("{} repair"), tr("{} repairs")))
    return StepRow(
        f"{step.id} call",
        2,
        "model",
        tr("Model call"),
        ", ".join(notes),
        bars,
        took(over - step.created_at),
        step.status == "failed",
        step.id,
    )


def _tool(step: Step, message: Message, number: int) -> StepRow:
    part = message.tool_returns[number]
    lasted = part.duration_ms * 1000
    start = max(step.completed_at or 0, message.created_at - lasted)
    bar = Bar(start, max(message.created_at, start), TOOL)
    failed = part.status == "error"
    note = " ".join(part.text[:80].split())
    return StepRow(
        f"{step.id} tool {number}", 2, "tool", part.name, note, (bar,), took(lasted or None), failed, step.id
    )


def _change(step: Step, event: MemoryEvent) -> StepRow:
    note = f"{event.label} v{event.version}" if event.target_kind == "block" else event.label
    bar = Bar(event.at, event.at, WHOLE)
    return StepRow(f"change {event.seq}", 2, "memory", tr("Memory changed"), note, (bar,), "", False, step.id, event)
