"""What a client's calls do: search, read, propose or write, and ask."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.domain.agent import Agent
from app.domain.archive import PassageFilter
from app.domain.block import Block
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.history import Actor, Origin
from app.domain.memory_client import MemoryClient
from app.domain.message import MessageDraft, MessageScope
from app.domain.proposal import MemoryProposal
from app.domain.run import ASSISTANT, STOP_REASONS, Run
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.engine.memory_server.texts import day, found, line_of, lines_with, messages_found, read_aloud
from app.ports.storage import Repositories
from app.services.archives.service import Archives
from app.services.changing import change
from app.services.conversations import Conversations
from app.services.memory_server.clients import client_of, store_client
from app.services.proposals import Proposals
from app.services.recall import Recall
from app.services.runs import Runs

HITS = 8
"""Passages and messages that a search tells, of each."""
ASK_SECONDS = 180.0
"""How long an agent may take to answer: programs wait one to a few minutes for a tool."""
ABOUT_THE_PERSON = "human"
WAITS = "Proposed. It changes nothing before the person accepts it in Lares."


@dataclass(frozen=True)
class MemoryActs:
    """One act for each tool. Each gives the text for the model, and raises `AppError` with a sentence for it."""

    deps: EngineDeps
    archives: Archives
    recall: Recall
    proposals: Proposals
    conversations: Conversations
    runs: Runs

    async def act(self, tool: str, client: MemoryClient, agent: Agent, given: dict[str, str]) -> str:
        acts: dict[str, Callable[[MemoryClient, Agent, dict[str, str]], Awaitable[str]]] = {
            "search_memory": self._search,
            "read_memory": self._read,
            "remember": self._remember,
            "correct": self._correct,
            "ask_agent": self._ask,
        }
        return await acts[tool](client, agent, given)

    async def _search(self, client: MemoryClient, agent: Agent, given: dict[str, str]) -> str:
        query = given["query"]
        blocks, passages, messages = await asyncio.gather(
            self._blocks(agent.id),
            self.archives.search(query, PassageFilter(agent_id=agent.id, validity="valid"), HITS),
            self.recall.messages(query, MessageScope(agent_id=agent.id), HITS),
        )
        archive = "\n".join(f"- {day(hit.passage.created_at)}: {hit.passage.text}" for hit in passages.hits)
        return await asyncio.to_thread(lambda: found(lines_with(blocks, query), archive, messages_found(messages.hits)))

    async def _read(self, client: MemoryClient, agent: Agent, given: dict[str, str]) -> str:
        blocks = await self._blocks(agent.id)
        return read_aloud((_block(blocks, given["block"]),) if given["block"] else blocks)

    async def _remember(self, client: MemoryClient, agent: Agent, given: dict[str, str]) -> str:
        blocks, fact = await self._blocks(agent.id), " ".join(given["fact"].split())
        block = _block(blocks, given["block"]) if given["block"] else _usual(blocks)
        if fact in block.value.split("\n"):
            return f"“{block.label}” says so already."
        return await self._edit(client, agent, block, "", fact)

    async def _correct(self, client: MemoryClient, agent: Agent, given: dict[str, str]) -> str:
        block = _block(await self._blocks(agent.id), given["block"])
        line = line_of(block, given["old"])
        new = " ".join(line.replace(given["old"], given["new"]).split()) if given["old"] != line else given["new"]
        new = " ".join(new.split())
        if new == line:
            return f"“{block.label}” says so already."
        return await self._edit(client, agent, block, line, new)

    async def _edit(self, client: MemoryClient, agent: Agent, block: Block, old: str, new: str) -> str:
        """One line becomes another: at once where the client may, else when the person says so."""
        if block.read_only:
            raise Invalid(f"The person has made “{block.label}” read only.", hint="Choose another block, or tell them.")
        edit = MemoryProposal(
            id=self.deps.ids.new("proposal"),
            agent_id=agent.id,
            conversation_id=(await self.conversations.default_of(agent.id)).active_id,
            block_id=block.id,
            label=block.label,
            old=old,
            new=new,
            client=client.name,
            created_at=self.deps.clock.now(),
        )
        if "write" not in client.rights:
            await self.proposals.propose(edit)
            return WAITS

        def work(changes: Changes) -> None:
            now = changes.repos.blocks.get(block.id)
            value = edit.applied_to(now.value)
            if value is None:
                raise Conflict(f"“{block.label}” has changed meanwhile.", hint="Read it again.")
            changes.save_block(now, now.model_copy(update={"value": value}), agent.id)

        await change(self.deps, Origin(actor=Actor(kind="mcp", name=client.name), client=ASSISTANT), work)
        return f"Done: “{block.label}” is changed. The person sees it in the history and can undo it."

    async def _ask(self, client: MemoryClient, agent: Agent, given: dict[str, str]) -> str:
        conversation_id = await self._conversation(client, agent)
        draft = MessageDraft.of(given["question"]).model_copy(update={"name": client.name})
        try:
            run = await self.runs.start(conversation_id, draft, started_by=ASSISTANT)
        except Conflict as error:
            if error.code != "pending_approval":
                raise
            raise _waits_for_the_person(agent) from None
        try:
            async with asyncio.timeout(ASK_SECONDS):
                async for _ in self.runs.subscribe(run.id):
                    pass
        except TimeoutError:
            await self.runs.cancel(run.id)
            raise Conflict(
                f"{agent.name} did not answer within {ASK_SECONDS:.0f} seconds, so it was stopped.",
                code="too_slow",
                hint="Ask something shorter, or later.",
            ) from None
        except asyncio.CancelledError:
            # Whoever asked does not wait any more; shielded, for this task is ending.
            await asyncio.shield(self.runs.cancel(run.id))
            raise
        return await self._answer(await self.runs.get(run.id), agent)

    async def _answer(self, run: Run, agent: Agent) -> str:
        if run.stop_reason == "requires_approval":
            raise _waits_for_the_person(agent)
        said = await self.deps.storage.read(lambda repos: repos.messages.of_run(run.id))
        text = "\n\n".join(one.text for one in said if one.role == "assistant" and one.text.strip())
        if text:
            return text
        if run.failure is not None:
            raise Invalid(f"{agent.name} could not answer. {run.failure.message}", hint=run.failure.hint)
        whole = run.stop_reason is not None and STOP_REASONS[run.stop_reason].complete
        raise Conflict(f"{agent.name} {'had nothing to say' if whole else 'was stopped before it answered'}.")

    async def _conversation(self, client: MemoryClient, agent: Agent) -> str:
        """The thread in which this client talks with the agent, apart from the person's own."""
        stored = await self.deps.storage.read(lambda repos: client_of(repos, client.id))
        known = stored.conversations.get(agent.id)
        if known is not None:
            try:
                return (await self.conversations.get(known)).active_id
            except NotFound:
                pass
        made = await self.conversations.create(agent.id, client.name)

        def keep(repos: Repositories) -> None:
            now = client_of(repos, client.id)
            ids = {**now.conversations, agent.id: made.id}
            store_client(repos, now.model_copy(update={"conversations": ids}))

        await self.deps.storage.write(keep)
        return made.active_id

    async def _blocks(self, agent_id: str) -> tuple[Block, ...]:
        return await self.deps.storage.read(lambda repos: repos.blocks.of_agent(agent_id))


def _block(blocks: tuple[Block, ...], label: str) -> Block:
    found = next((block for block in blocks if block.label == label), None)
    if found is None:
        there = ", ".join(f"“{block.label}”" for block in blocks) or "none"
        raise NotFound(f"There is no block “{label}”.", hint=f"The blocks are: {there}.")
    return found


def _usual(blocks: tuple[Block, ...]) -> Block:
    """The block about the person, else the first that may be written to."""
    open_ones = [block for block in blocks if not block.read_only]
    if not open_ones:
        raise Invalid("This agent has no memory block that may be written to.")
    return next((block for block in open_ones if block.label == ABOUT_THE_PERSON), open_ones[0])


def _waits_for_the_person(agent: Agent) -> Conflict:
    return Conflict(
        f"{agent.name} waits for the person: they have to allow a step of it in Lares first.",
        code="pending_approval",
        hint="Tell them, and ask again after that.",
    )
