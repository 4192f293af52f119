"""How a run says its end: the last events of its log, and of its readers where the end could not be stored."""

from app.domain.run import Failure, StopReason, Usage
from app.domain.wire_message import ErrorMessage, Payload, StopReasonObject, UsageStatistics


def closing_payloads(
    run_id: str, stop_reason: StopReason, failure: Failure | None, usage: Usage
) -> tuple[Payload, ...]:
    """The error if there is one, the stop reason, the counts: in this order, each once per run."""
    stop = StopReasonObject(stop_reason=stop_reason)
    statistics = UsageStatistics(
        completion_tokens=usage.completion_tokens,
        prompt_tokens=usage.prompt_tokens,
        total_tokens=usage.completion_tokens + usage.prompt_tokens,
        step_count=usage.steps,
        run_ids=(run_id,),
        cached_input_tokens=usage.cached_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        context_tokens=usage.context_tokens,
    )
    if failure is None:
        return stop, statistics
    error = ErrorMessage(run_id=run_id, error_type=failure.code, message=failure.message, detail=failure.hint)
    return error, stop, statistics
