"""Pure: what becomes of a reply: calls in canonical form, clean words, the repairs made, and whether to ask again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.domain.run import Repair
from app.domain.tool import Tool
from app.engine.repairs.call_shapes import WrittenCall, json_calls
from app.engine.repairs.calls import Meant, read_call, repair
from app.engine.repairs.calls_in_text import find_calls
from app.engine.repairs.constrained import read_action, words_so_far
from app.engine.repairs.echo import NOTHING_SAID, Before, is_echo
from app.engine.repairs.json_repair import Unreadable, as_list, as_object, canonical, read_json
from app.engine.repairs.loops import CallMemo, call_loop, repeating_tail, wished_for
from app.engine.repairs.reprompt import Reason, Reprompt, reprompt_for
from app.engine.repairs.thinking import calls_in_thinking, part_thinking
from app.engine.reply import Call, RawCall, Reply

MOST_REPAIRS = 2
"""Times in a row that a model is corrected or asked again; then a person is told. A good reply forgives."""
MOST_CALLS = 256
"""Calls of one reply; more is babble."""
LEAST_CALL = 8
"""Tokens that a call takes at least; a reply that is really empty has one or two."""
KEPT_REPETITION = 200
"""Characters of a repetition that stay in the text, so that one sees what it was."""
MAX_NAME = 64
"""Characters. OpenAI's service takes no longer names of functions."""
REPEATED = "repetition"
"""Finish of a reply that was broken off because it repeated itself."""
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
"""OpenAI's service refuses a history with other names of tools, so it would refuse every later message too."""


@dataclass(frozen=True)
class Circumstances:
    """What is known around a reply. `tools`: those the model was offered."""

    tools: tuple[Tool, ...] = ()
    bad_replies: int = 0
    """Replies in a row that were no use."""
    recent: Sequence[CallMemo] = ()
    """Calls of this run that were answered, oldest first."""
    asked: Reprompt | None = None
    """How this reply was asked for, if it was not the first try."""
    constrained: bool = False
    """The model was made to answer in JSON, because it cannot call tools."""
    in_form: bool = False
    """The answer was to be JSON, as the agent's settings have it."""
    before: Before = NOTHING_SAID
    """What was said before this reply."""
    ids: str = "call"
    """Beginning of ids for calls that have none."""


