"""What every view is given: the look, the services, and the ways to tell and ask a person something."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

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


@dataclass(frozen=True)
class ViewContext:
    theme: Theme
    services: "Services"
    tasks: Tasks
    workspace: Workspace
    preferences: Preferences
    ask: Ask
    toasts: ToastHost
    shelf: ModelCatalog

    def do(self, work: Any, owner: QObject) -> None:
        """Start a coroutine; what goes wrong is told as a notice."""
        self.tasks.spawn(work, owner)

    def tell(self, text: str, detail: str = "", kind: str = "info") -> None:
        self.toasts.show_toast(text, detail, kind)

    def tell_undo(self, text: str, detail: str, action: str, undo: Callable[[], object]) -> None:
        self.toasts.show_toast(text, detail, "undo", action, undo)

    def tell_error(self, error: AppError) -> None:
        self.toasts.show_toast(error.message, error.hint, "error")
