"""Messages: to say something to an agent, whole, streamed or in the background; to read and to search what was said."""

import json
from dataclasses import replace

from starlette.responses import Response

from app.domain.conversation import Conversation
from app.domain.error import Conflict, Invalid
from app.domain.ids import is_id
from app.domain.json_value import JsonObject, object_of
from app.domain.message import MessageScope
from app.domain.page import MessageFilter
from app.domain.retrieval import reason_text
from app.domain.run import ACTIVE, Run
from app.domain.wire_message import WireMessage, iso
from app.rest.call import AnyCall, Call, Endpoint
from app.rest.callbacks import call_back, without_login
from app.rest.errors import Misshapen
from app.rest.requests.lookups import thread_of
from app.rest.requests.pages import window_of
from app.rest.requests.threads import objects, one_message, thread_page
from app.rest.requests.turns import (
    asked_run,
    start,
    still_waiting,
    stream,
    turn_of,
    waiting_answer,
    waiting_stream,
    whole_answer,
)
from app.rest.sse import StreamPlan
from app.rest.wire.base import Nothing
from app.rest.wire.messages import (
    CancelAgentRunRequest,
    FoundMessage,
    LettaRequest,
    LettaResponse,
    MessageQuery,
    MessageSearchRequest,
)
from app.rest.wire.runs import Run as WireRun
from app.rest.wire.runs import run_to_wire
from app.rest.wire.times import time_of


async def list_messages(call: Call[MessageQuery, None]) -> list[WireMessage]:
    """Messages of the agent in all its threads, or in one: a window by the given order, oldest first inside it."""
    query, agent_id = call.query, call.id("agent_id")
    place = await thread_of(call, query.conversation_id or agent_id, agent_id)
    if query.conversation_id is None:
        return await _window(call, place, MessageFilter(agent_id=agent_id))
    return await _window(call, place, MessageFilter(conversation_id=place.active_id))


async def _window(call: Call[MessageQuery, None], thread: Conversation | None, of: MessageFilter) -> list[WireMessage]:
    """`thread`: the one whose system message is the first in the list."""
    page, types = window_of(call.query), call.query.include_return_message_types
    messages = await thread_page(call, thread, of.model_copy(update={"types": types}), page)
    return objects(messages[::-1] if page.descending else messages, types)


async def _place(call: Call[Nothing, LettaRequest]) -> str:
    """Where a message goes: what is shown of the thread that is named, else the agent, whose own one is found when the
    message is stored.
    """
    agent_id, named = call.id("agent_id"), call.body.conversation_id
    return agent_id if named in (None, "default", agent_id) else (await thread_of(call, named, agent_id)).active_id


async def send(call: Call[Nothing, LettaRequest]) -> LettaResponse:
    """Says something to the agent and answers with all it says; with `streaming` as a stream of events."""
    place = await _place(call)
    if call.body.streaming:
        if call.old:
            raise Misshapen("body.streaming: use the stream route")
        return await streamed(call, place)  # type: ignore[return-value]
    return await answered(call, place)


async def send_streaming(call: Call[Nothing, LettaRequest]) -> LettaResponse:
    """Says something to the agent and answers with a stream of events."""
    place = await _place(call)
    return await streamed(call, place)  # type: ignore[return-value]


async def preview(call: Call[Nothing, LettaRequest]) -> JsonObject:
    """The request that the model server would get for these messages; nothing is sent and nothing stored."""
    return await previewed(call, await _place(call))


async def previewed(call: Call[Nothing, LettaRequest], place: str) -> JsonObject:
    turn = await turn_of(call, place, call.body, "send_message")
    if is_id(place, "agent"):
        place = (await call.services.conversations.default_of(place)).active_id
    said = () if turn.message is None else (*turn.options.earlier, turn.message)
    sent = await call.services.requests.payload(place, said)
    return object_of(json.loads(sent))


async def answered(call: Call[Nothing, LettaRequest], place: str) -> LettaResponse:
    turn = await turn_of(call, place, call.body, "send_message")
    mark, run = await asked_run(call, turn)
    try:
        left = await still_waiting(call.services, turn, run)
        if left is not None:
            return waiting_answer(left)
        return await whole_answer(call.services, run, call.body.include_return_message_types)
    finally:
        if not await call.request.is_disconnected():
            call.context.unanswered.pop(mark, None)


async def streamed(call: Call[Nothing, LettaRequest], place: str) -> Response:
    body = call.body
    turn = await turn_of(call, place, body, "send_message_streaming", bool(body.background))
    run = await start(call.services, turn)
    left = await still_waiting(call.services, turn, run)
    if left is not None:
        return waiting_stream(call.context, left)
    types = body.include_return_message_types
    plan = StreamPlan(
        run.id,
        tokens=bool(body.stream_tokens),
        numbered=bool(body.background),
        types=None if types is None else frozenset(types),
    )
    return stream(call.context, plan, body.include_pings is not False)


