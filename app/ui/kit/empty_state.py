"""What a place says while nothing is in it: icon, title, one sentence, a way on."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.theme import Theme

Action = tuple[str, Callable[[], object]]
WIDTH = 270


class EmptyState(QWidget):
    def __init__(
        self,
        theme: Theme,
        icon: str,
        title: str,
        text: str = "",
        actions: Sequence[Action] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon_name = icon
        self.setAccessibleName(title)
        self._inner = QWidget(self)
        self._inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addStretch(1)
        outer.addWidget(self._inner, 1000)
        outer.addStretch(1)
        self._icon = QLabel(self)
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = Label(theme, title, "strong", parent=self)
        self.text = Label(theme, text, "label", "text2", self)
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
        self.text.setVisible(bool(text))
        self.buttons: list[Button] = []
        self._column = QVBoxLayout(self._inner)
        self._column.addStretch(1)
        self._column.addWidget(self._icon)
        self._column.addWidget(self.title)
        self._column.addWidget(self.text)
        self._row = QHBoxLayout()
        self._row.addStretch(1)
        for label, callback in actions:
            self._add(label, callback)
        self._row.addStretch(1)
        self._column.addLayout(self._row)
        self._column.addStretch(1)
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_heading(self, title: str, text: str = "") -> None:
        self.title.setText(title)
        self.setAccessibleName(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))

    def _add(self, label: str, callback: Callable[[], object]) -> None:
        button = Button(self._theme, label, "ghost" if self.buttons else "", size="small", parent=self)
        button.clicked.connect(lambda _checked=False: callback())
        self.buttons.append(button)
        self._row.addWidget(button)

    def _restyle(self) -> None:
        px = self._theme.px
        self._icon.setPixmap(self._theme.pixmap(self._icon_name, "muted", 26))
        self._column.setContentsMargins(px(14), px(20), px(14), px(20))
        self._column.setSpacing(px(6))
        self._row.setContentsMargins(0, px(6), 0, 0)
        self._row.setSpacing(px(6))
        self._inner.setMaximumWidth(px(WIDTH + 28))
