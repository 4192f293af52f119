"""A turn from a request: its messages, its start (now or after the one before it), and the whole answer."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response

from app.domain.error import AppError, Conflict, Invalid
from app.domain.ids import is_id
from app.domain.message import ImagePart, InputPart, MessageDraft, TextPart
from app.domain.run import Run, StopReason
from app.domain.turn import RunOptions
from app.domain.wire_message import (
    ErrorMessage,
    Ping,
    StopReasonObject,
    UsageStatistics,
    WireMessage,
)
from app.rest.call import AnyCall
from app.rest.context import RestContext
from app.rest.errors import NotYet, failed_run
from app.rest.sse import EventStream, StreamPlan, blocks_of, is_failure, ping_of
from app.rest.wire.base import MOST
from app.rest.wire.messages import Base64Image, Content, ImageContent, LettaImage, LettaRequest, LettaResponse, Sent
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
    message: MessageDraft
    background: bool
    options: RunOptions


RunType = Literal["send_message", "send_message_streaming", "send_message_async"]


async def turn_of(call: AnyCall, place: str, body: LettaRequest, run_type: RunType, background: bool = False) -> Turn:
    """The turn a body asks for. `place`: the id of a conversation or an agent. Raises before anything is stored."""
    await _check_possible(call, place, body)
    created = [Created(role="user", content=body.input)] if body.input is not None else _created(body.messages or ())
    messages = [await _message(call.services, one) for one in created]
    asked = {name: getattr(body, name) for name in KEPT_CONFIG}
    config = {name: value for name, value in asked.items() if value is not None and value != KEPT_CONFIG[name]}
    if run_type != USUAL_RUN_TYPE:
        config[RUN_TYPE] = run_type
    if not messages:
        raise Invalid("A message is empty.", hint="Write something, or attach an image.")
    options = RunOptions(earlier=tuple(messages[:-1]), max_steps=body.max_steps, config=config)
    return Turn(place, messages[-1], background, options)


async def start(services: Services, turn: Turn) -> Run:
    """Starts the turn as programs do."""
    return await services.runs.start(turn.conversation_id, turn.message, turn.background, "api", turn.options)


async def _check_possible(call: AnyCall, place: str, body: LettaRequest) -> None:
    if body.client_skills:
        raise NotYet("Skills that the asking program brings along are not part of this version of Lares.")
    if body.client_tools:
        raise NotYet("Tools that the asking program runs itself are not part of this version of Lares.")
    if body.override_system is not None:
        raise NotYet("Replacing the system prompt for one request is not part of this version of Lares.")
    if body.override_model is not None:
        services = call.services
        agent_id = place if is_id(place, "agent") else (await services.conversations.get(place)).agent_id
        agent = await services.agents.get(agent_id)
        if agent.model != body.override_model:
            raise NotYet("Another model for one request is not part of this version of Lares.")


def _created(sent: tuple[Sent, ...]) -> list[Created]:
    messages = [one for one in sent if isinstance(one, Created)]
    if len(messages) < len(sent):
        raise Invalid("No tool call waits for an approval or a return, so there is nothing to answer.")
    return messages


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
