"""Pure: what the rules of an agent's tools allow at each moment of a turn, and the verdict on each call.

The history of a turn are the calls that were carried out in it; the calls of one reply follow each other in order.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.base import Frozen
from app.domain.message import Message, Part, ToolCallPart, ToolReturnPart
from app.domain.tool_rule import (
    ChildTools,
    Conditional,
    ExitLoop,
    MaxCount,
    ParentTool,
    RequiredBeforeExit,
    Rules,
    RunFirst,
    asked_about,
)
from app.engine.reply import Call

LONGEST_RETURN = 1_000
"""Characters of a return that are kept for a rule that goes by it."""
NOTHING_CHANGED: Mapping[str, str] = {}


class Made(Frozen):
    """A call that was carried out in this turn."""

    name: str
    ok: bool = True
    text: str | None = None
    """What it returned, of the newest one; None: not known yet, or no longer of interest."""
    step_no: int = 0
    """Steps that the run had ended by then."""


@dataclass(frozen=True)
class Turn:
    """What the rules look at."""

    rules: Rules
    tools: tuple[str, ...]
    """Names of those that the agent has and that can run, in their order; the program's own among them."""
    made: tuple[Made, ...] = ()
    denied: tuple[str, ...] = ()
    """Tools of which a person refused a call in this turn: nobody can be held to them any more."""

    def after(self, made: Made) -> "Turn":
        return Turn(self.rules, self.tools, (*self.made, made), self.denied)

    @property
    def last(self) -> Made | None:
        return self.made[-1] if self.made else None

    @property
    def allowed(self) -> tuple[str, ...]:
        """What may be called next."""
        return tuple(name for name in self.tools if not self.forbids(name))

    @property
    def first(self) -> tuple[str, ...]:
        """What the turn must begin with: one of these; empty where anything may come first, or something came."""
        if self.made:
            return ()
        wanted = {rule.tool_name for rule in self.rules if isinstance(rule, RunFirst)} - set(self.denied)
        return tuple(name for name in self.tools if name in wanted)

    @property
    def missing(self) -> tuple[str, ...]:
        """What must be called before the turn may end by an answer, of what can be."""
        wanted = {rule.tool_name for rule in self.rules if isinstance(rule, RequiredBeforeExit)}
        done = {made.name for made in self.made}.union(self.denied)
        return tuple(dict.fromkeys((*self.first[:1], *(n for n in self.tools if n in wanted and n not in done))))

    def ends(self, step_no: int) -> bool:
        """Whether a call of the newest reply ends the turn."""
        ending = {rule.tool_name for rule in self.rules if isinstance(rule, ExitLoop)}
        newest = (made for made in self.made if made.step_no == step_no)
        return any(made.ok and made.name in ending for made in newest) and not self.missing

    def forbids(self, name: str) -> str:
        """Why this tool must not be called next, as the model is told it; empty where it may be."""
        first = self.first
        if first and name not in first:
            return f"The turn begins with a call of {_any_of(first)}."
        limits = [r.max_count_limit for r in self.rules if isinstance(r, MaxCount) and r.tool_name == name]
        if limits and sum(made.name == name for made in self.made) >= min(limits):
            return f"{name} may be called at most {min(limits)} times in a turn."
        return "" if first else self._after_last(name)

    def _after_last(self, name: str) -> str:
        last = self.last
        parents = [r.tool_name for r in self.rules if isinstance(r, ParentTool) and name in r.children]
        if parents and (last is None or last.name not in parents):
            return f"{name} may be called only right after {_any_of(parents)}."
        for rule in self.rules:
            if last is None or rule.tool_name != last.name:
                continue
            if isinstance(rule, ChildTools) and name not in rule.children:
                return f"Right after {last.name} only {_any_of(rule.children)} may be called."
            if isinstance(rule, Conditional):
                why = _by_return(rule, last, name)
                if why:
                    return why
        return ""

    def fixed(self, name: str) -> dict[str, Any]:
        """The arguments that a call of this tool gets now, whatever the model wrote for them."""
        found: dict[str, Any] = {}
        for rule in self.rules:
            if isinstance(rule, RunFirst) and rule.tool_name == name and not self.made:
                found |= rule.args or {}
            if isinstance(rule, ChildTools) and self.last is not None and rule.tool_name == self.last.name:
                for node in rule.child_arg_nodes or ():
                    found |= (node.args or {}) if node.name == name else {}
        return found


