"""A turn from a request: its messages, its start (now or after the one before it), and the whole answer."""

import base64
import binascii
import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response

from app.domain.approval import Answer
from app.domain.error import AppError, Conflict, Invalid
from app.domain.ids import is_id
from app.domain.message import ImagePart, InputPart, MessageDraft, TextPart
from app.domain.run import Run, StopReason
from app.domain.turn import RunOptions
from app.domain.wire_message import (
    ApprovalRequestMessage,
    ErrorMessage,
    Ping,
    StopReasonObject,
    ToolCall,
    UsageStatistics,
    WireMessage,
    iso,
)
from app.rest.call import AnyCall
from app.rest.context import RestContext
from app.rest.errors import Misshapen, NotYet, failed_run
from app.rest.sse import DONE, EventStream, StreamPlan, block_of, blocks_of, is_failure, ping_of
from app.rest.wire.base import API, MOST
from app.rest.wire.messages import (
    ApprovalCreate,
    Base64Image,
    Content,
    ImageContent,
    LettaImage,
    LettaRequest,
    LettaResponse,
    Sent,
    ToolReturnCreate,
)
from app.rest.wire.messages import MessageCreate as Created
from app.rest.wire.runs import DEFAULT_CONFIG, RUN_TYPE, USUAL_RUN_TYPE
from app.services import Services

KEPT_UNANSWERED = 1_000

KEPT_CONFIG = {**DEFAULT_CONFIG, "stream_tokens": False}
"""What is kept of how a program wants its answer, where it differs from the default."""


@dataclass(frozen=True)
class Turn:
    """What a body asks for."""

    conversation_id: str
    """Or that of an agent, whose own thread is meant."""
    message: MessageDraft | None
    """None: there are answers to calls that wait."""
    background: bool
    options: RunOptions
    answers: tuple[Answer, ...] = ()
    otid: str | None = None
    """Of the answers."""


RunType = Literal["send_message", "send_message_streaming", "send_message_async"]


async def turn_of(call: AnyCall, place: str, body: LettaRequest, run_type: RunType, background: bool = False) -> Turn:
    """The turn a body asks for. `place`: the id of a conversation or an agent. Raises before anything is stored."""
    await _check_possible(call, place, body)
    answers, otid = await _answers(call.services, place, body.messages or ())
    created = [Created(role="user", content=body.input)] if body.input is not None else _created(body.messages or ())
    messages = [await _message(call.services, one) for one in created]
    asked = {name: getattr(body, name) for name in KEPT_CONFIG}
    config = {name: value for name, value in asked.items() if value is not None and value != KEPT_CONFIG[name]}
    if run_type != USUAL_RUN_TYPE:
        config[RUN_TYPE] = run_type
    client_tools = tuple(tool.tool() for tool in body.client_tools or ())
    if answers:
        options = RunOptions(max_steps=body.max_steps, config=config, client_tools=client_tools)
        return Turn(place, None, background, options, answers, otid)
    if not messages:
        raise Invalid("A message is empty.", hint="Write something, or attach an image.")
    earlier = tuple(messages[:-1])
    options = RunOptions(earlier=earlier, max_steps=body.max_steps, config=config, client_tools=client_tools)
    return Turn(place, messages[-1], background, options)


async def start(services: Services, turn: Turn) -> Run:
    """Starts the turn as programs do."""
    if turn.message is None:
        return await services.approvals.answer(
            turn.conversation_id, turn.answers, turn.background, "api", turn.options, turn.otid, API
        )
    return await services.runs.start(turn.conversation_id, turn.message, turn.background, "api", turn.options)


async def _check_possible(call: AnyCall, place: str, body: LettaRequest) -> None:
    if body.client_skills:
        raise NotYet("Skills that the asking program brings along are not part of this version of Lares.")
    if body.override_system is not None:
        raise NotYet("Replacing the system prompt for one request is not part of this version of Lares.")
    if body.override_model is not None:
        services = call.services
        agent_id = place if is_id(place, "agent") else (await services.conversations.get(place)).agent_id
        agent = await services.agents.get(agent_id)
        if agent.model != body.override_model:
            raise NotYet("Another model for one request is not part of this version of Lares.")


def _created(sent: tuple[Sent, ...]) -> list[Created]:
    return [one for one in sent if isinstance(one, Created)]


async def _answers(services: Services, place: str, sent: tuple[Sent, ...]) -> tuple[tuple[Answer, ...], str | None]:
    """The answers to calls that wait, and the id that their message has."""
    given = [one for one in sent if isinstance(one, ApprovalCreate | ToolReturnCreate)]
    if not given:
        return (), None
    if len(given) < len(sent):
        raise Invalid(
            "Answers to calls that wait go alone.", hint="Send the other messages once the agent has gone on."
        )
    answers: list[Answer] = []
    for one in given:
        if isinstance(one, ToolReturnCreate):
            answers += (returned.answer() for returned in one.tool_returns)
        elif one.approvals is not None:
            answers += (answer.answer() for answer in one.approvals)
        else:
            answers += await _to_all(services, place, one)
    return tuple(answers), next((one.otid for one in given if one.otid is not None), None)


async def _to_all(services: Services, place: str, given: ApprovalCreate) -> tuple[Answer, ...]:
    """The older form: one answer for all calls of a request."""
    if given.approve is None:
        raise Misshapen("body.messages: approvals, or approve with approval_request_id, are needed")
    waiting = await services.approvals.in_conversation(place)
    if waiting is None:
        raise Invalid("No tool call waits for an approval here.", code="nothing_pending")
    if given.approval_request_id not in (None, waiting.message_id):
        raise Invalid("This approval_request_id is not the one that waits.", hint=f"It is {waiting.message_id}.")
    reason = given.reason or ""
    return tuple(Answer(tool_call_id=call.tool_call_id, approve=given.approve, reason=reason) for call in waiting.open)


