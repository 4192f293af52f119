"""Environment variables by name: values are typed once, go to the keyring, and are never shown again."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, empty, row_of
from app.ui.theme import Theme


class VariableList(QWidget):
    wanted = Signal(object)
    """dict[str, str | None]: all of them as they are to be; None keeps the value that is stored."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self._theme = theme
        self._names: tuple[str, ...] = ()
        self.title = Label(theme, title, "label", "text2")
        self.title.setWordWrap(True)
        self.name, self.value = QLineEdit(), QLineEdit()
        self.name.setPlaceholderText(self.tr("Name, like API_KEY"))
        self.name.setAccessibleName(self.tr("Name of the variable"))
        self.value.setPlaceholderText(self.tr("Value (goes to the keyring)"))
        self.value.setAccessibleName(self.tr("Value of the variable"))
        self.value.setEchoMode(QLineEdit.EchoMode.Password)
        self.add = Button(theme, self.tr("Add"), "", "plus", "small")
        rows = QWidget()
        self._rows: QVBoxLayout = column_of(theme, parent=rows, gap=4)
        line = row_of(theme, self.name, self.value, self.add, gap=6)
        column_of(theme, self.title, rows, line, parent=self, gap=6)
        self.add.clicked.connect(lambda _checked=False: self._add())
        self.value.returnPressed.connect(self._add)
        for field in (self.name, self.value):
            field.textChanged.connect(lambda: self._tell())
        self._tell()

    def show_names(self, title: str, names: tuple[str, ...]) -> None:
        self.title.setText(title)
        if names == self._names and self._rows.count() == len(names):
            return
        self._names = names
        empty(self._rows)
        for name in names:
            row, remove = (
                QWidget(),
                IconButton(self._theme, "trash", self.tr("Delete {}").format(name), size=16, box=28),
            )
            label = ElidedLabel(self._theme, name, "mono")
            kept = Label(self._theme, self.tr("in the keyring"), "caption", "muted")
            row_of(self._theme, label, kept, remove, parent=row, gap=6).setStretch(0, 1)
            remove.clicked.connect(lambda _checked=False, name=name: self._remove(name))
            self._rows.addWidget(row)

    def _tell(self) -> None:
        self.add.setEnabled(bool(self.name.text().strip() and self.value.text()))

    def _add(self) -> None:
        name, value = self.name.text().strip(), self.value.text()
        if name and value:
            self.wanted.emit({**dict.fromkeys(self._names), name: value})

    def added(self) -> None:
        """What was typed is stored."""
        self.name.clear()
        self.value.clear()
        self.name.setFocus()

    def _remove(self, name: str) -> None:
        self.wanted.emit({other: None for other in self._names if other != name})
