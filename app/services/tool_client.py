"""What a tool may ask while it runs: the memory, messages and archive of the agent that calls it, and its tools.

A pass is made for one call and ends with it. What it changes stands in the history with the call as its cause.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.agent import Agent
from app.domain.archive import Passage, PassageDraft, PassageFilter
from app.domain.block import Block
from app.domain.error import AppError, Invalid, NotFound
from app.domain.history import Actor, Origin
from app.domain.json_value import JsonObject, array_of, object_of
from app.domain.page import ALL_AGENTS, MessageFilter, PageRequest
from app.domain.source import tool_source
from app.domain.tool import ALSO_MEMORY, Tool
from app.domain.tool_rule import asked_about
from app.domain.wire_message import iso, objects_of
from app.engine.deps import EngineDeps
from app.engine.memory.archive_changes import ArchiveChanges
from app.engine.memory.archive_tools import insert_passage
from app.engine.memory.changes import Changes
from app.engine.memory.editing import edit_blocks
from app.engine.memory.inserting import insert
from app.engine.run.changed_tools import changed_tools
from app.engine.run.rules import LONGEST_RETURN, Made, Turn
from app.engine.run.stored_state import read_state
from app.engine.state import RunState
from app.ports.storage import Repositories
from app.ports.tools import ToolContext, ToolOutcome

MOST_LISTED = 100
ASKS = "“{}” asks the person before each call, which a program cannot. Call it by itself."
MEMORY_ASKS = (
    "Changes of memory ask the person first for this agent, so a program cannot make them: use “{}” by itself."
)
OTHERS = "This tool may use the agent that calls it alone. The person can let it use others: Tools, May use."


@dataclass
class Pass:
    """What one call may do, and what it has done."""

    tool: Tool
    agent: Agent
    origin: Origin
    run: RunState | None
    tools: tuple[Tool, ...]
    """Of its agent, those that can run, but the one that is called."""
    made: list[Made] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)
    """Blocks that it changed, by label: their texts now."""
    sources: list[str] = field(default_factory=list)
    """Whose texts the tools that it called brought."""


class ToolClient:
    """Makes passes (`of_call`)."""

    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps
        self._verbs: Mapping[str, Callable[[Pass, str, JsonObject], Awaitable[Any]]] = {
            "agents.retrieve": self._agent,
            "agents.list": self._agents,
            "blocks.list": self._blocks,
            "blocks.retrieve": self._block,
            "blocks.update": self._update_block,
            "messages.list": self._messages,
            "messages.search": self._search_messages,
            "passages.list": self._passages,
            "passages.search": self._search_passages,
            "passages.create": self._create_passage,
            "passages.delete": self._delete_passage,
            "tools.list": self._tools,
        }

    async def of_call(self, tool: Tool, context: ToolContext, *, calls_tools: bool = False) -> "OpenPass":
        """A pass for one call. `calls_tools`: it may also call the other tools of its agent. Raises `NotFound`."""

        def work(repos: Repositories) -> Pass:
            agent = repos.agents.get(context.agent_id)
            run = read_state(repos.runs.state(context.run_id)) if context.run_id else None
            kind = "sleep-time" if agent.agent_type == "sleeptime_agent" else "agent"
            origin = Origin(
                actor=Actor(kind=kind, name=agent.name),
                run_id=context.run_id or None,
                step_id=context.step_id or None,
                tool_call_id=context.tool_call_id or None,
                tool_name=tool.name,
                message_id=run.cause_id if run is not None else None,
                sources=(tool_source(tool.name),),
            )
            others = repos.tools.by_names(agent.tool_names)
            return Pass(tool, agent, origin, run, tuple(one for one in others if one.set_up and one.name != tool.name))

        return OpenPass(self, await self._deps.storage.read(work), context, calls_tools)

    async def answer(self, given: Pass, verb: str, arguments: JsonObject) -> JsonObject:
        """One request of a call. Never raises for what was asked."""
        work = self._verbs.get(verb)
        if work is None:
            return _refused(f"A tool's client has no “{verb[:80]}”.")
        agent_id = str(arguments.get("agent_id") or given.agent.id)
        if agent_id != given.agent.id and not given.tool.access.other_agents:
            return _refused(OTHERS)
        try:
            return {"value": await work(given, agent_id, arguments)}
        except PermissionError as error:
            return _refused(str(error))
        except AppError as error:
            return {"error": f"{error.message} {error.hint}".strip()}

    # What it reads

    async def _agent(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        def work(repos: Repositories) -> JsonObject:
            agent = repos.agents.get(agent_id)
            return _agent_told(agent, repos.blocks.of_agent(agent_id), repos.tools.by_names(agent.tool_names))

        return await self._deps.storage.read(work)

    async def _agents(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        if not given.tool.access.other_agents:
            raise PermissionError(OTHERS)
        page = PageRequest(limit=_most(arguments))
        found = await self._deps.storage.read(lambda repos: repos.agents.list(ALL_AGENTS, page))
        return [{"id": one.id, "name": one.name, "description": one.description, "tags": one.tags} for one in found]

    async def _blocks(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        return [_block_told(one) for one in await self._blocks_of(agent_id)]

    async def _block(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        return _block_told(_labelled(await self._blocks_of(agent_id), arguments))

    async def _blocks_of(self, agent_id: str) -> tuple[Block, ...]:
        def work(repos: Repositories) -> tuple[Block, ...]:
            return repos.blocks.of_agent(repos.agents.get(agent_id).id)

        return await self._deps.storage.read(work)

    async def _messages(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        wanted, page = MessageFilter(agent_id=agent_id), PageRequest(limit=_most(arguments))
        found = await self._deps.storage.read(lambda repos: repos.pages.messages(wanted, page))
        told = [one.model_dump(mode="json") for message in found for one in objects_of(message)]
        return told[: _most(arguments)]

    async def _search_messages(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        query, most = str(arguments.get("query") or ""), _most(arguments)
        hits = await self._deps.storage.read(lambda repos: repos.search.find(query, agent_id=agent_id, limit=most))
        return [one.model_dump(mode="json") for one in hits]

    async def _passages(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        page, wanted = PageRequest(limit=_most(arguments)), PassageFilter(agent_id=agent_id, validity="valid")
        return [_passage_told(one) for one in await self._deps.storage.read(lambda r: r.passages.list(wanted, page))]

    async def _search_passages(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        query, most = str(arguments.get("query") or arguments.get("text") or ""), _most(arguments)
        tags = tuple(str(one) for one in array_of(arguments.get("tags")))
        wanted = PassageFilter(agent_id=agent_id, validity="valid", tags=tags)
        hits = await self._deps.storage.read(lambda repos: repos.passages.search(query, wanted, most))
        return [_passage_told(one.passage) for one in hits]

    async def _tools(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        def work(repos: Repositories) -> list[JsonObject]:
            names = repos.agents.get(agent_id).tool_names
            return [_tool_told(one) for one in repos.tools.by_names(names)]

        return await self._deps.storage.read(work)

    # What it changes

    async def _update_block(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        value = arguments.get("value")
        if not isinstance(value, str):
            raise Invalid("A tool changes the value of a block; give it as text.")
        label = _labelled(await self._blocks_of(agent_id), arguments).label
        call = {"label": label, "new_memory": value}

        def work(repos: Repositories) -> Block:
            _check_memory_asks(repos, agent_id, "memory_rethink")
            result = edit_blocks(self._changes(repos, given), agent_id, "memory_rethink", call)
            if not result.ok:
                raise Invalid(result.text)
            return _labelled(repos.blocks.of_agent(agent_id), arguments)

        block = await self._deps.storage.write(work)
        if agent_id == given.agent.id:
            given.changed[block.label] = block.value
        return _block_told(block)

    async def _create_passage(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        tags = tuple(str(one) for one in array_of(arguments.get("tags")))
        draft = PassageDraft(text=str(arguments.get("text") or ""), tags=tags)

        def work(repos: Repositories) -> JsonObject:
            _check_memory_asks(repos, agent_id, "archival_memory_insert")
            archives = ArchiveChanges(self._changes(repos, given))
            return _passage_told(insert(archives, archives.default_of(repos.agents.get(agent_id).id), draft).passage)

        return [await self._deps.storage.write(work)]

    async def _delete_passage(self, given: Pass, agent_id: str, arguments: JsonObject) -> Any:
        wanted = str(arguments.get("passage_id") or arguments.get("memory_id") or "")

        def work(repos: Repositories) -> None:
            _check_memory_asks(repos, agent_id, "archival_memory_insert")
            passage = repos.passages.get(wanted)
            if passage.archive_id not in {one.id for one in repos.archives.of_agent(agent_id)}:
                raise NotFound("The agent has no such passage.")
            ArchiveChanges(self._changes(repos, given)).delete_passage(passage)

        await self._deps.storage.write(work)

    def _changes(self, repos: Repositories, given: Pass) -> Changes:
        return Changes(repos, self._deps.ids, self._deps.clock.now(), given.origin)

    # Other tools

    async def call_tool(self, given: Pass, context: ToolContext, name: str, arguments: JsonObject) -> JsonObject:
        """A tool of the agent, as its rules allow now. What asks a person first is refused."""
        found = await self._deps.storage.read(lambda repos: _callable(repos, given, name))
        if isinstance(found, str):
            return _refused(found)
        if found.edits_memory:
            outcome = await self._deps.storage.write(lambda repos: self._memory_tool(repos, given, name, arguments))
        else:
            outcome = await self._deps.tools.run(found, arguments, context, lambda text: None)
        given.made.append(Made(name=name, ok=outcome.ok, text=outcome.text[:LONGEST_RETURN]))
        given.sources += [one for one in (outcome.source, *outcome.quotes) if one]
        return {"value": outcome.text} if outcome.ok else {"error": outcome.text}

    def _memory_tool(self, repos: Repositories, given: Pass, name: str, arguments: JsonObject) -> ToolOutcome:
        changes = self._changes(repos, given)
        if name in ALSO_MEMORY:
            result = insert_passage(ArchiveChanges(changes), given.agent.id, arguments)
        else:
            result = edit_blocks(changes, given.agent.id, name, arguments)
        given.changed |= {one.after.label: one.after.value for one in result.edits if one.after is not None}
        return ToolOutcome(ok=result.ok, text=result.text)


@dataclass
class OpenPass:
    """The pass of one call, and what has been done with it."""

    client: ToolClient
    given: Pass
    context: ToolContext
    calls_tools: bool

    async def answers(self, asked: JsonObject) -> JsonObject:
        verb, arguments = str(asked.get("verb")), object_of(asked.get("arguments"))
        if verb == "tool":
            if not self.calls_tools:
                return _refused("This tool may not call others.")
            name, more = str(arguments.get("name")), object_of(arguments.get("arguments"))
            return await self.client.call_tool(self.given, self.context, name, more)
        return await self.client.answer(self.given, verb, arguments)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those of its agent that it can call by their names, if it may call any."""
        return self.given.tools if self.calls_tools else ()

    @property
    def told(self) -> str:
        """What a model must read, since the blocks in its prompt are those of the run's beginning; empty: nothing."""
        lines = (f'Block "{label}" says now:\n{value}' for label, value in self.given.changed.items())
        return "\n".join(lines)

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.given.sources))


