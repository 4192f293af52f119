"""Pure: finds tool calls that a model wrote into its text, in the syntaxes of the templates it may know.

A call counts only at the end of the message or as the whole of it. Between call tags any name counts (a wrong one can
then be told to the model); without tags only that of a known tool, because JSON may as well be meant for the reader.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from app.engine.repairs.call_shapes import (
    Known,
    WrittenCall,
    inner_calls,
    json_calls,
    keyed_arguments,
    shaped_calls,
    xml_arguments,
)
from app.engine.repairs.json_repair import Unreadable, canonical, read_prefix
from app.engine.repairs.names import match_name
from app.engine.repairs.python_calls import read_python

TRIES = 4
"""Places tried as the beginning of an untagged call, from the front and from the end."""
MOST_BLOCKS = 2_000
"""Tags that are looked at, the last ones, so that a reply full of them costs no more than milliseconds."""
MOST_CALLS = 64
"""Calls that are read out of one text; more is babble."""


@dataclass(frozen=True)
class TextCalls:
    """Calls, what they were written as, and the text before them."""

    calls: tuple[WrittenCall, ...] = ()
    text: str = ""
    wrote: str = ""
    stray: bool = False
    """Tagged calls of known tools stand in the middle of the text, so nobody can tell what came first."""


@dataclass(frozen=True)
class _Block:
    start: int
    end: int
    calls: list[WrittenCall]


_BETWEEN = re.compile(
    r"(?:\s|[,;]|</?(?:tool_calls?|tools?)>|</?(?:function|invoke|function_calls?)>|<tool_call\|>"
    r"|<\|/?tool_calls?\|?>|\[/TOOL_CALLS\]|</s>|<end_of_turn>|```"
    r"|<[|｜](?:call|end|return|eot_id|eom_id|im_end|endoftext|start|python_tag)[|｜]>(?:assistant)?"
    r"|<[|｜](?:end|tool)[▁_][\w▁]{1,30}[|｜]>)*"
)
_TAG = re.compile(
    r"(?P<xml><(?:function=|function name=|invoke name=)\s?[\"']?(?P<xml_name>[\w.:/-]{1,120})[\"']?\s?>)"
    r"|(?P<block><\|?tool_calls?\|?>|<[|｜]tool[▁_]call[▁_]begin[|｜]>)"
    r"|(?P<python><\|python_tag\|>)"
    r"|(?P<mistral>\[TOOL_CALLS\])"
    r"|(?P<harmony>(?:<\|start\|>\s?assistant)?(?:<\|channel\|>\s?\w{0,12}\s{0,3})?\bto=(?:functions\.)?"
    r"(?P<harmony_name>[\w.-]{0,119}[\w-])"
    r"(?:\s|json|code|python|<\|constrain\|>|<\|channel\|>\s?\w{1,12}){0,9}<\|message\|>)"
    r"|(?P<gemma>\bcall:\s?(?P<gemma_name>[\w.-]{1,120})\s?(?=\{))"
)
_WRAPPER = re.compile(
    r"(?:(?:<\|?tool_calls?\|?>|<function_calls>|<[|｜]tool[▁_]calls?[▁_]begin[|｜]>|\[TOOL_CALLS\]|<\|python_tag\|>)\s{0,9})+\Z"
)
_ENDS = {
    "block": re.compile(r"</tool_calls?>|<tool_call\|>|<\|/tool_calls?\|?>|<[|｜]tool[▁_]call[▁_]end[|｜]>"),
    "xml": re.compile(r"</(?:function|invoke)>"),
    "python": re.compile(r"<\|(?:eom_id|eot_id|im_end)\|>"),
    "harmony": re.compile(r"<\|(?:call|end|return)\|>"),
}
_MISTRAL_NAME = re.compile(r"\s*(?P<name>[\w.-]{1,120})\s?(?:\[CALL_ID\]\s?\w{1,40}\s?)?(?:\[ARGS\])?\s*(?=\{)")
_FENCE = re.compile(r"```[ \t]{0,3}(?:json|tool_code|tool_call|tool|python|xml)?[ \t]{0,3}\n?", re.IGNORECASE)
_BARE = re.compile(
    r"(?:\[\s{0,20})?\{\s{0,20}[\"'“]?(?:name|function|tool|tool_name|function_name|action|type|id|arguments|parameters"
    r"|tool_calls?|function_call)[\"'”]?\s{0,10}:"
)
_PYTHON = re.compile(r"(?m)^[ \t]{0,8}\[?[ \t]{0,8}(?:print\()?(?P<name>[A-Za-z_][\w.]{0,120})\(")


def find_calls(text: str, known: Collection[str], subjects: Collection[int] = ()) -> TextCalls:
    """The calls at the end of a text. Never raises; time grows linearly with the text.

    `subjects`: where in the text tags stand that are spoken of and begin no call.
    """

    def meant(name: str) -> str | None:
        return match_name(name, known, guess=False).name if name else None

    tagged = _tagged(text, meant, subjects)
    if tagged.calls:
        return replace(tagged, text=_without_wrapper(tagged.text))
    if tagged.stray:
        return tagged
    return _fenced(text, meant) or _bare(text, meant) or _pythonic(text, meant) or TextCalls()


def _without_wrapper(text: str) -> str:
    """Without the tag at its end that opened a list of calls."""
    found = _WRAPPER.search(text, max(0, len(text) - 200))
    return text[: found.start()] if found else text


# Between tags


def only_marks_follow(text: str, *, ends: bool) -> bool:
    """Whether nothing but marks and further calls stands after a call. `ends`: the whole text ends with this one."""
    between = _BETWEEN.match(text)
    at = between.end() if between else 0
    return (at >= len(text)) or _TAG.match(text, at) is not None


def _tagged(text: str, known: Known, subjects: Collection[int] = ()) -> TextCalls:
    tags = [tag for tag in _TAG.finditer(text) if not _quoted(text, tag.start()) and tag.start() not in subjects]
    tags = tags[-MOST_BLOCKS:]
    limits: dict[str, int] = {}
    ends: list[int] = []
    for tag in reversed(tags):
        kind = _kind(tag)
        ends.append(limits.get(kind, len(text)))
        limits[kind] = tag.start()
    blocks: list[_Block] = []
    for tag, limit in zip(tags, reversed(ends), strict=True):
        if not blocks or tag.start() >= blocks[-1].end:
            block = _read(text, tag, limit, known)
            if block is not None and block.calls:
                blocks.append(block)
    return _at_the_end(text, blocks, known)


def _kind(tag: re.Match[str]) -> str:
    return next(kind for kind in ("xml", "block", "python", "mistral", "harmony", "gemma") if tag[kind] is not None)


def _quoted(text: str, at: int) -> bool:
    return text[at - 1 : at] == "`" and text[max(0, at - 3) : at] != "```"


def _read(text: str, tag: re.Match[str], limit: int, known: Known) -> _Block | None:
    """The block that begins with a tag; its body reaches to the next tag of the same kind at most."""
    kind = _kind(tag)
    body = text[tag.end() : limit]
    closer = _ENDS[kind].search(body) if kind in _ENDS else None
    inner = body[: closer.start()] if closer else body
    end = tag.end() + (closer.end() if closer else len(body))
    match kind:
        case "xml":
            return _Block(tag.start(), end, [WrittenCall(tag["xml_name"], xml_arguments(inner))])
        case "harmony":
            return _Block(tag.start(), end, [WrittenCall(tag["harmony_name"], inner.strip())])
        case "mistral":
            return _Block(tag.start(), end, _mistral(inner))
        case "gemma":
            keyed = keyed_arguments(body) if known(tag["gemma_name"]) else None
            if keyed is None:
                return None
            return _Block(tag.start(), tag.end() + keyed[1], [WrittenCall(tag["gemma_name"], keyed[0])])
        case _:
            return _Block(tag.start(), end, inner_calls(inner, known))


def _mistral(inner: str) -> list[WrittenCall]:
    named = _MISTRAL_NAME.match(inner)
    if named is None:
        return json_calls(inner.strip()) if inner.lstrip()[:1] in ("[", "{") else []
    return [WrittenCall(named["name"], inner[named.end() :].strip().removesuffix("</s>"))]


def _at_the_end(text: str, blocks: list[_Block], known: Known) -> TextCalls:
    """The blocks that nothing but marks follows."""
    kept: list[_Block] = []
    end = len(text)
    for block in reversed(blocks):
        if not _only_marks(text, block.end, end):
            break
        kept.insert(0, block)
        end = block.start
    if not kept:
        stray = any(known(call.name) for block in blocks for call in block.calls)
        return TextCalls(stray=stray, wrote=text[blocks[0].start : blocks[-1].end] if stray else "")
    calls = tuple(call for block in kept for call in block.calls)
    return TextCalls(calls, text[:end], text[end:])


def _only_marks(text: str, start: int, end: int) -> bool:
    found = _BETWEEN.match(text, start, end)
    return found is not None and found.end() == end


# Without tags


def _fenced(text: str, known: Known) -> TextCalls | None:
    """A fenced block at the end; its closing fence may be missing."""
    whole = text.rstrip()
    closed = whole.endswith("```") and whole.count("```") % 2 == 0
    inner_end = len(whole) - 3 if closed else len(whole)
    start = whole.rfind("```", 0, inner_end)
    opening = _FENCE.match(whole, start) if start >= 0 else None
    if opening is None or opening.end() > inner_end:
        return None
    inner = whole[opening.end() : inner_end]
    calls = _all_known(_json_in(inner), known) or [
        WrittenCall(name, canonical(given)) for name, given in read_python(inner, known)
    ]
    return TextCalls(tuple(calls), text[:start], text[start:]) if calls else None


def _json_in(inner: str) -> list[WrittenCall]:
    if inner.lstrip()[:1] not in ("{", "["):
        return []
    return json_calls(inner.strip())


def _bare(text: str, known: Known) -> TextCalls | None:
    starts = [found.start() for found in _BARE.finditer(text)]
    for start in dict.fromkeys(starts[:TRIES] + starts[-TRIES:]):
        calls = _bare_from(text, start, known)
        if calls:
            return TextCalls(tuple(calls), text[:start], text[start:])
    return None


def _bare_from(text: str, start: int, known: Known) -> list[WrittenCall]:
    """Calls of known tools from here to the end of the text; empty if anything else stands there."""
    calls: list[WrittenCall] = []
    at = start
    while at < len(text) and text[at] in "{[" and len(calls) < MOST_CALLS:
        try:
            value = read_prefix(text, at)
        except Unreadable:
            return []
        found = _all_known(shaped_calls(value.value) or [], known)
        if not found:
            return []
        calls += found
        between = _BETWEEN.match(text, value.end)
        at = between.end() if between else value.end
        while at < len(text) and text[at] in "}])":
            at += 1
    return calls if at >= len(text) or _only_marks(text, at, len(text)) else []


def _pythonic(text: str, known: Known) -> TextCalls | None:
    starts = [found.start() for found in _PYTHON.finditer(text) if known(found["name"])]
    for start in dict.fromkeys(starts[:TRIES] + starts[-TRIES:]):
        code = text[start:].rstrip()
        calls = read_python(code.removesuffix("</s>").removesuffix("<|im_end|>"), known)
        if calls:
            return TextCalls(
                tuple(WrittenCall(name, canonical(given)) for name, given in calls), text[:start], text[start:]
            )
    return None


def _all_known(calls: list[WrittenCall], known: Known) -> list[WrittenCall]:
    return calls if calls and all(known(call.name) for call in calls) else []
