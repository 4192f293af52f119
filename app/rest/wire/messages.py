"""Messages on the wire: what a turn asks, and the answer to it. The messages themselves are our own words."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from app.domain.approval import Answer
from app.domain.json_value import JsonObject, is_object
from app.domain.message import ToolReturnPart
from app.domain.turn import ClientTool
from app.domain.wire_message import (
    ApprovalRequestMessage,
    ApprovalResponseMessage,
    AssistantMessage,
    HiddenReasoningMessage,
    ReasoningMessage,
    StopReasonObject,
    SummaryMessage,
    SystemMessage,
    ToolCallMessage,
    ToolReturnMessage,
    UsageStatistics,
    UserMessage,
    WireMessage,
)
from app.rest.wire.base import Name, PageQuery, RequestModel, ResponseModel, Whole

MessageType = Literal[
    "system_message",
    "user_message",
    "assistant_message",
    "reasoning_message",
    "hidden_reasoning_message",
    "tool_call_message",
    "tool_return_message",
    "approval_request_message",
    "approval_response_message",
    "summary_message",
    "event_message",
]
Types = tuple[MessageType, ...]
__all__ = [
    "ApprovalRequestMessage",
    "ApprovalResponseMessage",
    "AssistantMessage",
    "HiddenReasoningMessage",
    "ReasoningMessage",
    "SummaryMessage",
    "SystemMessage",
    "ToolCallMessage",
    "ToolReturnMessage",
    "UserMessage",
    "WireMessage",
]


class TextContent(RequestModel):
    type: Literal["text"] = "text"
    text: str


class Base64Image(RequestModel):
    type: Literal["base64"] = "base64"
    media_type: Name
    data: str


class LettaImage(RequestModel):
    type: Literal["letta"] = "letta"
    file_id: Name
    media_type: Name | None = None


class UrlImage(RequestModel):
    type: Literal["url"] = "url"
    url: str


class ImageContent(RequestModel):
    type: Literal["image"] = "image"
    source: Annotated[Base64Image | LettaImage | UrlImage, Field(discriminator="type")]


ContentPart = Annotated[TextContent | ImageContent, Field(discriminator="type")]
Content = str | tuple[ContentPart, ...]


class MessageCreate(RequestModel):
    type: Literal["message"] | None = "message"
    otid: Name | None = None
    group_id: Name | None = None
    role: Literal["user", "system", "assistant"]
    content: Content
    name: Name | None = None
    sender_id: Name | None = None
    batch_item_id: Name | None = None


class ApprovalReturn(RequestModel):
    type: Literal["approval"]
    tool_call_id: Name
    approve: bool
    reason: str | None = None

    def answer(self) -> Answer:
        return Answer(tool_call_id=self.tool_call_id, approve=self.approve, reason=self.reason or "")


class ToolReturned(RequestModel):
    type: Literal["tool"] = "tool"
    tool_call_id: Name
    tool_return: str | tuple[TextContent, ...]
    status: Literal["success", "error"]
    stdout: tuple[str, ...] | None = None
    stderr: tuple[str, ...] | None = None

    def answer(self) -> Answer:
        said = self.tool_return
        returned = ToolReturnPart(
            tool_call_id=self.tool_call_id,
            name="",
            status=self.status,
            text=said if isinstance(said, str) else "\n".join(part.text for part in said),
            stdout=self.stdout or (),
            stderr=self.stderr or (),
        )
        return Answer(tool_call_id=self.tool_call_id, returned=returned)


class ClientToolSchema(RequestModel):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: JsonObject | None = None

    def tool(self) -> ClientTool:
        schema = self.parameters or {"type": "object", "properties": {}}
        return ClientTool(name=self.name, description=self.description or "", parameters=schema)


class ModifyApprovalQuery(RequestModel):
    requires_approval: bool | None = None


class ModifyApprovalRequest(RequestModel):
    requires_approval: bool | None = None


class ApprovalCreate(RequestModel):
    type: Literal["approval"]
    otid: Name | None = None
    approvals: tuple[Annotated[ApprovalReturn | ToolReturned, Field(discriminator="type")], ...] | None = None
    approve: bool | None = None
    approval_request_id: Name | None = None
    reason: str | None = None


class ToolReturnCreate(RequestModel):
    type: Literal["tool_return"]
    otid: Name | None = None
    tool_returns: tuple[ToolReturned, ...]


def _kind(given: Any) -> str:
    kind = given.get("type") if is_object(given) else getattr(given, "type", None)
    return kind if kind in ("approval", "tool_return") else "message"


Sent = Annotated[
    Annotated[MessageCreate, Tag("message")]
    | Annotated[ApprovalCreate, Tag("approval")]
    | Annotated[ToolReturnCreate, Tag("tool_return")],
    Discriminator(_kind),
]


class LettaRequest(RequestModel):
    messages: Annotated[tuple[Sent, ...], Field(max_length=1000)] | None = None
    input: Content | None = None
    max_steps: Annotated[Whole, Field(ge=1)] | None = None
    use_assistant_message: bool | None = None
    assistant_message_tool_name: Name | None = None
    assistant_message_tool_kwarg: Name | None = None
    include_return_message_types: Types | None = None
    enable_thinking: str | bool | None = None
    client_tools: tuple[ClientToolSchema, ...] | None = None
    client_skills: tuple[JsonObject, ...] | None = None
    override_model: Name | None = None
    override_system: str | None = None
    include_compaction_messages: bool | None = None
    agent_id: Name | None = None
    conversation_id: Name | None = None
    streaming: bool | None = None
    stream_tokens: bool | None = None
    include_pings: bool | None = None
    background: bool | None = None
    callback_url: Annotated[str, Field(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "LettaRequest":
        if (self.messages is None) == (self.input is None):
            raise ValueError("exactly one of messages and input is needed")
        if self.messages == ():
            raise ValueError("at least one message is needed")
        return self


class RetrieveStreamRequest(RequestModel):
    agent_id: Name | None = None
    run_id: Name | None = None
    otid: Name | None = None
    starting_after: Whole | None = None
    include_pings: bool | None = None
    poll_interval: float | None = None
    batch_size: Whole | None = None


class CancelAgentRunRequest(RequestModel):
    run_ids: tuple[Name, ...] | None = None


class ResetMessagesRequest(RequestModel):
    add_default_initial_messages: bool | None = None


class MessageQuery(PageQuery):
    conversation_id: Name | None = None
    agent_id: Name | None = None
    group_id: Name | None = None
    include_err: bool | None = None
    include_return_message_types: Types = ()


class MessageSearchRequest(RequestModel):
    query: str
    agent_id: Name | None = None
    conversation_id: Name | None = None
    search_mode: Name | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    start_date: Name | None = None
    end_date: Name | None = None


class LettaResponse(ResponseModel):
    messages: tuple[WireMessage, ...]
    stop_reason: StopReasonObject
    usage: UsageStatistics
    logprobs: JsonObject | None = None
    turns: tuple[JsonObject, ...] | None = None


def system_id(thread_id: str) -> str:
    """The id of the system message with which a thread begins, although no row holds one: it has the thread's uuid."""
    return f"message-{thread_id.partition('-')[2]}"


def thread_id_of(message_id: str) -> str:
    """The thread whose system message this would be."""
    return f"conv-{message_id.partition('-')[2]}"


class FoundMessage(ResponseModel):
    """A message in the answer to a search."""

    message_type: str
    message_id: str
    agent_id: str
    conversation_id: str | None
    conversation_ids: tuple[str | None, ...]
    """Every conversation that holds it, or the one that was asked for; null is the agent's default thread."""
    created_at: str
    content: str
    reasons: str
    """Why it was found: `meaning 0.81, word “Brandt”`."""
