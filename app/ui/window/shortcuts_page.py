"""The page that lists every key, read from the commands themselves and from what single widgets take."""

from PySide6.QtWidgets import QGridLayout, QWidget

from app.ui.kit.badge import Badge
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, row_of
from app.ui.kit.sheet import Sheet
from app.ui.state.command_registry import Commands, shown_keys
from app.ui.theme import Theme

KEYS = 140
"""Width of the column of keys, the same in every group."""


class Shortcuts(Sheet):
    def __init__(self, theme: Theme, commands: Commands) -> None:
        super().__init__(theme)
        self.set_heading(self.tr("Keyboard shortcuts"), self.tr("Everything can be done without a mouse."))
        window = [(tuple(map(shown_keys, one.shortcuts)), one.title) for one in commands if one.shortcuts]
        self._group(self.tr("Everywhere"), window)
        self._group(
            self.tr("In the conversation"),
            [
                ((self.tr("Enter"), shown_keys("Ctrl+Enter")), self.tr("Send")),
                ((shown_keys("Shift+Enter"),), self.tr("New line")),
                ((self.tr("Up"),), self.tr("In an empty field: edit your last message")),
                ((self.tr("Esc"),), self.tr("Close what is on top, else stop the reply")),
                (
                    (self.tr("C"), self.tr("R"), self.tr("E"), self.tr("U")),
                    self.tr("On a message: copy, try again, edit, undo its memory change"),
                ),
                (("F3", shown_keys("Shift+F3")), self.tr("Next and previous hit")),
            ],
        )
        self._group(
            self.tr("In lists, bars and differences"),
            [
                ((self.tr("Arrows"),), self.tr("Move inside a list, a bar or a choice")),
                ((self.tr("Tab"), shown_keys("Shift+Tab")), self.tr("Go to the next or previous one")),
                (("F7", shown_keys("Shift+F7")), self.tr("Next and previous change in a difference")),
                ((shown_keys("Ctrl+S"),), self.tr("Save a block or the instructions")),
            ],
        )

    def _group(self, title: str, rows: list[tuple[tuple[str, ...], str]]) -> None:
        """Each row: keys that do the same (or belong together), and what they do."""
        theme, group, grid = self._theme, QWidget(), QGridLayout()
        column_of(theme, Label(theme, title, "strong"), grid, parent=group)
        for at, (keys, words) in enumerate(rows):
            label = Label(theme, words)
            label.setWordWrap(True)
            grid.addLayout(row_of(theme, *(Badge(theme, one) for one in keys), None, gap=4), at, 0)
            grid.addWidget(label, at, 1)
        grid.setColumnStretch(1, 1)

        def fit() -> None:
            grid.setHorizontalSpacing(theme.px(16))
            grid.setVerticalSpacing(theme.px(6))
            grid.setColumnMinimumWidth(0, theme.px(KEYS))

        follow(theme, group, fit)
        self.add(group)
