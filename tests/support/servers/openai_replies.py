"""What the scripted model server says: replies, refusals, rules for what nobody scripted, and their wire form.

The shapes are those of a real llama-server: a first delta with the role and null content, tool calls in pieces, a
finish chunk with an empty delta, usage in a chunk without choices.
"""

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: JsonObject | str = field(default_factory=dict)
    """An object, or text that is sent as it stands (broken JSON, for example)."""

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True)
class Reply:
    """One streamed answer. Numbers of chunks count events after the first one."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    """None: what a server would say."""
    usage: JsonObject | None = None
    raw: bytes | None = None
    """Sent as the body instead of everything above."""
    content_type: str = "text/event-stream"
    reasoning_field: str = "reasoning_content"
    whole_calls: bool = False
    """Ollama: each call in one delta."""
    with_ids: bool = True
    with_indexes: bool = True
    with_usage: bool = True
    with_finish: bool = True
    with_done: bool = True
    stays_open: bool = False
    """The connection stays open after the last byte."""
    die_after: int | None = None
    hang_after: int | None = None
    error_after: int | None = None
    error: JsonObject | None = None
    slice_bytes: int = 0
    """Every write carries so many bytes, so that lines and characters are torn."""
    tokens_per_second: float = 0
    hold: bool = False
    """Nothing is sent, not even the status, before `release`."""
    hold_body: bool = False
    """The headers go out at once, the first event only after `release`."""


@dataclass(frozen=True)
class Refusal:
    """An answer that is not a reply."""

    status: int
    body: JsonObject | str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


Scripted = Reply | Refusal


def error_body(code: int, message: str, kind: str = "server_error", **more: Any) -> JsonObject:
    return {"error": {"code": code, "message": message, "type": kind} | more}


LOADING = Refusal(503, error_body(503, "Loading model", "unavailable_error"))
BAD_HISTORY = Refusal(
    500, error_body(500, "Failed to parse tool call arguments as JSON: [json.exception.parse_error.101]")
)
EMPTY_GRAMMAR = Refusal(
    500, error_body(500, "got exception: Unexpected empty grammar stack after accepting piece: <tool")
)
PAGE = Refusal(200, "<!doctype html><html><title>Router</title></html>", "text/html")


def too_long(needed: int, window: int) -> Refusal:
    text = f"request ({needed} tokens) exceeds the available context size ({window} tokens), try increasing it"
    return Refusal(
        400, error_body(400, text, "exceed_context_size_error", n_prompt_tokens=needed, n_ctx=window)
    )  # fmt: skip


_NAME = re.compile(r"my name is (?P<new>\w+)(?:,? not (?P<old>\w+))?", re.IGNORECASE)
_DATE = re.compile(r"^\[[^\]\n]*\]\n")
_COMMAND = re.compile(r"^/tool (?P<name>\S+)\s*(?P<arguments>\{.*\})?", re.MULTILINE | re.DOTALL)


def by_rule(request: JsonObject) -> Reply:
    """The answer to a request for which nothing is queued: the same request always gets the same."""
    messages = request["messages"]
    last = messages[-1]
    said = text_of(last)
    if last["role"] == "tool":
        return Reply(text="That did not work." if said.lower().startswith("error") else "Thank you, I have noted that.")
    tools = {tool["function"]["name"] for tool in request.get("tools") or ()}
    calls: list[ToolCall] = []
    if (command := _COMMAND.search(said)) and command["name"] in tools:
        calls.append(ToolCall(command["name"], command["arguments"] or "{}"))
    if (named := _NAME.search(said)) and "memory_replace" in tools:
        old = _stated_name(text_of(messages[0]), named["old"])
        arguments = {"label": "human", "old_string": old, "new_string": f"Name: {named['new']}."}
        calls.append(ToolCall("memory_replace", arguments))
    if calls:
        return Reply(reasoning="They correct a name. " if named else "", calls=tuple(calls))
    return Reply(text=f"You said: {_DATE.sub('', said)}")


def _stated_name(system: str, denied: str | None) -> str:
    found = re.search(rf"Name: {denied or '[A-Za-z]+'}\.", system)
    return found[0] if found else f"Name: {denied or 'unknown'}."


def text_of(message: JsonObject) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def pieces(text: str) -> list[str]:
    """Text cut like tokens: words with the space before them."""
    return re.findall(r"\s*\S+|\s+$", text)


def deltas_of(reply: Reply) -> list[JsonObject]:
    """The deltas between the first one and the finish."""
    deltas: list[JsonObject] = [{reply.reasoning_field: piece} for piece in pieces(reply.reasoning)]
    deltas += [{"content": piece} for piece in pieces(reply.text)]
    for index, call in enumerate(reply.calls):
        deltas += _call_deltas(reply, index, call)
    return deltas


def _call_deltas(reply: Reply, index: int, call: ToolCall) -> list[JsonObject]:
    place: JsonObject = {"index": index} if reply.with_indexes else {}
    identity: JsonObject = {"id": secrets.token_hex(16)} if reply.with_ids else {}
    text = call.text
    if reply.whole_calls:
        return [
            _tool_delta(place | identity | {"type": "function", "function": {"name": call.name, "arguments": text}})
        ]
    first = place | identity | {"type": "function", "function": {"name": call.name, "arguments": text[:1]}}
    rest = re.findall(r".{1,4}", text[1:], re.DOTALL)
    return [_tool_delta(first), *(_tool_delta(place | {"function": {"arguments": piece}}) for piece in rest)]


def _tool_delta(call: JsonObject) -> JsonObject:
    return {"tool_calls": [call]}


def chunk(model: str, choices: list[JsonObject], **more: Any) -> JsonObject:
    head = {"choices": choices, "created": int(time.time()), "id": "chatcmpl-0123456789abcdef", "model": model}
    return head | {"system_fingerprint": "b1-0c1e570", "object": "chat.completion.chunk"} | more


def choice(delta: JsonObject, finish: str | None = None) -> list[JsonObject]:
    return [{"finish_reason": finish, "index": 0, "delta": delta}]


def finish_of(reply: Reply) -> str:
    return reply.finish or ("tool_calls" if reply.calls else "stop")


def usage_of(reply: Reply, prompt_tokens: int) -> JsonObject:
    written = len(deltas_of(reply))
    return reply.usage or {
        "completion_tokens": written,
        "prompt_tokens": prompt_tokens,
        "total_tokens": prompt_tokens + written,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def whole_of(reply: Reply, model: str, prompt_tokens: int) -> JsonObject:
    """The same reply for a request that does not stream."""
    message: JsonObject = {"role": "assistant", "content": reply.text}
    if reply.reasoning:
        message[reply.reasoning_field] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = [
            {"id": f"call{index}", "type": "function", "function": {"name": call.name, "arguments": call.text}}
            for index, call in enumerate(reply.calls)
        ]
    choices = [{"finish_reason": finish_of(reply), "index": 0, "message": message}]
    return chunk(model, choices, usage=usage_of(reply, prompt_tokens)) | {"object": "chat.completion"}
