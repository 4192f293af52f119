"""The tools that another program's assistant is offered, by its rights and the agents it may reach. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.agent import Agent
from app.domain.error import Invalid
from app.domain.json_value import JsonObject
from app.domain.memory_client import MemoryRight

LONGEST_QUERY, LONGEST_FACT, LONGEST_QUESTION = 2_000, 2_000, 20_000
"""Characters."""
INSTRUCTIONS = (
    "Lares keeps what agents remember about the person and their work. Search memory before you ask the person what "
    "they may have said already, and remember lasting facts in one short sentence each."
)
"""What a model is told of this server as a whole."""


@dataclass(frozen=True)
class Argument:
    description: str
    longest: int
    required: bool = True
    may_be_empty: bool = False


@dataclass(frozen=True)
class Offer:
    """One tool. It is offered to whoever has one of the rights."""

    description: str
    rights: tuple[MemoryRight, ...]
    arguments: Mapping[str, Argument]
    reads: bool = False


_BLOCK = Argument("Label of the block, as read_memory shows it.", 200)
OFFERS: Mapping[str, Offer] = {
    "search_memory": Offer(
        "Searches all that an agent of Lares remembers: its memory blocks, its archive and its conversations.",
        ("read",),
        {"query": Argument("What to look for: a few words, or a question.", LONGEST_QUERY)},
        reads=True,
    ),
    "read_memory": Offer(
        "Reads the memory blocks of an agent of Lares: what it always knows of the person and of itself.",
        ("read",),
        {"block": Argument("Label of one block; without it all are read.", 200, required=False)},
        reads=True,
    ),
    "remember": Offer(
        "Adds one lasting fact, as a line of a memory block.",
        ("propose", "write"),
        {
            "fact": Argument("The fact, in one short sentence that is true on its own.", LONGEST_FACT),
            "block": Argument(
                "Label of the block to add it to; without it the one about the person.", 200, required=False
            ),
        },
    ),
    "correct": Offer(
        "Corrects a memory block: words in it are replaced by others, or a line is taken out.",
        ("propose", "write"),
        {
            "block": _BLOCK,
            "old": Argument("The words as they stand in one line of the block, exactly.", LONGEST_FACT),
            "new": Argument(
                "What they become. Empty: they are taken out.", LONGEST_FACT, required=True, may_be_empty=True
            ),
        },
    ),
    "ask_agent": Offer(
        "Asks an agent of Lares a question and waits for its answer. It knows its memory; it has no other tools.",
        ("ask",),
        {"question": Argument("The question, with all that the agent needs to know for it.", LONGEST_QUESTION)},
    ),
}
"""The tools by their names, in the order in which they are listed."""


def tools_for(rights: Collection[MemoryRight], agents: Mapping[str, Agent]) -> list[JsonObject]:
    """As MCP lists them. `agents`: those that may be reached, by the names they are asked for."""
    return [_tool(name, offer, rights, tuple(agents)) for name, offer in OFFERS.items() if {*offer.rights} & {*rights}]


def _tool(name: str, offer: Offer, rights: Collection[MemoryRight], agents: tuple[str, ...]) -> JsonObject:
    properties: JsonObject = {
        key: {"type": "string", "description": one.description, "maxLength": one.longest}
        for key, one in offer.arguments.items()
    }
    required = [key for key, one in offer.arguments.items() if one.required]
    if len(agents) > 1:
        properties["agent"] = {"type": "string", "enum": [*agents], "description": "Whose memory it is."}
        required.append("agent")
    waits = "write" not in rights and "propose" in offer.rights
    return {
        "name": name,
        "description": offer.description + (" The person is asked before anything changes." if waits else ""),
        "inputSchema": {"type": "object", "properties": properties, "required": required},
        "annotations": {"readOnlyHint": offer.reads, "destructiveHint": False, "openWorldHint": False},
    }


def arguments_for(name: str, given: JsonObject) -> dict[str, str]:
    """The arguments of a call, those left out as empty texts. Raises `Invalid` with a sentence for the model."""
    found: dict[str, str] = {}
    for key, one in OFFERS[name].arguments.items():
        value: Any = given.get(key)
        if value is None and not one.required:
            value = ""
        if not isinstance(value, str):
            raise Invalid(f"“{key}” must be a text.", hint=one.description)
        if one.required and not one.may_be_empty and not value.strip():
            raise Invalid(f"“{key}” is empty.", hint=one.description)
        if len(value) > one.longest:
            raise Invalid(f"“{key}” has {len(value):,} characters; {one.longest:,} are taken at most.")
        found[key] = value
    return found


def by_name(agents: Collection[Agent]) -> dict[str, Agent]:
    """Agents by the names that programs call them: their own, or their ids where two have one name."""
    names = [agent.name for agent in agents]
    return {agent.name if names.count(agent.name) == 1 else agent.id: agent for agent in agents}


def chosen(given: JsonObject, agents: Mapping[str, Agent]) -> Agent:
    """The agent that a call is about. Raises `Invalid`."""
    wanted: Any = given.get("agent")
    if wanted is None and len(agents) == 1:
        return next(iter(agents.values()))
    found = agents.get(wanted) if isinstance(wanted, str) else None
    if found is None:
        there = ", ".join(f"“{name}”" for name in agents) or "none"
        raise Invalid("Say whose memory is meant, by the name of an agent.", hint=f"You may reach: {there}.")
    return found
