"""Runs: every message request is one; read, watched again and deleted here."""

from app.domain.error import Invalid, NotFound
from app.domain.ids import is_id
from app.domain.json_value import JsonObject
from app.domain.page import OLDEST_FIRST, MessageFilter, RunFilter, RunPage, StepFilter, ToolFilter
from app.domain.run import ACTIVE
from app.domain.run import Run as OurRun
from app.domain.wire_message import WireMessage
from app.rest.call import AnyCall, Call, Endpoint
from app.rest.requests.lookups import thread_of
from app.rest.requests.pages import MESSAGE_PAGE, RUN_PAGE, asked_page
from app.rest.requests.threads import objects
from app.rest.requests.turns import stream
from app.rest.routes.conversations import resumed
from app.rest.routes.steps import steps_to_wire
from app.rest.wire.base import ForwardQuery, Nothing, PageQuery
from app.rest.wire.messages import LettaResponse, RetrieveStreamRequest
from app.rest.wire.runs import (
    Run,
    RunMetrics,
    RunQuery,
    Step,
    UsageOfRun,
    run_metrics_to_wire,
    run_to_wire,
    usage_to_wire,
)


async def filter_of(call: Call[RunQuery, None]) -> RunFilter:
    query = call.query
    agents = (query.agent_id,) if query.agent_id is not None else query.agent_ids
    thread = query.conversation_id
    if thread == "default" or (thread is not None and is_id(thread, "agent")):
        thread = (await thread_of(call, thread, agents[0] if len(agents) == 1 else None)).id
    return RunFilter(
        agent_ids=agents,
        conversation_id=thread,
        statuses=ACTIVE if query.active else query.statuses,
        stop_reason=query.stop_reason,
        background=query.background,
    )


async def list_runs(call: Call[RunQuery, None]) -> list[Run]:
    """Runs, newest first."""
    page = await call.services.listing.runs(await filter_of(call), asked_page(call.query, "run", RUN_PAGE))
    return [run_to_wire(run, page) for run in page.runs]


async def list_active(call: Call[RunQuery, None]) -> list[Run]:
    """Runs that go on now."""
    wanted = (await filter_of(call)).model_copy(update={"statuses": ACTIVE})
    page = await call.services.listing.runs(wanted, asked_page(call.query, "run", RUN_PAGE))
    return [run_to_wire(run, page) for run in page.runs]


async def one_run(call: AnyCall, run_id: str) -> tuple[OurRun, RunPage]:
    page = await call.services.listing.run(run_id)
    if not page.runs:
        raise NotFound("This run no longer exists.", hint="It was deleted.")
    return page.runs[0], page


async def get_run(call: Call[Nothing, None]) -> Run:
    """One run."""
    return run_to_wire(*await one_run(call, call.id("run_id")))


async def delete_run(call: Call[Nothing, None]) -> Run:
    """Takes an ended run out of the lists; its messages stay."""
    run, page = await one_run(call, call.id("run_id"))
    await call.services.turns.delete(run.id)
    return run_to_wire(run, page)


async def messages(call: Call[ForwardQuery, None]) -> list[WireMessage]:
    """What the run was told and what it said, of the kinds that its asker wanted."""
    run, page = await one_run(call, call.id("run_id"))
    asked = asked_page(call.query, "message", MESSAGE_PAGE)
    request = page.requests.get(run.id)
    types = tuple((request.config.get("include_return_message_types") if request else None) or ())
    return objects(await call.services.listing.messages(MessageFilter(run_id=run.id, types=types), asked), types)


async def usage(call: Call[Nothing, None]) -> UsageOfRun:
    """Token counts of all steps together."""
    run, _ = await one_run(call, call.id("run_id"))
    return usage_to_wire(run)


async def steps(call: Call[PageQuery, None]) -> list[Step]:
    """The model calls of the run."""
    run, _ = await one_run(call, call.id("run_id"))
    return await steps_to_wire(call, StepFilter(run_id=run.id), asked_page(call.query, "step", RUN_PAGE))


async def metrics(call: Call[Nothing, None]) -> RunMetrics:
    """How long the run took, and which tools it called."""
    run, _ = await one_run(call, call.id("run_id"))
    said = await call.services.listing.run_messages(run.id)
    names = dict.fromkeys(part.name for message in said for part in message.tool_calls)
    found = await call.services.tools.list(ToolFilter(names=tuple(names))) if names else ()
    tools = {tool.name: tool.id for tool in found}
    return run_metrics_to_wire(run, tuple(tools[name] for name in names if name in tools))


async def trace(call: Call[PageQuery, None]) -> list[JsonObject]:
    """Spans of the run: each model call and each tool, with their times."""
    run, _ = await one_run(call, call.id("run_id"))
    page = await call.services.listing.steps(StepFilter(run_id=run.id), OLDEST_FIRST)
    spans: list[JsonObject] = []
    for step in page.steps:
        took = (step.completed_at - step.created_at) * 1000 if step.completed_at else None
        spans.append(_span("agent_step", step.id, step.id, step.created_at * 1000, took))
    for message in await call.services.listing.run_messages(run.id):
        for part in message.tool_returns:
            begun = (message.created_at - part.duration_ms * 1000) * 1000
            spans.append(_span(part.name, part.tool_call_id, message.step_id, begun, part.duration_ms * 1_000_000))
    return spans[: call.query.limit or len(spans)]


def _span(name: str, span_id: str, step_id: str | None, start_ns: int, duration_ns: int | None) -> JsonObject:
    return {"name": name, "span_id": span_id, "step_id": step_id, "start_time_ns": start_ns, "duration_ns": duration_ns}


async def resume(call: Call[Nothing, RetrieveStreamRequest | None]) -> LettaResponse:
    """Takes up the stream of a run in the background, from the first event after `starting_after` to its end."""
    body = call.body or RetrieveStreamRequest()
    run, _ = await one_run(call, call.id("run_id"))
    if not run.background:
        raise Invalid("Only background runs can be resumed.", hint="Start them with background=true.")
    plan = await resumed(call, run, body.starting_after or 0)
    return stream(call.context, plan, body.include_pings is not False)  # type: ignore[return-value]


_ONE = "/v1/runs/{run_id}"
ENDPOINTS = (
    Endpoint("GET", "/v1/runs", list_runs),
    Endpoint("GET", "/v1/runs/active", list_active),
    Endpoint("GET", _ONE, get_run),
    Endpoint("DELETE", _ONE, delete_run),
    Endpoint("GET", f"{_ONE}/messages", messages),
    Endpoint("GET", f"{_ONE}/usage", usage),
    Endpoint("GET", f"{_ONE}/steps", steps),
    Endpoint("GET", f"{_ONE}/metrics", metrics),
    Endpoint("GET", f"{_ONE}/trace", trace),
    Endpoint("POST", f"{_ONE}/stream", resume),
)
