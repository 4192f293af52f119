"""Panes side by side with a hairline between them: drag it, fold by double click, move by keyboard."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QSplitter, QSplitterHandle, QWidget

from app.ui.theme import Theme

GRAB = 7
STEP = 16


class Handle(QSplitterHandle):
    """1 px of line in a grab area of 7; 2 px of accent while hovered or dragged."""

    def __init__(self, theme: Theme, orientation: Qt.Orientation, splitter: "Splitter") -> None:
        super().__init__(orientation, splitter)
        self._theme = theme
        self._splitter = splitter
        self._hot = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        theme.changed.connect(self.update)

    def resizeEvent(self, event: QResizeEvent) -> None:
        side = (self._theme.px(GRAB) - self._splitter.handleWidth()) // 2
        across = self.orientation() == Qt.Orientation.Horizontal
        self.setAttribute(Qt.WidgetAttribute.WA_MouseNoMask, True)
        self.setContentsMargins(
            side if across else 0, 0 if across else side, side if across else 0, 0 if across else side
        )
        self._mask()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        token = "focus" if self.property("ring") else "accent" if self._hot else "line"
        painter.fillRect(self.rect(), self._theme.color(token))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._heat(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._heat(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self._mask()

    def event(self, event: QEvent) -> bool:
        taken = super().event(event)
        if event.type() == QEvent.Type.DynamicPropertyChange:
            self._mask()
        return taken

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._splitter.toggle_beside(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        across = self.orientation() == Qt.Orientation.Horizontal
        back, forth = (Qt.Key.Key_Left, Qt.Key.Key_Right) if across else (Qt.Key.Key_Up, Qt.Key.Key_Down)
        step = {back: -1, forth: 1}.get(Qt.Key(event.key()))
        if step is not None:
            edge = self.contentsRect()
            here = self.x() + edge.x() if across else self.y() + edge.y()
            self.moveSplitter(here + step * self._theme.px(STEP))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._splitter.toggle_beside(self)
        else:
            super().keyPressEvent(event)

    def _heat(self, hot: bool) -> None:
        self._hot = hot
        self._mask()
        self.update()

    def _mask(self) -> None:
        line = self.contentsRect()
        if self._hot or self.property("ring"):
            extra = self._theme.px(2) - self._splitter.handleWidth()
            across = self.orientation() == Qt.Orientation.Horizontal
            line = line.adjusted(0, 0, extra if across else 0, 0 if across else extra)
        self.setMask(QRegion(line))


class Splitter(QSplitter):
    pane_folded = Signal(int, bool)
    """Pane index, and whether it is folded now."""

    def __init__(
        self, theme: Theme, orientation: Qt.Orientation = Qt.Orientation.Horizontal, parent: QWidget | None = None
    ) -> None:
        self._theme = theme
        super().__init__(orientation, parent)
        self._widths: dict[int, int] = {}
        self.setChildrenCollapsible(False)
        self._restyle()
        theme.changed.connect(self._restyle)

    def createHandle(self) -> QSplitterHandle:
        handle = Handle(self._theme, self.orientation(), self)
        handle.setAccessibleName(self.tr("Border between panes"))
        return handle

    def name_handle(self, index: int, name: str) -> None:
        self.handle(index).setAccessibleName(name)

    def is_folded(self, pane: int) -> bool:
        return self._pane(pane).isHidden()

    def _pane(self, index: int) -> QWidget:
        found = self.widget(index)
        assert found is not None
        return found

    def set_folded(self, pane: int, folded: bool) -> None:
        """A pane comes back at its old width."""
        if folded == self.is_folded(pane):
            return
        if folded:
            self._widths[pane] = self.sizes()[pane]
            self._pane(pane).hide()
        else:
            self._pane(pane).show()
            self._give(pane, self._widths.get(pane, 0))
        self.pane_folded.emit(pane, folded)

    def toggle_beside(self, handle: QSplitterHandle) -> None:
        """Fold the outer pane of the two beside a handle."""
        index = self.indexOf(handle)
        pane = index - 1 if index <= self.count() // 2 else index
        self.set_folded(pane, not self.is_folded(pane))

    def _give(self, pane: int, width: int) -> None:
        sizes = self.sizes()
        if width <= 0 or len(sizes) < 2:
            return
        largest = max((at for at in range(len(sizes)) if at != pane), key=lambda at: sizes[at])
        sizes[largest] += sizes[pane] - width
        sizes[pane] = width
        self.setSizes(sizes)

    def _restyle(self) -> None:
        self.setHandleWidth(self._theme.px(1))
