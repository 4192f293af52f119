"""Secrets of agents: their names are with the agent, their values in the secret store and nowhere else."""

import asyncio
from collections.abc import Mapping

from app.domain.agent import Agent
from app.domain.history import USER, Origin
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.ports.secrets import SecretStore
from app.services.changing import change
from app.services.secret_values import check_secrets, stored_values


class AgentSecrets:
    def __init__(self, deps: EngineDeps, secrets: SecretStore) -> None:
        self._deps = deps
        self._secrets = secrets

    async def replace(self, agent_id: str, values: Mapping[str, str | None], origin: Origin = USER) -> Agent:
        """Makes these the agent's secrets; those it had beside them are deleted. None keeps the value that is stored.

        Raises `NotFound`, and `Invalid` for a name or a value that no secret can have.
        """
        check_secrets(values)
        agent = await self._deps.storage.read(lambda repos: repos.agents.get(agent_id))
        gone = [name for name in agent.extras.secret_names if name not in values]
        await asyncio.to_thread(self._store, agent_id, values, gone)

        def work(changes: Changes) -> Agent:
            before = changes.repos.agents.get(agent_id)
            extras = before.extras.model_copy(update={"secret_names": tuple(values)})
            if extras == before.extras:
                return before
            return changes.save_agent(before, before.model_copy(update={"extras": extras}))

        return await change(self._deps, origin, work)

    async def values(self, agent_id: str) -> dict[str, str]:
        """Its secrets by name, for a tool that runs for it; those that the store has lost are left out."""
        agent = await self._deps.storage.read(lambda repos: repos.agents.get(agent_id))

        keys = {name: secret_of(agent_id, name) for name in agent.extras.secret_names}
        return await asyncio.to_thread(stored_values, self._secrets, keys) if keys else {}

    def _store(self, agent_id: str, values: Mapping[str, str | None], gone: list[str]) -> None:
        for name, value in values.items():
            if value is None:
                continue
            self._secrets.set(secret_of(agent_id, name), value)
        for name in gone:
            self._secrets.delete(secret_of(agent_id, name))


def secret_of(agent_id: str, name: str) -> str:
    """Under which name the value is kept."""
    return f"agent/{agent_id}/{name}"
