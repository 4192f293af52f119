"""Copying to the clipboard, always with a word that it was done: a note beside what was clicked, gone in a moment."""

from PySide6.QtCore import QPoint, QRectF, Qt, QTimer
from PySide6.QtGui import QCursor, QFontMetrics, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.ui.kit.announce import announce
from app.ui.theme import Theme

LIFE_MS = 1500
HEIGHT = 26


def copy_text(theme: Theme, text: str, beside: QWidget, said: str = "", *, at_pointer: bool = False) -> None:
    """`said`: “Copied” if empty. `at_pointer`: for what was chosen in a menu, which is gone by now."""
    QGuiApplication.clipboard().setText(text)
    say_copied(theme, beside, said, at_pointer=at_pointer)


def say_copied(theme: Theme, beside: QWidget, said: str = "", *, at_pointer: bool = False) -> None:
    window = beside.window()
    for old in window.findChildren(CopiedNote, options=Qt.FindChildOption.FindDirectChildrenOnly):
        old.leave()
    note = CopiedNote(theme, window, said)
    here = window.mapFromGlobal(QCursor.pos()) if at_pointer else beside.mapTo(window, QPoint(beside.width() // 2, 0))
    note.stand_above(here)
    announce(window, note.text)


class CopiedNote(QWidget):
    """Takes neither clicks nor the focus."""

    def __init__(self, theme: Theme, window: QWidget, said: str) -> None:
        super().__init__(window)
        self._theme = theme
        self.text = said or self.tr("Copied")
        self.setAccessibleName(self.text)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        life = QTimer(self)
        life.setSingleShot(True)
        life.timeout.connect(self.leave)
        life.start(LIFE_MS)

    def stand_above(self, place: QPoint) -> None:
        px, window = self._theme.px, self.window()
        width = QFontMetrics(self._theme.font("label", 500)).horizontalAdvance(self.text) + px(38)
        left = min(max(px(4), place.x() - width // 2), window.width() - width - px(4))
        top = place.y() - px(HEIGHT) - px(6)
        self.setGeometry(left, top if top > 0 else place.y() + px(30), width, px(HEIGHT))
        self.show()
        self.raise_()

    def leave(self) -> None:
        self.hide()
        self.deleteLater()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, px = self._theme, self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("toast_line"), 1))
        painter.setBrush(theme.color("toast_bg"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), px(6), px(6))
        ratio = self.devicePixelRatioF()
        painter.drawPixmap(px(9), (self.height() - px(14)) // 2, theme.pixmap("check", "toast_text", 14, ratio))
        painter.setFont(theme.font("label", 500))
        painter.setPen(theme.color("toast_text"))
        painter.drawText(self.rect().adjusted(px(29), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text)