@dataclass(frozen=True)
class Reading:
    """What a reply means. `reprompt`: it was no use, and how to ask next; `decide` counts and ends."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
    repairs: tuple[Repair, ...] = ()
    reprompt: Reprompt | None = None
    cut: bool = False
    """The words end where the output limit was reached."""
    give_up: bool = False
    """Asking again is no use."""

    @property
    def problem(self) -> Reason | None:
        """Why this reply counts as a bad one; None when it does not."""
        if self.reprompt is not None:
            return self.reprompt.reason
        return "broken" if any(call.problem for call in self.calls) else None


@dataclass(frozen=True)
class _Found:
    """Calls of a reply, wherever they stood, and what remains beside them."""

    text: str
    reasoning: str
    calls: tuple[RawCall, ...]
    repairs: tuple[Repair, ...] = field(default=())
    open_call: bool = False
    stray: str = ""
    unread: str = ""
    """All that was said has the form of a call and cannot be read as one."""


def read_reply(reply: Reply, around: Circumstances) -> Reading:
    """Reads one complete reply. Never raises, whatever came."""
    repeated = _repetition(reply)
    if repeated is not None:
        note = repair("repetition", repeated, "asked again, warmer")
        text, reasoning = read_words(reply)
        reprompt = reprompt_for("repetition", around.bad_replies)
        return Reading(_once(text, repeated), _once(reasoning, repeated), (), (note,), reprompt)
    found = _find(reply, around)
    if around.in_form and not found.calls and (form := _in_form(found)) is not None:
        return form
    cut = reply.finish == "length"
    swallowed = not found.text.strip() and not found.reasoning.strip()
    if cut and (found.calls or found.open_call or swallowed):
        wrote = found.calls[-1].arguments if found.calls else reply.text[-200:]
        return _useless("cut", repair("cut_call", wrote, "asked again, with more room"), around, found)
    if found.stray:
        useless = _useless("stray", repair("stray_call", found.stray, "asked again"), around, found)
        return replace(useless, text=found.text)  # kept if it is the last try: it may have been spoken of
    if found.unread:
        useless = _useless("broken", repair("call_in_text", found.unread, "asked again"), around, found)
        return replace(useless, text=found.text)
    if found.calls and around.tools:
        return _with_calls(found, around)
    if found.text.strip() and not cut and is_echo(found.text, around.before):
        return replace(
            _useless("echo", repair("repetition", found.text, "asked again"), around, found), text=found.text
        )
    if found.text.strip():
        return Reading(found.text, found.reasoning, (), found.repairs, cut=cut)
    return _silent(reply, found, around)


def _in_form(found: _Found) -> Reading | None:
    """An answer in the form that was asked for, mended where it is not quite JSON. It may look like a call or repeat
    the one before. None when it is no JSON.
    """
    text = found.text
    try:
        read = read_json(text)
    except Unreadable:
        return None
    if as_object(read.value) is None and as_list(read.value) is None:
        return None
    if not read.mended:
        return Reading(text.strip(), found.reasoning, (), found.repairs)
    mended = canonical(read.value)
    return Reading(mended, found.reasoning, (), (*found.repairs, repair("form", text, mended)))


def read_words(reply: Reply) -> tuple[str, str]:
    """Text and reasoning of a reply that was stopped or broke off, clean; its calls do not count."""
    parted = part_thinking(reply.reasoning, words_so_far(reply.text), thinks=reply.thinks)
    return parted.said.text, parted.reasoning


def _repetition(reply: Reply) -> str | None:
    """What a reply repeated that did not end by itself."""
    if reply.calls or reply.finish not in (REPEATED, "length"):
        return None
    unit = repeating_tail(reply.text) or repeating_tail(reply.reasoning)
    if unit is not None and reply.finish != REPEATED and wished_for(unit, reply.asked):
        return None  # it was asked for, and met the output limit
    return unit or (reply.text[-80:] if reply.finish == REPEATED else None)


def _once(text: str, unit: str) -> str:
    """The text up to its repetition and a little of it: all of it in the history would make the model go on so."""
    at = text.find(unit * 3)
    return text if at < 0 else text[: at + max(len(unit), KEPT_REPETITION)]


def _find(reply: Reply, around: Circumstances) -> _Found:
    found = _in_json(reply, around) if around.constrained else None
    if found is not None:
        return found
    names = [tool.name for tool in around.tools]
    parted = part_thinking(reply.reasoning, reply.text, names, thinks=reply.thinks)
    said = parted.said
    found = _Found(said.text, parted.reasoning, reply.calls, open_call=said.open_call)
    if parted.mixed:
        found = _noted(found, repair("thinking_in_text", said.thinking, "thinking"))
    if reply.calls or not around.tools:
        return found if parted.mixed or not said.tags else _noted(found, repair("tags", " ".join(said.tags), said.text))
    in_text = find_calls(said.spoken, names, said.subjects)
    if in_text.calls:
        note = repair("call_in_text", in_text.wrote, _shown(in_text.calls))
        calls = _numbered(in_text.calls, around)
        return _noted(replace(found, text=in_text.text.strip(), calls=calls), note)
    found = replace(found, text=said.spoken.strip() if said.tags else said.spoken)  # what was cut and is no call
    if in_text.stray:
        return replace(found, stray=in_text.wrote)
    if said.has_call and not said.text.strip():
        return replace(found, unread=found.text)
    if said.tags and not parted.mixed and not said.open_call:
        found = _noted(found, repair("tags", " ".join(said.tags), said.text))
    return found if found.text.strip() else _from_thinking(found, names, around)


def _in_json(reply: Reply, around: Circumstances) -> _Found | None:
    """A reply in the form that was asked for, also where it broke off; None when it is something else."""
    action = read_action(reply.text)
    if action is not None:
        return _Found(action[0], reply.reasoning, _numbered(action[1], around))
    if not reply.text.strip() and (thought := read_action(reply.reasoning)) is not None:
        # Some servers take the whole reply for thinking.
        note = repair("call_in_thinking", reply.reasoning, _shown(thought[1]) or thought[0])
        return _Found(thought[0], "", _numbered(thought[1], around), (note,))
    words = words_so_far(reply.text)
    if words and words != reply.text:
        return _Found(words, reply.reasoning, ())
    if not reply.text.lstrip().startswith("{"):
        return None
    if reply.finish == "length":
        return _Found("", reply.reasoning, (), open_call=True)
    broken = json_calls(reply.text.strip())
    return _Found("", reply.reasoning, _numbered(broken, around)) if broken else None


def _from_thinking(found: _Found, names: list[str], around: Circumstances) -> _Found:
    lost = calls_in_thinking(found.reasoning, names)
    if not lost.calls:
        return found
    note = repair("call_in_thinking", lost.wrote, _shown(lost.calls))
    return _noted(replace(found, reasoning=lost.text, calls=_numbered(lost.calls, around)), note)


def _with_calls(found: _Found, around: Circumstances) -> Reading:
    if len(found.calls) > MOST_CALLS:
        wrote = f"{len(found.calls)} calls in one reply"
        return _useless("repetition", repair("repetition", wrote, "asked again"), around)
    calls: list[Call] = []
    repairs = found.repairs
    recent = list(around.recent)
    editing = _editing(around)
    for native in found.calls:
        meant = read_call(native.name, native.arguments, around.tools)
        repairs += meant.repairs
        call = _stored(native, meant)
        if call.problem:
            calls.append(call)
            continue
        if _circles(call, around):
            return _looping(found, call, repairs, around)
        loop = call_loop(call.name, call.arguments, recent, editing)
        if loop is not None and loop.kind == "same":
            repairs += (repair("repeated_call", f"{call.name} {call.arguments}", "answered with the earlier result"),)
            told = _failed_before(loop.result) if loop.failed else _already(loop.result)
            call = call.model_copy(update={"result": told, "failed": loop.failed})
        calls.append(call)
        memo = CallMemo.of(call.name, call.arguments, answered=bool(call.result), failed=call.failed, step_no=-1)
        recent.append(memo)
    return Reading(found.text, found.reasoning, tuple(calls), repairs)


def _circles(call: Call, around: Circumstances) -> bool:
    """Whether the model goes in circles over several steps, although it was told or with one tool alone."""
    loop = call_loop(call.name, call.arguments, around.recent, _editing(around))
    return loop is not None and (loop.kind == "name" or loop.answered)


def _looping(found: _Found, call: Call, repairs: tuple[Repair, ...], around: Circumstances) -> Reading:
    """The same again and again. Words beside the call end the turn; else the model must speak without tools."""
    repairs += (repair("repeated_call", f"{call.name} {call.arguments}", "not run; asked for an answer without tools"),)
    if found.text.strip():
        return Reading(found.text, found.reasoning, (), repairs)
    return Reading("", found.reasoning, (), repairs, reprompt_for("loop", around.bad_replies))


def _silent(reply: Reply, found: _Found, around: Circumstances) -> Reading:
    if around.asked is not None and around.asked.without_tools:
        note = repair("empty_reply", "", "the turn ends")
        reprompt = reprompt_for(around.asked.reason, around.bad_replies)
        return Reading("", found.reasoning, (), (*found.repairs, note), reprompt, give_up=True)
    if found.reasoning.strip():
        return _useless("thinking", repair("only_thinking", found.reasoning[-200:], "asked again"), around, found)
    if reply.written >= LEAST_CALL and around.tools:
        wrote = f"{reply.written} tokens, of which the server passed nothing on"
        return _useless("vanished", repair("empty_reply", wrote, "asked again"), around, found)
    return _useless("empty", repair("empty_reply", "", "asked again"), around, found)


def _useless(reason: Reason, note: Repair, around: Circumstances, found: _Found | None = None) -> Reading:
    kept, reasoning = (found.repairs, found.reasoning) if found is not None and reason != "cut" else ((), "")
    return Reading(reasoning=reasoning, repairs=(*kept, note), reprompt=reprompt_for(reason, around.bad_replies))


def _editing(around: Circumstances) -> frozenset[str]:
    return frozenset(tool.name for tool in around.tools if tool.edits_memory)


def _failed_before(result: str) -> str:
    return (
        "Not done: this very call failed before, and nothing has changed since. Do not repeat it; "
        f"make another call or answer the user.\n{result}"
    )


def _already(result: str) -> str:
    if not result:
        return "Already done: you made this very call before. Do not repeat it; answer the user."
    return f"Already done: this very call gave this result before. Do not repeat it; answer the user.\n{result}"


def _stored(native: RawCall, meant: Meant) -> Call:
    name = _NOT_IN_NAMES.sub("_", meant.name)[:MAX_NAME] or "unnamed"
    return Call(tool_call_id=native.tool_call_id, name=name, arguments=meant.arguments, problem=meant.problem)


def _numbered(calls: Sequence[WrittenCall], around: Circumstances) -> tuple[RawCall, ...]:
    return tuple(RawCall(f"{around.ids}_{i}", call.name, call.arguments) for i, call in enumerate(calls))


def _noted(found: _Found, note: Repair) -> _Found:
    return replace(found, repairs=(*found.repairs, note))


def _shown(calls: Sequence[WrittenCall]) -> str:
    return "\n".join(f"{call.name} {call.arguments}" for call in calls)
