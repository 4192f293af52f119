"""A sentence across the top of a view with its ways out. One at a time: the worst wins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import Label
from app.ui.theme import Theme, set_prop

SEVERITY = {"ok": 0, "info": 1, "warn": 2, "danger": 3}
ICONS = {"ok": "check", "info": "info", "warn": "warning", "danger": "warning"}
BUTTONS_MAX = 3


@dataclass(frozen=True)
class BannerMessage:
    kind: str
    text: str
    detail: str = ""
    actions: tuple[tuple[str, Callable[[], object]], ...] = ()
    closable: bool = True


class Banner(QFrame):
    """Messages by key; hidden while there is none."""

    closed = Signal(str)
    """Key of the message that a person closed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._messages: dict[str, BannerMessage] = {}
        self._shown: str | None = None
        self.setProperty("kind", "banner")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._icon = QLabel(self)
        self.text = Label(theme, "", "base", parent=self)
        self.detail = Label(theme, "", "label", "text2", self)
        for label in (self.text, self.detail):
            label.setWordWrap(True)
        self._words = QVBoxLayout()
        self._words.addWidget(self.text)
        self._words.addWidget(self.detail)
        self._actions = QHBoxLayout()
        self.buttons: list[Button] = []
        self._close = IconButton(theme, "close", self.tr("Close message"), size=14, box=24, parent=self)
        self._close.clicked.connect(self._closed_by_person)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addLayout(self._words, 1)
        self._row.addLayout(self._actions)
        self._row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)
        self.setVisible(False)
        self._restyle()
        theme.changed.connect(self._restyle)

    @property
    def shown(self) -> str | None:
        """Key of the message on show."""
        return self._shown

    def show_message(
        self,
        key: str,
        text: str,
        kind: str = "info",
        detail: str = "",
        actions: Sequence[tuple[str, Callable[[], object]]] = (),
        closable: bool = True,
    ) -> None:
        self._messages[key] = BannerMessage(kind, text, detail, tuple(actions)[:BUTTONS_MAX], closable)
        self._refresh(changed=key)

    def clear(self, key: str) -> None:
        if self._messages.pop(key, None) is not None:
            self._refresh()

    def _closed_by_person(self) -> None:
        if (key := self._shown) is not None:
            self.clear(key)
            self.closed.emit(key)

    def _refresh(self, changed: str = "") -> None:
        if not self._messages:
            self._shown = None
            self.setVisible(False)
            return
        worst = max(self._messages, key=lambda key: SEVERITY[self._messages[key].kind])
        if worst == self._shown and worst != changed:
            return
        self._shown = worst
        self._draw(self._messages[worst])
        self.setVisible(True)

    def _draw(self, message: BannerMessage) -> None:
        set_prop(self, "tone", message.kind)
        self.text.setText(message.text)
        self.text.set_weight(600 if message.detail else 400)
        self.detail.setText(message.detail)
        self.detail.setVisible(bool(message.detail))
        self._close.setVisible(message.closable)
        self.setAccessibleName(message.text)
        self.setAccessibleDescription(message.detail)
        for button in self.buttons:
            self._actions.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = [self._button(message, at) for at in range(len(message.actions))]
        self._restyle()
        announce(self, f"{message.text} {message.detail}".strip(), urgent=message.kind == "danger")

    def _button(self, message: BannerMessage, at: int) -> Button:
        label, callback = message.actions[at]
        last = at == len(message.actions) - 1
        role = "ghost" if message.kind in ("info", "ok") else "primary" if last else ""
        if at == 0 and len(message.actions) == BUTTONS_MAX:
            role = "ghost"
        button = Button(self._theme, label, role, parent=self)
        button.clicked.connect(lambda _checked=False: callback())
        self._actions.addWidget(button)
        return button

    def _restyle(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(px(12), px(8), px(10), px(8))
        self._row.setSpacing(px(12))
        self._words.setSpacing(px(2))
        self._actions.setSpacing(px(8))
        kind = str(self.property("tone") or "info")
        self._icon.setPixmap(self._theme.pixmap(ICONS[kind], kind, 16))
        self._icon.setFixedSize(QSize(px(16), px(16)))
