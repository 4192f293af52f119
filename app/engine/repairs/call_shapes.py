"""Pure: the shapes of a single call inside its tags: JSON, XML parameters, keys with marked texts."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.engine.repairs.json_repair import Unreadable, as_list, as_object, canonical, read_prefix
from app.engine.repairs.python_calls import read_python

Known = Callable[[str], str | None]


@dataclass(frozen=True)
class WrittenCall:
    """A call as it stands in text. `arguments`: JSON text, or what the model wrote where it cannot be read."""

    name: str
    arguments: str


NAME_KEYS = ("name", "tool", "tool_name", "function_name", "function", "action")
ARGUMENT_KEYS = ("arguments", "parameters", "args", "params", "input", "action_input", "kwargs", "tool_input")
_BESIDE = frozenset({"type", "id", "call_id", "tool_call_id", "thought", "reasoning", "status"})
_QUOTE = '<|"|>'

_PARAMETER = re.compile(r"<parameter(?:=| name=)\s?[\"']?(?P<name>[\w.-]{1,120})[\"']?\s?>")
_ARGUMENT = re.compile(r"<arg_key>\s?(?P<name>[\w.-]{1,120})\s?</arg_key>\s{0,10}<arg_value>")
_XML_NAME = re.compile(r"\s*<(?:function=|function name=|invoke name=)\s?[\"']?(?P<name>[\w.:/-]{1,120})[\"']?\s?>")
_KEYED = re.compile(r"\s*call:\s?(?P<name>[\w.-]{1,120})\s?(?=\{)")
_NAMED = re.compile(
    r"\s*(?:function<[|｜]tool[▁_]sep[|｜]>)?(?P<name>[\w.-]{1,120})\s{0,3}(?:<[|｜]tool[▁_]sep[|｜]>|\[ARGS\])?\s{0,3}"
    r"(?:```json)?\s{0,3}(?=[{<]|$)"
)
_GUESS = re.compile(r"[\"'“]?(?:name|tool|function)[\"'”]?\s{0,5}:\s{0,5}[\"'“](?P<name>[\w.:<|>-]{1,120})[\"'”]")


def inner_calls(inner: str, known: Known) -> list[WrittenCall]:
    """Calls between call tags, in whatever shape. What cannot be read becomes a call with its text as arguments."""
    if xml := _XML_NAME.match(inner):
        return [WrittenCall(xml["name"], xml_arguments(inner[xml.end() :]))]
    if keyed := _KEYED.match(inner):
        arguments = keyed_arguments(inner[keyed.end() :])
        return [WrittenCall(keyed["name"], inner[keyed.end() :] if arguments is None else arguments[0])]
    if inner.lstrip()[:1] in ("{", "["):
        return json_calls(inner)
    if named := _NAMED.match(inner):
        rest = inner[named.end() :]
        pairs = _pairs(rest, _ARGUMENT, "</arg_value>")
        return [WrittenCall(named["name"], canonical(pairs) if pairs or not rest.strip() else rest)]
    return [WrittenCall(name, canonical(given)) for name, given in read_python(inner, known)]


def json_calls(inner: str) -> list[WrittenCall]:
    """Calls of one or several JSON values one after the other; broken ones by the name that can be guessed."""
    calls: list[WrittenCall] = []
    at = 0
    while at < len(inner) and len(calls) < 50:
        try:
            value = read_prefix(inner, at)
        except Unreadable:
            guess = _GUESS.search(inner, at, at + 400)
            return [*calls, WrittenCall(guess["name"] if guess else "", inner[at:].strip())]
        calls += shaped_calls(value.value) or []
        at = value.end
        while at < len(inner) and inner[at] not in "{[":
            at += 1
    return calls


def shaped_calls(value: Any) -> list[WrittenCall] | None:
    """The calls that a JSON value stands for; None if it is something else."""
    if (listed := as_list(value)) is not None:
        shaped = [shaped_calls(item) for item in listed]
        return [call for calls in shaped for call in calls or ()] if listed and all(shaped) else None
    held = as_object(value)
    if held is None:
        return None
    for wrapper in ("tool_calls", "tool_call", "function_call", "function"):
        if isinstance(held.get(wrapper), list | dict):
            return shaped_calls(held[wrapper])
    key = next((key for key in NAME_KEYS if isinstance(held.get(key), str)), None)
    return None if key is None else [WrittenCall(held[key], _given(held, key))]


def _given(value: dict[str, Any], name_key: str) -> str:
    key = next((key for key in ARGUMENT_KEYS if key in value), None)
    if key is None:
        return canonical({k: inner for k, inner in value.items() if k != name_key and k not in _BESIDE})
    given = value[key]
    return given if isinstance(given, str) else canonical(given)


def xml_arguments(body: str) -> str:
    """Arguments of `<parameter=k>v</parameter>` as JSON, or the JSON that stands in their place."""
    pairs = _pairs(body, _PARAMETER, "</parameter>")
    return canonical(pairs) if pairs or not body.strip() else body.strip()


def _pairs(body: str, mark: re.Pattern[str], closer: str) -> dict[str, str]:
    found = list(mark.finditer(body))
    ends = [later.start() for later in found[1:]] + [len(body)]
    pairs: dict[str, str] = {}
    for start, end in zip(found, ends, strict=False):
        value = body[start.end() : end]
        close = value.rfind(closer)
        pairs[start["name"]] = _trimmed(value[:close] if close >= 0 else value)
    return pairs


def _trimmed(value: str) -> str:
    """Without the line break after the opening tag and before the closing one."""
    return value.removeprefix("\n").removesuffix("\n")


def keyed_arguments(text: str) -> tuple[str, int] | None:
    """Arguments of `{k:<|"|>v<|"|>}` at the beginning of a text, and the index after them."""
    pieces = text.split(_QUOTE)
    end = _brace_end(pieces)
    if end is None:
        return None
    plain = "".join(json.dumps(piece, ensure_ascii=False) if index % 2 else piece for index, piece in enumerate(pieces))
    try:
        value = read_prefix(plain, 0)
    except Unreadable:
        return None
    return None if as_object(value.value) is None else (canonical(value.value), end)


def _brace_end(pieces: list[str]) -> int | None:
    """The index after the brace that closes the first one, texts between quote marks left out."""
    depth = at = 0
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            for sign in re.finditer(r"[{}]", piece):
                depth += 1 if sign[0] == "{" else -1
                if depth == 0:
                    return at + sign.end()
        at += len(piece) + len(_QUOTE)
    return None
