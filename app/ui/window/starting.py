"""What the centre shows until the engine answers: nothing at first, then a calm word."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, row_of
from app.ui.theme import Theme

PATIENCE_MS = 400


class Starting(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Starting"))
        self._words = Label(theme, self.tr("Starting…"), "base", "muted")
        self._words.hide()
        column_of(theme, None, row_of(theme, None, self._words, None), None, parent=self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PATIENCE_MS)
        self._timer.timeout.connect(self._words.show)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self._words.hide()
