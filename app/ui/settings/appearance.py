"""How the window looks and moves, what Enter does, and when it calls; every choice takes effect at once."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.kit.labels import Label
from app.ui.kit.layout import Choice, column_of, follow, frame_of, hairline, row_of
from app.ui.kit.segmented import Segmented
from app.ui.kit.switch import Switch
from app.ui.state.look import Look
from app.ui.state.view_context import ViewContext

READING = (80, 90, 100, 110, 125, 150, 180)
SCALES = (80, 90, 100, 110, 125, 150, 175, 200)


class Appearance(QWidget):
    swapped_enter = Signal(bool)

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme, preferences = view.theme, view.preferences
        self._look = Look(theme, preferences)
        self.mode = Segmented(
            theme,
            (("system", self.tr("System")), ("light", self.tr("Light"), "sun"), ("dark", self.tr("Dark"), "moon")),
            theme.mode,
            self.tr("Light or dark"),
        )
        self.scale = Choice(self.tr("Interface size"))
        for percent in SCALES:
            self.scale.addItem(f"{percent} %", percent)
        self.reading = Choice(self.tr("Text of conversations"))
        for percent in READING:
            self.reading.addItem(f"{percent} %", percent)
        self.motion = Switch(theme)
        self.contrast = Switch(theme)
        self.enter = Switch(theme)
        self.notify = Switch(theme)
        for switch, on, name in (
            (self.motion, theme.reduced_motion, self.tr("Reduce motion")),
            (self.contrast, theme.high_contrast, self.tr("High contrast")),
            (self.enter, preferences.get("enter_sends", True), self.tr("Enter sends")),
            (self.notify, preferences.get("notify", False), self.tr("Tell me when a long reply is done")),
        ):
            switch.setChecked(on)
            switch.setAccessibleName(name)
        card = frame_of("card")
        column_of(
            theme,
            self._row(self.tr("Light or dark"), self.tr("“System” follows the desktop."), self.mode),
            hairline(),
            self._row(self.tr("Interface size"), self.tr("Also Ctrl + and Ctrl -; Ctrl 0 is 100 %."), self.scale),
            hairline(),
            self._row(self.tr("Text of conversations"), self.tr("On top of the interface size."), self.reading),
            hairline(),
            self._row(self.tr("Reduce motion"), self.tr("Nothing slides, fades or flickers."), self.motion),
            hairline(),
            self._row(self.tr("High contrast"), self.tr("Stronger lines, no faint text."), self.contrast),
            hairline(),
            self._row(
                self.tr("Enter sends"), self.tr("Off: Enter makes a new line, and Shift Enter sends."), self.enter
            ),
            hairline(),
            self._row(
                self.tr("Tell me when a long reply is done"),
                self.tr("A notification with the agent's name, only while this window is in the background."),
                self.notify,
            ),
            parent=card,
            gap=0,
        )
        column_of(theme, card, parent=self)
        self._connect()
        follow(theme, self, self._show)

    def _row(self, title: str, text: str, control: QWidget) -> QWidget:
        theme, row = self._view.theme, QWidget()
        head = Label(theme, title, "base")
        head.set_weight(500)
        said = Label(theme, text, "label", "muted")
        said.setWordWrap(True)
        layout = row_of(theme, parent=row, inset=(14, 10, 14, 10), gap=12)
        layout.addLayout(column_of(theme, head, said, gap=1), 1)
        layout.addWidget(control)
        return row

    def _connect(self) -> None:
        self.mode.chosen.connect(self._look.set_mode)
        self.scale.activated.connect(self._set_scale)
        self.reading.activated.connect(self._set_reading)
        self.motion.clicked.connect(self._look.set_reduced_motion)
        self.contrast.clicked.connect(self._look.set_high_contrast)
        self.enter.clicked.connect(self._set_enter)
        self.notify.clicked.connect(self._set_notify)

    def _show(self) -> None:
        theme = self._view.theme
        self.mode.set_current(theme.mode)
        nearest = min(range(len(SCALES)), key=lambda at: abs(SCALES[at] - theme.scale * 100))
        self.scale.setCurrentIndex(nearest)
        close = min(range(len(READING)), key=lambda at: abs(READING[at] - theme.reading * 100))
        self.reading.setCurrentIndex(close)
        self.motion.setChecked(theme.reduced_motion)
        self.contrast.setChecked(theme.high_contrast)

    def _set_scale(self, at: int) -> None:
        self._look.set_scale(SCALES[at] / 100)

    def _set_reading(self, at: int) -> None:
        self._look.set_reading(READING[at] / 100)

    def _set_notify(self, on: bool) -> None:
        self._view.preferences.set("notify", on)

    def _set_enter(self, on: bool) -> None:
        self._view.preferences.set("enter_sends", on)
        self.swapped_enter.emit(on)
