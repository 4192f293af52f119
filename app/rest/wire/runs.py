"""Runs, jobs, steps and what was traced of them on the wire."""

import json
from typing import Any

from app.domain.json_value import JsonObject, is_object
from app.domain.model import ModelHandle
from app.domain.page import RunPage, StepPage
from app.domain.run import STOP_REASONS, RunStatus, StepTrace, StopReason
from app.domain.run import Run as OurRun
from app.domain.run import Step as OurStep
from app.domain.turn import Feedback
from app.domain.wire_message import iso
from app.rest.constants import ORGANISATION_ID, USER_ID
from app.rest.errors import error_type
from app.rest.wire.base import Audited, Name, PageQuery, RequestModel, ResponseModel, maybe_iso

DEFAULT_CONFIG: JsonObject = {
    "use_assistant_message": True,
    "assistant_message_tool_name": "send_message",
    "assistant_message_tool_kwarg": "message",
    "include_return_message_types": None,
}
RUN_TYPE = "run_type"
USUAL_RUN_TYPE = "send_message"
"""Not stored: most requests then need no row of their own beside their run."""
"""Where a run's request keeps how it was asked for; told in the run's metadata."""
STEP_STATUS = {"completed": "success", "failed": "failed", "cancelled": "cancelled"}


class Run(ResponseModel):
    id: str
    status: RunStatus
    created_at: str
    completed_at: str | None
    agent_id: str
    conversation_id: str | None
    base_template_id: str | None = None
    background: bool | None
    metadata: JsonObject | None
    request_config: JsonObject | None
    stop_reason: StopReason | None
    callback_url: str | None
    callback_sent_at: str | None
    callback_status_code: int | None
    callback_error: str | None
    ttft_ns: int | None
    total_duration_ns: int | None


class Job(Audited):
    status: str
    completed_at: str | None
    stop_reason: StopReason | None
    metadata: JsonObject | None
    job_type: str = "run"
    background: bool | None
    agent_id: str | None
    callback_url: str | None
    callback_sent_at: str | None
    callback_status_code: int | None
    callback_error: str | None
    ttft_ns: int | None
    total_duration_ns: int | None
    id: str
    user_id: str | None = USER_ID


class Step(ResponseModel):
    id: str
    origin: str | None = None
    organization_id: str | None = ORGANISATION_ID
    provider_id: str | None = None
    run_id: str | None
    agent_id: str | None
    provider_name: str | None
    provider_category: str | None = "base"
    model: str | None
    model_handle: str | None
    model_endpoint: str | None = None
    context_window_limit: int | None = None
    completion_tokens: int | None
    prompt_tokens: int | None
    total_tokens: int | None
    cached_input_tokens: int | None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None
    completion_tokens_details: JsonObject | None = None
    prompt_tokens_details: JsonObject | None = None
    stop_reason: StopReason | None
    tags: tuple[str, ...]
    tid: str | None = None
    trace_id: str | None = None
    request_id: str | None = None
    messages: tuple[JsonObject, ...] = ()
    feedback: Feedback | None
    project_id: str | None = None
    error_type: str | None
    error_data: JsonObject | None
    status: str | None


class StepMetrics(ResponseModel):
    id: str
    organization_id: str | None = ORGANISATION_ID
    provider_id: str | None = None
    run_id: str | None
    agent_id: str | None
    step_start_ns: int | None
    llm_request_start_ns: int | None
    llm_request_ns: int | None
    tool_execution_ns: int | None
    step_ns: int | None
    base_template_id: str | None = None
    template_id: str | None = None
    project_id: str | None = None


class RunMetrics(ResponseModel):
    id: str
    organization_id: str | None = ORGANISATION_ID
    agent_id: str | None
    project_id: str | None = None
    base_template_id: str | None = None
    template_id: str | None = None
    run_start_ns: int | None
    run_ns: int | None
    num_steps: int | None
    tools_used: tuple[str, ...] | None
    """Ids of the tools that were called."""


class ProviderTrace(Audited):
    id: str
    request_json: JsonObject
    response_json: JsonObject
    step_id: str | None
    agent_id: str | None = None
    agent_tags: tuple[str, ...] | None = None
    call_type: str | None = "agent_step"
    run_id: str | None = None
    source: str | None = None
    org_id: str | None = ORGANISATION_ID
    user_id: str | None = USER_ID
    compaction_settings: JsonObject | None = None
    llm_config: JsonObject | None = None
    billing_context: JsonObject | None = None


class UsageOfRun(ResponseModel):
    completion_tokens: int
    prompt_tokens: int
    total_tokens: int
    prompt_tokens_details: JsonObject | None
    completion_tokens_details: JsonObject | None


class RunQuery(PageQuery):
    agent_id: Name | None = None
    agent_ids: tuple[Name, ...] = ()
    statuses: tuple[RunStatus, ...] = ()
    background: bool | None = None
    stop_reason: StopReason | None = None
    conversation_id: Name | None = None
    active: bool | None = None


class JobQuery(PageQuery):
    active: bool | None = None
    source_id: Name | None = None


class StepQuery(PageQuery):
    start_date: Name | None = None
    end_date: Name | None = None
    model: Name | None = None
    agent_id: Name | None = None
    trace_ids: tuple[Name, ...] = ()
    feedback: Feedback | None = None
    has_feedback: bool | None = None
    tags: tuple[Name, ...] = ()
    project_id: Name | None = None


class FeedbackRequest(RequestModel):
    feedback: Feedback | None = None
    tags: tuple[Name, ...] | None = None


