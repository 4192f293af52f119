"""Getting any model by its name, with what is said about it nearby."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, row_of
from app.ui.kit.tooltip import set_tip
from app.ui.state.view_context import ViewContext


class GetAnother(QWidget):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        self.open = Button(theme, self.tr("Download another model…"), "ghost", "download")
        self.note = Label(
            theme,
            self.tr("The list comes with Lares. Only downloading uses the internet, and Ollama does that."),
            "label",
            "muted",
        )
        self.note.setWordWrap(True)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("Name and tag, for example qwen3:8b"))
        self.name.setAccessibleName(self.tr("Name of the model to download"))
        self.get = Button(theme, self.tr("Download"), "", "download")
        self.get.setAccessibleName(self.tr("Download this model"))
        self._give_up = Button(theme, self.tr("Cancel"), "ghost")
        self._form = QWidget()
        row_of(theme, self.name, self.get, self._give_up, parent=self._form).setStretch(0, 1)
        self._form.hide()
        row = row_of(theme, self.open, self.note, gap=8)
        row.setStretch(1, 1)
        column_of(theme, row, self._form, parent=self, gap=6)
        self.open.clicked.connect(lambda: self._begin())
        self.get.clicked.connect(lambda: self._get())
        self.name.returnPressed.connect(self._get)
        self.name.textChanged.connect(lambda: self._allow())
        self._give_up.clicked.connect(lambda: self._end())
        view.catalog.changed.connect(self._allow)
        self._allow()

    def _begin(self) -> None:
        self._form.show()
        self._allow()
        self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _end(self) -> None:
        self._form.hide()
        self.name.clear()
        self.open.setFocus(Qt.FocusReason.OtherFocusReason)

    def _allow(self) -> None:
        able = self._view.catalog.known.puller is not None
        reason = "" if able else self.tr("Only Ollama can download models, and it is not answering now.")
        self.open.setEnabled(able or not self._form.isHidden())
        set_tip(self.open, reason)
        self.get.setEnabled(able and bool(self.name.text().strip()))
        set_tip(self.get, reason)

    def _get(self) -> None:
        name = self.name.text().strip()
        if name and self.get.isEnabled():
            self._view.catalog.pull(name)
            self._end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self._form.isHidden():
            self._end()
            return
        super().keyPressEvent(event)
