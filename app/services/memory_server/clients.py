"""Clients as they are kept: one setting with all of them, for there are few, and a call reads them all anyway."""

import hashlib
import hmac
import secrets as randomness

from pydantic import ValidationError

from app.domain.agent import Agent
from app.domain.base import Field, Frozen
from app.domain.error import Invalid, NotFound
from app.domain.event import Changed
from app.domain.memory_client import MemoryClient
from app.ports.storage import Repositories

AGENTS = "memory_server.agents"
"""Setting: the ids of the agents that other programs may reach at all."""
CLIENTS = "memory_server.clients"
"""Setting: the clients, in the order in which they were made."""
TOKEN_BYTES = 32


class StoredClient(Frozen):
    """A client with what nobody outside may see. A token of so many random bytes needs no slow hash."""

    client: MemoryClient
    token_hash: str
    conversations: dict[str, str] = Field(default_factory=dict)
    """Where it talks with each agent that it asked something, by the agent's id."""


def new_token() -> str:
    return f"lares_{randomness.token_urlsafe(TOKEN_BYTES)}"


def hash_of(token: str) -> str:
    return hashlib.sha256(token.strip().encode()).hexdigest()


def stored_clients(repos: Repositories) -> tuple[StoredClient, ...]:
    setting = repos.settings.get(CLIENTS)
    found: list[StoredClient] = []
    for row in setting.rows if setting is not None else ():
        try:
            found.append(StoredClient.model_validate(row))
        except ValidationError:
            # What another version wrote is not understood, so nobody gets in by it.
            continue
    return tuple(found)


def store_clients(repos: Repositories, clients: tuple[StoredClient, ...]) -> None:
    repos.settings.set(CLIENTS, [one.model_dump(mode="json") for one in clients])
    repos.changed(Changed(kind="setting", ids=(CLIENTS,)))


def client_with(repos: Repositories, token: str) -> StoredClient:
    """Raises `Invalid` (`unknown_client`)."""
    given = hash_of(token)
    found = [one for one in stored_clients(repos) if hmac.compare_digest(one.token_hash, given)]
    if not found:
        raise Invalid(
            "Lares does not know this token: it is missing, mistyped, or was revoked.",
            code="unknown_client",
            hint="Make one in Lares: settings, Local API, Assistants.",
        )
    return found[0]


def client_of(repos: Repositories, client_id: str) -> StoredClient:
    found = next((one for one in stored_clients(repos) if one.client.id == client_id), None)
    if found is None:
        raise NotFound("This client was revoked already.", hint="Look at the list again.")
    return found


def store_client(repos: Repositories, changed: StoredClient) -> None:
    """In the place that it has."""
    every = stored_clients(repos)
    store_clients(repos, tuple(changed if one.client.id == changed.client.id else one for one in every))


def switched_on(repos: Repositories) -> tuple[str, ...]:
    """The ids of the agents that may be reached and are not deleted."""
    setting = repos.settings.get(AGENTS)
    rows = setting.rows if setting is not None else ()
    return tuple(str(one) for one in rows if repos.agents.find(str(one)) is not None)


def reached_by(repos: Repositories, client: MemoryClient) -> tuple[Agent, ...]:
    """The agents that a client may reach now."""
    allowed = frozenset(client.agent_ids)
    return tuple(repos.agents.get(agent_id) for agent_id in switched_on(repos) if agent_id in allowed)
