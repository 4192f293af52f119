"""A card whose icon buttons appear while the pointer or the focus is on it."""

from collections.abc import Callable

from PySide6.QtGui import QEnterEvent, QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.ui.chat.cards.card import Card
from app.ui.kit.buttons import IconButton
from app.ui.kit.labels import Label
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import full_time, moment, sentence_case


class HoverTools(QWidget):
    """Icon buttons that appear while the pointer or the focus is on their card."""

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self._theme = card.theme
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(card.theme.px(2))
        self._row = row
        if card.row.at is not None:
            then = Label(self._theme, moment(card.row.at).strftime("%H:%M"), "caption", "muted", self)
            set_tip(then, sentence_case(full_time(card.row.at)))
            row.addWidget(then)
            row.addSpacing(card.theme.px(4))

    def add(self, icon: str, title: str, key: str, run: Callable[[], object]) -> IconButton:
        button = IconButton(self._theme, icon, title, key, size=14, box=24, token="muted", parent=self)
        button.clicked.connect(lambda _checked=False: run())
        self._row.addWidget(button)
        return button


class HoverCard(Card):
    """A card with hover tools; they are made when first needed."""

    _tools: HoverTools | None = None

    def _offer(self, tools: HoverTools) -> None:
        """Adds the buttons of this card."""

    def _place_tools(self, tools: HoverTools) -> None:
        """Moves the buttons to where they belong."""

    def _show_tools(self) -> None:
        if self.row.state in ("writing", "sending"):
            return
        if self._tools is None:
            self._tools = HoverTools(self)
            self._offer(self._tools)
        self._tools.show()
        self._settle_tools()

    def _settle_tools(self) -> None:
        if self._tools is not None:
            self._tools.resize(self._tools.sizeHint())
            self._place_tools(self._tools)
            self._tools.raise_()

    def copying_beside(self) -> QWidget:
        return self if self._tools is None or self._tools.isHidden() else self._tools

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._settle_tools()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._show_tools()

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)  # type: ignore[arg-type]
        if self._tools is not None and not self.hasFocus():
            self._tools.hide()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._show_tools()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self._tools is not None and not self.underMouse() and not self._tools.isAncestorOf(self.focusWidget()):
            self._tools.hide()