async def _message(services: Services, created: Created) -> MessageDraft:
    return MessageDraft(
        role=created.role,
        parts=await parts_of(services, created.content),
        otid=created.otid,
        name=created.name,
        sender_id=created.sender_id,
    )


async def parts_of(services: Services, content: Content) -> tuple[InputPart, ...]:
    if isinstance(content, str):
        return (TextPart(text=content),)
    return tuple(
        [
            await _image(services, part) if isinstance(part, ImageContent) else TextPart(text=part.text)
            for part in content
        ]
    )


async def _image(services: Services, part: ImageContent) -> ImagePart:
    source = part.source
    if isinstance(source, LettaImage):
        return ImagePart(sha256=source.file_id, media_type=source.media_type or "image/png")
    if not isinstance(source, Base64Image):
        head, comma, encoded = source.url.partition(",")
        if not head.startswith("data:image/") or not comma:
            raise NotYet("Images by address are not part of this version of Lares: send them as base64.")
        source = Base64Image(media_type=head.removeprefix("data:").partition(";")[0], data=encoded)
    try:
        base64.b64decode(source.data, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("An image is not valid base64.") from None
    blob = await services.blobs.put(source.data, source.media_type)
    return ImagePart(sha256=blob.sha256, media_type=blob.media_type, width=blob.width, height=blob.height)


async def start_in_turn(call: AnyCall, turn: Turn) -> Run:
    """Starts the turn, after the one that its conversation is in. Who has gone away meanwhile is not waited for."""
    async with call.context.turn_in(turn.conversation_id):
        while True:
            try:
                return await start(call.services, turn)
            except Conflict as error:
                if error.code != "busy" or "run_id" not in error.details:
                    raise
                await ended(call.services, str(error.details["run_id"]))
                if await call.request.is_disconnected():
                    raise


async def asked_run(call: AnyCall, turn: Turn) -> tuple[bytes, Run]:
    """The turn that a request means, and its mark. The SDKs send a request again when its answer takes a minute."""
    request, unanswered = call.request, call.context.unanswered
    mark = hashlib.sha256(request.scope["path"].encode() + await request.body()).digest()
    known = unanswered.get(mark) if request.headers.get("x-stainless-retry-count", "0") != "0" else None
    if known is not None:
        return mark, await call.services.runs.get(known)
    run = await start_in_turn(call, turn)
    unanswered[mark] = run.id
    while len(unanswered) > KEPT_UNANSWERED:
        unanswered.popitem(last=False)
    return mark, run


async def ended(services: Services, run_id: str) -> None:
    """Waiting for the end of a run."""
    async for _ in services.runs.subscribe(run_id, MOST):
        pass


async def still_waiting(services: Services, turn: Turn, run: Run) -> ApprovalRequestMessage | None:
    """What is left of a request of which only some calls were answered; None: the turn goes on in `run`."""
    if turn.message is not None or run.stop_reason != "requires_approval":
        return None
    waiting = await services.approvals.in_conversation(run.conversation_id)
    if waiting is None or waiting.run_id != run.id:
        return None
    calls = tuple(
        ToolCall(name=call.name, arguments=call.arguments, tool_call_id=call.tool_call_id) for call in waiting.open
    )
    return ApprovalRequestMessage(
        id=waiting.message_id, date=iso(waiting.at), run_id=run.id, tool_call=calls[0], tool_calls=calls
    )


def waiting_answer(left: ApprovalRequestMessage) -> LettaResponse:
    """The answer to a request that answered only some of the calls."""
    stop = StopReasonObject(stop_reason="requires_approval")
    return LettaResponse.model_construct(messages=(left,), stop_reason=stop, usage=UsageStatistics())


async def whole_answer(services: Services, run: Run, types: tuple[str, ...] | None) -> LettaResponse:
    """Everything the run said, once it has ended. Raises `RunFailed`."""
    messages: list[WireMessage] = []
    failure: ErrorMessage | None = None
    stop: StopReasonObject | None = None
    async for event in services.runs.subscribe(run.id):
        match event.payload:
            case ErrorMessage() as failure:
                pass
            case StopReasonObject() as stop:
                if failure is not None and is_failure(stop):
                    raise RunFailed(failure, stop.stop_reason)
            case UsageStatistics() as usage if stop is not None:
                return LettaResponse.model_construct(messages=tuple(messages), stop_reason=stop, usage=usage)
            case UsageStatistics() | Ping():
                pass
            case message:
                if event.whole and event.step_id is not None and (types is None or message.message_type in types):
                    messages.append(message)
    raise AppError("Lares is shutting down; the run continues when it starts again.", code="closing")


class RunFailed(AppError):
    """The run of a request failed: its answer has a status of its own."""

    code = "run_failed"

    def __init__(self, failure: ErrorMessage, stop_reason: StopReason) -> None:
        super().__init__(failure.message, hint=failure.detail)
        self.answer = failed_run(failure.error_type, failure.message, failure.detail, stop_reason)


def stream(context: RestContext, plan: StreamPlan, pings: bool) -> Response:
    ping = (lambda: ping_of(context, plan.run_id)) if pings else None
    return EventStream(context, blocks_of(context, plan, pings), ping)


def waiting_stream(context: RestContext, left: ApprovalRequestMessage) -> Response:
    """The same as a stream."""

    async def blocks() -> AsyncGenerator[bytes, None]:
        for event in (left, StopReasonObject(stop_reason="requires_approval"), UsageStatistics()):
            yield block_of(event.model_dump_json())
        yield DONE

    return EventStream(context, blocks(), None)
