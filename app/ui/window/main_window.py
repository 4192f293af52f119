"""The window's frame: bars, three columns that fold when it is narrow, pages in the centre. It owns no logic."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QStackedWidget, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.ui.kit.focus_order import next_stop
from app.ui.kit.panes import Panes
from app.ui.kit.splitter import Splitter
from app.ui.state.preferences import Preferences
from app.ui.theme import Theme
from app.ui.window.overlay import OverlayColumn

LEFT_FOLDS, RIGHT_FOLDS = 900, 1180
"""Below these widths, at 100 %, a side column opens over the centre instead."""
RAIL = 56
CENTRE = 480
"""Least width of the centre: no border can be dragged farther."""
WIDTHS = ((1680, 296, 400), (1360, 272, 344), (0, 248, 312))
"""From this window width on: left, right."""


class Pane(QFrame):
    """Where a column lives while it does not lie over the centre."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("kind", "panel")
        self.setAccessibleName(name)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)

    def hold(self, widget: QWidget) -> None:
        self._layout.addWidget(widget)
        widget.show()

    def keep_free(self, pixels: int) -> None:
        """Room at its foot for what lies there for a while."""
        self._layout.setContentsMargins(0, 0, 0, pixels)
        self._layout.activate()


def _parts_of(pane: QWidget) -> list[QWidget]:
    """The panes that stand side by side in it, else itself."""
    inner = next((panes for panes in pane.findChildren(Panes) if panes.isVisible()), None)
    return [pane] if inner is None or not inner.shown else inner.shown


