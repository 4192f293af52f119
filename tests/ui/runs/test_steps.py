"""What a run did, as rows with bars: model calls, waits, tools, changes, each with its time."""

from app.domain.history import MemoryEvent, Origin
from app.domain.message import ToolReturnPart
from app.domain.page import RunReport
from app.domain.run import Run, Step, Usage
from app.ui.runs.steps import READS, WAITS, WRITES, rows_of
from app.ui.runs.timeline import ticks
from app.ui.runs.words import took
from tests.support.values.samples import NOON, message

SECOND = 1_000_000
RUN = Run(
    id="run-1",
    agent_id="agent-1",
    conversation_id="conv-1",
    status="completed",
    stop_reason="end_turn",
    created_at=NOON,
    completed_at=NOON + 6 * SECOND,
)


def step(number: int, start: float, first: float, end: float, **fields: object) -> Step:
    at = (NOON + round(moment * SECOND) for moment in (start, first, end))
    created, spoke, over = at
    given = {"id": f"step-{number}", "run_id": "run-1", "agent_id": "agent-1", "step_no": number, "model": "s/tiny"}
    times = {"created_at": created, "first_token_at": spoke, "completed_at": over}
    return Step.model_validate({**given, **times, "status": "completed", **fields})


def report() -> RunReport:
    returned = ToolReturnPart(tool_call_id="c", name="memory_replace", status="success", text="Done.", duration_ms=40)
    said = message("tool", returned, at=NOON + round(3.04 * SECOND), step_id="step-1")
    change = MemoryEvent(
        seq=7,
        id="event-1",
        at=NOON + round(3.04 * SECOND),
        agent_id="agent-1",
        target_kind="block",
        target_id="block-1",
        label="human",
        op="update",
        before={"value": "a"},
        after={"value": "b"},
        version=7,
        origin=Origin(actor="agent", run_id="run-1", step_id="step-1"),
    )
    usage = Usage(prompt_tokens=1000, completion_tokens=50, cached_tokens=800)
    steps = (step(1, 0.5, 1.5, 3, usage=usage), step(2, 3.05, 4, 6, attempt=2))
    return RunReport(run=RUN, steps=steps, messages=(said,), changes=(change,))


def test_each_part_of_a_run_has_its_time():
    rows = rows_of(report(), NOON + 9 * SECOND)
    assert [(row.depth, row.title, row.took) for row in rows] == [
        (0, "Run", "6.00 s"),
        (1, "Step 1", "2.54 s"),
        (2, "Waited", "500 ms"),
        (2, "Model call", "2.50 s"),
        (2, "memory_replace", "40 ms"),
        (2, "Memory changed", ""),
        (1, "Step 2", "2.95 s"),
        (2, "Model call", "2.95 s"),
    ]
    wait, call = rows[2].bars[0], rows[3]
    assert (wait.kind, wait.end - wait.start) == (WAITS, SECOND // 2)
    assert [(bar.kind, bar.end - bar.start) for bar in call.bars] == [(READS, SECOND), (WRITES, 3 * SECOND // 2)]
    assert call.note == "tiny, 800 of 1,000 reused"
    assert rows[7].note == "tiny, attempt 2"
    assert rows[5].change is not None
    assert len({row.key for row in rows}) == len(rows)


def test_what_goes_on_grows_until_now():
    going = report().model_copy(update={"run": RUN.model_copy(update={"completed_at": None, "stop_reason": None})})
    assert rows_of(going, NOON + 9 * SECOND)[0].took == "9.00 s"
    assert rows_of(going, NOON + 9 * SECOND)[0].note == "goes on"


def test_marks_are_round_and_few():
    for span in (1, 900, 94_000, 5_600_000, 7_000_000_000, 10**13):
        marks = ticks(span)
        assert 1 <= len(marks) <= 7
        assert all(at < span for at, _ in marks)
    assert [words for _, words in ticks(5_600_000)] == ["0 ms", "2.00 s", "4.00 s"]
    assert took(None) == ""
