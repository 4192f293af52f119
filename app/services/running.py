"""The runs under way in this process: launching, stopping, breaking off in an orderly way, and recovery after a crash.

Not a service: clients see `app.services.runs`.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from app.domain.error import AppError
from app.domain.event import RunEvent
from app.domain.run import Failure, Run
from app.domain.wire_message import ErrorMessage, StopReasonObject, UsageStatistics
from app.engine.bundle import EnginePorts
from app.engine.commit import end_now
from app.engine.decide import FreshIds
from app.engine.emitter import Emitter
from app.engine.loop import Control, open_emitter, run_agent
from app.engine.recover import recover
from app.engine.state import Finish, RunState

log = logging.getLogger(__name__)


@dataclass
class _Live:
    control: Control
    emitter: Emitter
    task: "asyncio.Task[None] | None" = None


class Running:
    def __init__(self, ports: EnginePorts) -> None:
        self._ports = ports
        self._live: dict[str, _Live] = {}
        self.closing = False

    @property
    def busy(self) -> bool:
        """Whether any run is under way."""
        return bool(self._live)

    def launch(self, run_id: str, emitter: Emitter) -> None:
        """Begins to carry a run that is stored."""
        live = self._live[run_id] = _Live(Control(), emitter)
        live.task = asyncio.get_running_loop().create_task(self._carry(run_id, live), name=run_id)

    async def stop(self, run_id: str) -> None:
        """Stops a run and waits until what it had is stored."""
        live = self._live.get(run_id)
        if live is not None and live.task is not None:
            live.control.stop()
            await asyncio.wait([live.task])

    async def flush(self, run_id: str) -> None:
        """Writes what a run has said but not yet stored."""
        live = self._live.get(run_id)
        if live is not None:
            await live.emitter.flush()

    async def settle(self, conversation_id: str) -> None:
        """Ends a run that the database believes active although nothing carries it (its end could not be stored)."""
        run = await self._ports.storage.read(lambda repos: repos.runs.active_in(conversation_id))
        if run is not None and run.id not in self._live:
            emitter = await open_emitter(run.id, self._ports, resumed=True)
            await self._end(run.id, emitter, _LOST)

    async def recover_all(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Takes up or ends all runs that were active when the engine ended. Returns the ids of both kinds."""
        resumed: list[str] = []
        ended: list[str] = []
        for run in await self._ports.storage.read(lambda repos: repos.runs.active()):
            if run.id not in self._live:
                (resumed if await self._recover(run) else ended).append(run.id)
        return tuple(resumed), tuple(ended)

    async def close(self) -> None:
        """Stops working on runs without ending them: they are taken up again at the next start."""
        self.closing = True
        tasks = [live.task for live in self._live.values() if live.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _carry(self, run_id: str, live: _Live) -> None:
        try:
            await run_agent(run_id, self._ports, live.emitter, live.control)
        except asyncio.CancelledError:
            if not self.closing:
                raise
        except AppError as error:
            log.error("run %s could not be stored: %s", run_id, error.message)
            await self._break_off(run_id, live.emitter, error)
        except Exception as error:  # the boundary of a run: whatever happens, it must end in a sentence
            log.exception("run %s broke off", run_id)
            await self._break_off(run_id, live.emitter, _unexpected(error))
        finally:
            self._live.pop(run_id, None)

    async def _break_off(self, run_id: str, emitter: Emitter, error: AppError) -> None:
        """Ends a run that cannot go on; if not even that can be stored, at least everyone who watches is told."""
        try:
            failure = Failure(code=error.code, message=error.message, hint=error.hint)
            await self._end(run_id, emitter, failure)
        except AppError:
            payloads = (
                ErrorMessage(run_id=run_id, error_type=error.code, message=error.message, detail=error.hint),
                StopReasonObject(stop_reason="error"),
                UsageStatistics(run_ids=(run_id,)),
            )
            for payload in payloads:
                event = RunEvent(run_id=run_id, seq_id=emitter.next_seq(), whole=True, payload=payload)
                self._ports.publish(event)

    async def _end(self, run_id: str, emitter: Emitter, failure: Failure) -> None:
        state = await self._ports.storage.read(lambda repos: RunState.model_validate_json(repos.runs.state(run_id)))
        if not isinstance(state.intent, Finish):
            end = Finish(stop_reason="error", failure=failure)
            await end_now(state.model_copy(update={"end": end}), self._ports, emitter)

    async def _recover(self, run: Run) -> bool:
        text = await self._ports.storage.read(lambda repos: repos.runs.state(run.id))
        ids = self._ports.ids
        fresh = FreshIds(ids.new("step"), ids.new("message"))
        found = recover(run, _state(text), self._ports.clock.now(), fresh)
        emitter = await open_emitter(run.id, self._ports, resumed=True)
        if not found.resume:
            await end_now(found.state, self._ports, emitter)
            return False
        again = run.model_copy(update={"resumed": run.resumed + 1})
        await self._ports.storage.write(lambda repos: repos.runs.save(again, found.state.model_dump_json()))
        self.launch(run.id, emitter)
        return True


def _state(text: str) -> RunState | None:
    with contextlib.suppress(ValueError):
        return RunState.model_validate_json(text)
    return None


def _unexpected(error: Exception) -> AppError:
    return AppError(
        "Something in Lares went wrong during this run. What was stored before is kept.",
        code="internal",
        hint="Try again. The log has the details.",
        details={"error": repr(error)[:300]},
    )


_LOST = Failure(
    code="interrupted",
    message="This run could not be stored to its end. What it did until then is kept.",
    hint="Try again to let it go on.",
)
