"""Pure: what is wrong with a set of tool rules, in sentences, before it is saved."""

from collections.abc import Collection, Iterable

from app.domain.base import Frozen
from app.domain.error import Invalid
from app.domain.tool_rule import (
    ChildTools,
    Conditional,
    ContinueLoop,
    ExitLoop,
    MaxCount,
    ParentTool,
    RequiredBeforeExit,
    RequiresApproval,
    Rules,
    RunFirst,
    ToolRule,
    followers,
)

_HARMLESS = (ExitLoop, ContinueLoop, RequiresApproval)
"""Of a tool that is not attached they hold as soon as it is."""


class RuleFault(Frozen):
    """Something that a set of rules can never hold to."""

    text: str
    """A sentence."""
    rule: int | None = None
    """Index of the rule that it is about; None: it is about several."""


def rule_faults(rules: Rules, tool_names: Collection[str]) -> tuple[RuleFault, ...]:
    """All that contradicts. `tool_names`: of the tools that the agent has."""
    faults = [RuleFault(text=text, rule=i) for i, rule in enumerate(rules) for text in _alone(rule, tool_names)]
    faults += (RuleFault(text=text, rule=i) for i, rule in enumerate(rules) for text in _together(rule, rules))
    if not faults:
        faults += _unreachable(rules, tool_names)
    return tuple(faults)


def check_rules(rules: Rules, tool_names: Collection[str]) -> None:
    """Raises `Invalid` (`tool_rules`) for rules that contradict each other, or name tools that the agent has not."""
    faults = rule_faults(rules, tool_names)
    if faults:
        text = " ".join(dict.fromkeys(fault.text for fault in faults[:3]))
        raise Invalid(text, code="tool_rules", hint="Change or remove one of these rules. Nothing was saved.")


def _alone(rule: ToolRule, tool_names: Collection[str]) -> Iterable[str]:
    named = followers(rule) if isinstance(rule, _HARMLESS) else (rule.tool_name, *followers(rule))
    for name in dict.fromkeys(named):
        if name not in tool_names:
            yield f"A rule names “{name}”, which is not attached to this agent."
    if isinstance(rule, ChildTools | ParentTool) and not rule.children:
        yield f"The rule about what follows “{rule.tool_name}” names no tool."
    if isinstance(rule, Conditional) and not rule.child_output_mapping:
        yield f"The rule about what “{rule.tool_name}” returns names no return."
    if isinstance(rule, MaxCount) and rule.max_count_limit < 1:
        yield f"“{rule.tool_name}” could never be called: its limit must be at least 1. Detach it instead."


def _together(rule: ToolRule, rules: Rules) -> Iterable[str]:
    name = rule.tool_name
    others = [other for other in rules if other.tool_name == name]
    if isinstance(rule, RunFirst):
        parents = [one.tool_name for one in rules if isinstance(one, ParentTool) and name in one.children]
        if parents:
            yield f"“{name}” must be called first, but may only be called after {_listed(parents, 'or')}."
    if isinstance(rule, ExitLoop):
        if any(isinstance(other, ContinueLoop) for other in others):
            yield f"“{name}” would both end the turn and not end it."
        if any(isinstance(other, ChildTools | Conditional) for other in others):
            yield f"“{name}” ends the turn, so no other tool can follow it."
    if isinstance(rule, ChildTools):
        first = next(other for other in others if isinstance(other, ChildTools))
        if first is not rule and not set(first.children) & set(rule.children):
            yield f"Two rules about what follows “{name}” have no tool in common, so none could follow it."


def _unreachable(rules: Rules, tool_names: Collection[str]) -> Iterable[RuleFault]:
    """Required tools that no order of calls leads to."""
    reached: set[str] = set()
    edge = _next(None, rules, tool_names)
    while edge:
        reached |= edge
        edge = {after for name in edge for after in _next(name, rules, tool_names)} - reached
    for i, rule in enumerate(rules):
        if isinstance(rule, RequiredBeforeExit) and rule.tool_name not in reached:
            yield RuleFault(text=_why_never(rule.tool_name, rules), rule=i)


def _next(last: str | None, rules: Rules, tool_names: Collection[str]) -> set[str]:
    """What may be called after a tool, or first, whatever it returned."""
    found = set(tool_names)
    first = {rule.tool_name for rule in rules if isinstance(rule, RunFirst)}
    if last is None and first:
        return first
    children = {child for rule in rules if isinstance(rule, ParentTool) for child in rule.children}
    mine = {c for rule in rules if isinstance(rule, ParentTool) and rule.tool_name == last for c in rule.children}
    found -= children - mine
    for rule in rules:
        if isinstance(rule, ChildTools) and rule.tool_name == last:
            found &= set(rule.children)
        if isinstance(rule, Conditional) and rule.tool_name == last:
            free = rule.default_child is None and not rule.require_output_mapping
            found &= found if free else set(followers(rule))
    return found


def _why_never(name: str, rules: Rules) -> str:
    text = f"“{name}” must be called before the end, but the rules never let it be called"
    chain = [name]
    while True:
        parents = [one.tool_name for one in rules if isinstance(one, ParentTool) and chain[-1] in one.children]
        if len(parents) != 1:
            return f"{text}."
        if parents[0] in chain:
            pairs = zip(chain, (*chain[1:], parents[0]), strict=True)
            return f"{text}: {', and '.join(f'“{child}” may only follow “{parent}”' for child, parent in pairs)}."
        chain.append(parents[0])


def _listed(names: Iterable[str], word: str) -> str:
    return f" {word} ".join(f"“{name}”" for name in names)
