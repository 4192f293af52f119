"""As many agents, blocks, identities and conversations as one wants, for tests and benchmarks of lists.

One of each is made as people make them; the others are copies of its rows, which thousands of times is far quicker.
"""

from dataclasses import dataclass
from typing import Any

from app.adapters.database.tables import (
    agent_blocks,
    agent_tools,
    agents,
    blocks,
    conversation_messages,
    conversations,
    identities,
    messages,
    tagged,
)
from app.domain.agent import Agent, AgentDraft, AgentExtras
from app.domain.block import Block, BlockDraft
from app.domain.conversation import Conversation
from app.domain.identity import Identity, IdentityDraft
from app.domain.message import Message, TextPart
from app.ports.storage import Repositories, Storage
from app.services import Services

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"


@dataclass
class Many:
    """Rows that lists find; `grow` makes more of them."""

    storage: Storage
    popular: Agent
    """Has as many conversations as there are agents."""
    block: Block
    """All agents hold it."""
    identity: Identity
    """The popular agent alone is connected with it."""
    thread: Conversation
    message: Message
    count: int = 1

    async def grow(self, count: int) -> None:
        """Until there are so many of each kind, and as many deleted agents and conversations."""
        await self.storage.write(lambda repos: _Copying(repos, self, count).run())
        self.count = count


async def many_rows(services: Services, storage: Storage) -> Many:
    """One of each kind, to begin with."""
    identity = await services.identities.create(IdentityDraft(identifier_key="popular", name="Name"))
    block = await services.blocks.add(BlockDraft(label="shared"))
    draft = AgentDraft(
        name="Agent 0",
        model="demo/vesta",
        tags=("all", "rare"),
        blocks=(BlockDraft(label="human", value="Chad.", tags=("one",)),),
        block_ids=(block.id,),
        extras=AgentExtras(identity_ids=(identity.id,)),
    )
    agent = await services.agents.create(draft)
    thread = await services.conversations.default_of(agent.id)
    said = Message(id=_id("message", 9, 0), agent_id=agent.id, role="user", parts=(TextPart(text="Hi"),), created_at=1)
    await storage.write(lambda repos: repos.messages.append(thread.id, said))
    return Many(storage, agent, block, identity, thread, said)


def _id(kind: str, group: int, number: int) -> str:
    return f"{kind}-{group:08x}-0000-4000-8000-{number:012x}"


def _ids(kind: str, group: int) -> str:
    """The same in SQL, for number `i`."""
    return f"printf('{kind}-%08x-0000-4000-8000-%012x', {group}, i)"


class _Copying:
    def __init__(self, repos: Repositories, many: Many, count: int) -> None:
        self._db: Any = repos.messages.db  # type: ignore[attr-defined]
        self._many = many
        self._numbers = NUMBERS.format(first=many.count, last=count - 1)

    def run(self) -> None:
        many = self._many
        agent, thread, own = many.popular.id, many.thread.id, many.popular.block_ids[0]
        first, own_seq = self._one("agents", agent), self._one("blocks", own)
        self._copy(agents, agent, id=_ids("agent", 1), name="'Agent ' || i", updated_at="made.updated_at + i")
        self._copy(agents, agent, id=_ids("agent", 2), deleted_at="1000 + i")
        self._copy(blocks, own, id=_ids("block", 1))
        self._copy(identities, many.identity.id, id=_ids("identity", 1), identifier_key="'key ' || i")
        owned = {"agent_id": _ids("agent", 1)}
        rows = {1: owned, 2: {"is_default": "0"}, 3: {"is_default": "0", "deleted_at": "1000 + i"}}
        for group, fields in rows.items():
            ids = {name: _ids("conv", group) for name in ("id", "root_id", "active_id")}
            self._copy(conversations, thread, **ids, **fields, last_message_at="1000 + i")
            self._copy(messages, many.message.id, id=_ids("message", group))
        self._link(agent_tools, "agent_id", agent, agent_id=_ids("agent", 1))
        self._link(agent_blocks, "agent_id", agent, **self._held(own))
        self._link(tagged, "kind || tag || seq", f"agentall{first}", seq=self._seq("agents", _ids("agent", 1)))
        self._link(
            tagged,
            "kind || tag || seq",
            f"agentall{first}",
            tag="'tag ' || i % 50",
            seq=self._seq("agents", _ids("agent", 1)),
        )
        self._link(tagged, "kind || tag || seq", f"blockone{own_seq}", seq=self._seq("blocks", _ids("block", 1)))
        for group in rows:
            places = {
                "conversation_seq": self._seq("conversations", _ids("conv", group)),
                "message_seq": self._seq("messages", _ids("message", group)),
            }
            self._link(conversation_messages, "conversation_seq", self._one("conversations", thread), **places)

    def _held(self, own: str) -> dict[str, str]:
        return {
            "agent_id": _ids("agent", 1),
            "agent_seq": self._seq("agents", _ids("agent", 1)),
            "block_id": f"CASE block_id WHEN '{own}' THEN {_ids('block', 1)} ELSE block_id END",
        }

    def _one(self, table: str, public_id: str) -> int:
        return self._db.exec_driver_sql(f"SELECT seq FROM {table} WHERE id = '{public_id}'").scalar_one()

    @staticmethod
    def _seq(table: str, public_id: str) -> str:
        return f"(SELECT found.seq FROM {table} AS found WHERE found.id = {public_id})"

    def _copy(self, table: Any, public_id: str, **fields: str) -> None:
        self._link(table, "id", public_id, **fields)

    def _link(self, table: Any, column: str, value: str | int, **fields: str) -> None:
        """Copies the rows that have this value for each number, other fields in place of theirs."""
        names = [one.name for one in table.c if one.name != "seq" or "seq" in fields]
        told = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(fields.get(name, f'made."{name}"') for name in names)
        given = f"'{value}'" if isinstance(value, str) else value
        rows = f"SELECT {values} FROM {table.name} AS made, n WHERE {column} = {given}"
        self._db.exec_driver_sql(f"INSERT INTO {table.name} ({told}) {self._numbers} {rows}")
