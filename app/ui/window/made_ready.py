"""What a person soon needs, made ready while nobody waits: a view that is opened for the first time costs less."""

from collections.abc import Iterator
from importlib import import_module

from PySide6.QtCore import QObject, QTimer

from app.ui.theme import Theme
from app.ui.theme.icons import icon_names

AFTER_MS, EVERY_MS = 3000, 40
"""When it begins, and how long it rests between two pieces, each of a few milliseconds."""
VIEWS = (
    "app.ui.memory.history.view",
    "app.ui.context.request.view",
    "app.ui.runs.view",
    "app.ui.tools.page",
    "app.ui.archive.view",
    "app.ui.memory.inbox.view",
    "app.ui.settings.page",
    "app.ui.memory.wide_block",
    "app.ui.agents.new_agent",
)
SIZES = (16, 14)


class MadeReady(QObject):
    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pieces = self._all()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._go_on)
        QTimer.singleShot(AFTER_MS, self._timer, self._timer.start)

    def _go_on(self) -> None:
        if next(self._pieces, self) is self:
            self._timer.stop()

    def _all(self) -> Iterator[None]:
        for name in VIEWS:
            import_module(name)
            yield
        for size in SIZES:
            for name in icon_names():
                self._theme.icon(name, "text2", size)
                yield
