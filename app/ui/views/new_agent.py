"""Making an agent: its name, its model, and the two blocks it starts with."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from app.domain.agent import Agent, AgentDraft
from app.domain.block import BlockDraft
from app.domain.error import AppError
from app.ui.desk import Desk
from app.ui.models.wording import count
from app.ui.views.model_picker import ModelPicker
from app.ui.views.parts import column_of, follow, frame_of, row_of
from app.ui.views.sheet import Sheet
from app.ui.widgets.buttons import Button
from app.ui.widgets.field import Field
from app.ui.widgets.labels import Label

LIMIT = 2000
"""Characters of a starter block: what a small model reads without losing the thread."""


class StarterBlock(QWidget):
    """A block as it will be at the start, with its count."""

    def __init__(self, desk: Desk, label: str, text: str, about: str, description: str) -> None:
        super().__init__()
        theme = desk.theme
        self.label, self.description = label, description
        self.edit = QPlainTextEdit(text)
        self.edit.setAccessibleName(self.tr("Text of block {}").format(label))
        self.edit.setTabChangesFocus(True)
        self._count = Label(theme, "", "caption", "muted")
        card = frame_of("card")
        self.edit.setProperty("plain", True)
        head = row_of(theme, Label(theme, label, "strong"), Label(theme, about, "label", "muted"), None, self._count)
        column_of(theme, head, self.edit, parent=card, inset=(12, 8, 12, 8), gap=4)
        column_of(theme, card, parent=self)
        self.edit.textChanged.connect(self._told)
        self._theme = theme
        follow(theme, self, self._resize)
        self._told()

    def _resize(self) -> None:
        self.edit.setFont(self._theme.font("mono"))
        self.edit.setFixedHeight(self._theme.px(76))

    @property
    def text(self) -> str:
        return self.edit.toPlainText()

    def _told(self) -> None:
        used = len(self.text)
        self._count.setText(self.tr("{} of {} characters").format(count(used), count(LIMIT)))
        self._count.set_kind("danger" if used > LIMIT else "muted")

    def draft(self) -> BlockDraft:
        return BlockDraft(label=self.label, value=self.text, limit=LIMIT, description=self.description)


class NewAgent(Sheet):
    made = Signal(str)
    """Id of the new agent."""
    servers_wanted = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.theme, width=620)
        self.set_words(
            self.tr("New agent"), self.tr("Name and model can be changed at any time; the agent keeps its memory.")
        )
        self._desk = desk
        theme = desk.theme
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("For example Juno"))
        self._name_field = Field(theme, self.tr("Name"), self.name)
        self.model = ModelPicker(theme)
        self._model_label = Label(theme, self.tr("Model"), "label", "text2")
        self.blocks = (
            StarterBlock(
                desk,
                "persona",
                self.tr("I am a companion. I am brief, warm and exact, and I keep what I learn in my memory."),
                self.tr("who the agent is"),
                "The persona block: who you are and how you speak and act.",
            ),
            StarterBlock(
                desk,
                "human",
                "",
                self.tr("what it knows about you"),
                "The human block: what you know about the person you talk to.",
            ),
        )
        self.create_button = Button(theme, self.tr("Create agent"), "primary", size="big")
        self._cancel = Button(theme, self.tr("Cancel"), "ghost", size="big")
        self.add(self._name_field)
        model = QWidget()
        column_of(theme, self._model_label, self.model, parent=model, gap=4)
        self.add(model)
        memory = QWidget()
        column_of(theme, Label(theme, self.tr("Memory to start with"), "strong"), *self.blocks, parent=memory)
        self.add(memory)
        self.add_foot(None, self._cancel, self.create_button)
        self._connect()

    def _connect(self) -> None:
        self.create_button.clicked.connect(lambda *_: self._make())
        self._cancel.clicked.connect(lambda *_: self.closed.emit())
        self.name.returnPressed.connect(self._make)
        self.model.picked.connect(self._picked)
        self.model.refresh_wanted.connect(lambda: self._desk.do(self._load(refresh=True), self))
        self.model.servers_wanted.connect(self.servers_wanted)
        enter = QShortcut(QKeySequence("Ctrl+Return"), self)
        enter.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        enter.activated.connect(self._make)
        QWidget.setTabOrder(self.name, self.model.button)

    def begin(self) -> None:
        """A fresh sheet with the cursor in the name."""
        self.name.clear()
        self._name_field.set_error("")
        self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._desk.do(self._load(), self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)

    async def _load(self, refresh: bool = False) -> None:
        offers = await self._desk.services.models.list(refresh)
        self.model.show_offers(offers)
        if not self.model.handle:
            usable = [model for offer in offers for model in offer.models if not model.unfit]
            usable.sort(key=lambda model: (model.scripted, model.tools is False))
            if usable:
                self.model.show_model(usable[0].handle)

    def _picked(self, handle: str) -> None:
        self.model.show_model(handle)
        self.blocks[0].edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make(self) -> None:
        name = self.name.text().strip()
        if not name:
            self._name_field.set_error(self.tr("An agent needs a name."))
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self._name_field.set_error("")
        if not self.model.handle:
            self._desk.tell(self.tr("Choose a model first"), self.tr("Without one the agent cannot answer."), "error")
            return
        if any(len(block.text) > LIMIT for block in self.blocks):
            self._desk.tell(self.tr("A block is too long"), self.tr("Shorten it below its limit."), "error")
            return
        if not self.create_button.busy:
            self.create_button.set_busy(True)
            self._desk.tasks.spawn(self._send(name), self, self._failed)

    async def _send(self, name: str) -> None:
        draft = AgentDraft(name=name, model=self.model.handle, blocks=tuple(block.draft() for block in self.blocks))
        try:
            agent: Agent = await self._desk.services.agents.create(draft, origin=self._desk.workspace.origin)
        finally:
            self.create_button.set_busy(False)
        self.made.emit(agent.id)

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, AppError) and error.code in ("invalid", "name_taken"):
            self._name_field.set_error(error.message)
            return
        if isinstance(error, AppError):
            self._desk.tell_error(error)
            return
        raise error
