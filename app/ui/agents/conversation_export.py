"""Takes a conversation out of Lares: into a file that a person chooses, or onto the clipboard."""

import re
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.conversation import ConversationRow, ExportForm
from app.domain.error import StorageError
from app.ui.bridge.whole_file import write_whole
from app.ui.kit.wording import now
from app.ui.state.view_context import Notice, ViewContext

SUFFIX = {"markdown": "md", "json": "json"}
NAME_LENGTH = 100
"""Characters of a proposed file name; file systems take 255 bytes."""
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


def file_name(agent: str, title: str, suffix: str) -> str:
    """A name that every system takes: whose conversation it is, what it is about, and the day."""
    day = now().strftime("%Y-%m-%d")
    words = " - ".join(part for part in (" ".join(_UNFIT.sub(" ", text).split()) for text in (agent, title)) if part)
    return f"{words[:NAME_LENGTH].strip(' .') or 'Conversation'} - {day}.{suffix}"


class ConversationExport(QObject):
    def __init__(self, view: ViewContext, window: QWidget) -> None:
        super().__init__(window)
        self._view, self._window = view, window

    def ask_file(self, row: ConversationRow, form: ExportForm) -> None:
        """Asks where to, with a name proposed, and writes it there."""
        agent, suffix = self._view.workspace.agent, SUFFIX[form]
        title = self.tr("Export the conversation")
        kinds = {"md": self.tr("Markdown (*.md)"), "json": self.tr("JSON (*.json)")}[suffix]
        dialog = QFileDialog(self._window, title, self._folder(), kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(file_name(agent.name if agent is not None else "", row.title, suffix))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(name: str) -> None:
            self.write(row, form, Path(name))

        dialog.fileSelected.connect(chosen)
        dialog.open()

    def _folder(self) -> str:
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return self._view.preferences.get("export_folder", documents)

    def write(self, row: ConversationRow, form: ExportForm, path: Path) -> None:
        self._view.preferences.set("export_folder", str(path.parent))
        said = Notice(self.tr("The conversation was exported"), str(path))
        self._view.run(self._write(row.conversation.id, form, path), self, done=said)

    async def _write(self, conversation_id: str, form: ExportForm, path: Path) -> None:
        try:
            await write_whole(path, self._view.services.exports.conversation(conversation_id, form))
        except OSError as error:
            raise StorageError(
                self.tr("The conversation could not be written to “{}”.").format(path.name),
                hint=self.tr("{} Choose another folder.").format(_reason(error)),
            ) from error

    def copy(self, row: ConversationRow) -> None:
        """All of it, as Markdown."""
        self._view.run(self._copy(row.conversation.id), self, done=Notice(self.tr("The conversation was copied")))

    async def _copy(self, conversation_id: str) -> None:
        pieces = [piece async for piece in self._view.services.exports.conversation(conversation_id, "markdown")]
        QGuiApplication.clipboard().setText("".join(pieces))


def _reason(error: OSError) -> str:
    words = (error.strerror or "").strip().rstrip(".")
    return f"{words[:1].upper()}{words[1:]}." if words else ""
