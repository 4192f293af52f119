"""The page for an engine that cannot be started: why, the log's end, and the ways out. Needs no engine."""

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from app.backup_files import backups_in
from app.config import Config
from app.domain.error import AppError
from app.domain.system import Backup
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.copying import copy_text
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, follow, frame_of, row_of
from app.ui.kit.sheet import Sheet
from app.ui.kit.wording import backup_reason, full_time, sentence_case, size
from app.ui.theme import Theme

LOG_LINES = 60


class Repair(Sheet):
    retry_wanted = Signal()
    restore_wanted = Signal(object)
    """Backup that is to become the database."""
    anew_wanted = Signal()

    def __init__(self, theme: Theme, config: Config, elsewhere: QWidget) -> None:
        """`elsewhere`: where another data folder is chosen."""
        super().__init__(theme)
        self.set_heading(self.tr("Lares cannot start"))
        self._config = config
        self.backup_buttons: list[Button] = []
        self.closer.hide()
        self._why = Label(theme, "", "conversation")
        self._hint = Label(theme, "", "base", "text2")
        for label in (self._why, self._hint):
            label.setWordWrap(True)
        card = frame_of("banner")
        card.setProperty("tone", "danger")
        words = column_of(theme, self._why, self._hint, gap=4)
        icon = column_of(theme, Icon(theme, "warning", "danger"), None)
        row_of(theme, icon, parent=card, inset=(14, 12, 14, 12), gap=12).addLayout(words, 1)
        self._log = QPlainTextEdit()
        self._log.setReadOnly(True)
        self._log.setAccessibleName(self.tr("Last lines of the engine's log"))
        self._copy = IconButton(theme, "copy", self.tr("Copy the log"))
        self._copy.clicked.connect(lambda: self.copy_log())
        log = QWidget()
        head = row_of(theme, Label(theme, self.tr("Last lines of the log"), "strong"), None, self._copy)
        column_of(theme, head, self._log, parent=log, gap=6)
        self._backups = QWidget()
        self._rows: QVBoxLayout = column_of(theme, parent=self._backups, gap=6)
        backups = QWidget()
        about = Label(
            theme,
            self.tr("Agents, memory and messages return to that moment. The current state is set aside, not deleted."),
            "base",
            "text2",
        )
        about.setWordWrap(True)
        title = Label(theme, self.tr("Restore a backup"), "strong")
        column_of(theme, title, about, self._backups, parent=backups, gap=6)
        for part in (card, backups, elsewhere, log):
            self.add(part)
        self.folder = Button(theme, self.tr("Open data folder"), "ghost", "folder")
        self.retry = Button(theme, self.tr("Try again"), "primary", "refresh")
        self.folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(config.folder))))
        self.anew = Button(theme, self.tr("Start empty"), "ghost")
        self._with_folder = (backups, log, self.folder)
        """What makes sense only where there is a data folder."""
        self.retry.clicked.connect(lambda: self.retry_wanted.emit())
        self.anew.clicked.connect(lambda: self.anew_wanted.emit())
        self.add_foot(self.folder, None, self.anew, self.retry)
        follow(theme, self._log, self._fit_log)

    def show_error(self, error: AppError) -> None:
        self._why.setText(error.message)
        self._hint.setText(error.hint)
        self._hint.setVisible(bool(error.hint))
        self.anew.setVisible(error.code == "database_missing")
        for part in self._with_folder:
            part.setVisible(error.code != "folder_missing")
        self._log.setPlainText(str(error.details.get("log") or last_lines(self._config.logs)))
        self._log.moveCursor(self._log.textCursor().MoveOperation.End)
        self._fill()
        self.retry.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill(self) -> None:
        empty(self._rows)
        self.backup_buttons = []
        try:
            found = backups_in(self._config.backups)
        except OSError as error:
            words = self.tr("Lares cannot read the backup folder: {}.").format(error.strerror)
            self._rows.addWidget(Label(self._theme, words, "base", "muted"))
            return
        if not found:
            self._rows.addWidget(Label(self._theme, self.tr("There is no backup yet."), "base", "muted"))
        for backup in found:
            self._rows.addWidget(self._row(backup))

    def _row(self, backup: Backup) -> QWidget:
        line, at = frame_of("card"), full_time(backup.at)
        when = Label(self._theme, sentence_case(at), "base")
        when.set_weight(500)
        name = ElidedLabel(self._theme, f"{size(backup.bytes)}, {backup.name}", "label", "muted")
        button = Button(self._theme, self.tr("Restore"), "", "undo", size="small")
        button.setAccessibleName(self.tr("Restore the backup of {}").format(at))
        button.clicked.connect(lambda: self.restore_wanted.emit(backup))
        self.backup_buttons.append(button)
        reason = Badge(self._theme, backup_reason(backup))
        row_of(self._theme, when, reason, name, button, parent=line, inset=(12, 6, 8, 6)).setStretch(2, 1)
        return line

    @property
    def why(self) -> str:
        return self._why.text()

    def copy_log(self) -> None:
        copy_text(self._theme, f"{self._why.text()}\n\n{self._log.toPlainText()}", self._copy)

    def _fit_log(self) -> None:
        self._log.setFont(self._theme.font("ids"))
        self._log.setFixedHeight(self._theme.px(180))


def last_lines(logs: Path) -> str:
    for name in ("engine.log", "engine-output.log"):
        try:
            text = (logs / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if text.strip():
            return "\n".join(text.splitlines()[-LOG_LINES:])
    return ""
