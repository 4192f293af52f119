"""Identities: whom of another system agents belong to."""

from typing import Any

from app.domain.agent import Agent
from app.domain.history import USER, Origin
from app.domain.identity import Identity, IdentityDraft, IdentityPatch
from app.domain.page import ALL_IDENTITIES, OLDEST_FIRST, IdentityFilter, PageRequest
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.services.changing import change


class Identities:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def list(
        self, wanted: IdentityFilter = ALL_IDENTITIES, page: PageRequest = OLDEST_FIRST
    ) -> tuple[Identity, ...]:
        return await self._deps.storage.read(lambda repos: repos.identities.list(wanted, page))

    async def count(self, wanted: IdentityFilter = ALL_IDENTITIES) -> int:
        return await self._deps.storage.read(lambda repos: repos.identities.count(wanted))

    async def get(self, identity_id: str) -> Identity:
        return await self._deps.storage.read(lambda repos: repos.identities.get(identity_id))

    async def connected(self, identity_ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Ids of the agents connected with each of these identities; identities without agents are missing."""
        return await self._deps.storage.read(lambda repos: repos.agents.connected(identity_ids))

    async def create(self, draft: IdentityDraft, origin: Origin = USER, replace: bool = False) -> Identity:
        """Raises `Conflict` (`name_taken`) for a key that is known, unless that one is to be replaced."""

        def work(changes: Changes) -> Identity:
            repos, now = changes.repos, changes.now
            known = repos.identities.keyed(draft.identifier_key) if replace else None
            fields = draft.model_dump(exclude={"agent_ids"})
            if known is not None:
                identity = known.model_copy(update={**fields, "version": known.version + 1, "updated_at": now})
                repos.identities.save(identity)
            else:
                identity = Identity(id=self._deps.ids.new("identity"), created_at=now, updated_at=now, **fields)
                repos.identities.add(identity)
            if draft.agent_ids:
                _connect(changes, identity.id, draft.agent_ids)
            return identity

        return await change(self._deps, origin, work)

    async def update(self, identity_id: str, patch: IdentityPatch, origin: Origin = USER) -> Identity:
        def work(changes: Changes) -> Identity:
            before = changes.repos.identities.get(identity_id)
            given: dict[str, Any] = {
                name: value for name in IdentityPatch.model_fields if (value := getattr(patch, name)) is not None
            }
            agent_ids = given.pop("agent_ids", None)
            version = {"version": before.version + 1, "updated_at": changes.now}
            after = before.model_copy(update={**given, **version})
            changes.repos.identities.save(after)
            if agent_ids is not None:
                _connect(changes, identity_id, agent_ids)
            return after

        return await change(self._deps, origin, work)

    async def set_properties(
        self, identity_id: str, given: dict[str, dict[str, Any]], origin: Origin = USER
    ) -> Identity:
        """Sets properties by their keys; those that are not given stay."""

        def work(changes: Changes) -> Identity:
            before = changes.repos.identities.get(identity_id)
            merged = {**{str(one.get("key")): one for one in before.properties}, **given}
            version = {"version": before.version + 1, "updated_at": changes.now}
            after = before.model_copy(update={"properties": tuple(merged.values()), **version})
            changes.repos.identities.save(after)
            return after

        return await change(self._deps, origin, work)

    async def delete(self, identity_id: str, origin: Origin = USER) -> None:
        """Forgets an identity; agents connected with it stay."""

        def work(changes: Changes) -> None:
            _connect(changes, identity_id, ())
            changes.repos.identities.delete(identity_id, changes.now)

        await change(self._deps, origin, work)

    async def attach(self, agent_id: str, identity_id: str, attached: bool, origin: Origin = USER) -> Agent:
        """Connects an agent with an identity, or takes the connection away."""

        def work(changes: Changes) -> Agent:
            changes.repos.identities.get(identity_id)
            return _set(changes, changes.repos.agents.get(agent_id), identity_id, attached)

        return await change(self._deps, origin, work)


def _connect(changes: Changes, identity_id: str, agent_ids: tuple[str, ...]) -> None:
    """Connects just these agents."""
    now = changes.repos.agents.connected((identity_id,)).get(identity_id, ())
    wanted = [changes.repos.agents.get(agent_id) for agent_id in dict.fromkeys(agent_ids)]
    for agent_id in now:
        if agent_id not in agent_ids:
            _set(changes, changes.repos.agents.get(agent_id), identity_id, False)
    for agent in wanted:
        _set(changes, agent, identity_id, True)


def _set(changes: Changes, agent: Agent, identity_id: str, attached: bool) -> Agent:
    now = agent.extras.identity_ids
    if (identity_id in now) == attached:
        return agent
    ids = (*now, identity_id) if attached else tuple(known for known in now if known != identity_id)
    extras = agent.extras.model_copy(update={"identity_ids": ids})
    return changes.save_agent(agent, agent.model_copy(update={"extras": extras}))
