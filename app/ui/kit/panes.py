"""Panes side by side, of which a narrow window shows one at a time, with a row above that says which."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.ui.kit.layout import Inset, column_of, follow, row_of
from app.ui.kit.section import UNLIMITED
from app.ui.kit.segmented import Segmented
from app.ui.kit.splitter import Splitter
from app.ui.theme import Theme

WIDEST = 560
"""A pane that has a width of its own is never dragged wider."""
LEAST = 240
"""What those that share the rest keep."""

Widths = tuple[tuple[int, int], ...]
"""From which width of all panes on a pane is how wide, smallest first; at 100 %."""


@dataclass(frozen=True)
class Pane:
    key: str
    name: str
    """What the row above calls it."""
    widget: QWidget
    widths: Widths = ()
    """Without any it takes what the others leave."""
    border: str = ""
    """Name of the border before it, or of that behind it where it is the first."""


class Panes(QWidget):
    narrowed = Signal(bool)
    """There is room for one pane only, or for all again."""

    def __init__(
        self, theme: Theme, panes: Sequence[Pane], current: str, name: str, narrow: int, inset: Inset = (14, 6, 14, 6)
    ) -> None:
        """`narrow`: below this width, at 100 %, one pane is shown at a time."""
        super().__init__()
        self._theme, self._narrow_below = theme, narrow
        self._panes = {pane.key: pane for pane in panes}
        self._absent: set[str] = set()
        self._narrow = False
        self._given: tuple[object, ...] = ()
        """For which room the widths were given last."""
        self.row = Segmented(theme, tuple((pane.key, pane.name) for pane in panes), current, name)
        self.splitter = Splitter(theme)
        for at, pane in enumerate(panes):
            self.splitter.addWidget(pane.widget)
            self.splitter.setStretchFactor(at, 0 if pane.widths else 1)
        for at, pane in enumerate(panes):
            if pane.border:
                self.splitter.name_handle(max(1, at), pane.border)
        self._above = QWidget()
        row_of(theme, self.row, None, parent=self._above, inset=inset)
        column_of(theme, self._above, self.splitter, parent=self, gap=0).setStretch(1, 1)
        self.row.chosen.connect(lambda: self._arrange())
        self.splitter.splitterMoved.connect(lambda: self._keep())
        follow(theme, self, self._fit)

    @property
    def narrow(self) -> bool:
        """One pane is shown at a time."""
        return self._narrow

    @property
    def current(self) -> str:
        return self.row.current

    @property
    def shown(self) -> list[QWidget]:
        """What can be seen, in order."""
        return [pane.widget for pane in self._panes.values() if pane.widget.isVisible()]

    def show_pane(self, key: str) -> None:
        """In a narrow window it is the one to see."""
        self.row.set_current(key)
        self._arrange()

    def set_present(self, key: str, present: bool) -> None:
        """A pane that is not present is never shown."""
        (self._absent.discard if present else self._absent.add)(key)
        self.row.button(key).setVisible(present)
        if self.row.current in self._absent:
            self.row.set_current(next(other for other in self._panes if other not in self._absent))
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """What is shown for the first time takes its place only now, and might keep the width that it had alone."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._fit)

    def _arrange(self) -> None:
        self._above.setVisible(self._narrow)
        for key, pane in self._panes.items():
            pane.widget.setVisible(key not in self._absent and (not self._narrow or key == self.row.current))
            limited = bool(pane.widths) and not self._narrow
            pane.widget.setMaximumWidth(self._theme.px(WIDEST) if limited else UNLIMITED)

    def _fit(self) -> None:
        narrow = self.width() / self._theme.scale < self._narrow_below
        turned, self._narrow = narrow != self._narrow, narrow
        self._arrange()
        if not narrow and self._given != self._room():
            self.splitter.setSizes(self._sizes())
        if turned:
            self.narrowed.emit(narrow)
            QTimer.singleShot(0, self, self._fit)

    def _room(self) -> tuple[object, ...]:
        return (self._theme.scale, *(self._own(pane) for pane in self._panes.values()))

    def _keep(self) -> None:
        """A person drew a border: it stays while the room is for the same widths."""
        self._given = self._room()

    def _own(self, pane: Pane) -> int:
        width = self.width() / self._theme.scale
        return next((own for least, own in reversed(pane.widths) if width >= least), 0)

    def _sizes(self) -> list[int]:
        px, panes = self._theme.px, self._panes.values()
        own = [px(self._own(pane)) if pane.widths else 0 for pane in panes]
        sharing = max(1, sum(not pane.widths for pane in panes))
        rest = max(px(LEAST), (self.width() - sum(own)) // sharing)
        return [size or rest for size in own]
