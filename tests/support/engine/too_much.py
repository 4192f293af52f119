"""A data folder with a hundred times what is usual: of agents, blocks, changes, and of what stands in one message."""

from typing import Any

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentDraft
from app.domain.block import BlockDraft, BlockPatch
from app.domain.history import Actor, Origin
from app.domain.message import Message, Role, TextPart

BLOCKS, CODE_LINES = 20, 3000
BLOCK, CHANGED_BLOCK, LINE, GIANT = 50_000, 8_000, 100_000, 4_000_000
MODEL = "llama/qwen3:8b"
WORDS = "Brad and Mia cook on Saturdays; the risotto takes 18 minutes and the stock is hot. "


def text_of(length: int, number: int, lines: bool = True) -> str:
    one = f"{number}. {WORDS}" + ("\n" if lines else "")
    return (one * (length // len(one) + 1))[:length].strip()


def code_of(lines: int) -> str:
    return "".join(f"    total[{n}] = weigh(rice, {n}) + stock.level('{n}')  # stir {n}\n" for n in range(lines))


def code_message(lines: int) -> str:
    return f"Here it is.\n\n```python\n{code_of(lines)}```\nThat is all."


def table_of(rows: int) -> str:
    return "| n | dish | minutes |\n|---|---|---|\n" + "".join(
        f"| {n} | **risotto** {n} | `{n}` |\n" for n in range(rows)
    )


class Stored:
    """Agents, by what they have too much of."""

    def __init__(self, engine: OpenEngine, agents: int, changes: int, giant: int = GIANT) -> None:
        self._engine, self._services = engine, engine.services
        self._agents, self._changes, self._giant = agents, changes, giant

    async def store(self) -> None:
        for number in range(self._agents):
            await self._agent(f"Agent {number}")
        await self._agent("Small", ("Hello.", "Good evening."))
        blocks = tuple(
            BlockDraft(label=f"block {n}", value=text_of(BLOCK, n, lines=bool(n % 2)), limit=BLOCK)
            for n in range(BLOCKS)
        )
        await self._agent("Blocks", blocks=blocks)
        await self._agent("Line", ("Write one line.", text_of(LINE, 1, lines=False)))
        await self._agent("Own line", (text_of(LINE, 1, lines=False), "I have read it."))
        await self._agent("Code", ("Write it all.", code_message(CODE_LINES)))
        await self._agent("Table", ("List them.", table_of(CODE_LINES // 10)))
        await self._agent("Giant", ("Write without end.", text_of(self._giant, 1)))
        await self._history(await self._agent("History", blocks=(BlockDraft(label="human", limit=2 * CHANGED_BLOCK),)))

    async def _agent(self, name: str, texts: tuple[str, ...] = (), **fields: Any) -> Agent:
        agent = await self._services.agents.create(AgentDraft(name=name, model=MODEL, **fields))
        thread = await self._services.conversations.default_of(agent.id)
        engine = self._engine

        def append(repos: Any) -> None:
            for number, text in enumerate(texts):
                role: Role = "assistant" if number % 2 else "user"
                message = Message(
                    id=engine.ids.new("message"),
                    agent_id=agent.id,
                    role=role,
                    parts=(TextPart(text=text),),
                    created_at=engine.clock.now(),
                )
                repos.messages.append(thread.active_id, message)

        if texts:
            await engine.storage.write(append)
        return agent

    async def _history(self, agent: Agent) -> None:
        block = (await self._services.blocks.of_agent(agent.id))[0]
        lines = text_of(CHANGED_BLOCK, 0).split("\n")
        for number in range(self._changes):
            lines[number * 7 % len(lines)] = f"Change {number}. {WORDS}".strip()
            origin = Origin(actor=Actor(kind="agent" if number % 3 else "user"), client="benchmark")
            await self._services.blocks.update(block.id, BlockPatch(value="\n".join(lines)), origin=origin)
