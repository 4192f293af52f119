"""The frame of a page that lies over the centre: title, sentence, content of limited width, buttons at the foot."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.kit.buttons import IconButton
from app.ui.kit.focus_order import step_inside
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, frame_of, hairline, row_of, scrolled
from app.ui.theme import Theme

WIDTH = 760


class Sheet(QFrame):
    closed = Signal()
    """A person leaves it without doing what it offers."""

    def __init__(self, theme: Theme, width: int = WIDTH) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("kind", "panel")
        self.title = Label(theme, "", "page")
        self.title.setWordWrap(True)
        self.text = Label(theme, "", "base", "text2")
        self.text.setWordWrap(True)
        self.closer = IconButton(theme, "close", self.tr("Close this page"))
        self.setFocusProxy(self.closer)
        self.closer.clicked.connect(lambda: self.closed.emit())
        self._inner = QWidget()
        self.body: QVBoxLayout = column_of(theme, parent=self._inner, inset=(24, 8, 24, 24), gap=16)
        head = QWidget()
        column_of(
            theme,
            self._head_row(),
            self.text,
            parent=head,
            inset=(24, 20, 24, 8),
            gap=2,
        )
        self._narrow = [head, self._inner]
        outer = QWidget()
        column = column_of(theme, parent=outer, gap=0)
        for part in self._narrow:
            column.addLayout(row_of(theme, None, part, None, gap=0))
        column.addStretch(1)
        self._foot = frame_of("window")
        under = QWidget()
        self.buttons: QHBoxLayout = row_of(theme, parent=under, inset=(24, 10, 24, 10))
        row_of(theme, None, under, None, parent=self._foot, gap=0)
        self._narrow.append(under)
        self._foot_line = hairline()
        self._area = scrolled(outer)
        column_of(theme, self._area, self._foot_line, self._foot, parent=self, gap=0)
        self._foot.hide()
        self._foot_line.hide()
        self._width = width
        follow(theme, self, self._fit)

    def _head_row(self) -> QHBoxLayout:
        row = row_of(self._theme)
        row.addWidget(self.title, 1)
        row.addWidget(self.closer, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def set_heading(self, title: str, text: str = "") -> None:
        self.setAccessibleName(title)
        self._area.setAccessibleName(title)
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))

    def add(self, widget: QWidget) -> None:
        self.body.addWidget(widget)

    def add_foot(self, *widgets: QWidget | None) -> None:
        """Buttons at the foot; None is a stretch. The main one stands last."""
        for widget in widgets:
            if widget is None:
                self.buttons.addStretch(1)
            else:
                self.buttons.addWidget(widget)
        self._foot.show()
        self._foot_line.show()

    def _fit(self) -> None:
        width = min(self.width(), self._theme.px(self._width))
        for part in self._narrow:
            part.setFixedWidth(max(width, self._theme.px(240)))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def focusNextPrevChild(self, forward: bool) -> bool:
        return step_inside(self, forward=forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            return
        super().keyPressEvent(event)
