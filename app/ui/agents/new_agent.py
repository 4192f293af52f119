"""Making an agent: a starter, its name, its model, and the blocks it starts with."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from app.domain.agent import Agent
from app.domain.block import BlockDraft
from app.domain.error import AppError
from app.domain.starter import Starter
from app.ui.agents.starter_cards import StarterCards
from app.ui.agents.starter_draft import starter_draft
from app.ui.kit.buttons import Button
from app.ui.kit.field import Field
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, empty, follow, frame_of, row_of
from app.ui.kit.sheet import Sheet
from app.ui.kit.wording import count
from app.ui.models.picker import ModelPicker
from app.ui.state.model_entries import best_choice, known_models
from app.ui.state.view_context import ViewContext
from app.ui.theme import Theme


class StarterBlock(QWidget):
    """A block as it will be at the start, with its count."""

    def __init__(self, theme: Theme, draft: BlockDraft, text: str) -> None:
        super().__init__()
        self._draft = draft
        self.label = draft.label
        self.edit = QPlainTextEdit(text)
        self.edit.setAccessibleName(self.tr("Text of block {}").format(draft.label))
        self.edit.setPlaceholderText(self.tr("Empty. The agent may write here."))
        self.edit.setTabChangesFocus(True)
        self._count = Label(theme, "", "caption", "muted")
        card = frame_of("card")
        self.edit.setProperty("plain", True)
        about = ElidedLabel(theme, draft.description, "label", "muted")
        head = row_of(theme, Label(theme, draft.label, "strong"), about, self._count)
        head.setStretch(1, 1)
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

    @property
    def changed(self) -> bool:
        return self.text != self._draft.value

    @property
    def too_long(self) -> bool:
        return len(self.text) > self._draft.limit

    def _told(self) -> None:
        used, limit = len(self.text), self._draft.limit
        self._count.setText(self.tr("{} of {} characters").format(count(used), count(limit)))
        self._count.set_kind("danger" if used > limit else "muted")

    def draft(self) -> BlockDraft:
        return self._draft.model_copy(update={"value": self.text})


class NewAgent(Sheet):
    made = Signal(str)
    """Id of the new agent."""
    servers_wanted = Signal()
    models_wanted = Signal()

    def __init__(self, view: ViewContext) -> None:
        super().__init__(view.theme, width=700)
        self.set_heading(
            self.tr("New agent"),
            self.tr("You can change the name and the model at any time; the agent keeps its memory."),
        )
        self._view = view
        theme = view.theme
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("For example Juno"))
        self._name_field = Field(theme, self.tr("Name"), self.name)
        self.model = ModelPicker(theme)
        self._model_label = Label(theme, self.tr("Model"), "label", "text2")
        self.starters = StarterCards(theme, least=190)
        self.blocks: tuple[StarterBlock, ...] = ()
        self._typed: dict[str, str] = {}
        """Texts that a person changed, by label, so that another starter does not lose them."""
        self._blocks = column_of(theme, gap=8)
        self.create_button = Button(theme, self.tr("Create agent"), "primary", size="big")
        self._cancel = Button(theme, self.tr("Cancel"), "ghost", size="big")
        self.add(self._name_field)
        model = QWidget()
        column_of(theme, self._model_label, self.model, parent=model, gap=4)
        self.add(model)
        starter, memory = QWidget(), QWidget()
        column_of(theme, Label(theme, self.tr("Starter"), "label", "text2"), self.starters, parent=starter, gap=4)
        self.add(starter)
        column_of(theme, Label(theme, self.tr("Memory it starts with"), "strong"), self._blocks, parent=memory)
        self.add(memory)
        self.add_foot(None, self._cancel, self.create_button)
        self._connect()

    def _connect(self) -> None:
        self.create_button.clicked.connect(lambda: self._make())
        self._cancel.clicked.connect(lambda: self.closed.emit())
        self.name.returnPressed.connect(self._make)
        self.model.picked.connect(self._picked)
        self.model.refresh_wanted.connect(self._view.catalog.look_again)
        self.model.servers_wanted.connect(self.servers_wanted)
        self.model.models_wanted.connect(self.models_wanted)
        self.starters.chosen_changed.connect(self._show_starter)
        self._view.catalog.changed.connect(self._show_models)
        enter = QShortcut(QKeySequence("Ctrl+Return"), self)
        enter.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        enter.activated.connect(self._make)
        QWidget.setTabOrder(self.name, self.model.button)

    def begin(self) -> None:
        """A fresh sheet with the cursor in the name."""
        self.name.clear()
        self._name_field.set_error("")
        self._typed = {}
        self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._show_models()
        self._view.run(self._load(), self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)

    async def _load(self) -> None:
        starters: Sequence[Starter] = await self._view.services.starters.list()
        self.starters.show_starters(starters)
        if self.starters.chosen is not None:
            self._show_starter(self.starters.chosen)

    def _show_models(self) -> None:
        known = self._view.catalog.known
        self.model.show_models(known)
        if not self.model.handle or known.model(self.model.handle) is None:
            best = best_choice(known_models(known)) or best_choice(known_models(known, scripted=True))
            if best is not None:
                self.model.show_model(best.handle)

    def _show_starter(self, starter: Starter) -> None:
        self._typed.update({block.label: block.text for block in self.blocks if block.changed})
        empty(self._blocks)
        self.blocks = tuple(
            StarterBlock(self._view.theme, draft, self._typed.get(draft.label, draft.value)) for draft in starter.blocks
        )
        for block in self.blocks:
            self._blocks.addWidget(block)

    def _picked(self, handle: str) -> None:
        self.model.show_model(handle)
        self.starters.focus_chosen()

    def _make(self) -> None:
        name = self.name.text().strip()
        if not name:
            self._name_field.set_error(self.tr("An agent needs a name."))
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self._name_field.set_error("")
        if not self.model.handle:
            self._view.tell(self.tr("Choose a model first"), self.tr("Without one the agent cannot answer."), "error")
            return
        if any(block.too_long for block in self.blocks):
            self._view.tell(self.tr("A block is too long"), self.tr("Shorten it to fit its limit."), "error")
            return
        if not self.create_button.busy:
            self.create_button.set_busy(True)
            self._view.run(self._send(name), self, failed=self._failed)

    async def _send(self, name: str) -> None:
        blocks = [block.draft() for block in self.blocks]
        known, handle = self._view.catalog.known, self.model.handle
        draft = starter_draft(name, handle, known, self.starters.chosen, blocks)
        try:
            agent: Agent = await self._view.services.agents.create(draft, origin=self._view.workspace.origin)
        finally:
            self.create_button.set_busy(False)
        self.made.emit(agent.id)

    def _failed(self, error: AppError) -> None:
        if error.code in ("invalid", "name_taken"):
            self._name_field.set_error(error.message)
        else:
            self._view.tell_error(error)
