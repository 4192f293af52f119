"""All that the window knows of servers and models, read again when the engine says so; and what is done about them."""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.event import Changed
from app.domain.fitness import FitProgress, FitReport
from app.domain.model import FoundServer, Provider
from app.ui.bridge.rereading import Rereading
from app.ui.bridge.tasks import Tasks
from app.ui.state.model_entries import GOING, ModelsKnown

if TYPE_CHECKING:
    from app.link.client import Services

SETTLED_MS = 1500
"""While a download runs its figures come several times a second; everything else is read this long after."""


class ModelCatalog(QObject):
    changed = Signal()
    """`known` is newer than before."""
    got = Signal(str, str)
    """Id of a server and the name of a model whose download has ended well."""
    tested = Signal(object)
    """FitReport of a test that has ended."""
    refused = Signal(object)
    """AppError of something that a person asked for."""

    def __init__(self, services: "Services", tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self.known = ModelsKnown()
        self.looking = False
        """True while a person waits for the servers to be asked again."""
        self._rereading = Rereading(tasks, self)
        self._testing: dict[str, asyncio.Future[Any]] = {}
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(SETTLED_MS)
        self._late.timeout.connect(self.read)

    # Reading

    def on_changed(self, event: Changed) -> None:
        if event.kind == "provider":
            self.read()
        elif event.kind == "model" and any(pull.phase in GOING for pull in self.known.pulls):
            self._tasks.spawn(self._read_pulls(), self)
        elif event.kind == "model":
            self.read()

    def look_again(self) -> None:
        """A person wants every server asked now."""
        if not self.looking:
            self.looking = True
            self.changed.emit()
            self._tasks.spawn(self._look_again(), self)

    async def _look_again(self) -> None:
        try:
            await self._services.models.list(True)
        finally:
            self.looking = False
        await self._read()

    def read(self) -> None:
        self._late.stop()
        self._rereading.read("everything", self._read)

    async def _read(self) -> None:
        services, before = self._services, self.known
        (offers, recommended, pulls, memory), (found, presets, startable), (reports, slow) = await asyncio.gather(
            asyncio.gather(
                services.models.list(), services.models.recommended(), services.models.pulls(), services.models.memory()
            ),
            asyncio.gather(services.servers.found(), services.servers.presets(), services.servers.startable()),
            asyncio.gather(services.fitness.known(), services.models.too_slow()),
        )
        # What a test found meanwhile was not there yet when this was read.
        new = {report.handle: report for report in self.known.reports if report not in before.reports}
        reports = (*(report for report in reports if report.handle not in new), *new.values())
        self.known = ModelsKnown(
            *(offers, recommended, memory, pulls, reports, found, presets, self.known.tests, startable, slow),
            complete=True,
        )
        self._tell_got(before)
        self.changed.emit()

    async def _read_pulls(self) -> None:
        before = self.known
        self.known = replace(before, pulls=await self._services.models.pulls())
        self._tell_got(before)
        if _phases(before) != _phases(self.known):
            self.read()
        elif not self._late.isActive():
            self._late.start()
        self.changed.emit()

    def _tell_got(self, before: ModelsKnown) -> None:
        was = _phases(before)
        for pull in self.known.pulls:
            if pull.phase == "done" and was.get((pull.provider_id, pull.name), "done") != "done":
                self.got.emit(pull.provider_id, pull.name)

    # What a person does

    def adopt(self, found: FoundServer) -> None:
        """Connects one of the servers that were found on this computer."""
        self._do(self._services.servers.adopt(found))

    def adopt_found(self) -> None:
        self._do(self._services.servers.adopt_found())

    def pull(self, name: str, provider: Provider | None = None) -> None:
        """Begins a download, or goes on with one that was paused."""
        server = provider or self.known.puller
        if server is not None:
            self._do(self._services.models.pull(server.id, name))

    def pause(self, provider_id: str, name: str) -> None:
        self._do(self._services.models.pause_pull(provider_id, name))

    def cancel(self, provider_id: str, name: str) -> None:
        self._do(self._services.models.cancel_pull(provider_id, name))

    def delete(self, provider_id: str, name: str) -> None:
        self._do(self._services.models.delete(provider_id, name))

    def unload(self, provider_id: str, name: str) -> None:
        self._do(self._services.models.unload(provider_id, name))

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.spawn(self._done(work), self, failed=self.refused.emit)

    async def _done(self, work: Coroutine[Any, Any, Any]) -> None:
        await work
        await self._read()

    # Fit tests

    def test(self, handle: str) -> None:
        if handle not in self._testing:
            self._note_test(handle, None)
            self._testing[handle] = self._tasks.spawn(self._test(handle), self, failed=self.refused.emit)

    def stop_test(self, handle: str) -> None:
        task = self._testing.get(handle)
        if task is not None:
            task.cancel()

    async def _test(self, handle: str) -> None:
        report: FitReport | None = None
        try:
            async with aclosing(self._services.fitness.test(handle)) as moments:
                async for moment in moments:
                    report = moment.report or report
                    self._note_test(handle, moment)
        finally:
            self._testing.pop(handle, None)
            self.known = replace(
                self.known, tests={other: word for other, word in self.known.tests.items() if other != handle}
            )
            self.changed.emit()
        if report is not None:
            kept = tuple(other for other in self.known.reports if other.handle != handle)
            self.known = replace(self.known, reports=(*kept, report))
            self.changed.emit()
            self.tested.emit(report)

    def _note_test(self, handle: str, moment: FitProgress | None) -> None:
        self.known = replace(self.known, tests={**self.known.tests, handle: moment})
        self.changed.emit()


def _phases(known: ModelsKnown) -> dict[tuple[str, str], str]:
    return {(pull.provider_id, pull.name): pull.phase for pull in known.pulls}
