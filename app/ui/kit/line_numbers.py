"""Numbers of the lines at the left of a text field; a line that is wrapped has one number."""

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.ui.theme import Theme

PAD = 6


class LineNumbers(QWidget):
    """Lies in the left margin of the field that it belongs to; whoever owns the field gives it that margin."""

    def __init__(self, theme: Theme, field: QPlainTextEdit) -> None:
        super().__init__(field)
        self._theme, self._field = theme, field
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        field.updateRequest.connect(self._follow)
        field.installEventFilter(self)

    @property
    def needed(self) -> int:
        """How wide it must be for the number of the last line."""
        digits = max(2, len(str(self._field.blockCount())))
        return QFontMetrics(self._font).horizontalAdvance("0" * digits) + 2 * self._theme.px(PAD)

    @property
    def _font(self) -> QFont:
        return self._theme.font("ids")

    def _follow(self, area: QRect, scrolled: int) -> None:
        self.update()

    def place(self) -> None:
        area = self._field.viewport().geometry()
        self.setGeometry(area.left() - self.needed, area.top(), self.needed, area.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Only the lines that can be seen."""
        field, painter = self._field, QPainter(self)
        painter.setFont(self._font)
        painter.setPen(self._theme.color("muted"))
        right = self.width() - self._theme.px(PAD)
        height = QFontMetrics(field.font()).lineSpacing()
        block = field.firstVisibleBlock()
        top = field.blockBoundingGeometry(block).translated(field.contentOffset()).top()
        while block.isValid() and top < self.height():
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(0, round(top), right, height, flags, str(block.blockNumber() + 1))
            top += field.blockBoundingRect(block).height()
            block = block.next()
