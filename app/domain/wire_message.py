"""Message objects as clients see them: the vocabulary shared by window, run log and event stream.

Names and fields are those of the Letta V1 API (its `message_type` union), so that encoding is `model_dump_json`.
`objects_of` turns one stored message into its up to three objects, which share its id.
"""

import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator

from app.domain.base import Field, Frozen, Micros
from app.domain.message import ApprovalPart, ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolReturnPart
from app.domain.run import StopReason


class _Object(Frozen):
    id: str
    date: str
    """ISO 8601, UTC."""
    name: str | None = None
    otid: str | None = None
    sender_id: str | None = None
    step_id: str | None = None
    is_err: bool | None = None
    seq_id: int | None = None
    run_id: str | None = None


Content = str | tuple[dict[str, Any], ...]
"""Plain text, or a list of `{"type": "text"|"image", ...}` parts."""


class SystemMessage(_Object):
    """Instructions, or an event that the agent is told of."""

    message_type: Literal["system_message"] = "system_message"
    content: str


class UserMessage(_Object):
    """What a person or a program said."""

    message_type: Literal["user_message"] = "user_message"
    content: Content


def _joined(content: Any) -> Any:
    """Logs of earlier versions hold the text of a reply as a list of parts."""
    if not isinstance(content, list):
        return content
    parts = cast(list[dict[str, Any]], content)
    return "\n".join(str(part["text"]) for part in parts if part.get("type") == "text")


class AssistantMessage(_Object):
    """What the agent said."""

    message_type: Literal["assistant_message"] = "assistant_message"
    content: Annotated[str, BeforeValidator(_joined)]
    """A whole text, or in a delta the next piece of it."""


class ReasoningMessage(_Object):
    """What the model thought."""

    message_type: Literal["reasoning_message"] = "reasoning_message"
    source: Literal["reasoner_model", "non_reasoner_model"] = "reasoner_model"
    reasoning: str
    signature: str | None = None


class HiddenReasoningMessage(_Object):
    """That the model thought, where its server keeps the text."""

    message_type: Literal["hidden_reasoning_message"] = "hidden_reasoning_message"
    state: Literal["redacted", "omitted"]
    hidden_reasoning: str | None = None


class ToolCall(Frozen):
    """A whole call; `arguments` are JSON as text."""

    name: str
    arguments: str
    tool_call_id: str


class ToolCallDelta(Frozen):
    """First delta: name and id. Later ones: the next piece of the arguments, and the id."""

    name: str | None = None
    arguments: str | None = None
    tool_call_id: str | None = None


class ToolCallMessage(_Object):
    """That the model calls a tool: `tool_calls` are all of a reply, `tool_call` is the first."""

    message_type: Literal["tool_call_message"] = "tool_call_message"
    tool_call: ToolCall | ToolCallDelta
    tool_calls: tuple[ToolCall, ...] | ToolCallDelta | None = None


class ApprovalRequestMessage(_Object):
    """That calls wait for an answer, in the same shape as a call that does not."""

    message_type: Literal["approval_request_message"] = "approval_request_message"
    tool_call: ToolCall | ToolCallDelta
    tool_calls: tuple[ToolCall, ...] | ToolCallDelta | None = None


class ToolReturn(Frozen):
    type: Literal["tool"] = "tool"
    tool_return: str
    status: Literal["success", "error"]
    tool_call_id: str
    stdout: tuple[str, ...] | None = None
    stderr: tuple[str, ...] | None = None


class ToolReturnMessage(_Object):
    """What a call gave back, as the model reads it."""

    message_type: Literal["tool_return_message"] = "tool_return_message"
    tool_return: str
    status: Literal["success", "error"]
    tool_call_id: str
    stdout: tuple[str, ...] | None = None
    stderr: tuple[str, ...] | None = None
    tool_returns: tuple[ToolReturn, ...] | None = None


class ApprovalReturn(Frozen):
    type: Literal["approval"] = "approval"
    tool_call_id: str
    approve: bool
    reason: str | None = None


class ApprovalResponseMessage(_Object):
    """The answers to calls that waited. `approve` and `reason` are those of the first."""

    message_type: Literal["approval_response_message"] = "approval_response_message"
    approvals: tuple[ApprovalReturn | ToolReturn, ...] | None = None
    approve: bool | None = None
    approval_request_id: str | None = None
    reason: str | None = None


class SummaryMessage(_Object):
    """What stands in a conversation for messages that left its context window."""

    message_type: Literal["summary_message"] = "summary_message"
    summary: str


class StopReasonObject(Frozen):
    """Why a run ended: the last event but one of each run."""

    message_type: Literal["stop_reason"] = "stop_reason"
    stop_reason: StopReason


class UsageStatistics(Frozen):
    """Tokens of a whole run: its last event. None: the server did not say."""

    message_type: Literal["usage_statistics"] = "usage_statistics"
    completion_tokens: int = 0
    prompt_tokens: int = 0
    total_tokens: int = 0
    step_count: int = 0
    run_ids: tuple[str, ...] | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    context_tokens: int | None = None


class ErrorMessage(Frozen):
    """Why a run failed, before its stop reason."""

    message_type: Literal["error_message"] = "error_message"
    run_id: str
    error_type: str
    """An `AppError` code."""
    message: str
    detail: str = ""
    """What to do."""
    seq_id: int | None = None


