"""The few pieces every view is put together from: icons, lines, rows and columns. They follow the theme."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.ui.kit.steady import Steady
from app.ui.theme import Theme

Item = QWidget | QLayout | int | None
"""What stands in a row or column; None is a stretch, a number a fixed gap at 100 %."""
Inset = tuple[int, int, int, int]
L = TypeVar("L", bound=QBoxLayout)


class Icon(QLabel):
    """An icon that is only looked at."""

    def __init__(self, theme: Theme, name: str, token: str = "text2", size: int = 16) -> None:
        super().__init__()
        self._theme = theme
        self._name, self._token, self._size = name, token, size
        theme.changed.connect(self._redraw)
        self._redraw()

    def show_icon(self, name: str, token: str) -> None:
        self._name, self._token = name, token
        self._redraw()

    def _redraw(self) -> None:
        self.setPixmap(self._theme.pixmap(self._name, self._token, self._size))
        self.setFixedSize(self._theme.px(self._size), self._theme.px(self._size))


class Mark(QLabel):
    """The Lares mark."""

    def __init__(self, theme: Theme, size: int) -> None:
        super().__init__()
        self._theme, self._size = theme, size
        theme.changed.connect(self._redraw)
        self._redraw()

    def _redraw(self) -> None:
        self.setPixmap(self._theme.mark(self._size))
        self.setFixedSize(self._theme.px(self._size), self._theme.px(self._size))


class Choice(QComboBox):
    """A combo box whose list has a name too. The wheel scrolls past it unless it has the focus."""

    chosen = Signal()
    """Something was taken from the open list, before `activated` says so; arrows on the closed one only walk."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._listed = False
        self.activated.connect(lambda: self.chosen.emit() if self._listed else None)
        Steady(self)
        self.setAccessibleName(name)

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self.view().setAccessibleName(name)

    def showPopup(self) -> None:
        self._listed = True
        super().showPopup()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._listed = False
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._listed = False
        super().wheelEvent(event)


def hairline(vertical: bool = False) -> QFrame:
    """A thin line between two parts."""
    return frame_of("vline" if vertical else "line")


def frame_of(kind: str, parent: QWidget | None = None) -> QFrame:
    """A frame of one of the kinds that the stylesheet knows."""
    frame = QFrame(parent)
    frame.setProperty("kind", kind)
    return frame


def row_of(
    theme: Theme, *items: Item, parent: QWidget | None = None, inset: Inset = (0, 0, 0, 0), gap: int = 8
) -> QHBoxLayout:
    """Widgets and layouts side by side; a number is room at 100 %, None takes what is left. Follows the scale."""
    return _fill(theme, QHBoxLayout(parent) if parent is not None else QHBoxLayout(), items, inset, gap)


def column_of(
    theme: Theme, *items: Item, parent: QWidget | None = None, inset: Inset = (0, 0, 0, 0), gap: int = 8
) -> QVBoxLayout:
    """The same one below the other."""
    return _fill(theme, QVBoxLayout(parent) if parent is not None else QVBoxLayout(), items, inset, gap)


def _fill(theme: Theme, layout: L, items: tuple[Item, ...], inset: Inset, gap: int) -> L:
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(theme.px(item))
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)

    def apply() -> None:
        layout.setContentsMargins(*(theme.px(side) for side in inset))
        layout.setSpacing(theme.px(gap))

    follow(theme, layout, apply)
    return layout


def follow(theme: Theme, owner: QObject, apply: Callable[[], None]) -> None:
    """Do it now and at every change of the theme, as long as the owner lives."""
    apply()
    connection = theme.changed.connect(apply)
    owner.destroyed.connect(lambda: QObject.disconnect(connection))


def scrolled(content: QWidget, name: str = "") -> QScrollArea:
    """The content in an area that scrolls up and down only."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName(name)
    area.setWidget(content)
    return area


def empty(layout: QLayout) -> None:
    """Remove and delete everything in a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            empty(inner)


def reveal(widget: QWidget) -> None:
    """Scroll what is around it so that it can be seen, once it has its place."""

    def scroll() -> None:
        parent = widget.parentWidget()
        while parent is not None and not isinstance(parent, QScrollArea):
            parent = parent.parentWidget()
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget, 0, 24)

    QTimer.singleShot(0, widget, scroll)