class MainWindow(QWidget):
    closing = Signal()
    """A person wants to close the window; whoever listens ends the app when it is ready."""
    activated = Signal()
    """A person came back to it."""
    escaped = Signal()
    typed = Signal(str)
    """A letter that whatever has the focus does not take."""

    def __init__(self, theme: Theme, preferences: Preferences) -> None:
        super().__init__()
        self._theme = theme
        self._preferences = preferences
        self._bars: list[QWidget] = []
        self._centre: QWidget | None = None
        self._last_focus: dict[QWidget, QWidget] = {}
        self._full = False
        self._solo = False
        self.may_close = False
        self._wanted = {
            "left": preferences.get("column/left", True),
            "right": preferences.get("column/right", True),
        }
        self._own_sizes: list[int] = preferences.get("columns", list[int]())
        self._columns: dict[str, QWidget] = {}
        self.setWindowTitle(self.tr("Lares"))
        self.setAccessibleName(self.tr("Lares"))
        self.panes = {
            "left": Pane(self.tr("Agents and settings")),
            "centre": Pane(self.tr("Conversation")),
            "right": Pane(self.tr("Context and memory")),
        }
        self.left = QStackedWidget()
        self.panes["left"].hold(self.left)
        self.splitter = Splitter(theme)
        for pane in self.panes.values():
            self.splitter.addWidget(pane)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.name_handle(1, self.tr("Width of the left column"))
        self.splitter.name_handle(2, self.tr("Width of the right column"))
        self.splitter.splitterMoved.connect(lambda: self._remember_sizes())
        self.overlays = {side: OverlayColumn(theme, self, side) for side in ("left", "right")}
        for side, overlay in self.overlays.items():
            overlay.closed.connect(lambda side=side: self._return_content(side))
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self.splitter, 1)
        theme.changed.connect(self._restyle)
        self._restyle()

    # What is in it

    def set_bars(self, top: QWidget, bottom: QWidget) -> None:
        self._bars = [top, bottom]
        self._layout.insertWidget(0, top)
        self._layout.addWidget(bottom)

    def set_centre(self, centre: QWidget) -> None:
        self._centre = centre
        self.panes["centre"].hold(centre)
        self._arrange()

    def set_columns(self, left: QWidget, rail: QWidget, right: QWidget) -> None:
        self._columns = {"left": left, "right": right}
        self.left.addWidget(left)
        self.left.addWidget(rail)
        self.panes["right"].hold(right)
        self._arrange()

    # Columns

    def set_full(self, full: bool) -> None:
        """A view that takes the whole width: the left column becomes a rail, the right one goes."""
        if full != self._full:
            self.close_overlays()
            self._full = full
            self.left.setCurrentIndex(1 if full else 0)
            self._arrange()

    def set_solo(self, solo: bool) -> None:
        """Only the centre, while there is nothing that could stand beside it."""
        if solo != self._solo:
            self.close_overlays()
            self._solo = solo
            self._arrange()

    @property
    def logical_width(self) -> float:
        return self.width() / self._theme.scale

    def column_shown(self, side: str) -> bool:
        return not self.panes[side].isHidden() or self.overlays[side].is_open

    def _fits(self, side: str) -> bool:
        return self.logical_width >= (LEFT_FOLDS if side == "left" else RIGHT_FOLDS)

    def toggle_column(self, side: str) -> None:
        overlay = self.overlays[side]
        if self._solo:
            return
        if overlay.is_open:
            overlay.close_column()
        elif self._fits(side) and not (self._full and side == "right"):
            self._wanted[side] = not self._wanted[side]
            self._preferences.set(f"column/{side}", self._wanted[side])
            self._arrange()
        else:
            self._open_over(side)

    def _open_over(self, side: str) -> None:
        self.close_overlays()
        if side == "left":
            self.left.setCurrentIndex(0)
        content = self.left if side == "left" else self._columns["right"]
        overlay = self.overlays[side]
        overlay.set_content(content)
        top, bottom = (bar.height() for bar in self._bars)
        overlay.open_column(280 if side == "left" else 344, top, bottom)

    def _return_content(self, side: str) -> None:
        content = self.overlays[side].take_content()
        if content is not None:
            self.panes[side].hold(content)
        if side == "left":
            self.left.setCurrentIndex(1 if self._full else 0)

    def close_overlays(self) -> None:
        for overlay in self.overlays.values():
            overlay.close_column()

    def _arrange(self) -> None:
        """Which columns stand beside the centre, and how wide."""
        shown = {side: self._fits(side) and self._wanted[side] and not self._solo for side in ("left", "right")}
        shown["right"] = shown["right"] and not self._full
        px = self._theme.px
        rail = self._full
        self.panes["left"].setMinimumWidth(px(RAIL if rail else 220))
        self.panes["left"].setMaximumWidth(px(RAIL) if rail else px(480))
        self.panes["right"].setMinimumWidth(px(280))
        self.panes["right"].setMaximumWidth(px(640))
        self.panes["centre"].setMinimumWidth(px(CENTRE))
        for side, visible in shown.items():
            if visible and self.overlays[side].is_open:
                self.overlays[side].close_column()
            self._show_pane(side, visible)
        left, right = self._widths()
        left = RAIL if rail else left
        widths = [px(left) if shown["left"] else 0, 0, px(right) if shown["right"] else 0]
        widths[1] = max(px(CENTRE), self.width() - widths[0] - widths[2] - 2 * self.splitter.handleWidth())
        self.splitter.setSizes(widths)

    def _show_pane(self, side: str, visible: bool) -> None:
        """Shows or hides a column; the keyboard goes from a hidden one to the centre, not to the border beside it."""
        pane, focus = self.panes[side], QApplication.focusWidget()
        left_alone = not visible and focus is not None and pane.isAncestorOf(focus)
        pane.setVisible(visible)
        if left_alone and self._centre is not None:
            self._centre.setFocus(Qt.FocusReason.OtherFocusReason)

    def _widths(self) -> tuple[int, int]:
        if len(self._own_sizes) == 2:
            return self._own_sizes[0], self._own_sizes[1]
        width = self.logical_width
        return next((left, right) for least, left, right in WIDTHS if width >= least)

    def _remember_sizes(self) -> None:
        left, right = self._widths()
        sizes = self.splitter.sizes()
        if not self.panes["left"].isHidden() and not self._full:
            left = round(sizes[0] / self._theme.scale)
        if not self.panes["right"].isHidden():
            right = round(sizes[2] / self._theme.scale)
        self._own_sizes = [left, right]
        self._preferences.set("columns", self._own_sizes)

    # Focus

    def cycle_columns(self, step: int) -> None:
        """F6: the next visible column, where the focus was last."""
        shown = [part for pane in self.panes.values() if not pane.isHidden() for part in _parts_of(pane)]
        focus = QApplication.focusWidget()
        here = next((pane for pane in shown if focus is not None and pane.isAncestorOf(focus)), None)
        if here is not None and focus is not None:
            self._last_focus[here] = focus
        at = shown.index(here) if here is not None else (-1 if step > 0 else 0)
        self._focus_in(shown[(at + step) % len(shown)])

    def _focus_in(self, pane: QWidget) -> None:
        last = self._last_focus.get(pane)
        candidates = [last] if last is not None and isValid(last) else []
        candidates += sorted(
            (child for child in pane.findChildren(QWidget) if child.focusPolicy() & Qt.FocusPolicy.TabFocus),
            key=lambda child: (child.mapTo(pane, child.rect().topLeft()).y(), child.x()),
        )
        for child in candidates:
            if child.isVisible() and child.isEnabled():
                child.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stops once at a list, however many rows it has."""
        target = next_stop(self, forward=forward)
        if target is None:
            return False
        target.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        return True

    # Window

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
            return
        held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if event.text().isprintable() and event.text().strip() and not held:
            self.typed.emit(event.text())
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != self.width():
            self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.activated.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.may_close:
            event.accept()
            return
        event.ignore()
        self.closing.emit()

    def _restyle(self) -> None:
        px = self._theme.px
        self.setMinimumSize(min(px(640), 960), min(px(480), 560))
        if self._bars:
            self._arrange()

    def restore(self) -> None:
        """Size and place of the last time, or a size that fits the screen."""
        stored = self._preferences.get_bytes("geometry")
        if not stored.isEmpty() and self.restoreGeometry(stored):
            return
        available = self.screen().availableSize()
        self.resize(min(self._theme.px(1440), available.width()), min(self._theme.px(900), available.height()))

    def save(self) -> None:
        self._preferences.set_bytes("geometry", self.saveGeometry())

    def come_forward(self) -> None:
        """Another start of Lares asks for this window."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()
