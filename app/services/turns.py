"""Turns: what programs asked for with a run, and the word they wait for at its end."""

from app.domain.base import Micros
from app.domain.error import NotFound, busy
from app.domain.event import Changed
from app.domain.run import Run
from app.domain.turn import RunRequest
from app.engine.deps import EngineDeps
from app.ports.storage import Repositories


class Turns:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def request(self, run_id: str) -> RunRequest | None:
        """What was asked for with a run beside its messages; None when nothing was."""
        return await self._deps.storage.read(lambda repos: repos.requests.get(run_id))

    async def begun_by(self, agent_id: str, otid: str) -> Run:
        """The run that the message with this `otid` began. Raises `NotFound`."""

        def work(repos: Repositories) -> Run:
            message = repos.messages.find_otid(agent_id, otid)
            if message is None or message.run_id is None:
                raise NotFound("No run was started by a message with this otid.", hint="Send the message first.")
            return repos.runs.get(message.run_id)

        return await self._deps.storage.read(work)

    async def delete(self, run_id: str) -> Run:
        """Takes an ended run out of the lists. Its messages stay in their conversation."""

        def work(repos: Repositories) -> Run:
            run = repos.runs.get(run_id)
            if run.active:
                raise busy(None, "This run is still active.", hint="Cancel it first.")
            request = repos.requests.get(run_id) or RunRequest(run_id=run_id)
            repos.requests.put(request.model_copy(update={"deleted_at": self._deps.clock.now()}))
            repos.changed(
                Changed(kind="run", ids=(run_id,), agent_id=run.agent_id, conversation_id=run.conversation_id)
            )
            return run

        return await self._deps.storage.write(work)

    async def to_call(self) -> tuple[RunRequest, ...]:
        """Requests whose asker was not yet told of the end, after a restart also those of earlier engines."""
        return await self._deps.storage.read(lambda repos: repos.requests.to_call())

    async def note_call(self, run_id: str, status_code: int | None, error: str | None) -> None:
        """Notes that the asker was told, or why that failed; it is tried once."""
        now: Micros = self._deps.clock.now()

        def work(repos: Repositories) -> None:
            request = repos.requests.get(run_id)
            if request is not None:
                told = {"callback_sent_at": now, "callback_status_code": status_code, "callback_error": error}
                repos.requests.put(request.model_copy(update=told))

        await self._deps.storage.write(work)
