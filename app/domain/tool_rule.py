"""Rules of an agent's tools: which one comes first, what may follow, what must be called, what is asked about.

Kinds and fields are those of the Letta API. What a rule holds a run to is in `app.engine.run.rules`.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, TypeAdapter

from app.domain.base import Field, Frozen


class _Rule(Frozen):
    """`type` has no default, so that it is stored also where defaults are left out. Fields that nobody knows are left
    out: earlier versions kept rules as programs sent them."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    tool_name: str
    prompt_template: str | None = None
    """How the model is told of it, with `{{ tool_name }}` and the other fields; None: in our words."""


class ToolCallNode(Frozen):
    """A call that a rule makes with fixed arguments."""

    name: str
    args: dict[str, Any] | None = None


class RunFirst(_Rule):
    """The first call of a turn is one of the tools with this rule."""

    type: Literal["run_first"]
    args: dict[str, Any] | None = None
    """Arguments that this first call gets, whatever the model wrote for them."""


class ExitLoop(_Rule):
    """A call of it that succeeds ends the turn."""

    type: Literal["exit_loop"]


class ContinueLoop(_Rule):
    """The turn goes on after a call of it, as it does after every tool that does not end it."""

    type: Literal["continue_loop"]


class ChildTools(_Rule):
    """Right after it only these may be called."""

    type: Literal["constrain_child_tools"]
    children: tuple[str, ...]
    child_arg_nodes: tuple[ToolCallNode, ...] | None = None
    """Arguments that a child gets when it is called right after."""


class Conditional(_Rule):
    """What it returns says which tool may be called next."""

    type: Literal["conditional"]
    child_output_mapping: dict[str, str]
    """Tool by return."""
    default_child: str | None = None
    """For all other returns; None: any tool."""
    require_output_mapping: bool = False
    """True: after any other return none may be called."""


class MaxCount(_Rule):
    """It is called so often in a turn at most."""

    type: Literal["max_count_per_step"]
    max_count_limit: int


class ParentTool(_Rule):
    """The children may be called only right after it, or after another tool with such a rule for them."""

    type: Literal["parent_last_tool"]
    children: tuple[str, ...]


class RequiredBeforeExit(_Rule):
    """A turn does not end by an answer before it was called."""

    type: Literal["required_before_exit"]


class RequiresApproval(_Rule):
    """A person is asked before each call."""

    type: Literal["requires_approval"]


ToolRule = Annotated[
    RunFirst
    | ExitLoop
    | ContinueLoop
    | ChildTools
    | Conditional
    | MaxCount
    | ParentTool
    | RequiredBeforeExit
    | RequiresApproval,
    Field(discriminator="type"),
]
Rules = tuple[ToolRule, ...]
RULES: TypeAdapter[Rules] = TypeAdapter(Rules)
"""Reads rules from their fields; raises `ValidationError` for a kind that there is not."""


def followers(rule: ToolRule) -> tuple[str, ...]:
    """The tools that a rule names beside its own."""
    match rule:
        case ChildTools() | ParentTool():
            return rule.children
        case Conditional():
            default = () if rule.default_child is None else (rule.default_child,)
            return tuple(dict.fromkeys((*rule.child_output_mapping.values(), *default)))
        case _:
            return ()


def asked_about(rules: Iterable[ToolRule]) -> frozenset[str]:
    """Names of the tools whose calls a person is asked about."""
    return frozenset(rule.tool_name for rule in rules if isinstance(rule, RequiresApproval))


def with_approval(rules: Rules, tool_name: str, required: bool) -> Rules:
    """The rules after it was switched whether a person is asked about this tool."""
    if required == (tool_name in asked_about(rules)):
        return rules
    if required:
        return (*rules, RequiresApproval(type="requires_approval", tool_name=tool_name))
    return tuple(rule for rule in rules if not isinstance(rule, RequiresApproval) or rule.tool_name != tool_name)
