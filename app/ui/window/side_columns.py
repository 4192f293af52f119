"""Both side columns: built after the first paint, and the ways to what lies in them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.ui.state.command_registry import Commands
from app.ui.state.view_context import ViewContext
from app.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from app.ui.window.columns import LeftColumn, RightColumn


class SideColumns(QObject):
    right_wanted = Signal()
    """Something in the right column is to be seen, which a view that takes the whole width hides."""

    left: "LeftColumn"
    right: "RightColumn"

    def __init__(self, view: ViewContext, window: MainWindow) -> None:
        super().__init__(window)
        self._view, self._window = view, window

    def furnish(self, commands: Commands) -> None:
        from app.ui.window.columns import LeftColumn, RightColumn

        self.left = LeftColumn(self._view, commands)
        self.right = RightColumn(self._view)
        self._window.set_columns(self.left.widget, self.left.rail, self.right.widget)

    def _show(self, side: str) -> None:
        if not self._window.column_shown(side):
            self._window.toggle_column(side)

    def show_right(self) -> None:
        self.right_wanted.emit()
        self._show("right")

    def choose_model(self) -> None:
        self._show("left")
        self.left.settings.model.open()

    def edit_tags(self) -> None:
        self._show("left")
        self.left.settings.edit_tags()

    def go_to_first_block(self) -> None:
        self.show_right()
        self.right.memory.focus_first()

    def edit_block_wide(self) -> None:
        self.right.memory.ask_wide()

    def go_to_block(self, block_id: str) -> None:
        self.show_right()
        self.right.memory.reveal(block_id)

    def add_block(self) -> None:
        self.show_right()
        self.right.memory.begin_new()
