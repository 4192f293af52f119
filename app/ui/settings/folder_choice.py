"""Where the data lies, and working on another folder: it is looked at first, then Lares starts again on it."""

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.config import Config
from app.data_folder import usual_folder
from app.domain.error import AppError, Conflict
from app.folder_contents import FolderContents, look_at
from app.link.single_instance import window_is_open
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, frame_of, row_of
from app.ui.kit.wording import full_time, size
from app.ui.state.view_context import ViewContext


class FolderChoice(QWidget):
    """Needs no engine. What `--data` or LARES_DATA says cannot be changed here, and it says so."""

    chosen = Signal(object)
    """The folder on which Lares is to start again; None: the usual one."""

    def __init__(self, view: ViewContext, config: Config) -> None:
        super().__init__()
        self._view, self._config = view, config
        self.found: FolderContents | None = None
        self._inside = ""
        theme = view.theme
        card = frame_of("card")
        path = ElidedLabel(theme, str(config.folder), "base", "text2")
        path.set_elide(Qt.TextElideMode.ElideMiddle)
        path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.about = Label(theme, self._about(), "base", "text2")
        self.other = Button(theme, self.tr("Use another folder…"), "", "folder")
        self.usual = Button(theme, self.tr("Back to the usual folder…"), "", "undo")
        self._buttons, self._answer = QWidget(), QWidget()
        row_of(theme, self.other, self.usual, None, parent=self._buttons)
        self.place = ElidedLabel(theme, "", "strong")
        self.place.set_elide(Qt.TextElideMode.ElideMiddle)
        self._sign = Icon(theme, "folder", "text2")
        self.said = Label(theme, "", "base", "text2")
        self.begin = Button(theme, self.tr("Restart with this folder"), "primary", "refresh")
        self.make = Button(theme, self.tr("Make a folder “Lares” in it"), "", "plus")
        self.cancel = Button(theme, self.tr("Cancel"), "ghost")
        for label in (self.about, self.said):
            label.setWordWrap(True)
        head = row_of(theme, self._sign, self.place)
        head.setStretch(1, 1)
        buttons = row_of(theme, self.begin, self.make, self.cancel, None)
        column_of(theme, head, self.said, buttons, parent=self._answer, gap=8)
        title = row_of(theme, Label(theme, self.tr("Data folder"), "strong"), None)
        column_of(theme, title, path, self.about, self._buttons, self._answer, parent=card, inset=(18, 14, 18, 14))
        column_of(theme, card, parent=self)
        self._answer.hide()
        self._buttons.setVisible(self._is_free)
        self.usual.setVisible(config.source == "chosen")
        self.other.clicked.connect(lambda: self._ask())
        self.usual.clicked.connect(lambda: self.look(usual_folder()))
        self.begin.clicked.connect(lambda: self._begin())
        self.make.clicked.connect(lambda: self.look(Path(self._inside)))
        self.cancel.clicked.connect(lambda: self._close())

    @property
    def _is_free(self) -> bool:
        return self._config.source in ("chosen", "usual")

    def _about(self) -> str:
        source = self._config.source
        if source == "argument":
            return self.tr("This folder was given with --data. Start Lares without it to choose the folder here.")
        if source == "variable":
            return self.tr("The variable LARES_DATA says so. Unset it to choose the folder here.")
        return self.tr(
            "Agents, memory, messages and backups are here. Lares can work on another folder, and come back; nothing "
            "is moved or deleted."
        )

    def _ask(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Folder for the data of Lares"), str(self._config.folder.parent))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(name: str) -> None:
            self.look(Path(name))

        dialog.fileSelected.connect(chosen)
        dialog.open()

    def look(self, folder: Path) -> None:
        """Says what lies there, and whether Lares can work on it."""
        self.place.set_text(str(folder))
        self._view.run(self._look(folder), self, done=self._offer, failed=self._refuse)

    async def _look(self, folder: Path) -> FolderContents:
        found = await asyncio.to_thread(look_at, folder, self._config.folder)
        if found.kind == "lares" and await asyncio.to_thread(window_is_open, found.folder):
            raise Conflict(
                self.tr("Another window of Lares is using this folder."),
                hint=self.tr("Use that window, or close it and choose the folder again."),
            )
        return found

    def _offer(self, found: FolderContents) -> None:
        self.found = found
        self._show("folder", "text2", self._words(found), can_begin=True)
        self.begin.setFocus(Qt.FocusReason.OtherFocusReason)

    def _words(self, found: FolderContents) -> str:
        if found.kind == "new":
            return self.tr("This folder does not exist yet. Lares makes it and starts there without agents.")
        if found.kind == "empty":
            return self.tr("This folder is empty. Lares starts there without agents.")
        if not found.bytes:
            return self.tr("Lares has used this folder before, but there are no agents in it.")
        when = full_time(found.changed_at)
        return self.tr("Data of Lares is here: {0}, last changed {1}.").format(size(found.bytes), when)

    def _refuse(self, error: AppError) -> None:
        self.found = None
        self._inside = str(error.details.get("inside", ""))
        self._show("warning", "warn", f"{error.message} {error.hint}".strip(), can_begin=False)
        (self.make if self._inside else self.other).setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self, icon: str, token: str, words: str, *, can_begin: bool) -> None:
        self._sign.show_icon(icon, token)
        self.said.setText(words)
        self._answer.show()
        self.begin.setVisible(can_begin)
        self.make.setVisible(not can_begin and bool(self._inside))

    def _close(self) -> None:
        self.found = None
        self._answer.hide()
        self.other.setFocus(Qt.FocusReason.OtherFocusReason)

    def _begin(self) -> None:
        if self.found is not None:
            usual = self.found.folder == usual_folder().resolve()
            self.chosen.emit(None if usual else self.found.folder)
