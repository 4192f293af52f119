"""What every view is given: the look, the services, and the ways to tell and ask a person something."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject

from app.domain.error import AppError
from app.ui.bridge.tasks import Tasks
from app.ui.model_shelf import ModelShelf
from app.ui.preferences import Preferences
from app.ui.theme import Theme
from app.ui.views.ask import Ask
from app.ui.widgets.toast import ToastHost
from app.ui.workspace import Workspace


@dataclass(frozen=True)
class Desk:
    theme: Theme
    services: Any
    tasks: Tasks
    workspace: Workspace
    preferences: Preferences
    ask: Ask
    toasts: ToastHost
    shelf: ModelShelf

    def do(self, work: Any, owner: QObject) -> None:
        """Start a coroutine; what goes wrong is told as a notice."""
        self.tasks.spawn(work, owner)

    def tell(self, text: str, detail: str = "", kind: str = "info") -> None:
        self.toasts.show_toast(text, detail, kind)

    def tell_undo(self, text: str, detail: str, action: str, undo: Callable[[], object]) -> None:
        self.toasts.show_toast(text, detail, "undo", action, undo)

    def tell_error(self, error: AppError) -> None:
        self.toasts.show_toast(error.message, error.hint, "error")
