"""The reply that is under way in the shown branch: found, followed to its end, stopped, gone on with. Draws nothing."""

from asyncio import Future
from contextlib import aclosing
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.error import LinkError
from app.domain.event import RunEvent
from app.domain.run import Run
from app.ui.bridge.tasks import Tasks
from app.ui.chat.transcript.model import TranscriptModel

if TYPE_CHECKING:
    from app.link.client import Services


class RunFollower(QObject):
    replying_changed = Signal(bool)
    ended = Signal()
    """A run has ended: whatever was read of it may be read again."""
    idle = Signal()
    """Nothing runs in this branch, so what waits can be sent."""

    def __init__(self, services: "Services", tasks: Tasks, model: TranscriptModel, parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._tasks, self._model = services, tasks, model
        self._following: Future[None] | None = None
        self.branch_id = ""
        self.run: Run | None = None

    @property
    def replying(self) -> bool:
        return self.run is not None

    def turn_to(self, branch_id: str) -> None:
        """Follows the runs of another branch from now on; `find` looks for one."""
        self.branch_id = branch_id
        self._let_go()

    def _let_go(self) -> None:
        if self._following is not None:
            self._following.cancel()
            self._following = None
        self._set_run(None)

    def _set_run(self, run: Run | None) -> None:
        was, self.run = self.replying, run
        if was != self.replying:
            self.replying_changed.emit(self.replying)

    async def find(self) -> None:
        """Follows the run that is active in this branch, if there is one."""
        branch_id = self.branch_id
        active = [run for run in await self._services.runs.active() if run.conversation_id == branch_id]
        if branch_id != self.branch_id:
            return
        if active:
            self.follow(active[0])
        elif not self.replying:
            self.idle.emit()

    def follow(self, run: Run) -> None:
        """Shows what this run does until it ends. One that is over already is only noted."""
        if self.run is not None and self.run.id == run.id:
            return
        self._let_go()
        if run.active:
            self._set_run(run)
            self._following = self._tasks.spawn(self._follow(run, self.branch_id), self)
        self._model.note_run(run)

    async def _follow(self, run: Run, branch_id: str) -> None:
        try:
            async with aclosing(self._services.runs.subscribe(run.id, 0)) as events:
                async for event in events:
                    self._model.apply(event)
                    if _closes_step(event):
                        self._tasks.spawn(self._read_steps(run.id), self)
        except LinkError:
            # The engine is gone. When it is back the view is opened anew and finds the run again.
            self._following = None
            return
        ended = await self._services.runs.get(run.id)
        await self._read_steps(run.id)
        if branch_id == self.branch_id:
            self._model.note_run(ended)
            self._following = None
            self._set_run(None)
            self.ended.emit()
            self.idle.emit()

    async def _read_steps(self, run_id: str) -> None:
        self._model.note_steps(await self._services.runs.steps(run_id))

    def stop(self) -> None:
        """Asks the engine to end the reply; what was written of it stays, marked as stopped."""
        if self.run is not None:
            self._tasks.spawn(self.stop_now(), self)

    async def stop_now(self) -> None:
        if self.run is not None:
            await self._services.runs.cancel(self.run.id)

    def go_on(self, run_id: str) -> None:
        """A run that ended badly goes on from its stored messages."""
        self._tasks.spawn(self._go_on(run_id), self)

    async def _go_on(self, run_id: str) -> None:
        self.follow(await self._services.runs.retry(run_id))


def _closes_step(event: RunEvent) -> bool:
    return event.message is not None and event.message.role == "assistant"
