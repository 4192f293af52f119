"""What servers send, as plain and bounded values; and what went wrong, as sentences."""

import json
from typing import Any, cast

from app.domain.json_value import JsonObject, is_object
from app.domain.mcp import McpError

MOST_TEXT = 400_000
"""Characters of an answer; a model gets far less, as its tool says."""
MOST_TOOLS, MOST_PAGES = 1_000, 100
MOST_NAME, MOST_WORDS, MOST_SCHEMA = 200, 6_000, 100_000
MOST_LISTED = 500
CLOSED = "Connection closed"
"""The SDK's words; servers use the number of that error for theirs."""


def answer_of(result: Any) -> JsonObject:
    """Of a call."""
    parts = [_block(one) for one in result.content]
    text = "\n".join(part for part in parts if part)
    if not text and result.structured_content is not None:
        text = json.dumps(result.structured_content, ensure_ascii=False)
    return {"ok": not result.is_error, "text": _cut(text or "(no text)")}


def read_of(result: Any) -> JsonObject:
    """Of a resource."""
    texts = [one.text if hasattr(one, "text") else _not_shown(one, len(one.blob)) for one in result.contents]
    return {"ok": True, "text": _cut("\n".join(texts))}


def prompt_of(result: Any) -> JsonObject:
    """Of a prompt: what is said, by whom."""
    rows = [(one.role, _block(one.content)) for one in result.messages]
    alone = all(role == "user" for role, _ in rows)
    return {"ok": True, "text": _cut("\n\n".join(text if alone else f"{role}: {text}" for role, text in rows))}


def offer_of(tool: Any) -> JsonObject:
    """Of a tool; a schema that is too long is left out."""
    schema = tool.input_schema if is_object(tool.input_schema) else {}
    hints = tool.annotations
    return {
        "name": tool.name[:MOST_NAME],
        "title": (tool.title or (hints.title if hints is not None else None) or "")[:MOST_NAME],
        "description": (tool.description or "")[:MOST_WORDS],
        "parameters": schema if len(json.dumps(schema)) <= MOST_SCHEMA else {},
        "read_only": bool(hints is not None and hints.read_only_hint),
    }


def resource_of(one: Any) -> JsonObject:
    return {
        "uri": str(one.uri)[:MOST_WORDS],
        "name": one.name[:MOST_NAME],
        "description": (one.description or "")[:MOST_WORDS],
        "kind": (one.mime_type or "")[:MOST_NAME],
    }


def prompt_told(one: Any) -> JsonObject:
    arguments = list(one.arguments or ())[:MOST_LISTED]
    return {
        "name": one.name[:MOST_NAME],
        "description": (one.description or "")[:MOST_WORDS],
        "arguments": [argument.name[:MOST_NAME] for argument in arguments],
        "required": [argument.name[:MOST_NAME] for argument in arguments if argument.required],
    }


def sentence_of(error: BaseException, seconds: float) -> McpError:
    """What a person is told of an error of the SDK."""
    import httpx2
    from mcp.shared.exceptions import MCPError
    from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT
    from pydantic import ValidationError

    error = _innermost(error)
    match error:
        case McpError():
            return error
        case TimeoutError():
            return _late(seconds)
        case MCPError() if error.code == REQUEST_TIMEOUT:
            return _late(seconds)
        case MCPError() if error.code == CONNECTION_CLOSED and error.message == CLOSED:
            return McpError("It closed the connection.", code="mcp_exited", hint="Its log says more.")
        case MCPError():
            return McpError(f"It answered with an error: {str(error)[:500].rstrip('.')}.", code="mcp_refused")
        case httpx2.HTTPStatusError():
            return status_error(error.response.status_code)
        case httpx2.TransportError() | OSError():
            return McpError(
                "Its address does not answer.",
                code="mcp_unreachable",
                hint="Check that the server runs and that its address is right.",
            )
        case ValidationError() | ValueError() | RuntimeError():
            said = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            return McpError(f"Its answer is not as MCP has it: {said}", code="mcp_refused")
        case _:
            return McpError(f"It failed: {type(error).__name__}: {str(error)[:300]}", code="mcp_refused")


def status_error(status: int) -> McpError:
    """Of an HTTP status that is no answer."""
    if status in (401, 403):
        return McpError(
            f"It wants to know who asks ({status}).",
            code="mcp_unauthorized",
            hint="Sign in, or enter its token, in Tools, MCP servers.",
        )
    if status == 404:
        return McpError("There is no MCP server at this address (404).", code="mcp_unreachable", hint="Check the path.")
    return McpError(f"It answered with the status {status}.", code="mcp_unreachable", hint="Try again later.")


def _late(seconds: float) -> McpError:
    return McpError(f"It did not answer within {seconds:g} seconds.", code="mcp_timeout", hint="Try again later.")


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error


def _block(one: Any) -> str:
    match one.type:
        case "text":
            return one.text
        case "image" | "audio":
            return _not_shown(one, len(one.data))
        case "resource":
            inner = one.resource
            return inner.text if hasattr(inner, "text") else _not_shown(inner, len(inner.blob))
        case "resource_link":
            return f"{one.name}: {one.uri}"
        case _:
            return f"[{one.type}: not shown]"


def _not_shown(one: Any, characters: int) -> str:
    return f"[{one.mime_type or 'data'}, about {characters * 3 // 4:,} bytes: not shown]"


def _cut(text: str) -> str:
    if len(text) <= MOST_TEXT:
        return text
    return f"{text[:MOST_TEXT]}\n[cut: {len(text):,} characters in all, {MOST_TEXT:,} shown]"
