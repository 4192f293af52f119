"""Lares as an MCP server: who may come in, to which agents, and every message that a client sends."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from app import __version__
from app.domain.agent import Agent
from app.domain.error import AppError, Invalid
from app.domain.event import Changed
from app.domain.json_value import JsonObject, object_of
from app.domain.memory_client import (
    RIGHTS,
    MemoryCall,
    MemoryClient,
    MemoryClientDraft,
    MemoryServerStatus,
    NewMemoryClient,
)
from app.engine.deps import EngineDeps
from app.engine.memory_server import protocol
from app.engine.memory_server.offered import INSTRUCTIONS, OFFERS, arguments_for, by_name, chosen, tools_for
from app.engine.memory_server.protocol import Asked, Refused
from app.ports.storage import Repositories
from app.services.memory_server.acts import MemoryActs
from app.services.memory_server.clients import (
    AGENTS,
    CLIENTS,
    StoredClient,
    client_of,
    client_with,
    hash_of,
    new_token,
    reached_by,
    store_client,
    store_clients,
    stored_clients,
    switched_on,
)

log = logging.getLogger(__name__)

MOST_CALLS = 100
"""Of the last calls that are shown."""
MOST_CLIENTS = 50
MOST_NAME = 60
OWN_CLIENT = (
    "This is the Lares that asks. An agent cannot have its own Lares as an MCP server: it would ask itself. Remove "
    "this server; agents of one Lares share blocks and archives instead."
)


class MemoryServer:
    """Its clients and switches for the window, and `answer` for the two ways in."""

    def __init__(
        self,
        deps: EngineDeps,
        acts: Callable[[], MemoryActs],
        instance: str,
        command: Sequence[str],
        url: Callable[[], str],
    ) -> None:
        """`instance`: what this engine calls itself where it is a client of MCP servers. `command`: of `lares mcp`.
        `url`: where the local API serves; empty while it does not."""
        self._deps = deps
        self._acts = acts
        self._instance = instance
        self._command = tuple(command)
        self._url = url
        self._calls: deque[MemoryCall] = deque(maxlen=MOST_CALLS)
        self._under_way: dict[tuple[str, str, protocol.RequestId], asyncio.Task[JsonObject]] = {}

    # For the window

    async def status(self) -> MemoryServerStatus:
        def read(repos: Repositories) -> tuple[tuple[str, ...], tuple[MemoryClient, ...]]:
            return switched_on(repos), tuple(one.client for one in stored_clients(repos))

        agent_ids, clients = await self._deps.storage.read(read)
        url = self._url()
        return MemoryServerStatus(
            agent_ids=agent_ids,
            clients=clients,
            calls=tuple(reversed(self._calls)),
            command=self._command,
            url=f"{url}/mcp" if url else "",
        )

    async def switch(self, agent_id: str, on: bool) -> MemoryServerStatus:
        """Lets other programs reach an agent, or no more."""

        def work(repos: Repositories) -> None:
            repos.agents.get(agent_id)
            others = tuple(one for one in switched_on(repos) if one != agent_id)
            repos.settings.set(AGENTS, [*others, agent_id] if on else [*others])
            repos.changed(Changed(kind="setting", ids=(AGENTS,)))

        await self._deps.storage.write(work)
        return await self.status()

    async def add_client(self, draft: MemoryClientDraft) -> NewMemoryClient:
        """A new client with its token, which is told this once. Raises `Invalid`."""
        token = new_token()
        client = MemoryClient(
            id=self._deps.ids.new("mcp_client"), created_at=self._deps.clock.now(), **_checked(draft).model_dump()
        )

        def work(repos: Repositories) -> None:
            known = stored_clients(repos)
            if len(known) >= MOST_CLIENTS:
                raise Invalid(f"There are {MOST_CLIENTS} clients already.", hint="Revoke one that is not used.")
            _check_free(known, client)
            store_clients(repos, (*known, StoredClient(client=client, token_hash=hash_of(token))))

        await self._deps.storage.write(work)
        return NewMemoryClient(client=client, token=token)

    async def change_client(self, client_id: str, draft: MemoryClientDraft) -> MemoryClient:
        """Another name, other agents or rights, from its next call on. Raises `NotFound`, `Invalid`."""
        fields = _checked(draft).model_dump()

        def work(repos: Repositories) -> MemoryClient:
            stored = client_of(repos, client_id)
            client = stored.client.model_copy(update=fields)
            _check_free(stored_clients(repos), client)
            store_client(repos, stored.model_copy(update={"client": client}))
            return client

        return await self._deps.storage.write(work)

    async def revoke(self, client_id: str) -> MemoryServerStatus:
        """Its token counts no more, and what it waits for is stopped. Raises `NotFound`."""

        def work(repos: Repositories) -> None:
            gone = client_of(repos, client_id)
            store_clients(repos, tuple(one for one in stored_clients(repos) if one.client.id != gone.client.id))

        await self._deps.storage.write(work)
        for (owner, _, _), task in [*self._under_way.items()]:
            if owner == client_id:
                task.cancel()
        return await self.status()

    # For programs

    async def answer(self, token: str, message: str, session: str = "") -> str:
        """What to send back for a message (or a batch) of MCP; empty where nothing is. `session`: tells the connections
        of a client apart. Raises `Invalid` (`unknown_client`)."""
        stored = await self._deps.storage.read(lambda repos: client_with(repos, token))
        try:
            asked, batch = protocol.messages_in(message)
        except Refused as refused:
            return protocol.written(protocol.error(refused))
        answers = [one for one in [await self._one(stored.client, entry, session) for entry in asked] if one]
        if not answers:
            return ""
        return await asyncio.to_thread(protocol.written, answers if batch else answers[0])

    async def _one(self, client: MemoryClient, asked: Asked | Refused | None, session: str) -> JsonObject | None:
        if asked is None:
            return None
        if isinstance(asked, Refused):
            return protocol.error(asked)
        if asked.id is None:
            self._notice(client, asked, session)
            return None
        key = client.id, session, asked.id
        if key in self._under_way:
            return protocol.error(Refused(protocol.INVALID_REQUEST, "This id is in use."), asked.id)
        task = self._under_way[key] = asyncio.create_task(self._answered(client, asked))
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            # The connection has ended, not this one request.
            task.cancel()
            await asyncio.wait([task])
            raise
        finally:
            del self._under_way[key]
        if task.cancelled():
            return None
        try:
            return protocol.result(asked.id, task.result())
        except Refused as refused:
            return protocol.error(refused, asked.id)

    def _notice(self, client: MemoryClient, asked: Asked, session: str) -> None:
        wanted = asked.params.get("requestId")
        if asked.method == "notifications/cancelled" and isinstance(wanted, str | int):
            task = self._under_way.get((client.id, session, wanted))
            if task is not None:
                task.cancel()

    async def _answered(self, client: MemoryClient, asked: Asked) -> JsonObject:
        match asked.method:
            case "initialize":
                return self._hello(asked.params)
            case "ping":
                return {}
            case "tools/list":
                agents = await self._agents(client)
                return {"tools": tools_for(client.rights, agents) if agents else []}
            case "tools/call":
                return await self._called(client, asked.params)
            case _:
                raise Refused(protocol.NO_METHOD, f"Lares has no method “{asked.method[:80]}”.")

    def _hello(self, params: JsonObject) -> JsonObject:
        if str(object_of(params.get("clientInfo")).get("version", "")).endswith(f"+{self._instance}"):
            raise Refused(protocol.REFUSED, OWN_CLIENT)
        return {
            "protocolVersion": protocol.version_for(params),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "lares", "title": "Lares", "version": __version__},
            "instructions": INSTRUCTIONS,
        }

    async def _called(self, client: MemoryClient, params: JsonObject) -> JsonObject:
        name = params.get("name")
        if not isinstance(name, str) or name not in OFFERS:
            raise Refused(protocol.INVALID_PARAMS, f"There is no tool “{str(name)[:80]}”.")
        begun, agent_name, problem = self._deps.clock.ticks(), "", ""
        try:
            agents = await self._agents(client)
            if not {*OFFERS[name].rights} & {*client.rights}:
                raise Invalid(f"“{client.name}” may not do this.", hint="The person can allow it in Lares.")
            if not agents:
                raise Invalid("No agent may be reached.", hint="The person can switch one on in Lares.")
            given = object_of(params.get("arguments"))
            agent = chosen(given, agents)
            agent_name = agent.name
            return protocol.said(await self._acts().act(name, client, agent, arguments_for(name, given)))
        except AppError as error:
            problem = f"{error.message} {error.hint}".strip()
            return protocol.said(problem, failed=True)
        except asyncio.CancelledError:
            problem = "Cancelled."
            raise
        except Exception:  # the boundary of a request: whatever happens, the asker gets an answer
            log.exception("%s failed", name)
            problem = "Something went wrong in Lares. Its log has the details."
            return protocol.said(problem, failed=True)
        finally:
            self._note(client, name, agent_name, begun, problem)

    def _note(self, client: MemoryClient, tool: str, agent: str, begun: int, problem: str) -> None:
        took = round((self._deps.clock.ticks() - begun) / 1000)
        at = self._deps.clock.now()
        call = MemoryCall(at=at, client=client.name, tool=tool, agent=agent, took_ms=took, problem=problem)
        self._calls.append(call)
        self._deps.publish(Changed(kind="setting", ids=(CLIENTS,)))

    async def _agents(self, client: MemoryClient) -> dict[str, Agent]:
        return by_name(await self._deps.storage.read(lambda repos: reached_by(repos, client)))


def _checked(draft: MemoryClientDraft) -> MemoryClientDraft:
    name = " ".join(draft.name.split())
    if not 0 < len(name) <= MOST_NAME:
        raise Invalid(f"A client needs a name of 1 to {MOST_NAME} characters.", hint="For example: Claude Desktop")
    rights = tuple(right for right in RIGHTS if right in draft.rights)
    if not rights:
        raise Invalid("This client may do nothing.", hint="Choose at least one thing that it may do.")
    return draft.model_copy(update={"name": name, "rights": rights, "agent_ids": tuple(dict.fromkeys(draft.agent_ids))})


def _check_free(known: tuple[StoredClient, ...], client: MemoryClient) -> None:
    others = (one.client for one in known if one.client.id != client.id)
    twin = next((other for other in others if other.name.casefold() == client.name.casefold()), None)
    if twin is not None:
        raise Invalid(f"There is a client “{twin.name}” already.", code="name_taken", hint="Choose another name.")
