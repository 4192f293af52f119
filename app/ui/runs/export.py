"""A run as a file: what it did, what went over the wire, and what it changed."""

from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.error import StorageError
from app.domain.run import Run
from app.ui.bridge.whole_file import write_whole
from app.ui.state.view_context import Notice, ViewContext


class RunExport(QObject):
    def __init__(self, view: ViewContext, widget: QWidget) -> None:
        super().__init__(widget)
        self._view, self._widget = view, widget

    def ask_file(self, run: Run, name: str) -> None:
        """Asks where to, with a name proposed, and writes it there."""
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        folder = self._view.preferences.get("export_folder", documents)
        dialog = QFileDialog(self._widget, self.tr("Export the run"), folder, self.tr("JSON (*.json)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.selectFile(f"{name}.json")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(file: str) -> None:
            self.write(run.id, Path(file))

        dialog.fileSelected.connect(chosen)
        dialog.open()

    def write(self, run_id: str, path: Path) -> None:
        self._view.preferences.set("export_folder", str(path.parent))
        said = Notice(self.tr("The run was exported"), str(path))
        self._view.run(self._write(run_id, path), self, done=said)

    async def _write(self, run_id: str, path: Path) -> None:
        try:
            await write_whole(path, self._view.services.listing.export(run_id))
        except OSError as error:
            raise StorageError(
                self.tr("The run could not be written to “{}”.").format(path.name),
                hint=self.tr("Choose another folder."),
            ) from error
