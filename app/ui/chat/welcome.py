"""What a conversation shows before its first message."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.agent import Agent
from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.kit.tile import Tile
from app.ui.theme import Theme

WIDTH = 420
LONGEST_NAME = 40
"""Characters: one word of them is as wide as the text may be."""


class Welcome(QWidget):
    """Lies over the empty conversation; offers things to say where somebody may not know what to try."""

    picked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._over = parent
        self._tile = Tile(theme, "", "", 44, self)
        self.title = Label(theme, "", "agent", parent=self)
        self.text = Label(theme, "", "base", "text2", self)
        for label in (self.title, self.text):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.buttons: list[Button] = []
        self._column = QVBoxLayout(self)
        self._column.addWidget(self._tile, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addWidget(self.title)
        self._column.addWidget(self.text)
        self.hide()

    def show_agent(self, agent: Agent) -> None:
        demo = agent.model.startswith("demo/")
        self._tile.set_agent(agent.name, agent.id)
        name = agent.name if len(agent.name) <= LONGEST_NAME else f"{agent.name[: LONGEST_NAME - 1].rstrip()}…"
        self.title.setText(self.tr("Say something to {0}").format(name))
        scripted = self.tr(
            "This agent is scripted: no AI, no network, but real tools and real memory. Try one of these."
        )
        plain = self.tr("It keeps what you tell it in the blocks on the right. You can change them at any time.")
        forgets = self.tr("It has no memory block yet, so it keeps nothing beyond its messages. Add one on the right.")
        self.text.setText(scripted if demo else plain if agent.block_ids else forgets)
        for button in self.buttons:
            self._column.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = [self._button(text) for text in (self._suggestions() if demo else ())]
        self.place()

    def _suggestions(self) -> tuple[str, ...]:
        return (
            self.tr("My name is Brad, not Chad."),
            self.tr("Remember that I cook on Saturdays."),
            self.tr("What do you know about me?"),
        )

    def _button(self, text: str) -> Button:
        button = Button(self._theme, text, parent=self)
        button.clicked.connect(lambda _checked=False: self.picked.emit(text))
        self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        # Otherwise the layout counts it only later, when the height has been taken.
        button.show()
        return button

    def place(self) -> None:
        """In the middle of the conversation, a little above it."""
        room = self._over.rect()
        self._column.setSpacing(self._theme.px(8))
        width = min(self._theme.px(WIDTH), room.width() - self._theme.px(24))
        self.setFixedWidth(max(1, width))
        height = self._column.heightForWidth(width)
        self.setGeometry((room.width() - width) // 2, max(0, (room.height() - height) * 2 // 5), width, height)