async def nobody_answers(asked: JsonObject) -> JsonObject:
    """Of a trial."""
    return _refused("A trial belongs to no agent, so it has no memory. Give the tool to an agent and let that call it.")


def by_hand(agent_id: str) -> ToolContext:
    """Of a call that a person or a program makes for an agent, outside of its runs."""
    return ToolContext(agent_id=agent_id, conversation_id="", run_id="", step_id="", tool_call_id="")


def _callable(repos: Repositories, given: Pass, name: str) -> Tool | str:
    """The tool, or why it cannot be called now."""
    agent = repos.agents.get(given.agent.id)
    tool = next(iter(repos.tools.by_names((name,))), None) if name in agent.tool_names else None
    if tool is None or not tool.set_up or name == given.tool.name:
        return f"There is no tool “{name[:80]}” that a program of this agent can call."
    if name in asked_about(agent.tool_rules) or changed_tools(repos, (name,)):
        return ASKS.format(name)
    names = tuple(one.name for one in repos.tools.by_names(agent.tool_names) if one.set_up)
    before, denied = (given.run.made, given.run.denied) if given.run is not None else ((), ())
    return Turn(agent.tool_rules, names, (*before, *given.made), denied).forbids(name) or tool


def _check_memory_asks(repos: Repositories, agent_id: str, verb: str) -> None:
    """Raises `PermissionError` where a tool that would do the same asks a person first."""
    agent = repos.agents.get(agent_id)
    asking = asked_about(agent.tool_rules)
    archive = verb in ALSO_MEMORY
    for tool in repos.tools.by_names(agent.tool_names):
        if tool.name in asking and tool.edits_memory and (tool.name in ALSO_MEMORY) == archive:
            raise PermissionError(MEMORY_ASKS.format(tool.name))