async def send_async(call: Call[Nothing, LettaRequest]) -> WireRun:
    """Says something to the agent and answers at once with the run, to be asked for or to be told of."""
    place = await _place(call)
    turn = await turn_of(call, place, call.body, "send_message_async", background=True)
    address = call.body.callback_url
    stored = None if address is None else without_login(address)
    options = turn.options.model_copy(update={"callback_url": stored})
    run = await start(call.services, replace(turn, options=options))
    page = await call.services.listing.run(run.id)
    request = page.requests.get(run.id)
    if request is not None and request.callback_url is not None and request.callback_sent_at is None:
        call.context.spawn(call_back(call.context, request, address))
    return run_to_wire(run, page)


async def cancel(call: Call[Nothing, CancelAgentRunRequest | None]) -> JsonObject:
    """Stops the agent's runs, or those that are named."""
    agent_id = call.id("agent_id")
    await call.services.agents.get(agent_id)
    named = call.body.run_ids if call.body else None
    if named:
        runs = [await call.services.runs.get(run_id) for run_id in dict.fromkeys(named)]
        runs = [run for run in runs if run.agent_id == agent_id]
    else:
        runs = [run for run in await call.services.runs.active() if run.agent_id == agent_id]
    return await cancelled(call, runs)


async def cancelled(call: AnyCall, runs: list[Run]) -> JsonObject:
    if not runs:
        raise nothing_runs()
    return {run.id: await _cancel(call, run) for run in runs}


def nothing_runs() -> Conflict:
    return Conflict("No active runs found, so nothing was cancelled.", hint="A run may have ended already.")


async def _cancel(call: AnyCall, run: Run) -> str:
    if run.status not in ACTIVE:
        return "failed"
    ended = await call.services.runs.cancel(run.id)
    return "cancelled" if ended.status == "cancelled" else "failed"


async def list_all(call: Call[MessageQuery, None]) -> list[WireMessage]:
    """Messages of all agents, of one, or of one conversation: a window by the given order, oldest first inside it."""
    query = call.query
    if query.conversation_id is None:
        if query.agent_id is None:
            return await _window(call, None, MessageFilter())
        place = await thread_of(call, query.agent_id)
        return await _window(call, place, MessageFilter(agent_id=query.agent_id))
    place = await thread_of(call, query.conversation_id, query.agent_id)
    return await _window(call, place, MessageFilter(conversation_id=place.active_id))


async def get_message(call: Call[Nothing, None]) -> list[WireMessage]:
    """The one to three objects of a message."""
    return objects([await one_message(call, call.id("message_id"))])


async def update_message(call: Call[Nothing, None]) -> None:
    """Refused: messages never change."""
    raise Invalid(
        "Messages never change: other conversations may hold them too.", code="immutable", hint="Send a new one."
    )


async def search(call: Call[Nothing, MessageSearchRequest]) -> list[FoundMessage]:
    """Finds messages, best first: by meaning and words (`hybrid`, `vector`), or by words alone (`fts`)."""
    body = call.body
    start, end = time_of(body.start_date, "start_date"), time_of(body.end_date, "end_date")
    if body.agent_id is not None:
        await call.services.agents.get(body.agent_id)
    place = await thread_of(call, body.conversation_id, body.agent_id) if body.conversation_id is not None else None
    here = None if place is None else place.active_id
    scope = MessageScope(agent_id=body.agent_id, conversation_id=here, start=start, end=end)
    found = await call.services.recall.messages(body.query, scope, body.limit, body.search_mode != "fts")
    return [
        FoundMessage(
            message_type=f"{hit.message.role}_message",
            message_id=hit.message.id,
            agent_id=hit.message.agent_id,
            conversation_id=None if hit.in_default else hit.thread_id,
            conversation_ids=hit.thread_ids,
            created_at=iso(hit.message.created_at),
            content=hit.message.text,
            reasons=reason_text(hit.reasons),
        )
        for hit in found.hits
    ]


_OF_AGENT = "/v1/agents/{agent_id}/messages"
ENDPOINTS = (
    Endpoint("GET", _OF_AGENT, list_messages),
    Endpoint("POST", _OF_AGENT, send),
    Endpoint("POST", f"{_OF_AGENT}/stream", send_streaming),
    Endpoint("POST", f"{_OF_AGENT}/async", send_async),
    Endpoint("POST", f"{_OF_AGENT}/cancel", cancel),
    Endpoint("POST", f"{_OF_AGENT}/preview-raw-payload", preview),
    Endpoint("PATCH", f"{_OF_AGENT}/{{message_id}}", update_message),
    Endpoint("GET", "/v1/messages", list_all),
    Endpoint("POST", "/v1/messages/search", search),
    Endpoint("GET", "/v1/messages/{message_id}", get_message),
)
