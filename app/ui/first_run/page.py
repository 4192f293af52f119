"""What a person sees before there is any agent: choose a model, choose a starter, say something; or the demo."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QScrollArea, QStackedWidget, QWidget

from app.domain.agent import Agent
from app.domain.error import AppError
from app.domain.starter import Starter
from app.domain.tool import Tool
from app.ui.agents.starter_cards import StarterCards, StarterPreview
from app.ui.agents.starter_draft import starter_draft
from app.ui.first_run.model_step import ChooseModel
from app.ui.first_run.side import FirstRunSide
from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.field import Field
from app.ui.kit.focus_order import step_inside
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, frame_of, hairline, row_of, scrolled
from app.ui.kit.tooltip import set_tip
from app.ui.state.view_context import ViewContext

SIDE_FROM = 980
MOST = 1100
"""Widest content of the main part, at 100 %."""


class ChooseStarter(QWidget):
    name_changed = Signal()

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        self._typed = False
        title = Label(theme, self.tr("Choose a starter"), "page")
        self._text = Label(theme, "", "base", "text2")
        for label in (title, self._text):
            label.setWordWrap(True)
        self.cards = StarterCards(theme)
        self.name = QLineEdit()
        self.field = Field(theme, self.tr("Name of the agent"), self.name)
        self.preview = StarterPreview(theme)
        column_of(
            theme,
            column_of(theme, title, self._text, gap=2),
            self.cards,
            self.field,
            self.preview,
            None,
            parent=self,
            inset=(44, 32, 44, 24),
            gap=16,
        )
        self.cards.chosen_changed.connect(self._chosen)
        self.name.textEdited.connect(lambda: self._edited())
        follow(theme, self, lambda: self.field.setMaximumWidth(theme.px(360)))

    def begin(self, model: str) -> None:
        self._text.setText(
            self.tr("It comes with memory and tools, and uses {}. You can change all of it later.").format(model)
        )
        self._view.run(self._load(), self)
        self.cards.focus_chosen()

    async def _load(self) -> None:
        starters: Sequence[Starter] = await self._view.services.starters.list()
        tools: Sequence[Tool] = await self._view.services.tools.list()
        self.preview.show_tools(tools)
        self.cards.show_starters(starters)
        self.cards.focus_chosen()

    def _chosen(self, starter: Starter) -> None:
        self.preview.show_starter(starter)
        if not self._typed:
            self.name.setText(starter.name)
        self.name_changed.emit()

    def _edited(self) -> None:
        self._typed = bool(self.name.text().strip())
        self.field.set_error("")
        self.name_changed.emit()


class FirstRun(QFrame):
    demo_wanted = Signal()
    server_wanted = Signal(object)
    """ServerPreset to begin with, or None."""
    made = Signal(str)
    """Id of the new agent."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._theme = theme = view.theme
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Welcome to Lares"))
        self.side = FirstRunSide(view)
        self.models = ChooseModel(view)
        self.starters = ChooseStarter(view)
        self._areas: list[QScrollArea] = [
            self._area(self.models, self.tr("Choose a model")),
            self._area(self.starters, self.tr("Choose a starter")),
        ]
        self.stack = QStackedWidget()
        for area in self._areas:
            self.stack.addWidget(area)
        self.demo = Button(theme, self.tr("Continue without a model (demo)"), "", "flame", size="big")
        self.use = Button(theme, "", "primary", size="big")
        self.back = Button(theme, self.tr("Back"), "ghost", size="big")
        self.create_button = Button(theme, "", "primary", size="big")
        self._said = Label(theme, "", "label", "text2")
        self._said.setWordWrap(True)
        main = QWidget()
        column_of(theme, self.stack, hairline(), self._make_foot(), parent=main, gap=0).setStretch(0, 1)
        self._edge = hairline(vertical=True)
        row_of(theme, self.side, self._edge, main, parent=self, gap=0).setStretch(2, 1)
        self._connect()
        follow(theme, self, self._fit)
        self._go(1)

    def _area(self, content: QWidget, name: str) -> QScrollArea:
        """Content of limited width at the left."""
        holder = QWidget()
        row: QHBoxLayout = row_of(self._theme, content, parent=holder, gap=0)
        row.setStretch(0, 1)
        row.addStretch(0)
        follow(self._theme, content, lambda: content.setMaximumWidth(self._theme.px(MOST)))
        return scrolled(holder, name)

    def _make_foot(self) -> QFrame:
        """The buttons, as wide as the content above them."""
        foot, under = frame_of("window"), QWidget()
        row = row_of(
            self._theme,
            self.back,
            self.demo,
            self._said,
            self.use,
            self.create_button,
            parent=under,
            inset=(44, 14, 44, 14),
        )
        row.setStretch(2, 1)
        holder: QHBoxLayout = row_of(self._theme, under, parent=foot, gap=0)
        holder.setStretch(0, 1)
        holder.addStretch(0)
        follow(self._theme, under, lambda: under.setMaximumWidth(self._theme.px(MOST)))
        return foot

    def _connect(self) -> None:
        self.demo.clicked.connect(lambda: self.demo_wanted.emit())
        self.use.clicked.connect(lambda: self._go(2))
        self.back.clicked.connect(lambda: self._go(1))
        self.create_button.clicked.connect(lambda: self._make())
        self.models.chosen_changed.connect(self._tell)
        self._view.catalog.changed.connect(self._tell)
        self.models.add_wanted.connect(self.server_wanted)
        self.starters.name_changed.connect(self._tell)
        self.starters.name.returnPressed.connect(self._make)

    def show_folder(self, folder: str) -> None:
        self.side.show_folder(folder)

    # Steps

    @property
    def step(self) -> int:
        return self.stack.currentIndex() + 1

    def _go(self, step: int) -> None:
        self.stack.setCurrentIndex(step - 1)
        self.side.show_step(step)
        for widget, shown in ((self.demo, 1), (self.use, 1), (self.back, 2), (self.create_button, 2)):
            widget.setVisible(step == shown)
        self._tell()
        chosen = self.models.table.chosen
        if step == 2 and chosen is not None:
            self.starters.begin(chosen.name)
        elif self.isVisible():
            self._focus_first()

    def _focus_first(self) -> None:
        target = self.use if self.use.isEnabled() else self.demo
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _tell(self) -> None:
        chosen = self.models.table.chosen
        self.use.setText(self.tr("Use {}").format(chosen.name) if chosen is not None else self.tr("Use a model"))
        self.use.setEnabled(chosen is not None)
        set_tip(self.use, "" if chosen is not None else self.tr("No model is available yet."))
        self.demo.set_role("primary" if chosen is None else "")
        name = self.starters.name.text().strip()
        self.create_button.setText(self.tr("Create {}").format(name) if name else self.tr("Create agent"))
        demo = self.tr(
            "A scripted agent without AI. It uses the real tools and the real memory, so you can try everything."
        )
        if chosen is None:
            demo = self.tr(
                "No model is available yet. The demo is a scripted agent without AI, but with real tools and memory."
            )
        self._said.setText(demo if self.step == 1 else "")
        self.models.private.setText(f"{self.side.private.text()}. {self.side.why.text()}")
        first = self.use if chosen is not None else self.demo
        self.setFocusProxy(first if self.step == 1 else self.starters.cards.chosen_card or self.starters.name)

    # Making

    def _make(self) -> None:
        name, chosen = self.starters.name.text().strip(), self.models.table.chosen
        if not name:
            self.starters.field.set_error(self.tr("An agent needs a name."))
            self.starters.name.setFocus(Qt.FocusReason.OtherFocusReason)
        elif chosen is not None and not self.create_button.busy:
            self.create_button.set_busy(True)
            self._view.run(self._send(name, chosen.handle), self, failed=self._failed)

    async def _send(self, name: str, handle: str) -> None:
        view = self._view
        draft = starter_draft(name, handle, view.catalog.known, self.starters.cards.chosen)
        try:
            agent: Agent = await view.services.agents.create(draft, origin=view.workspace.origin)
        finally:
            self.create_button.set_busy(False)
        self._go(1)
        self.made.emit(agent.id)

    def _failed(self, error: AppError) -> None:
        if error.code in ("invalid", "name_taken"):
            self.starters.field.set_error(error.message)
            announce(self.starters.field, error.message, urgent=True)
        else:
            self._view.tell_error(error)

    # Looks

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def focusNextPrevChild(self, forward: bool) -> bool:
        return step_inside(self, forward=forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.step == 2:
            self._go(1)
            return
        super().keyPressEvent(event)

    def _fit(self) -> None:
        """The side goes when it is very narrow."""
        px, width = self._theme.px, self.width()
        for part in (self.side, self._edge):
            part.setVisible(width >= px(SIDE_FROM))
        self.models.private.setVisible(width < px(SIDE_FROM))
        self.side.setFixedWidth(min(px(392), max(px(300), width * 27 // 100)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