class Ping(Frozen):
    """Sent while nothing else is, so that nobody takes the stream for dead. Never stored."""

    message_type: Literal["ping"] = "ping"
    id: str
    date: str
    run_id: str | None = None


WireMessage = Annotated[
    SystemMessage
    | UserMessage
    | AssistantMessage
    | ReasoningMessage
    | HiddenReasoningMessage
    | ToolCallMessage
    | ToolReturnMessage
    | ApprovalRequestMessage
    | ApprovalResponseMessage
    | SummaryMessage,
    Field(discriminator="message_type"),
]
Payload = Annotated[
    SystemMessage
    | UserMessage
    | AssistantMessage
    | ReasoningMessage
    | HiddenReasoningMessage
    | ToolCallMessage
    | ToolReturnMessage
    | ApprovalRequestMessage
    | ApprovalResponseMessage
    | SummaryMessage
    | StopReasonObject
    | UsageStatistics
    | ErrorMessage
    | Ping,
    Field(discriminator="message_type"),
]


def iso(at: Micros) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC."""
    return datetime.datetime.fromtimestamp(at / 1_000_000, datetime.UTC).isoformat().replace("+00:00", "Z")


def otid_of(message_id: str, index: int) -> str:
    """Id of the index-th object of a message: the row's uuid with its last two digits replaced by the index."""
    return f"{message_id.partition('-')[2][:-2]}{index:02x}"


def objects_of(message: Message) -> tuple[WireMessage, ...]:
    """The wire objects of a stored message, in order: reasoning, text, tool calls; or the single one of other roles."""
    common: dict[str, Any] = {
        "id": message.id,
        "date": iso(message.created_at),
        "name": message.tool_returns[0].name if message.tool_returns else message.name,
        "sender_id": message.sender_id,
        "step_id": message.step_id,
        "run_id": message.run_id,
    }
    match message.role:
        case "system":
            return (SystemMessage(**common, otid=_own_otid(message), content=message.text),)
        case "user":
            return (UserMessage(**common, otid=_own_otid(message), content=_content(message)),)
        case "summary":
            return (SummaryMessage(**common, summary=message.text),)
        case "tool":
            return (_tool_return(message, common),)
        case "assistant":
            return _assistant(message, common)
        case "approval":
            return (_approval(message, common),)


def _own_otid(message: Message) -> str:
    """What the sender gave it, or its own."""
    return message.otid or otid_of(message.id, 0)


def _content(message: Message) -> Content:
    if all(isinstance(part, TextPart) for part in message.parts):
        return message.text
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            parts.append({"type": "text", "text": part.text})
        elif isinstance(part, ImagePart):
            source = {"type": "letta", "file_id": part.sha256, "media_type": part.media_type}
            parts.append({"type": "image", "source": source})
    return tuple(parts)


def _assistant(message: Message, common: dict[str, Any]) -> tuple[WireMessage, ...]:
    objects: list[WireMessage] = []
    thoughts = [part for part in message.parts if isinstance(part, ReasoningPart)]
    if thoughts:
        text = "\n".join(part.text for part in thoughts)
        signature = thoughts[-1].signature
        objects.append(ReasoningMessage(**common, otid=otid_of(message.id, 0), reasoning=text, signature=signature))
    if message.text:
        objects.append(AssistantMessage(**common, otid=otid_of(message.id, len(objects)), content=message.text))
    for kind, asks in ((ToolCallMessage, False), (ApprovalRequestMessage, True)):
        calls = tuple(_call(part) for part in message.tool_calls if part.asks == asks)
        if calls:
            otid = otid_of(message.id, len(objects))
            objects.append(kind(**common, otid=otid, tool_call=calls[0], tool_calls=calls))
    return tuple(objects)


def _approval(message: Message, common: dict[str, Any]) -> ApprovalResponseMessage:
    answers = [part for part in message.parts if isinstance(part, ApprovalPart)]
    first = answers[0] if answers else None
    told = tuple(
        ApprovalReturn(tool_call_id=part.tool_call_id, approve=part.approve, reason=part.reason or None)
        for part in answers
    )
    return ApprovalResponseMessage(
        **common,
        otid=_own_otid(message),
        approvals=(*told, *(_return(part) for part in message.tool_returns)),
        approve=first.approve if first else None,
        approval_request_id=first.request_id if first else None,
        reason=(first.reason or None) if first else None,
    )


def _call(part: ToolCallPart) -> ToolCall:
    return ToolCall(name=part.name, arguments=part.arguments, tool_call_id=part.tool_call_id)


def _tool_return(message: Message, common: dict[str, Any]) -> ToolReturnMessage:
    returns = tuple(_return(part) for part in message.tool_returns)
    first = message.tool_returns[0]
    return ToolReturnMessage(
        **common,
        otid=otid_of(message.id, 0),
        tool_return=first.text,
        status=first.status,
        tool_call_id=first.tool_call_id,
        stdout=first.stdout or None,
        stderr=first.stderr or None,
        tool_returns=returns,
    )


def _return(part: ToolReturnPart) -> ToolReturn:
    return ToolReturn(
        tool_return=part.text,
        status=part.status,
        tool_call_id=part.tool_call_id,
        stdout=part.stdout or None,
        stderr=part.stderr or None,
    )
