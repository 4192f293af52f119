"""Conversations: further threads of an agent, each with a context window of its own."""

from collections.abc import Sequence

from app.domain.conversation import Conversation as Row
from app.domain.error import Invalid, NotFound
from app.domain.json_value import JsonObject
from app.domain.page import ConversationFilter, MessageFilter, PageRequest, RunFilter
from app.domain.run import Run
from app.domain.wire_message import WireMessage
from app.rest.call import AnyCall, Call, Endpoint
from app.rest.errors import NotYet
from app.rest.requests.compaction import compacted
from app.rest.requests.lookups import thread_of
from app.rest.requests.pages import MESSAGE_PAGE, asked_page
from app.rest.requests.threads import objects, thread_page
from app.rest.requests.turns import stream
from app.rest.routes.messages import answered, cancelled, nothing_runs, previewed, streamed
from app.rest.sse import StreamPlan
from app.rest.wire.base import Nothing
from app.rest.wire.compaction import CompactionRequest, CompactionResponse
from app.rest.wire.conversations import (
    AgentIdQuery,
    Conversation,
    ConversationQuery,
    CreateConversation,
    CreateQuery,
    RecompileQuery,
    UpdateConversation,
    conversation_to_wire,
)
from app.rest.wire.messages import (
    LettaRequest,
    LettaResponse,
    MessageQuery,
    RetrieveStreamRequest,
)


async def _told(call: AnyCall, rows: Sequence[Row]) -> list[Conversation]:
    shown = tuple(row.active_id for row in rows)
    in_context = await call.services.listing.in_context_ids(shown)
    last = await call.services.conversations.last_said(shown)
    return [conversation_to_wire(row, in_context.get(row.active_id, ()), last.get(row.active_id)) for row in rows]


async def list_conversations(call: Call[ConversationQuery, None]) -> list[Conversation]:
    """Conversations that were begun beside the agent's default one, of an agent or of all, newest first."""
    query = call.query
    if query.agent_id is not None:
        await call.services.agents.get(query.agent_id)
    wanted = ConversationFilter(agent_id=query.agent_id, further=True, search=query.summary_search)
    return await _told(call, await call.services.conversations.list(wanted, asked_page(query, "conv")))


async def create_conversation(call: Call[CreateQuery, CreateConversation | None]) -> Conversation:
    """A further thread: the same memory, an empty context window."""
    body = call.body
    if body is not None and (body.isolated_block_labels or body.model or body.model_settings):
        raise NotYet("Conversations with blocks or a model of their own are not part of this version of Lares.")
    await call.services.agents.get(call.query.agent_id)
    row = await call.services.conversations.create(call.query.agent_id, (body.summary or "") if body else "")
    return (await _told(call, [row]))[0]


async def get_conversation(call: Call[AgentIdQuery, None]) -> Conversation:
    """One conversation."""
    return (await _told(call, [await _thread(call)]))[0]


async def update_conversation(call: Call[AgentIdQuery, UpdateConversation]) -> Conversation:
    """Changes the summary, which is the conversation's title."""
    body = call.body
    if body.model or body.model_settings:
        raise NotYet("Conversations with a model of their own are not part of this version of Lares.")
    row = await _thread(call)
    if body.has("summary"):
        row = await call.services.conversations.rename(row.id, body.summary or "")
    return (await _told(call, [row]))[0]


async def delete_conversation(call: Call[AgentIdQuery, None]) -> JsonObject:
    """Deletes a conversation; the agent's first one stays. The window can bring it back for 30 days."""
    row = await _thread(call)
    await call.services.conversations.delete(row.id)
    return {"message": f"Conversation id={row.id} successfully deleted"}


async def fork(call: Call[AgentIdQuery, None]) -> Conversation:
    """A further conversation that begins with everything said in this one."""
    row = await _thread(call)
    return (await _told(call, [await call.services.conversations.fork(row.active_id)]))[0]


async def list_messages(call: Call[MessageQuery, None]) -> list[WireMessage]:
    """Messages of the conversation, newest first unless asked otherwise."""
    row = await thread_of(call, call.id("conversation_id"), call.query.agent_id)
    page = asked_page(call.query, "message", MESSAGE_PAGE)
    types = call.query.include_return_message_types
    wanted = MessageFilter(conversation_id=row.active_id, types=types)
    return objects(await thread_page(call, row, wanted, page), types)


