"""How many tokens the agent may use: a slider with marks for what the server serves, and the number itself."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSlider, QWidget

from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, row_of
from app.ui.kit.number_field import NumberField
from app.ui.kit.steady import Steady
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count, locale
from app.ui.theme import Theme

LEAST, MOST = 2048, 131_072
STEP = 1024
LEAST_WIDTH = 180
WAIT_MS = 500
"""After the last move, so that dragging does not change the agent at every pixel."""


class ContextSize(QWidget):
    changed = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._stored = 0
        self._facts: tuple[int | None, int | None] = (None, None)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        Steady(self._slider)
        self._slider.setAccessibleName(self.tr("Context size in tokens"))
        self._slider.setRange(LEAST // STEP, MOST // STEP)
        self._slider.setPageStep(4)
        self._number = NumberField(theme)
        self._number.setAccessibleName(self.tr("Context size in tokens, as a number"))
        self._number.setRange(LEAST, 1_000_000)
        self._number.setSingleStep(STEP)
        self._number.setLocale(locale())
        self._served = Label(theme, "", "label", "muted")
        self._most = Label(theme, "", "label", "muted")
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._settled)
        head = row_of(theme, Label(theme, self.tr("Context size"), "strong"), None, self._number)
        column_of(theme, head, self._slider, row_of(theme, self._served, None, self._most), parent=self, gap=4)
        self._slider.valueChanged.connect(self._slid)
        self._number.valueChanged.connect(self._typed)
        self._number.editingFinished.connect(self._settled)
        follow(theme, self, lambda: self._number.setFixedWidth(theme.px(90)))

    def show_size(self, tokens: int, served: int | None, most: int | None) -> None:
        """`served`: what the server says it serves now; `most`: what the model allows."""
        self._slider.blockSignals(True)
        self._slider.setMaximum(max(LEAST, min(most or MOST, MOST)) // STEP)
        self._slider.blockSignals(False)
        if not self._wait.isActive():
            self._stored = tokens
            self._set(tokens)
        self._facts = (served, None if served == most else most)
        self._fit()
        self._served.set_kind("warn" if served and tokens > served else "muted")
        set_tip(
            self._served,
            self.tr("The server serves fewer tokens than this, so it would cut the request.")
            if served and tokens > served
            else "",
        )

    def _fit(self) -> None:
        """Where both have no room beside each other, in fewer words."""
        served, most = self._facts
        long = (self.tr("Served now {}"), self.tr("Model allows {}"))
        short = (self.tr("Served {}"), self.tr("At most {}"))
        for words in (long, short):
            self._served.setText(words[0].format(count(served)) if served else self.tr("Served: unknown"))
            self._most.setText(words[1].format(count(most)) if most else "")
            taken = self._served.sizeHint().width() + self._most.sizeHint().width() + self._theme.px(8)
            if taken <= self.width():
                return

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """The words give way before the column does."""
        return QSize(self._theme.px(LEAST_WIDTH), super().minimumSizeHint().height())

    def _set(self, tokens: int) -> None:
        for widget, value in ((self._slider, tokens // STEP), (self._number, tokens)):
            widget.blockSignals(True)
            widget.setValue(value)
            widget.blockSignals(False)

    def _slid(self, steps: int) -> None:
        self._number.blockSignals(True)
        self._number.setValue(steps * STEP)
        self._number.blockSignals(False)
        self._wait.start()

    def _typed(self, tokens: int) -> None:
        self._slider.blockSignals(True)
        self._slider.setValue(tokens // STEP)
        self._slider.blockSignals(False)
        self._wait.start()

    def _settled(self) -> None:
        self._wait.stop()
        if self._number.value() != self._stored:
            self._stored = self._number.value()
            self.changed.emit(self._stored)
