"""A question in front of the window, without a second event loop: `await ask(...)` gives the chosen answer."""

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QWidget
from shiboken6 import isValid

from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, frame_of, row_of
from app.ui.theme import Theme

Answer = tuple[str, str, str]
"""Key, text and role of a button; Enter does the last one that is no danger."""
CANCEL = ""
WIDTH = 440


class Ask(QWidget):
    """One question at a time; a second one waits for nobody and answers the first with cancel."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._window = theme, window
        self._answer: asyncio.Future[str] | None = None
        self._before: QWidget | None = None
        self._card: QWidget | None = None
        self._field = QLineEdit()
        self._tick = QCheckBox()
        window.installEventFilter(self)
        self.hide()

    async def ask(self, title: str, text: str, answers: Sequence[Answer], tick: str = "") -> tuple[str, bool]:
        """The key of the answer, and whether the sentence at the tick box was ticked."""
        self._open(title, text, answers, field=None, tick=tick)
        return await self._wait(), self._tick.isChecked()

    async def ask_text(self, title: str, text: str, value: str, answer: str) -> str | None:
        """What was typed, or None."""
        self._open(title, text, (("cancel", self.tr("Cancel"), "ghost"), ("ok", answer, "primary")), field=value)
        key = await self._wait()
        return self._field.text().strip() if key == "ok" else None

    def cancel(self) -> None:
        self._reply(CANCEL)

    def answer(self, key: str) -> None:
        """The open question answers itself, because what it asked about has gone."""
        self._reply(key)

    async def _wait(self) -> str:
        self._answer = asyncio.get_running_loop().create_future()
        try:
            key = await self._answer
        finally:
            self._answer = None
            self._close()
        return CANCEL if key == "cancel" else key

    def _open(self, title: str, text: str, answers: Sequence[Answer], field: str | None, tick: str = "") -> None:
        self._reply(CANCEL)
        self._close()
        theme = self._theme
        card = frame_of("overlay", self)
        head = Label(theme, title, "agent")
        said = Label(theme, text, "base", "text2")
        for label in (head, said):
            label.setWordWrap(True)
        self._field, self._tick = QLineEdit(field or ""), QCheckBox(tick)
        self._field.setAccessibleName(title)
        self._tick.setAccessibleName(tick or title)
        buttons = [self._button(answer) for answer in answers]
        self._field.returnPressed.connect(lambda: self._reply(answers[-1][0]))
        column_of(
            theme,
            head,
            said,
            self._field,
            self._tick,
            row_of(theme, None, *buttons),
            parent=card,
            inset=(20, 18, 20, 16),
            gap=10,
        )
        follow(theme, card, lambda: card.setFixedWidth(theme.px(WIDTH)))
        # Only now: a widget without a parent that is made visible is a window, and takes the focus with it.
        for part, wanted in ((said, bool(text)), (self._field, field is not None), (self._tick, bool(tick))):
            part.setVisible(wanted)
        card.setAccessibleName(title)
        card.setAccessibleDescription(text)
        self._card = card
        self._before = QApplication.focusWidget()
        self.show()
        self._place()
        self.raise_()
        announce(self, f"{title}. {text}", urgent=True)
        if field is not None:
            self._field.selectAll()
            self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            harmless = [button for button, (_, _, role) in zip(buttons, answers, strict=True) if role != "danger"]
            harmless[-1].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _button(self, answer: Answer) -> Button:
        key, text, role = answer
        button = Button(self._theme, text, role)
        button.setDefault(False)
        button.clicked.connect(lambda: self._reply(key))
        return button

    def _reply(self, key: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(key)

    def _close(self) -> None:
        if self._card is not None:
            self._card.hide()
            self._card.deleteLater()
            self._card = None
        self.hide()
        if self._before is not None and isValid(self._before) and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._before = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        self.setGeometry(self._window.rect())
        if self._card is not None:
            self._card.adjustSize()
            left = (self.width() - self._card.width()) // 2
            self._card.move(left, max(self._theme.px(16), (self.height() - self._card.height()) // 3))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focus = QApplication.focusWidget()
        if event.key() == Qt.Key.Key_Escape:
            self._reply(CANCEL)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focus, Button):
            focus.click()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._card is not None and not self._card.geometry().contains(event.position().toPoint()):
            self._reply(CANCEL)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays inside the question."""
        stops = [
            widget
            for widget in (self._card.findChildren(QWidget) if self._card is not None else [])
            if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]
        focus = QApplication.focusWidget()
        if not stops:
            return False
        at = stops.index(focus) if focus in stops else -1
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(at + (1 if forward else -1)) % len(stops)].setFocus(reason)
        return True