def run_to_wire(run: OurRun, page: RunPage) -> Run:
    request = page.requests.get(run.id)
    first = page.first_token_at.get(run.id)
    config = request.config if request else {}
    return Run(
        id=run.id,
        status=run.status,
        created_at=iso(run.created_at),
        completed_at=maybe_iso(run.completed_at),
        agent_id=run.agent_id,
        conversation_id=page.threads.get(run.conversation_id),
        background=run.background,
        metadata=_metadata(run, config),
        request_config={**DEFAULT_CONFIG, **{name: config[name] for name in config if name != RUN_TYPE}},
        stop_reason=run.stop_reason,
        callback_url=request.callback_url if request else None,
        callback_sent_at=maybe_iso(request.callback_sent_at) if request else None,
        callback_status_code=request.callback_status_code if request else None,
        callback_error=request.callback_error if request else None,
        ttft_ns=(first - run.created_at) * 1000 if first else None,
        total_duration_ns=(run.completed_at - run.created_at) * 1000 if run.completed_at else None,
    )


def _metadata(run: OurRun, config: JsonObject) -> JsonObject:
    """How it was asked for, and why it failed."""
    kind = {RUN_TYPE: config.get(RUN_TYPE, USUAL_RUN_TYPE)}
    failure = run.failure
    if failure is None:
        return kind
    by_model = run.stop_reason is not None and STOP_REASONS[run.stop_reason].by_model
    told = error_type(failure.code) if by_model else failure.code
    return {**kind, "error": {"type": told, "message": failure.message, "detail": failure.hint}}


def job_to_wire(run: OurRun, page: RunPage) -> Job:
    told = run_to_wire(run, page)
    shared: JsonObject = {name: getattr(told, name) for name in Job.model_fields if name in Run.model_fields}
    changed: JsonObject = {"id": f"job-{run.id.partition('-')[2]}", "updated_at": told.completed_at}
    return Job(**(shared | changed))


def step_to_wire(step: OurStep, page: StepPage) -> Step:
    said, run = page.feedback.get(step.id), page.runs.get(step.run_id)
    usage = step.usage
    provider, name = ModelHandle.parse(step.model)
    failure = run.failure if run and step.status == "failed" else None
    return Step(
        id=step.id,
        run_id=step.run_id,
        agent_id=step.agent_id,
        provider_name=provider or None,
        model=name or None,
        model_handle=step.model or None,
        model_endpoint=_endpoint(page, provider),
        context_window_limit=page.windows.get(step.agent_id),
        completion_tokens=usage.completion_tokens,
        prompt_tokens=usage.prompt_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        cached_input_tokens=usage.cached_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        stop_reason=run.stop_reason if run and run.usage.steps == step.step_no else None,
        tags=said.tags if said else (),
        feedback=said.feedback if said else None,
        error_type=failure.code if failure else None,
        error_data={"message": failure.message, "detail": failure.hint} if failure else None,
        status=STEP_STATUS[step.status],
    )


def _endpoint(page: StepPage, provider: str) -> str | None:
    return page.providers[provider].base_url or None if provider in page.providers else None


def metrics_to_wire(step: OurStep, tool_ms: int) -> StepMetrics:
    took = (step.completed_at - step.created_at) * 1000 if step.completed_at else None
    return StepMetrics(
        id=step.id,
        run_id=step.run_id,
        agent_id=step.agent_id,
        step_start_ns=step.created_at * 1000,
        llm_request_start_ns=step.created_at * 1000,
        llm_request_ns=took,
        tool_execution_ns=tool_ms * 1_000_000,
        step_ns=None if took is None else took + tool_ms * 1_000_000,
    )


def run_metrics_to_wire(run: OurRun, tool_ids: tuple[str, ...]) -> RunMetrics:
    return RunMetrics(
        id=run.id,
        agent_id=run.agent_id,
        run_start_ns=run.created_at * 1000,
        run_ns=(run.completed_at - run.created_at) * 1000 if run.completed_at else None,
        num_steps=run.usage.steps,
        tools_used=tool_ids,
    )


def trace_to_wire(step: OurStep, trace: StepTrace) -> ProviderTrace:
    return ProviderTrace(
        id=f"provider_trace-{step.id.partition('-')[2]}",
        request_json=_object(trace.request),
        response_json=_reply(trace),
        step_id=step.id,
        agent_id=step.agent_id,
        run_id=step.run_id,
        created_at=iso(step.created_at),
    )


def _object(text: str) -> JsonObject:
    try:
        loaded: Any = json.loads(text or "{}")
    except ValueError:
        return {"text": text}
    return loaded if is_object(loaded) else {"value": loaded}


def _reply(trace: StepTrace) -> JsonObject:
    """A streamed reply as the list of its events; anything else as it is."""
    chunks: list[Any] = []
    for line in trace.reply.splitlines():
        text = line.removeprefix("data:").strip()
        if text.startswith("{"):
            chunks.append(_object(text))
    return {"chunks": chunks, "truncated": trace.reply_truncated}


def usage_to_wire(run: OurRun) -> UsageOfRun:
    usage = run.usage
    return UsageOfRun(
        completion_tokens=usage.completion_tokens,
        prompt_tokens=usage.prompt_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        prompt_tokens_details={"cached_tokens": usage.cached_tokens} if usage.cached_tokens is not None else None,
        completion_tokens_details={"reasoning_tokens": usage.reasoning_tokens}
        if usage.reasoning_tokens is not None
        else None,
    )
