"""Turns: what programs ask of an agent in one request, and the word they wait for at its end."""

from app.domain.base import Micros
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.event import Changed
from app.domain.message import ImagePart, MessageDraft
from app.domain.run import Run
from app.domain.turn import RunRequest, TurnDraft
from app.engine.deps import EngineDeps
from app.engine.run.decide import FreshIds
from app.engine.run.scheduler import Running
from app.engine.run.start import RunStart
from app.ports.storage import Repositories


class Turns:
    def __init__(self, ports: EngineDeps, running: Running) -> None:
        self._ports = ports
        self._running = running

    async def start(self, draft: TurnDraft) -> Run:
        """Stores the messages and begins a run. Messages whose `otid` is known do not run twice: their run comes back.

        Raises `Conflict` (`busy`, details run_id) while the conversation has an active run.
        """
        if not draft.messages or not all(_says_something(message) for message in draft.messages):
            raise Invalid("A message is empty.", hint="Write something, or attach an image.")
        return await self._running.begin(self._beginning(draft))

    def _beginning(self, draft: TurnDraft) -> RunStart:
        ids = self._ports.ids
        *earlier, last = draft.messages
        run_id = ids.new("run")
        return RunStart(
            run_id=run_id,
            message_id=ids.new("message"),
            fresh=FreshIds(ids.new("step"), ids.new("message")),
            now=self._ports.clock.now(),
            conversation_id=draft.conversation_id,
            draft=last,
            background=draft.background,
            started_by=draft.started_by,
            earlier=tuple((ids.new("message"), message) for message in earlier),
            max_steps=draft.max_steps,
            request=_request(run_id, draft),
        )

    async def request(self, run_id: str) -> RunRequest | None:
        """What was asked for with a run beside its messages; None when nothing was."""
        return await self._ports.storage.read(lambda repos: repos.requests.get(run_id))

    async def begun_by(self, agent_id: str, otid: str) -> Run:
        """The run that the message with this `otid` began. Raises `NotFound`."""

        def work(repos: Repositories) -> Run:
            message = repos.messages.find_otid(agent_id, otid)
            if message is None or message.run_id is None:
                raise NotFound("No run was begun by a message with this otid.", hint="Send the message first.")
            return repos.runs.get(message.run_id)

        return await self._ports.storage.read(work)

    async def delete(self, run_id: str) -> Run:
        """Takes an ended run out of the lists. Its messages stay in their conversation."""

        def work(repos: Repositories) -> Run:
            run = repos.runs.get(run_id)
            if run.active:
                raise Conflict("This run is still active.", code="busy", hint="Cancel it first.")
            request = repos.requests.get(run_id) or RunRequest(run_id=run_id)
            repos.requests.put(request.model_copy(update={"deleted_at": self._ports.clock.now()}))
            repos.changed(
                Changed(kind="run", ids=(run_id,), agent_id=run.agent_id, conversation_id=run.conversation_id)
            )
            return run

        return await self._ports.storage.write(work)

    async def to_call(self) -> tuple[RunRequest, ...]:
        """Requests whose asker was not yet told of the end, after a restart also those of earlier engines."""
        return await self._ports.storage.read(lambda repos: repos.requests.to_call())

    async def note_call(self, run_id: str, status_code: int | None, error: str | None) -> None:
        """Notes that the asker was told, or why that failed; it is tried once."""
        now: Micros = self._ports.clock.now()

        def work(repos: Repositories) -> None:
            request = repos.requests.get(run_id)
            if request is not None:
                told = {"callback_sent_at": now, "callback_status_code": status_code, "callback_error": error}
                repos.requests.put(request.model_copy(update=told))

        await self._ports.storage.write(work)


def _request(run_id: str, draft: TurnDraft) -> RunRequest | None:
    """None where nothing beside the messages was asked for, as with most: then there is no row to write."""
    if not draft.config and draft.callback_url is None:
        return None
    return RunRequest(run_id=run_id, config=draft.config, callback_url=draft.callback_url)


def _says_something(message: MessageDraft) -> bool:
    return any(isinstance(part, ImagePart) or part.text.strip() for part in message.parts)
