"""A change of the look in portions, so that no turn of the loop is long, however many widgets there are."""

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

PORTION = 0.012
"""Seconds of a turn of the loop."""
TOGETHER = 20
"""So many hear of a change at once."""
MANY = 64
POLISHED = Qt.WidgetAttribute.WA_WState_Polished


class Teller(QObject):
    changed = Signal()


class Hearers(QObject):
    """All who hear of a change. Qt tells everybody who is connected with one signal at once, so there are many."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._tellers = [Teller(self)]
        self._asked = 0

    def signal(self) -> SignalInstance:
        """What the next one connects with."""
        self._asked += 1
        if self._asked > TOGETHER:
            self._asked = 1
            if len(self._tellers) > MANY:
                self._drop_unheard()
            self._tellers.append(Teller(self))
        return self._tellers[-1].changed

    def _drop_unheard(self) -> None:
        for teller in [one for one in self._tellers if not one.receivers("2changed()")]:
            self._tellers.remove(teller)
            teller.deleteLater()

    def tell(self) -> Iterator[None]:
        """Everybody hears of it, portion by portion."""
        for teller in list(self._tellers):
            if isValid(teller):
                teller.changed.emit()
                yield


class Hush(QObject):
    """Keeps Qt from telling every widget of the new style at once."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        return event.type() == QEvent.Type.StyleChange


class Dressing(QObject):
    """Carries out one change after the other: at once, or between the turns of the loop."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._hush = Hush(self)
        self._steps: Iterator[None] | None = None
        self._due: list[QWidget] = []
        """Those that the last change was to dress, whether or not it came so far."""
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    def begin(self, steps: Iterator[None], *, patient: bool) -> None:
        """`patient`: later turns of the loop do the rest. A change that is under way gives way to this one."""
        self._stop()
        self._steps = steps
        if patient:
            self._timer.start()
            self._go_on()
        else:
            for _ in steps:
                pass
            self._steps = None

    def _go_on(self) -> None:
        until = time.perf_counter() + PORTION
        for _ in self._steps or ():
            if time.perf_counter() >= until:
                return
        self._stop()

    def _stop(self) -> None:
        self._timer.stop()
        steps, self._steps = self._steps, None
        close = getattr(steps, "close", None)
        if callable(close):
            close()

    def change(
        self, first: Iterator[None], sheet: Callable[[], str], between: Callable[[], Iterator[None]]
    ) -> Iterator[None]:
        """Another stylesheet, after what comes `first`: what can be seen is dressed, then comes what is `between`, then
        all is painted at once, and last what cannot be seen. No widget is polished twice, which Qt would do.
        """
        windows = [window for window in self._app.topLevelWidgets() if window.isVisible()]
        widgets = [widget for widget in self._app.allWidgets() if widget.testAttribute(POLISHED)]
        widgets += [widget for widget in self._due if isValid(widget) and not widget.testAttribute(POLISHED)]
        self._due = list(widgets)
        for window in windows:
            window.setUpdatesEnabled(False)
        try:
            yield from first
            for widget in widgets:
                if isValid(widget):
                    widget.setAttribute(POLISHED, False)
            # Where one sheet follows another, Qt polishes each widget once for each widget that it lies in.
            for text in ("", sheet()):
                yield
                self._set(text)
            yield
            for widget in widgets:
                if isValid(widget) and widget.isVisible():
                    _dress(widget)
                    yield
            yield from between()
        finally:
            for window in windows:
                if isValid(window):
                    window.setUpdatesEnabled(True)
        while widgets:
            # What has come into sight meanwhile stands at the end, and is next.
            widgets = [widget for widget in widgets if isValid(widget) and not widget.testAttribute(POLISHED)]
            widgets.sort(key=QWidget.isVisible)
            for _ in range(min(TOGETHER, len(widgets))):
                yield
                widget = widgets.pop()
                if isValid(widget):
                    _dress(widget)
        self._due = []

    def _set(self, sheet: str) -> None:
        self._app.installEventFilter(self._hush)
        self._app.setStyleSheet(sheet)
        self._app.removeEventFilter(self._hush)


def _dress(widget: QWidget) -> None:
    widget.style().polish(widget)
    widget.setAttribute(POLISHED)
    QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
