"""Pure: blocks and instructions -> the system prompt.

The prompt holds no clock and nothing random: it changes when memory changes and at no other time, so that a local
server can reuse what it has read. Times go with the messages (`app.engine.context.window`).
"""

import json
import re
from typing import Any, cast

from app.domain.agent import Agent, schema_of
from app.domain.block import Block
from app.domain.tool_rule import (
    ChildTools,
    Conditional,
    ContinueLoop,
    ExitLoop,
    MaxCount,
    ParentTool,
    RequiredBeforeExit,
    RequiresApproval,
    RunFirst,
    ToolRule,
)

_INTRODUCTION = (
    "The following memory blocks are always in your context. They are your core memory: read them before you answer, "
    "and keep them true with your memory tools."
)
MEMORY_BEGINS, MEMORY_ENDS = f"<memory_blocks>\n{_INTRODUCTION}", "</memory_blocks>"
RULES_BEGIN, RULES_END = "<tool_usage_rules>", "</tool_usage_rules>"
_RULES = "These rules hold for your tools; a call that breaks one is not carried out:"
_BRACES = re.compile(r"\{\{\s*(\w+)[^{}]*\}\}")
"""A field in a template: `{{ tool_name }}`, `{{ children | join(', ') }}`."""
_FORM = "Answer the user with one JSON object and nothing else"


ARCHIVAL_BEGINS, ARCHIVAL_ENDS = "<archival_memory>", "</archival_memory>"
SEARCH_ARCHIVES = "archival_memory_search"
"""Without this tool a model is not told of what it could not read."""


def compile_prompt(agent: Agent, blocks: tuple[Block, ...], archived: int = 0) -> str:
    """The system prompt of an agent, as the model gets it. `archived`: how many passages it can find."""
    parts = (
        agent.system.strip(),
        compile_form(agent),
        compile_rules(agent),
        compile_archival(agent, archived),
        compile_memory(blocks),
    )
    return "\n\n".join(part for part in parts if part)


def compile_form(agent: Agent) -> str:
    """What the model is told of the form of its answers, because servers enforce it without a word; mostly empty."""
    form = agent.response_format
    if form is None:
        return ""
    if form["type"] == "json_object":
        return f"{_FORM}."
    return f"{_FORM}, of this schema:\n{json.dumps(schema_of(form), ensure_ascii=False)}"


def compile_rules(agent: Agent) -> str:
    """What the model is told of the rules of its tools; empty where none is worth a word. Of a tool that it has not it
    hears nothing, and of approvals neither: a refusal is told when it comes.
    """
    told = [rule_sentence(rule) for rule in agent.tool_rules if rule.tool_name in agent.tool_names]
    lines = [f"- {sentence}" for sentence in dict.fromkeys(told) if sentence]
    return "\n".join((RULES_BEGIN, _RULES, *lines, RULES_END)) if lines else ""


def rule_sentence(rule: ToolRule) -> str:
    """A rule in the model's words."""
    name = rule.tool_name
    if rule.prompt_template:
        return _filled(rule.prompt_template, rule)
    match rule:
        case RunFirst():
            return f"Begin each turn with {name}."
        case ExitLoop():
            return f"{name} ends your turn."
        case ContinueLoop():
            return f"After {name} your turn goes on."
        case ChildTools():
            return f"Right after {name} call one of these: {', '.join(rule.children)}."
        case Conditional():
            return f"What {name} returns decides which tool you may call next."
        case MaxCount():
            return f"Call {name} at most {rule.max_count_limit} times in a turn."
        case ParentTool():
            return f"Call these only right after {name}: {', '.join(rule.children)}."
        case RequiredBeforeExit():
            return f"Call {name} before your turn ends."
        case RequiresApproval():
            return ""


def _filled(template: str, rule: ToolRule) -> str:
    """With the fields of the rule; what else stands between braces stays as it is."""
    fields: dict[str, Any] = rule.model_dump(mode="json")
    return _BRACES.sub(lambda found: _shown(fields.get(found[1]), found[0]), template).strip()


def _shown(value: Any, otherwise: str) -> str:
    if value is None:
        return otherwise
    return ", ".join(str(one) for one in cast("list[Any]", value)) if isinstance(value, list) else str(value)


def compile_archival(agent: Agent, archived: int) -> str:
    """That there is something to search; empty where there is nothing, or no tool for it.

    The number is rounded, so that an agent that stores passages day by day does not have its whole prompt read again
    each time: between 10 and 1,000,000 passages the line changes 45 times.
    """
    if archived < 1 or SEARCH_ARCHIVES not in agent.tool_names:
        return ""
    unit = 10 ** (len(str(archived)) - 1)
    many = "A few" if archived < 10 else f"More than {archived // unit * unit - 1:,}"
    told = f"{many} passages are stored in your archival memory. Find them with {SEARCH_ARCHIVES}."
    return f"{ARCHIVAL_BEGINS}\n{told}\n{ARCHIVAL_ENDS}"


def compile_memory(blocks: tuple[Block, ...]) -> str:
    """The memory section; empty without blocks."""
    if not blocks:
        return ""
    inner = "\n\n".join(compile_block(block) for block in blocks)
    return f"{MEMORY_BEGINS}\n\n{inner}\n{MEMORY_ENDS}"


def compile_block(block: Block) -> str:
    """One block with what the agent must know to edit it."""
    lines = [f"<{block.label}>"]
    if block.description:
        lines.append(f"<description>\n{block.description}\n</description>")
    facts = [f"- chars_current={len(block.value)}", f"- chars_limit={block.limit}"]
    if block.read_only:
        facts.append("- read_only=true")
    lines.append("<metadata>\n" + "\n".join(facts) + "\n</metadata>")
    lines.append(f"<value>\n{block.value}\n</value>")
    lines.append(f"</{block.label}>")
    return "\n".join(lines)
