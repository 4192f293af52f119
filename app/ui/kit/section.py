"""A titled part of a column: title, count, note and actions in its head, content below, folded away on request."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.ui.kit.buttons import IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.theme import Motion, Theme
from app.ui.theme.motion import FOLD_MS

UNLIMITED = 16_777_215
"""Qt's own largest height of a widget."""


class Section(QFrame):
    """Add content with `add`. `count` stands beside the title, `note` at the right before the actions."""

    toggled = Signal(bool)
    """True: now folded."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        count: str = "",
        note: str = "",
        foldable: bool = False,
        folded: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._foldable = foldable
        self._folded = False
        self.setAccessibleName(title)
        self._fold = QToolButton(self)
        self._fold.setProperty("role", "fold")
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setVisible(foldable)
        self._fold.clicked.connect(lambda: self.set_folded(not self._folded))
        self.title = Label(theme, title, "strong", parent=self)
        self.title.setVisible(not foldable)
        self.count = ElidedLabel(theme, count, "base", "muted", self)
        self.note = Label(theme, note, "label", "text2", self)
        self._head = QHBoxLayout()
        self._head.addWidget(self._fold)
        self._head.addWidget(self.title)
        self._head.addWidget(self.count, 1)
        self._head.addWidget(self.note)
        self._content = QWidget(self)
        self.body = QVBoxLayout(self._content)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addLayout(self._head)
        self._column.addWidget(self._content)
        self._motion = Motion(theme, self, lambda height: self._content.setMaximumHeight(round(height)))
        self.set_title(title)
        self.set_note(note)
        self._restyle()
        theme.changed.connect(self._restyle)
        if folded:
            self.set_folded(True)

    @property
    def folded(self) -> bool:
        return self._folded

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        self.body.addWidget(widget, stretch)

    def add_action(self, icon: str, title: str, run: Callable[[], object], shortcut: str = "") -> IconButton:
        button = IconButton(self._theme, icon, title, shortcut, box=26, parent=self)
        button.clicked.connect(lambda _checked=False: run())
        self._head.addWidget(button)
        return button

    def set_title(self, title: str) -> None:
        self.title.setText(title)
        self._fold.setText(title)
        self.setAccessibleName(title)
        self._name_fold()

    def set_count(self, count: str) -> None:
        self.count.set_text(count)

    def set_note(self, note: str) -> None:
        self.note.setText(note)
        self.note.setVisible(bool(note))

    def set_folded(self, folded: bool) -> None:
        if folded == self._folded:
            return
        self._folded = folded
        self._name_fold()
        self._restyle()
        if not self.isVisible():
            self._content.setVisible(not folded)
        elif folded:
            self._motion.jump(self._content.height())
            self._motion.go(0, FOLD_MS, self._folded_away)
        else:
            self._content.setVisible(True)
            self._motion.jump(0)
            self._motion.go(self._content.sizeHint().height(), FOLD_MS, self._opened)
        self.toggled.emit(folded)

    def _folded_away(self) -> None:
        self._content.setVisible(False)
        self._content.setMaximumHeight(UNLIMITED)

    def _opened(self) -> None:
        self._content.setMaximumHeight(UNLIMITED)

    def _name_fold(self) -> None:
        pattern = self.tr("Expand {0}") if self._folded else self.tr("Collapse {0}")
        self._fold.setAccessibleName(pattern.format(self._fold.text()))

    def _restyle(self) -> None:
        px = self._theme.px
        side = px(14)
        self._fold.setIcon(self._theme.icon("chevron-right" if self._folded else "chevron-down", "muted", 14))
        self._fold.setIconSize(QSize(side, side))
        self._fold.setFont(self._theme.font("strong"))
        self._fold.setFixedHeight(px(28))
        self._head.setContentsMargins(px(14) - (px(4) if self._foldable else 0), px(4), px(10), px(4))
        self._head.setSpacing(px(6))
        self.body.setContentsMargins(px(14), 0, px(14), px(12))
        self.body.setSpacing(px(8))
