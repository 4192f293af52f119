"""Steps: model calls with their cost, their times, their exact bytes, and what people think of them."""

from app.domain.page import MessageFilter, PageRequest, StepFilter
from app.domain.wire_message import WireMessage
from app.rest.call import AnyCall, Call, Endpoint
from app.rest.requests.pages import MESSAGE_PAGE, asked_page
from app.rest.requests.threads import objects
from app.rest.wire.base import ForwardQuery, Nothing
from app.rest.wire.runs import (
    FeedbackRequest,
    ProviderTrace,
    Step,
    StepMetrics,
    StepQuery,
    metrics_to_wire,
    step_to_wire,
    trace_to_wire,
)
from app.rest.wire.times import time_of


async def steps_to_wire(call: AnyCall, wanted: StepFilter, page: PageRequest) -> list[Step]:
    found = await call.services.listing.steps(wanted, page)
    return [step_to_wire(step, found) for step in found.steps]


async def list_steps(call: Call[StepQuery, None]) -> list[Step]:
    """Steps of all runs, newest first."""
    query = call.query
    wanted = StepFilter(
        agent_id=query.agent_id,
        model=query.model,
        start=time_of(query.start_date, "query.start_date"),
        end=time_of(query.end_date, "query.end_date"),
        feedback=query.feedback,
        has_feedback=query.has_feedback,
        tags=query.tags,
    )
    return await steps_to_wire(call, wanted, asked_page(query, "step"))


async def get_step(call: Call[Nothing, None]) -> Step:
    """One step."""
    page = await call.services.steps.get(call.id("step_id"))
    return step_to_wire(page.steps[0], page)


async def metrics(call: Call[Nothing, None]) -> StepMetrics:
    """How long the model and the tools took."""
    page = await call.services.steps.get(call.id("step_id"))
    said = await call.services.steps.messages(call.id("step_id"))
    tool_ms = sum(part.duration_ms for message in said for part in message.tool_returns)
    return metrics_to_wire(page.steps[0], tool_ms)


async def trace(call: Call[Nothing, None]) -> ProviderTrace | None:
    """What the step sent to the model server and what came back."""
    page = await call.services.steps.get(call.id("step_id"))
    return trace_to_wire(page.steps[0], await call.services.runs.trace(call.id("step_id")))


async def messages(call: Call[ForwardQuery, None]) -> list[WireMessage]:
    """What the step said and what its tools returned."""
    await call.services.steps.get(call.id("step_id"))
    wanted = MessageFilter(step_id=call.id("step_id"))
    return objects(await call.services.listing.messages(wanted, asked_page(call.query, "message", MESSAGE_PAGE)))


async def give_feedback(call: Call[Nothing, FeedbackRequest]) -> Step:
    """Says what is thought of a step; null removes it."""
    body = call.body
    tags = (body.tags or ()) if body.has("tags") else None
    await call.services.steps.give_feedback(call.id("step_id"), body.feedback, tags)
    page = await call.services.steps.get(call.id("step_id"))
    return step_to_wire(page.steps[0], page)


_ONE = "/v1/steps/{step_id}"
ENDPOINTS = (
    Endpoint("GET", "/v1/steps", list_steps),
    Endpoint("GET", _ONE, get_step),
    Endpoint("GET", f"{_ONE}/metrics", metrics),
    Endpoint("GET", f"{_ONE}/trace", trace),
    Endpoint("GET", f"{_ONE}/messages", messages),
    Endpoint("PATCH", f"{_ONE}/feedback", give_feedback),
    Endpoint("GET", "/v1/telemetry/{step_id}", trace),
)