def judge(
    calls: Sequence[Call],
    turn: Turn,
    client: Collection[str] = (),
    changed: Mapping[str, str] = NOTHING_CHANGED,
    *,
    asks: bool = True,
) -> tuple[Call, ...]:
    """The calls of a reply, each with its verdict: forbidden, to be asked about, or free.

    `client`: names of the tools that the asking program runs. `changed`: tools whose change nobody has agreed to, with
    its digest. `asks`: False once the calls have been answered.
    """
    asked = asked_about(turn.rules)
    judged: list[Call] = []
    for call in calls:
        if call.problem:
            judged.append(call)
            continue
        why = "" if call.given is not None else turn.forbids(call.name)
        if why:
            judged.append(call.model_copy(update={"problem": f"Not carried out. {why}", "ruled": True}))
            continue
        if call.status == "requested":
            call = _with_fixed(call, turn)
            if asks and (call.name in client or (not call.result and (call.name in asked or call.name in changed))):
                change = "" if call.name in client else changed.get(call.name, "")
                call = call.model_copy(update={"status": "awaiting_approval", "change": change})
        judged.append(call)
        turn = turn.after(Made(name=call.name))
    return tuple(judged)


def as_judged(message: Message, calls: Iterable[Call]) -> Message:
    """The message of a reply as it is stored: its calls as they will be made, marked where somebody is asked."""
    by_id = {call.tool_call_id: call for call in calls}

    def stored(part: Part) -> Part:
        call = by_id.get(part.tool_call_id) if isinstance(part, ToolCallPart) else None
        if call is None:
            return part
        return part.model_copy(update={"arguments": call.arguments, "asks": call.status == "awaiting_approval"})

    return message.model_copy(update={"parts": tuple(stored(part) for part in message.parts)})


def made_of(calls: Iterable[Call], returns: Iterable[ToolReturnPart], step_no: int) -> tuple[Made, ...]:
    """What was carried out of some calls."""
    return tuple(
        Made(name=call.name, ok=part.status == "success", text=part.text[:LONGEST_RETURN], step_no=step_no)
        for call, part in zip(calls, returns, strict=True)
        if not call.problem
    )


def joined(before: tuple[Made, ...], after: tuple[Made, ...]) -> tuple[Made, ...]:
    """The history of a turn; only its newest call is remembered with its return."""
    both = (*before, *after)
    return (*(made.model_copy(update={"text": None}) for made in both[:-1]), *both[-1:])


def _with_fixed(call: Call, turn: Turn) -> Call:
    fixed = turn.fixed(call.name)
    if not fixed:
        return call
    return call.model_copy(update={"arguments": json.dumps({**call.parsed, **fixed}, ensure_ascii=False)})


def _by_return(rule: Conditional, last: Made, name: str) -> str:
    if last.text is None:
        return f"What may follow {last.name} depends on what it returns: wait for that first."
    child = next((child for key, child in rule.child_output_mapping.items() if _same(key, last.text)), None)
    if child is None and rule.require_output_mapping:
        return f"After what {last.name} returned no tool may be called."
    child = rule.default_child if child is None else child
    return f"After what {last.name} returned only {child} may be called." if child not in (None, name) else ""


def _same(key: str, returned: str) -> bool:
    """Whether a return is the one of a rule: the same text, number or truth value."""
    key, returned = key.strip(), returned.strip()
    if key == returned:
        return True
    if key.lower() in ("true", "false"):
        return key.lower() == returned.lower()
    try:
        return float(key) == float(returned)
    except ValueError:
        return False


def _any_of(names: Iterable[str]) -> str:
    return " or ".join(names)
