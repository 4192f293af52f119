"""What every view is given: the look, the services, and the ways to do, to tell and to ask something."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QCoreApplication, QObject

from app.domain.error import AppError
from app.ui.bridge.tasks import Tasks
from app.ui.kit.toast import ToastHost
from app.ui.state.ask import Ask
from app.ui.state.model_catalog import ModelCatalog
from app.ui.state.preferences import Preferences
from app.ui.state.workspace import Workspace
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.link.client import Services

T = TypeVar("T")


@dataclass(frozen=True)
class Notice:
    """What a person is told when something was done, and the word of the button that undoes it."""

    text: str
    detail: str = ""
    undo_label: str = ""
    """“Undo” if empty."""


@dataclass(frozen=True)
class ViewContext:
    """What every view of the window works with. It knows no window."""

    theme: Theme
    services: "Services"
    tasks: Tasks
    workspace: Workspace
    preferences: Preferences
    ask: Ask
    toasts: ToastHost
    catalog: ModelCatalog

    def run(
        self,
        work: Coroutine[Any, Any, T],
        owner: QObject,
        *,
        done: Notice | Callable[[T], object] | None = None,
        undo: Callable[[T], object] | None = None,
        failed: Callable[[AppError], object] | None = None,
    ) -> "asyncio.Future[T]":
        """One thing that a person does: it begins at once, and ends with its owner.

        `done` is told, or called with the result and may return the notice to tell; `undo` is offered with it and
        called with the result when it is chosen. An `AppError` goes to `failed`, without it to the person as a notice.
        """

        def tell(result: T) -> None:
            notice = done(result) if callable(done) else done
            if isinstance(notice, Notice):
                self.tell_done(notice, partial(undo, result) if undo is not None else None)

        return self.tasks.spawn(work, owner, done=tell, failed=failed)

    def tell_done(self, notice: Notice, undo: Callable[[], object] | None = None) -> None:
        """For rooms that are not given this object: what they did, as `run` tells it."""
        if undo is None:
            self.tell(notice.text, notice.detail, "done")
            return
        label = notice.undo_label or QCoreApplication.translate("ViewContext", "Undo")
        self.toasts.show_toast(notice.text, notice.detail, "undo", label, undo)

    def tell(self, text: str, detail: str = "", kind: str = "info") -> None:
        """A notice that nothing was done for. `kind`: info, done or error."""
        self.toasts.show_toast(text, detail, kind)

    def tell_error(self, error: AppError) -> None:
        self.toasts.show_toast(error.message, error.hint, "error")
