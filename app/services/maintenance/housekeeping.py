"""Housekeeping of a running engine: a copy a day, and room made by forgetting what nobody will ask for again.

Not a service: nobody calls it, it comes by itself.
"""

import asyncio
import logging

from app.domain.base import Micros
from app.domain.error import StorageError
from app.ports.secrets import SecretStore
from app.ports.storage import BackupStore, Forgotten, Repositories, Storage
from app.ports.system import Clock
from app.services.agent_secrets import secret_of

log = logging.getLogger(__name__)

DAY: Micros = 24 * 3600 * 1_000_000
DELTAS_KEPT: Micros = 7 * DAY
"""How long a run's stream can be replayed piece by piece; afterwards its whole messages remain."""
DELETED_KEPT: Micros = 30 * DAY
"""How long what was deleted can be brought back."""
BELIEVED: Micros = 8 * DAY
"""A clock that was last seen longer ago may have jumped, and one that was set back has: days are counted anew then."""
SET_RIGHT: Micros = 3600 * 1_000_000
"""So far back a clock may be set without having been wrong."""
SEVERAL = 7
"""Days one after the other that a running Lares must have seen before anything is forgotten: a wrong clock tells any
date at once, but it does not tell seven days in a row."""
SEEN = "engine.days_seen"
"""Setting: `{"at": the clock when a day was last counted, "days": how many in a row}`."""
LOOK_EVERY = 3600.0


class Housekeeping:
    def __init__(
        self, storage: Storage, backups: BackupStore, secrets: SecretStore, clock: Clock, notices: list[str]
    ) -> None:
        """`notices`: sentences that a person should read."""
        self._storage = storage
        self._backups = backups
        self._secrets = secrets
        self._clock = clock
        self._notices = notices

    def begin(self) -> "asyncio.Task[None]":
        """At once and then every hour, until the task is cancelled."""
        return asyncio.get_running_loop().create_task(self._keep_house(), name="housekeeping")

    async def _keep_house(self) -> None:
        while True:
            try:
                await self.once()
            except Exception:  # the boundary of this task: tomorrow's copy must be made all the same
                log.exception("housekeeping broke off")
            await asyncio.sleep(LOOK_EVERY)

    async def once(self) -> None:
        """Does what is due by now."""
        try:
            await self._copy()
            ended_before = self._clock.now() - DELTAS_KEPT
            await self._storage.write(lambda repos: repos.runs.drop_deltas(ended_before))
            if await self._may_forget():
                await self._forget(self._clock.now() - DELETED_KEPT)
        except StorageError as error:
            log.warning("housekeeping: %s", error.message)

    async def _copy(self) -> None:
        """The daily one, unless there is one of the last day; a clock that was set back makes a new one."""
        now = self._clock.now()
        try:
            if not any(b.reason == "daily" and 0 <= now - b.at <= DAY for b in await self._backups.list()):
                await self._backups.create("daily")
        except StorageError as error:
            log.warning("daily snapshot: %s", error.message)
            sentence = f"The daily backup could not be created. {error.message}"
            if sentence not in self._notices:
                self._notices.append(sentence)

    async def _may_forget(self) -> bool:
        """Once a day, and only after several days in which the clock went on as a clock does."""
        now = self._clock.now()

        def look(repos: Repositories) -> bool:
            at, days = _days_seen(repos)
            passed = now - at
            if -SET_RIGHT <= passed < DAY:
                return False
            days = days + 1 if DAY <= passed <= BELIEVED else 0
            repos.settings.set(SEEN, {"at": now, "days": days})
            return days >= SEVERAL

        return await self._storage.write(look)

    async def _forget(self, before: Micros) -> None:
        await self._forget_secrets(await self._storage.read(lambda repos: repos.deleted.secrets(before)))
        more, parts, blobs = True, frozenset[bytes](), frozenset[str]()
        while more:
            portion = await self._storage.write(lambda repos: repos.deleted.forget(before))
            more, parts, blobs = portion.more, parts | portion.parts, blobs | portion.blobs
        if parts or blobs:
            unused = Forgotten(more=False, parts=parts, blobs=blobs)
            await self._storage.write(lambda repos: repos.deleted.sweep(unused))

    async def _forget_secrets(self, names: dict[str, tuple[str, ...]]) -> None:
        for agent_id, of_agent in names.items():
            for name in of_agent:
                await asyncio.to_thread(self._secrets.delete, secret_of(agent_id, name))


def _days_seen(repos: Repositories) -> tuple[Micros, int]:
    seen = repos.settings.get(SEEN)
    match seen.value if seen is not None else None:
        case {"at": int(at), "days": int(days)}:
            return at, days
        case _:
            return 0, 0
