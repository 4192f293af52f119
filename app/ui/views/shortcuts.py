"""The page that lists every key, read from the commands themselves and from what single widgets take."""

from PySide6.QtWidgets import QGridLayout, QWidget

from app.ui.commands import Commands, shown_keys
from app.ui.theme import Theme
from app.ui.views.parts import column_of, follow
from app.ui.views.sheet import Sheet
from app.ui.widgets.badge import Badge
from app.ui.widgets.labels import Label


class Shortcuts(Sheet):
    def __init__(self, theme: Theme, commands: Commands) -> None:
        super().__init__(theme)
        self.set_words(self.tr("Keyboard shortcuts"), self.tr("Everything can be done without a mouse."))
        window = [(shown_keys(keys), command.title) for command in commands for keys in command.shortcuts]
        self._group(self.tr("Everywhere"), window)
        self._group(
            self.tr("In the conversation"),
            [
                (self.tr("Enter"), self.tr("Send")),
                (shown_keys("Ctrl+Return"), self.tr("Send")),
                (shown_keys("Shift+Return"), self.tr("New line")),
                (self.tr("Up in an empty field"), self.tr("Edit your last message")),
                (self.tr("Esc"), self.tr("Stop the reply")),
                ("F3", self.tr("Next hit")),
                (shown_keys("Shift+F3"), self.tr("Previous hit")),
            ],
        )
        self._group(
            self.tr("In lists, bars and differences"),
            [
                (self.tr("Arrows"), self.tr("Move inside a list, a bar or a choice")),
                (self.tr("Tab"), self.tr("Go to the next one")),
                ("F7", self.tr("Next change in a difference")),
                (shown_keys("Shift+F7"), self.tr("Previous change in a difference")),
                (shown_keys("Ctrl+S"), self.tr("Save a block or the instructions")),
            ],
        )

    def _group(self, title: str, rows: list[tuple[str, str]]) -> None:
        theme, group, grid = self._theme, QWidget(), QGridLayout()
        column_of(theme, Label(theme, title, "strong"), grid, parent=group)
        for at, (keys, words) in enumerate(rows):
            label = Label(theme, words)
            label.setWordWrap(True)
            grid.addWidget(Badge(theme, keys), at, 0)
            grid.addWidget(label, at, 1)
        grid.setColumnStretch(1, 1)

        def fit() -> None:
            grid.setHorizontalSpacing(theme.px(16))
            grid.setVerticalSpacing(theme.px(6))
            grid.setColumnMinimumWidth(0, theme.px(120))

        follow(theme, group, fit)
        self.add(group)
