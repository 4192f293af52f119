"""The sheet on which a person edits an agent's system instructions, with count and the difference to the default."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QWidget

from app.domain.agent import Agent, AgentPatch
from app.ui.kit.buttons import Button
from app.ui.kit.diff import DiffView
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, frame_of, hairline, row_of
from app.ui.kit.segmented import Segmented
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count
from app.ui.state.view_context import ViewContext

CHARACTERS_PER_TOKEN = 4
"""Of English text in the tokenizers in use; the panel beside it shows what is really counted."""


class Instructions(QWidget):
    saved = Signal(str)
    closed = Signal()

    def __init__(self, view: ViewContext, default: str) -> None:
        super().__init__()
        theme = self._theme = view.theme
        self._view = view
        self._default = default
        self._agent: Agent | None = None
        self._stored = ""
        self._unsaved: dict[str, str] = {}
        """What was typed, by the id of an agent that is not shown here now."""
        self.setAccessibleName(self.tr("System instructions"))
        self.title = Label(theme, self.tr("System instructions"), "page")
        self._about = Label(
            theme,
            self.tr(
                "What the agent is told before its memory blocks, in every request. Blocks are added automatically."
            ),
            "base",
            "text2",
        )
        self._about.setWordWrap(True)
        self.edit = QPlainTextEdit()
        self.edit.setAccessibleName(self.tr("Text of the system instructions"))
        self.edit.setTabChangesFocus(True)
        self._diff = DiffView(theme)
        frame = frame_of("card")
        column_of(theme, self._diff, parent=frame, inset=(1, 1, 1, 1))
        self._pages = QStackedWidget()
        self._pages.addWidget(self.edit)
        self._pages.addWidget(frame)
        self._choice = Segmented(
            theme,
            (("edit", self.tr("Text")), ("diff", self.tr("Changes from default"))),
            "edit",
            self.tr("What is shown"),
        )
        self._count = Label(theme, "", "label", "muted")
        self.save = Button(theme, self.tr("Save"), "primary")
        self._cancel = Button(theme, self.tr("Cancel"), "ghost")
        self._reset = Button(theme, self.tr("Use the default text"), "ghost", "undo")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        theme = self._theme
        foot = frame_of("window")
        row_of(theme, self._reset, None, self._cancel, self.save, parent=foot, inset=(24, 10, 24, 10))
        top = QWidget()
        column_of(theme, self.title, self._about, parent=top, inset=(24, 20, 24, 8), gap=2)
        body = QWidget()
        column_of(
            theme,
            row_of(theme, self._choice, None, self._count),
            self._pages,
            parent=body,
            inset=(24, 4, 24, 16),
        )
        column_of(theme, top, parent=self, gap=0)
        layout = self.layout()
        layout.addWidget(body)  # type: ignore[union-attr]
        layout.addWidget(hairline())  # type: ignore[union-attr]
        layout.addWidget(foot)  # type: ignore[union-attr]

    def _connect(self) -> None:
        follow(self._theme, self, lambda: self.edit.setFont(self._theme.font("mono")))
        self.edit.textChanged.connect(self._told)
        self._view.workspace.agent_changed.connect(self._agent_changed)
        self._choice.chosen.connect(self._show)
        self.save.clicked.connect(lambda: self._save())
        self._cancel.clicked.connect(lambda: self._leave())
        self._reset.clicked.connect(lambda: self._use_default())
        keys = QShortcut(QKeySequence("Ctrl+S"), self)
        keys.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        keys.activated.connect(self._save)
        set_tip(self.save, self.tr("Save (Ctrl S)"))

    def begin(self, agent: Agent) -> None:
        """Shows an agent's text, or what was typed for it and is not saved."""
        if self._agent is not None and self.changed:
            self._unsaved[self._agent.id] = self.edit.toPlainText()
        self._agent = agent
        self._name()
        self._stored = agent.system
        self.edit.setPlainText(self._unsaved.pop(agent.id, agent.system))
        self._choice.set_current("edit")
        self._show("edit")
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def _name(self) -> None:
        if self._agent is not None:
            self.title.setText(self.tr("System instructions of {}").format(self._agent.name))

    def _agent_changed(self, agent: Agent) -> None:
        """Its name may be another one now, and so may its text, where nothing else is typed here."""
        if self._agent is None or agent.id != self._agent.id:
            return
        untouched, self._agent = not self.changed, agent
        self._name()
        if untouched and agent.system != self._stored:
            self._stored = agent.system
            self.edit.setPlainText(agent.system)

    @property
    def changed(self) -> bool:
        return self.edit.toPlainText() != self._stored

    @property
    def unsaved(self) -> list[str]:
        """The instructions that were typed and not saved, in words."""
        typed = set(self._unsaved)
        if self._agent is not None and self.changed:
            typed.add(self._agent.id)
        agents = [row.agent for row in self._view.workspace.agents.rows]
        return [self.tr("system instructions of {}").format(agent.name) for agent in agents if agent.id in typed]

    async def save_all(self) -> None:
        """Stores what was typed for any agent. Raises `AppError`."""
        typed = dict(self._unsaved)
        if self._agent is not None and self.changed:
            typed[self._agent.id] = self.edit.toPlainText()
        for agent_id, text in typed.items():
            patch = AgentPatch(system=text)
            await self._view.services.agents.update(agent_id, patch, origin=self._view.workspace.origin)
            self._unsaved.pop(agent_id, None)

    def _show(self, what: str) -> None:
        if what == "diff":
            self._diff.set_texts(self._default, self.edit.toPlainText())
        self._pages.setCurrentIndex(1 if what == "diff" else 0)

    def _use_default(self) -> None:
        """As one edit, so that Ctrl Z brings the own text back."""
        cursor = self.edit.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.insertText(self._default)
        self._show(self._choice.current)

    def _told(self) -> None:
        characters = len(self.edit.toPlainText())
        saved, unsaved = self.tr("{} characters, about {} tokens"), self.tr("{} characters, about {} tokens, not saved")
        words = unsaved if self.changed else saved
        self._count.setText(words.format(count(characters), count(characters // CHARACTERS_PER_TOKEN)))
        self._reset.setEnabled(self.edit.toPlainText() != self._default)

    def _save(self) -> None:
        text = self.edit.toPlainText()
        if text != self._stored:
            self._stored = text
            self.saved.emit(text)
        self.closed.emit()

    def _leave(self) -> None:
        if self.changed:
            self._view.run(self._ask_to_leave(), self)
        else:
            self.closed.emit()

    async def _ask_to_leave(self) -> None:
        answers = (("throw", self.tr("Discard"), "danger"), ("cancel", self.tr("Keep writing"), "primary"))
        key, _ = await self._view.ask.ask(self.tr("Your text is not saved yet"), "", answers)
        if key == "throw":
            self.edit.setPlainText(self._stored)
            self.closed.emit()

    def keyPressEvent(self, event: object) -> None:
        if event.key() == Qt.Key.Key_Escape:  # type: ignore[attr-defined]
            self._leave()
            return
        super().keyPressEvent(event)  # type: ignore[arg-type]
