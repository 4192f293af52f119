"""The sandbox as programs know it: one configuration, and variables that every tool with a source of its own gets."""

import asyncio
from collections.abc import Callable

from app.domain.error import Conflict, Invalid, NotFound
from app.domain.event import Changed
from app.domain.sandbox import SandboxConfig, SandboxVariable
from app.engine.deps import EngineDeps
from app.ports.secrets import SecretStore
from app.ports.storage import Repositories
from app.services.secret_values import check_secrets, stored_values

SETTING = "sandbox"
MOST_VARIABLES = 100
Change = Callable[[SandboxConfig], SandboxConfig]


class SandboxSettings:
    def __init__(self, deps: EngineDeps, secrets: SecretStore) -> None:
        self._deps = deps
        self._secrets = secrets

    async def config(self) -> SandboxConfig:
        """The one that there is; it is made when it is first asked for."""
        known = await self._deps.storage.read(_stored)
        return known or await self._change(lambda config: config)

    async def set_values(self, values: dict[str, object]) -> SandboxConfig:
        """What a program wants of it; kept and told, without effect on what holds here."""
        return await self._change(lambda config: config.model_copy(update={"given": config.given | values}))

    async def reset(self) -> None:
        """As at the beginning: no variables, nothing given."""
        config = await self.config()
        await asyncio.to_thread(lambda: [self._secrets.delete(secret_of(one.id)) for one in config.variables])
        await self._change(lambda config: config.model_copy(update={"variables": (), "given": {}}))

    async def add(self, name: str, value: str, description: str = "") -> SandboxVariable:
        """Raises `Conflict` for a name that is taken, `Invalid` for one that no variable can have."""
        check_secrets({name: value})
        now = self._deps.clock.now()
        made = SandboxVariable(
            id=self._deps.ids.new("sandbox-env"), name=name, description=description, created_at=now, updated_at=now
        )

        def work(config: SandboxConfig) -> SandboxConfig:
            if any(one.name == name for one in config.variables):
                raise Conflict(f"There is a variable {name} already.", hint="Change that one.")
            if len(config.variables) >= MOST_VARIABLES:
                raise Invalid(f"There are {MOST_VARIABLES} variables already.")
            return config.model_copy(update={"variables": (*config.variables, made)})

        await self._change(work)
        await asyncio.to_thread(self._secrets.set, secret_of(made.id), value)
        return made

    async def update(
        self, variable_id: str, name: str | None = None, value: str | None = None, description: str | None = None
    ) -> SandboxVariable:
        """None leaves a field as it is. Raises as `add`, and `NotFound`."""
        known = await self.variable(variable_id)
        check_secrets({known.name if name is None else name: value})
        given = {"name": name, "description": description}
        fields = {field: one for field, one in given.items() if one is not None}
        changed = known.model_copy(update={**fields, "updated_at": self._deps.clock.now()})

        def work(config: SandboxConfig) -> SandboxConfig:
            if any(one.name == changed.name and one.id != variable_id for one in config.variables):
                raise Conflict(f"There is a variable {changed.name} already.", hint="Change that one.")
            rest = tuple(changed if one.id == variable_id else one for one in config.variables)
            return config.model_copy(update={"variables": rest})

        await self._change(work)
        if value is not None:
            await asyncio.to_thread(self._secrets.set, secret_of(variable_id), value)
        return changed

    async def remove(self, variable_id: str) -> None:
        """Raises `NotFound`."""
        await self.variable(variable_id)
        await asyncio.to_thread(self._secrets.delete, secret_of(variable_id))

        def work(config: SandboxConfig) -> SandboxConfig:
            rest = tuple(one for one in config.variables if one.id != variable_id)
            return config.model_copy(update={"variables": rest})

        await self._change(work)

    async def variable(self, variable_id: str) -> SandboxVariable:
        """Raises `NotFound`."""
        config = await self.config()
        found = next((one for one in config.variables if one.id == variable_id), None)
        if found is None:
            raise NotFound("There is no such variable.", details={"kind": "sandbox-env", "id": variable_id})
        return found

    async def values(self) -> dict[str, str]:
        """By name; those that the store has lost are left out."""
        config = await self._deps.storage.read(_stored)
        if config is None or not config.variables:
            return {}
        keys = {one.name: secret_of(one.id) for one in config.variables}
        return await asyncio.to_thread(stored_values, self._secrets, keys)

    async def _change(self, change: Change) -> SandboxConfig:
        now, new_id = self._deps.clock.now(), self._deps.ids.new("sandbox")

        def work(repos: Repositories) -> SandboxConfig:
            before = _stored(repos) or SandboxConfig(id=new_id, created_at=now, updated_at=now)
            after = change(before).model_copy(update={"updated_at": now})
            repos.settings.set(SETTING, after.model_dump(mode="json"))
            repos.changed(Changed(kind="setting", ids=(SETTING,)))
            return after

        return await self._deps.storage.write(work)


def _stored(repos: Repositories) -> SandboxConfig | None:
    """None where it was never asked for, or cannot be read."""
    setting = repos.settings.get(SETTING)
    try:
        return None if setting is None else SandboxConfig.model_validate(setting.value)
    except ValueError:
        return None


def secret_of(variable_id: str) -> str:
    """Under which name the value is kept."""
    return f"sandbox/{variable_id}"
