"""Saves a file that a tool left where a person wants it."""

import asyncio
import base64
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.error import StorageError
from app.domain.message import ReturnedFile
from app.ui.bridge.tasks import Tasks

if TYPE_CHECKING:
    from app.link.client import Services


class FileSaver(QObject):
    def __init__(self, services: "Services", tasks: Tasks, view: QWidget) -> None:
        super().__init__(view)
        self._services, self._tasks, self._view = services, tasks, view

    def ask(self, file: ReturnedFile) -> None:
        """Asks where to, with its own name proposed, and writes it there."""
        dialog = QFileDialog(self._view, self.tr("Save the file"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(PurePosixPath(file.name).name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(name: str) -> None:
            self.write(file, Path(name))

        dialog.fileSelected.connect(chosen)
        dialog.open()

    def write(self, file: ReturnedFile, path: Path) -> None:
        self._tasks.spawn(self._write(file, path), self)

    async def _write(self, file: ReturnedFile, path: Path) -> None:
        encoded = await self._services.blobs.get(file.sha256)
        try:
            await asyncio.to_thread(lambda: path.write_bytes(base64.b64decode(encoded)))
        except OSError as error:
            raise StorageError(
                self.tr("“{}” could not be saved.").format(path.name), hint=self.tr("Choose another folder.")
            ) from error
