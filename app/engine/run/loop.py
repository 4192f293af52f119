"""The loop of a run: perform, commit, again, until the intent is to finish."""

import asyncio
import logging

from app.domain.error import AppError
from app.domain.event import RESUME_GAP
from app.domain.run import Failure
from app.engine.deps import EngineDeps
from app.engine.emitter import Emitter
from app.engine.model_call.call import PartialOutcome, progress
from app.engine.model_call.wait_notice import database_held, telling_silence
from app.engine.run.commit import Stored, commit
from app.engine.run.perform import perform
from app.engine.run.read_ahead import NOTHING_READ, ReadAhead
from app.engine.run.stored_state import read_state
from app.engine.state import CallModel, Compact, Finish, Outcome, RunState, RunTools

log = logging.getLogger(__name__)


class Control:
    """The stop switch of one run. `stop()` takes effect once, while the run performs, never while it commits."""

    def __init__(self) -> None:
        self.stopped = False
        self._performing: asyncio.Task[object] | None = None

    def stop(self) -> None:
        if not self.stopped and self._performing is not None:
            self._performing.cancel()
        self.stopped = True

    async def perform(self, state: RunState, deps: EngineDeps, emitter: Emitter, ahead: ReadAhead) -> Outcome:
        """Performs the intent. A stop makes it `Cancelled`, a store that fails `BrokenOff`, both with what had been
        brought until then.
        """
        action = state.intent
        assert isinstance(action, CallModel | RunTools | Compact)
        partial = PartialOutcome()
        if self.stopped:
            return partial.cancelled(deps.clock.now())
        task = self._performing = asyncio.current_task()
        try:
            return await perform(action, state, deps, emitter, partial, ahead)
        except asyncio.CancelledError:
            if not self.stopped or task is None:
                raise  # the engine is closing: the run goes on when it opens again
            task.uncancel()
            return partial.cancelled(deps.clock.now())
        except AppError as error:
            log.error("run %s could not be stored: %s", state.run_id, error.message)
            return partial.broken_off(failure_of(error), deps.clock.now())
        finally:
            self._performing = None


async def run_agent(
    run_id: str,
    deps: EngineDeps,
    emitter: Emitter,
    control: Control,
    state: RunState | None = None,
    ahead: ReadAhead = NOTHING_READ,
) -> None:
    """Carries a run from its stored intent to its end. Resuming after a crash is calling this again.

    `state`, `ahead`: the stored one and what its intent needs, where the caller has just stored it.
    """
    if state is None:
        state = await deps.storage.read(lambda repos: read_state(repos.runs.state(run_id)))
        assert state is not None, "a run is only taken up with a state that was read before"
    while not isinstance(state.intent, Finish):
        outcome = await control.perform(state, deps, emitter, ahead)
        stored = await _committed(state, outcome, deps, emitter)
        state, ahead = stored.state, stored.ahead


async def _committed(state: RunState, outcome: Outcome, deps: EngineDeps, emitter: Emitter) -> Stored:
    def tell(sentence: str) -> None:
        emitter.progress(progress(state, "waiting", sentence, deps))

    with telling_silence(tell, database_held):
        return await commit(state, outcome, deps, emitter)


async def open_emitter(run_id: str, deps: EngineDeps, *, resumed: bool = False) -> Emitter:
    """The emitter of a run, numbering on from its log; after a crash with a gap."""
    last = await deps.storage.read(lambda repos: repos.runs.last_seq(run_id))
    return Emitter(run_id, last + RESUME_GAP if resumed else last, deps.storage, deps.clock, deps.publish)


def failure_of(error: AppError) -> Failure:
    """An error as a run keeps it."""
    return Failure(code=error.code, message=error.message, hint=error.hint)
