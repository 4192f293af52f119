"""The few messages of MCP that a server with nothing but tools needs, as text and back. Pure.

They are written by hand: the official package takes two seconds of processor time to load, with Python's lock held,
and the engine answers chats in the same process. Its client is what the tests speak with.
"""

import json
from dataclasses import dataclass
from typing import Any

from app.domain.json_value import JsonObject, object_of

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""Of the protocol, newest first. Whoever asks for another is offered the first."""
MOST_CHARACTERS = 256 * 1024
"""Of one message: what somebody wants remembered or asked is far shorter."""
MOST_AT_ONCE = 20
"""Messages of one batch."""
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, REFUSED = -32700, -32600, -32601, -32602, -32000
"""Codes of JSON-RPC; the last is this server's own."""

RequestId = str | int


@dataclass(frozen=True)
class Asked:
    """A request, or a notice where `id` is None."""

    method: str
    params: JsonObject
    id: RequestId | None = None


class Refused(Exception):
    """An answer that is an error of the protocol."""

    def __init__(self, code: int, message: str, request_id: RequestId | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id


def messages_in(text: str) -> tuple[tuple[Asked | Refused | None, ...], bool]:
    """The messages of a text, and whether it is a batch of them. None stands for an answer, which nobody here waits
    for. Raises `Refused` where nothing can be read."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(INVALID_REQUEST, f"A message may have {MOST_CHARACTERS:,} characters at most.")
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(PARSE_ERROR, "This is not JSON.") from None
    if not isinstance(found, list):
        return (_message(found),), False
    entries: list[Any] = [*found]
    if not 0 < len(entries) <= MOST_AT_ONCE:
        raise Refused(INVALID_REQUEST, f"A batch holds 1 to {MOST_AT_ONCE} messages.")
    return tuple(_message(one) for one in entries), True


def _message(found: Any) -> Asked | Refused | None:
    fields = object_of(found)
    request_id: Any = fields.get("id")
    known = request_id if isinstance(request_id, str | int) and not isinstance(request_id, bool) else None
    method: Any = fields.get("method")
    if fields.get("jsonrpc") != "2.0" or ("id" in fields and known is None):
        return Refused(INVALID_REQUEST, "This is not a message of JSON-RPC 2.0.", known)
    if method is None and ("result" in fields or "error" in fields):
        return None
    if not isinstance(method, str):
        return Refused(INVALID_REQUEST, "The message names no method.", known)
    return Asked(method, object_of(fields.get("params")), known)


def version_for(params: JsonObject) -> str:
    """The version of the protocol that is spoken with whoever says hello like this."""
    wanted = params.get("protocolVersion")
    return wanted if wanted in VERSIONS else VERSIONS[0]


def result(request_id: RequestId, value: JsonObject) -> JsonObject:
    return {"jsonrpc": "2.0", "id": request_id, "result": value}


def error(refused: Refused, request_id: RequestId | None = None) -> JsonObject:
    known = refused.request_id if request_id is None else request_id
    return {"jsonrpc": "2.0", "id": known, "error": {"code": refused.code, "message": refused.message}}


def said(text: str, *, failed: bool = False) -> JsonObject:
    """What a tool gives back. A failure is told to the model, which may mend it."""
    return {"content": [{"type": "text", "text": text}], "isError": failed}


def written(answer: JsonObject | list[JsonObject]) -> str:
    return json.dumps(answer, ensure_ascii=False)
