"""Archives as files: asks where to and from where, and carries it out."""

from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.archive import ArchiveForm, Imported, PassageFilter
from app.domain.error import StorageError
from app.ui.bridge.whole_file import write_whole
from app.ui.kit.wording import count, counted
from app.ui.state.view_context import Notice, ViewContext

SUFFIX: dict[ArchiveForm, str] = {"markdown": "md", "json": "json", "csv": "csv"}


class ArchiveFiles(QObject):
    imported = Signal(object)
    """The `Imported`, once it is stored; its undo is offered by whoever hears it."""

    def __init__(self, view: ViewContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._view, self._widget = view, parent

    def ask_export(self, wanted: PassageFilter, name: str) -> None:
        """Asks where to and in which form, and writes the wanted passages there."""
        forms: dict[str, ArchiveForm] = {
            self.tr("Markdown (*.md)"): "markdown",
            self.tr("JSON (*.json)"): "json",
            self.tr("Table (*.csv)"): "csv",
        }
        dialog = QFileDialog(self._widget, self.tr("Export passages"), self._folder(), ";;".join(forms))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(file: str) -> None:
            path = Path(file)
            for form, suffix in SUFFIX.items():
                if path.suffix.lower() == f".{suffix}":
                    self.write(wanted, form, path)
                    return
            form = forms[dialog.selectedNameFilter()]
            self.write(wanted, form, Path(f"{file}.{SUFFIX[form]}"))

        dialog.fileSelected.connect(chosen)
        dialog.open()

    def ask_import(self, archive_id: str) -> None:
        """Asks for a file, and stores what it holds."""
        kinds = self.tr("Passages (*.json *.csv *.md *.txt)")
        dialog = QFileDialog(self._widget, self.tr("Import passages"), self._folder(), kinds)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(file: str) -> None:
            self.read(archive_id, Path(file))

        dialog.fileSelected.connect(chosen)
        dialog.open()

    def read(self, archive_id: str, path: Path) -> None:
        """Stores what a file holds, with its undo offered."""
        self._view.preferences.set("export_folder", str(path.parent))

        def done(brought: Imported) -> Notice:
            self.imported.emit(brought)
            said = counted(brought.added, self.tr("{} passage was imported"), self.tr("{} passages were imported"))
            there, unread = brought.already_there, ", ".join(brought.unread[:5])
            more = [self.tr("{} were there already.").format(count(there))] if there else []
            more += [self.tr("Not read: {}.").format(unread)] if unread else []
            return Notice(said, " ".join(more))

        work = self._view.services.archives.import_file(archive_id, str(path.absolute()))
        self._view.run(work, self, done=done, undo=lambda brought: self._view.run(self._undo(brought.changes), self))

    def write(self, wanted: PassageFilter, form: ArchiveForm, path: Path) -> None:
        """Whole or not at all: it is written beside the file and takes its place at the end."""
        self._view.preferences.set("export_folder", str(path.parent))
        self._view.run(
            self._write(wanted, form, path), self, done=Notice(self.tr("The passages were exported"), str(path))
        )

    async def _write(self, wanted: PassageFilter, form: ArchiveForm, path: Path) -> None:
        try:
            await write_whole(path, self._view.services.archives.export(wanted, form), newline="")
        except OSError as error:
            raise StorageError(
                self.tr("The passages could not be written to “{}”.").format(path.name),
                hint=self.tr("Choose another folder."),
            ) from error

    async def _undo(self, changes: tuple[int, ...]) -> None:
        for seq in reversed(changes):
            await self._view.services.history.undo(seq)

    def _folder(self) -> str:
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return self._view.preferences.get("export_folder", documents)
