"""Messages as servers demand their order: the last step before they are sent, after all roles are those of the wire.

Every server gets what a person and events say in a row as one message. What else a server or a model's template
refused (`ORDER`, `SYSTEM`, `IDS` in what was learnt of it) is put right for that model only.
"""

import hashlib
import string
from collections.abc import Collection
from typing import Any

Wire = dict[str, Any]

ORDER, SYSTEM, IDS = "order", "system", "ids"
"""Refused: anything but strict alternation; a system message; ids of another form than Mistral's."""
STRICT = frozenset({ORDER, SYSTEM, IDS})
"""One of these is enough for the roles to be put in order."""
INTERRUPTED = "(The reply was interrupted here.)"
BEFORE = "(The conversation began earlier.)"
_LETTERS = string.digits + string.ascii_letters


def joined(messages: list[Wire]) -> Wire:
    """Several messages of one role as one."""
    contents = [message["content"] for message in messages]
    one = dict(messages[0])
    if all(isinstance(content, str) for content in contents):
        one["content"] = "\n\n".join(contents)
    else:
        one["content"] = [part for content in contents for part in _parts(content)]
    if images := [image for message in messages for image in message.get("images", ())]:
        one["images"] = images
    return one


def arranged(messages: list[Wire], refused: Collection[str]) -> list[Wire]:
    """The messages in the form that is left when a server refused some. Pure."""
    if SYSTEM in refused:
        messages = _without_system(messages)
    if ORDER in refused:
        messages = _alternating(messages)
    if IDS in refused:
        messages = [_with_short_ids(message) for message in messages]
    return messages


def short_id(call_id: str) -> str:
    """Nine letters and digits, always the same for an id."""
    number = int.from_bytes(hashlib.sha256(call_id.encode("utf-8", "replace")).digest()[:8], "big")
    signs: list[str] = []
    for _ in range(9):
        number, place = divmod(number, len(_LETTERS))
        signs.append(_LETTERS[place])
    return "".join(signs)


def _parts(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _without_system(messages: list[Wire]) -> list[Wire]:
    if not messages or messages[0]["role"] != "system":
        return messages
    told = {"role": "user", "content": messages[0]["content"]}
    if len(messages) > 1 and messages[1]["role"] == "user":
        return [joined([told, messages[1]]), *messages[2:]]
    return [told, *messages[1:]]


def _alternating(messages: list[Wire]) -> list[Wire]:
    result: list[Wire] = []
    for message in messages:
        before = result[-1] if result else None
        role = message["role"]
        if before is None or before["role"] == "system":
            if role == "assistant":
                result.append({"role": "user", "content": BEFORE})
        elif role == "user" and (before["role"] == "tool" or before.get("tool_calls")):
            result.append({"role": "assistant", "content": INTERRUPTED})
        elif role == before["role"] == "user":
            result[-1] = joined([before, message])
            continue
        elif role == before["role"] == "assistant" and not before.get("tool_calls"):
            result[-1] = message | {"content": "\n\n".join(filter(None, (before["content"], message["content"])))}
            continue
        result.append(message)
    return result


def _with_short_ids(message: Wire) -> Wire:
    if "tool_call_id" in message:
        return message | {"tool_call_id": short_id(message["tool_call_id"])}
    if "tool_calls" in message:
        return message | {"tool_calls": [call | {"id": short_id(call.get("id", ""))} for call in message["tool_calls"]]}
    return message
