"""Environment variables of tools: names are with the tool, values in the secret store and nowhere else."""

import asyncio
from collections.abc import Mapping

from app.domain.error import Invalid
from app.domain.event import Changed
from app.domain.tool import Tool
from app.engine.deps import EngineDeps
from app.ports.secrets import SecretStore
from app.ports.storage import Repositories
from app.services.agent_secrets import AgentSecrets
from app.services.sandbox_settings import SandboxSettings
from app.services.secret_values import check_secrets, stored_values

MOST_VARIABLES = 100


class ToolVariables:
    """Those of one tool, and what a call of it gets."""

    def __init__(
        self, deps: EngineDeps, secrets: SecretStore, agent_secrets: AgentSecrets, shared: SandboxSettings
    ) -> None:
        self._deps = deps
        self._secrets = secrets
        self._agent_secrets = agent_secrets
        self._shared = shared

    async def replace(self, tool_id: str, values: Mapping[str, str | None]) -> Tool:
        """Makes these the tool's own; None keeps the value that is stored. Those it had besides are forgotten.

        Raises `NotFound`, and `Invalid` for a name that no variable can have or a value that is not stored.
        """
        check_secrets(values)
        if len(values) > MOST_VARIABLES:
            raise Invalid(f"A tool has at most {MOST_VARIABLES} variables.")
        tool = await self._deps.storage.read(lambda repos: repos.tools.get(tool_id))
        if tool.tool_type != "custom":
            raise Invalid("Only tools with a source of their own have variables.")
        unknown = [name for name, value in values.items() if value is None and name not in tool.secret_names]
        if unknown:
            raise Invalid(f"“{unknown[0]}” has no value yet.", hint="Enter one.")
        await asyncio.to_thread(self._keep, tool, values)

        def work(repos: Repositories) -> Tool:
            known = repos.tools.get(tool_id)
            stored = repos.tools.upsert(known.model_copy(update={"secret_names": tuple(values)}))
            repos.changed(Changed(kind="tool", ids=(tool_id,)))
            return stored

        return await self._deps.storage.write(work)

    async def forget(self, tool: Tool) -> None:
        """The values of a tool that is gone."""
        if tool.secret_names:
            await asyncio.to_thread(self._keep, tool, {})

    async def of_call(self, tool: Tool, agent_id: str | None = None) -> dict[str, str]:
        """What one call gets: what all tools have, then the tool's own, then those of the agent that calls it."""
        found = await self._shared.values()
        if keys := {name: secret_of(tool.id, name) for name in tool.secret_names}:
            found |= await asyncio.to_thread(stored_values, self._secrets, keys)
        if agent_id is not None:
            found |= await self._agent_secrets.values(agent_id)
        return found

    def _keep(self, tool: Tool, values: Mapping[str, str | None]) -> None:
        for name, value in values.items():
            if value is not None:
                self._secrets.set(secret_of(tool.id, name), value)
        for name in tool.secret_names:
            if name not in values:
                self._secrets.delete(secret_of(tool.id, name))


def secret_of(tool_id: str, name: str) -> str:
    """Under which name the value is kept."""
    return f"tool/{tool_id}/{name}"