async def send(call: Call[Nothing, LettaRequest]) -> LettaResponse:
    """Says something in the conversation; the answer is a stream unless `streaming` is false."""
    row = await thread_of(call, call.id("conversation_id"), call.body.agent_id)
    if call.body.streaming is False:
        return await answered(call, row.active_id)
    return await streamed(call, row.active_id)  # type: ignore[return-value]


async def preview(call: Call[Nothing, LettaRequest]) -> JsonObject:
    """The request that the model server would get for these messages; nothing is sent and nothing stored."""
    row = await thread_of(call, call.id("conversation_id"), call.body.agent_id)
    return await previewed(call, row.active_id)


async def resume(call: Call[Nothing, RetrieveStreamRequest | None]) -> LettaResponse:
    """Takes up the stream of the conversation's run: the one named, or the last in the background."""
    body = call.body or RetrieveStreamRequest()
    row = await thread_of(call, call.id("conversation_id"), body.agent_id)
    run = await _run_to_stream(call, row, body)
    if not run.background:
        raise Invalid("Only background runs can be resumed.", hint="Start them with background=true.")
    plan = await resumed(call, run, body.starting_after or 0)
    return stream(call.context, plan, body.include_pings is not False)  # type: ignore[return-value]


async def resumed(call: AnyCall, run: Run, after: int) -> StreamPlan:
    """The stream of a run as its first reader asked for it, from a place on."""
    request = await call.services.turns.request(run.id)
    config = request.config if request else {}
    types = config.get("include_return_message_types")
    return StreamPlan(
        run.id,
        tokens=bool(config.get("stream_tokens")),
        numbered=True,
        after=after,
        types=None if types is None else frozenset(types),
    )


async def _run_to_stream(call: AnyCall, row: Row, body: RetrieveStreamRequest) -> Run:
    if body.run_id is not None:
        run = await call.services.runs.get(body.run_id)
        if run.agent_id == row.agent_id:
            return run
        raise NotFound("This run belongs to another agent.")
    if body.otid is not None:
        return await call.services.turns.begun_by(row.agent_id, body.otid)
    page = await call.services.listing.runs(RunFilter(conversation_id=row.id), PageRequest(limit=20))
    for run in page.runs:
        if run.active or run.background:
            return run
    raise Invalid(
        "This conversation has no run that can be resumed.", hint="Send a message with background=true first."
    )


async def cancel(call: Call[AgentIdQuery, None]) -> JsonObject:
    """Stops what runs in the conversation."""
    row = await _thread(call)
    family = await call.services.listing.runs(
        RunFilter(conversation_id=row.id, statuses=("created", "running")), PageRequest(limit=20)
    )
    if not family.runs:
        raise nothing_runs()
    return await cancelled(call, list(family.runs))


async def recompile(call: Call[RecompileQuery, AgentIdQuery | None]) -> str:
    """The system prompt as the next request will hold it."""
    agent_id = call.query.agent_id or (call.body.agent_id if call.body else None)
    return await call.services.context.prompt((await thread_of(call, call.id("conversation_id"), agent_id)).agent_id)


async def compact(call: Call[AgentIdQuery, CompactionRequest | None]) -> CompactionResponse:
    """Compacts the context window of one conversation."""
    return await compacted(call, (await _thread(call)).active_id, call.body)


async def _thread(call: AnyCall) -> Row:
    return await thread_of(call, call.id("conversation_id"), getattr(call.query, "agent_id", None))


_ONE = "/v1/conversations/{conversation_id}"
ENDPOINTS = (
    Endpoint("GET", "/v1/conversations", list_conversations),
    Endpoint("POST", "/v1/conversations", create_conversation),
    Endpoint("GET", _ONE, get_conversation),
    Endpoint("PATCH", _ONE, update_conversation),
    Endpoint("DELETE", _ONE, delete_conversation),
    Endpoint("POST", f"{_ONE}/fork", fork),
    Endpoint("GET", f"{_ONE}/messages", list_messages),
    Endpoint("POST", f"{_ONE}/messages", send),
    Endpoint("POST", f"{_ONE}/messages/preview-raw-payload", preview),
    Endpoint("POST", f"{_ONE}/preview-raw-payload", preview),
    Endpoint("POST", f"{_ONE}/stream", resume),
    Endpoint("POST", f"{_ONE}/cancel", cancel),
    Endpoint("POST", f"{_ONE}/recompile", recompile),
    Endpoint("POST", f"{_ONE}/compact", compact),
)