def _labelled(blocks: tuple[Block, ...], arguments: JsonObject) -> Block:
    wanted = str(arguments.get("block_label") or arguments.get("label") or "")
    found = next((one for one in blocks if wanted in (one.label, one.id)), None)
    if found is None:
        raise NotFound(f"The agent has no block “{wanted[:100]}”.")
    return found


def _most(arguments: JsonObject) -> int:
    most = arguments.get("limit")
    return max(1, min(most, MOST_LISTED)) if isinstance(most, int) else MOST_LISTED


def _refused(sentence: str) -> JsonObject:
    return {"error": sentence, "refused": True}


def _block_told(block: Block) -> JsonObject:
    told = block.model_dump(mode="json", include={"id", "label", "value", "limit", "description", "read_only", "tags"})
    return {**told, "metadata": block.metadata}


def _passage_told(passage: Passage) -> JsonObject:
    told = passage.model_dump(mode="json", include={"id", "archive_id", "text", "tags", "metadata"})
    return {**told, "created_at": iso(passage.created_at)}


def _tool_told(tool: Tool) -> JsonObject:
    schema = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {
        **tool.model_dump(mode="json", include={"id", "name", "tool_type", "description", "tags"}),
        "json_schema": schema,
    }


def _agent_told(agent: Agent, blocks: tuple[Block, ...], tools: tuple[Tool, ...]) -> JsonObject:
    told = agent.model_dump(mode="json", include={"id", "name", "description", "tags", "system", "model", "metadata"})
    return {**told, "blocks": [_block_told(one) for one in blocks], "tools": [_tool_told(one) for one in tools]}
