"""What the undo key means: a text field's own way back, else the newest notice's, else the newest change of memory."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from app.domain.history import MemoryEvent
from app.ui.state.view_context import Notice, ViewContext

LOOKED_AT = 20
"""How many of the newest changes are looked at for one that still holds."""


class UndoLast(QObject):
    """Undoes whatever was done last, by whomever: agents are undone like people."""

    def __init__(self, view: ViewContext, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view

    def __call__(self) -> None:
        focus = QApplication.focusWidget()
        if isinstance(focus, QLineEdit | QPlainTextEdit | QTextEdit) and _has_typed(focus):
            focus.undo()
            return
        toasts = self._view.toasts.toasts
        button = next((toast.button for toast in reversed(toasts) if toast.button is not None), None)
        if button is not None:
            button.click()
        elif self._view.workspace.agent is not None:
            self._view.run(self._undo_memory(self._view.workspace.agent.id), self)

    async def _undo_memory(self, agent_id: str) -> None:
        services, origin = self._view.services, self._view.workspace.origin
        event = newest_change(await services.history.of_agent(agent_id, limit=LOOKED_AT))
        agent = self._view.workspace.agent
        if event is None or agent is None or agent.id != agent_id:
            return
        made: MemoryEvent = await services.history.undo(event.seq, origin=origin)
        tr = QCoreApplication.translate
        words = tr("UndoLast", "The change to “{}” was undone").format(event.label)
        detail = tr("UndoLast", "Saved as version {}").format(made.version)
        redo = Notice(words, detail, tr("UndoLast", "Redo"))
        self._view.tell_done(redo, lambda: self._view.run(services.history.undo(made.seq, origin=origin), self))


def newest_change(events: Sequence[MemoryEvent]) -> MemoryEvent | None:
    """The newest change that still holds and is itself no undo. `events`: newest first."""
    known = {event.seq: event for event in events}

    def is_undo(event: MemoryEvent) -> bool:
        undone = known.get(event.undoes or 0)
        return event.undoes is not None and (undone is None or not is_undo(undone))

    def can_be_undone(event: MemoryEvent) -> bool:
        whole_agent = event.target_kind == "agent" and event.op != "update"
        return event.undone_by is None and not whole_agent and not is_undo(event)

    return next((event for event in events if can_be_undone(event)), None)


def _has_typed(field: QWidget) -> bool:
    if isinstance(field, QLineEdit):
        return field.isUndoAvailable() and not field.isReadOnly()
    return isinstance(field, QPlainTextEdit | QTextEdit) and (
        field.document().isUndoAvailable() and not field.isReadOnly()
    )
