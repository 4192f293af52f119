"""A model on its way: how far its download is, and the ways to hold it, go on, or give it up."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, follow, row_of
from app.ui.kit.tooltip import set_tip
from app.ui.models.row import EDGE, Columns
from app.ui.state.model_entries import ModelEntry
from app.ui.state.model_wording import file_size, time_left
from app.ui.theme import Theme

PULL_ROW = 48


class PullRow(QFrame):
    """A download: how far, how fast, how long still; pause and cancel, or go on."""

    pause_wanted = Signal(object)
    go_on_wanted = Signal(object)
    cancel_wanted = Signal(object)

    def __init__(self, theme: Theme, line: ModelEntry) -> None:
        super().__init__()
        self._theme = theme
        self.line = line
        self.setProperty("kind", "row")
        self._roomy = True
        self._icon = Icon(theme, "download", "text2", 16)
        self._name = Label(theme, line.name, "base")
        self._note = ElidedLabel(theme, "", "label", "text2")
        self._figures = Label(theme, "", "label", "text2")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.pause = Button(theme, "", "", "pause", "small")
        self.cancel = Button(theme, self.tr("Cancel"), "ghost", "", "small")
        self.buttons: dict[str, QWidget] = {"pause": self.pause, "cancel": self.cancel}
        head = row_of(theme, self._name, self._note, self._figures, gap=8)
        head.setStretch(1, 1)
        middle = column_of(theme, None, head, self.bar, None, gap=5)
        row = row_of(
            theme, self._icon, 18, middle, 4, self.pause, self.cancel, parent=self, inset=(EDGE + 2, 0, 12, 0), gap=6
        )
        row.setStretchFactor(middle, 1)
        follow(theme, self, lambda: self.setMinimumHeight(theme.px(PULL_ROW)))
        self.pause.clicked.connect(lambda: self._press())
        self.cancel.clicked.connect(lambda: self.cancel_wanted.emit(self.line))
        self.show_entry(line)

    def fit(self, columns: Columns) -> None:
        self._roomy = columns.need > 0
        self._show_note()

    def _show_note(self) -> None:
        pull = self.line.pull
        said = f"{pull.error} {pull.hint}".strip() if pull is not None else ""
        failed = pull is not None and pull.phase == "failed"
        self._note.set_text(said or (self.line.note if self._roomy else ""))
        self._note.set_kind("text2" if not said else "danger" if failed else "warn")

    @property
    def _stuck(self) -> bool:
        return self.line.pull is not None and self.line.pull.phase in ("paused", "failed")

    def _press(self) -> None:
        (self.go_on_wanted if self._stuck else self.pause_wanted).emit(self.line)

    def show_entry(self, line: ModelEntry) -> None:
        self.line, pull = line, line.pull
        if pull is None:
            return
        self._show_note()
        self._figures.setText(self._said())
        self.bar.setValue(round(1000 * pull.completed / pull.total) if pull.total else 0)
        self.bar.setAccessibleName(self.tr("Download of {}").format(line.name))
        self.bar.setAccessibleDescription(self._said())
        self.bar.setVisible(not pull.final)
        self.pause.setVisible(not pull.final)
        self.pause.setText(self.tr("Resume") if self._stuck else self.tr("Pause"))
        self.pause.set_icon("play" if self._stuck else "pause")
        verb = self.tr("Resume downloading {}") if self._stuck else self.tr("Pause downloading {}")
        self.pause.setAccessibleName(verb.format(line.name))
        ends = self.tr("Dismiss the failed download of {}") if pull.final else self.tr("Cancel downloading {}")
        self.cancel.setText(self.tr("Dismiss") if pull.final else self.tr("Cancel"))
        self.cancel.setAccessibleName(ends.format(line.name))

    def _said(self) -> str:
        pull = self.line.pull
        if pull is None or pull.phase == "waiting":
            return self.tr("Asking the server for it")
        if pull.final:
            return ""
        far = self.tr("{} of {}").format(file_size(pull.completed).removesuffix(" GB"), file_size(pull.total))
        if pull.phase == "paused":
            return self.tr("Paused at {}").format(far)
        if pull.phase == "failed":
            return self.tr("Stopped at {}").format(far)
        words = [far]
        if pull.bytes_per_second:
            words.append(self.tr("{:.0f} MB/s").format(pull.bytes_per_second / 1e6))
        if pull.seconds_left is not None:
            words.append(time_left(pull.seconds_left))
        return ", ".join(words)

    def allow_get(self, reason: str) -> None:
        self.pause.setEnabled(not (reason and self._stuck))
        set_tip(self.pause, reason if self._stuck else "")
