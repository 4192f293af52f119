"""The open agent's settings under the list: name, model, context size, instructions, tools, reply."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app.domain.agent import Agent, AgentPatch, ModelSettings
from app.domain.context import ContextOverview
from app.domain.tool import Tool
from app.ui.agents.answer_form import AnswerForm
from app.ui.agents.reply_settings import ReplySettings
from app.ui.agents.tag_line import TagLine
from app.ui.agents.tag_popup import TagPopup
from app.ui.agents.tool_switches import ToolSwitches
from app.ui.context.size_setting import ContextSize
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import IconButton
from app.ui.kit.copying import copy_text
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, hairline, row_of
from app.ui.kit.section import Section
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count
from app.ui.models.picker import ModelPicker
from app.ui.state.agent_list import AgentList
from app.ui.state.model_entries import ModelsKnown
from app.ui.theme import Theme

LINES = 3
"""Of the instructions, shown in the column."""
LEAST, NOTES_FROM = 200, 262
"""Narrowest width, and the width from which the heads have room for their token counts."""
HEAD_ROOM = 44
"""Insets and gaps of the row with the name."""


class FewLines(Label):
    """The beginning of a long text, as much as fits into some lines."""

    def __init__(self, theme: Theme, lines: int) -> None:
        super().__init__(theme, "", "base", "text2")
        self._lines = lines
        self._whole = ""
        self.setWordWrap(True)

    def set_text(self, text: str) -> None:
        self._whole = text
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        room = int(self.width() * (self._lines - 0.25))
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(room, 1))
        if shown != self.text():
            self.setText(shown)


class EditableLine(QWidget):
    """A text that becomes a field on request; Enter saves, Esc gives up."""

    saved = Signal(str)

    def __init__(self, theme: Theme, role: str, kind: str, name: str, placeholder: str) -> None:
        super().__init__()
        self._name, self._placeholder = name, placeholder
        self._value = ""
        self.label = ElidedLabel(theme, "", role, kind)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self.edit.setPlaceholderText(placeholder)
        self.edit.hide()
        row_of(theme, self.label, self.edit, parent=self, gap=0)
        self.edit.returnPressed.connect(self._save)
        self.edit.editingFinished.connect(self._save)

    def show_value(self, value: str) -> None:
        self._value = value
        self.label.set_text(value or self._placeholder)

    def begin(self) -> None:
        self.edit.setText(self._value)
        self.label.hide()
        self.edit.show()
        self.edit.selectAll()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _save(self) -> None:
        if self.edit.isHidden():
            return
        text = self.edit.text().strip()
        self._end()
        if text != self._value:
            self.saved.emit(text)

    def _end(self) -> None:
        self.edit.hide()
        self.label.show()

    def keyPressEvent(self, event: object) -> None:
        if event.key() == Qt.Key.Key_Escape and self.edit.isVisible():  # type: ignore[attr-defined]
            self.edit.setText(self._value)
            self._end()
            return
        super().keyPressEvent(event)  # type: ignore[arg-type]


class AgentSettings(QWidget):
    patched = Signal(object)
    """AgentPatch with what a person changed."""
    chosen = Signal()
    """A model or something else was taken from a list: writing may go on."""
    instructions_wanted = Signal()
    refresh_wanted = Signal()
    servers_wanted = Signal()
    models_wanted = Signal()

    tags_wanted = Signal(object)
    """dict: the tags that the agent is to have, by its id."""
    tag_pressed = Signal(str)
    """A person wants to see the agents that have this tag."""

    def __init__(self, theme: Theme, agents: AgentList) -> None:
        super().__init__()
        self._theme = theme
        self._agent: Agent | None = None
        self._overview: ContextOverview | None = None
        self.setAccessibleName(self.tr("Agent settings"))
        self.name = EditableLine(theme, "agent", "", self.tr("Name of the agent"), "")
        self.description = EditableLine(
            theme, "base", "text2", self.tr("Description of the agent"), self.tr("No description")
        )
        self._rename = IconButton(theme, "edit", self.tr("Rename this agent"), size=14, box=24)
        self._describe = IconButton(theme, "edit", self.tr("Change the description"), size=14, box=24)
        self._add_tag = Badge(theme, "", icon="tag")
        self._add_tag.set_clickable(True)
        self._add_tag.setAccessibleName(self.tr("Tags of this agent"))
        set_tip(self._add_tag, self.tr("Tags of this agent"))
        self.tags_popup = TagPopup(theme, self._add_tag, agents)
        self.tags = TagLine(theme, self.tag_pressed.emit, self.tr("Show the agents with the tag {}"), self._add_tag)
        self._id = Label(theme, "", "ids", "muted")
        self._copy = IconButton(theme, "copy", self.tr("Copy the id of this agent"), size=14, box=24)
        self.model = ModelPicker(theme)
        self.context_size = ContextSize(theme)
        self._instructions = FewLines(theme, LINES)
        self._instructions_section = Section(theme, self.tr("System instructions"))
        self.edit_instructions = self._instructions_section.add_action(
            "edit", self.tr("Edit system instructions"), self.instructions_wanted.emit
        )
        self._instructions_section.add(self._instructions)
        self.tools = ToolSwitches(theme)
        self.reply = ReplySettings(theme)
        self._reply_section = Section(theme, self.tr("Reply and reasoning"), foldable=True, folded=True)
        self._reply_section.add(self.reply)
        self.answers = AnswerForm(theme)
        self._reply_section.add(self.answers)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        theme = self._theme
        head = QWidget()
        column_of(
            theme,
            self._row_of(self.name, self._rename, self._id, self._copy),
            self._row_of(self.description, self._describe),
            self.tags,
            row_of(theme, self.model, inset=(0, 0, 4, 0)),
            parent=head,
            inset=(14, 8, 10, 12),
            gap=6,
        )
        size = QWidget()
        column_of(theme, self.context_size, parent=size, inset=(14, 10, 14, 10))
        parts: list[QWidget] = [head, size, self._instructions_section, self.tools, self._reply_section]
        items: list[QWidget | None] = []
        for part in parts:
            items += [hairline(), part]
        column_of(theme, *items, hairline(), None, parent=self, gap=0)

    def _row_of(self, line: EditableLine, edit: QWidget, *rest: QWidget) -> QHBoxLayout:
        """The text as wide as it is, its pencil right behind it, the rest at the end."""
        row = row_of(self._theme, line, edit, None, *rest, gap=4)
        row.setStretchFactor(line, 0)
        return row

    def _connect(self) -> None:
        self._rename.clicked.connect(lambda: self.name.begin())
        self._describe.clicked.connect(lambda: self.description.begin())
        self._copy.clicked.connect(lambda: self._copy_id())
        self._add_tag.clicked.connect(lambda: self.edit_tags())
        self.tags_popup.changed.connect(self.tags_wanted)
        self.name.saved.connect(self._renamed)
        self.description.saved.connect(self._describe_as)
        self.model.picked.connect(self._use_model)
        self.model.refresh_wanted.connect(self.refresh_wanted)
        self.model.servers_wanted.connect(self.servers_wanted)
        self.model.models_wanted.connect(self.models_wanted)
        self.context_size.changed.connect(self._use_context_size)
        self.tools.changed.connect(self._use_tools)
        self.reply.changed.connect(self._use_reply_settings)
        self.answers.changed.connect(self._use_form)
        self.model.picked.connect(lambda: self.chosen.emit())
        for chosen in (self.reply.chosen, self.answers.kind.chosen):
            chosen.connect(self.chosen)

    def edit_tags(self) -> None:
        if self._agent is not None:
            self.tags_popup.open_for((self._agent.id,))

    def _describe_as(self, text: str) -> None:
        self.patched.emit(AgentPatch(description=text))

    def _use_model(self, handle: str) -> None:
        self.patched.emit(AgentPatch(model=handle))

    def _use_context_size(self, tokens: int | None) -> None:
        self.patched.emit(AgentPatch(context_window=tokens))

    def _use_tools(self, names: tuple[str, ...]) -> None:
        self.patched.emit(AgentPatch(tool_names=names))

    def _use_reply_settings(self, settings: ModelSettings, steps: int) -> None:
        self.patched.emit(AgentPatch(settings=settings, max_steps=steps))

    def _use_form(self, form: dict[str, Any] | None) -> None:
        if self._agent is not None:
            self.patched.emit(AgentPatch(extras=self._agent.extras.model_copy(update={"response_format": form})))

    def minimumSizeHint(self) -> QSize:
        """The column may be narrower than the heads with their notes, which then go."""
        return QSize(self._theme.px(LEAST), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_notes()

    def _fit_notes(self) -> None:
        """What is muted goes before anything else is cut."""
        head = (self._rename, self._copy)
        taken = sum(widget.sizeHint().width() for widget in head) + self._theme.px(HEAD_ROOM)
        room = self.width() - taken - self.name.label.sizeHint().width()
        self._id.setVisible(self._id.sizeHint().width() <= room)
        roomy = self.width() >= self._theme.px(NOTES_FROM)
        for section in (self._instructions_section, self.tools):
            section.note.setVisible(roomy and bool(section.note.text()))

    def _renamed(self, text: str) -> None:
        if text:
            self.patched.emit(AgentPatch(name=text))
        elif self._agent is not None:
            self.name.show_value(self._agent.name)

    def _copy_id(self) -> None:
        if self._agent is not None:
            copy_text(self._theme, self._agent.id, self._copy)

    def show_agent(self, agent: Agent) -> None:
        if self._agent is None or agent.id != self._agent.id:
            self._overview = None
        self._agent = agent
        self.name.show_value(agent.name)
        self.description.show_value(agent.description)
        self.tags.show_tags(agent.tags)
        self._add_tag.set_badge("" if agent.tags else self.tr("Add a tag"), "", "tag")
        self._id.setText(f"{agent.id[:10]}…{agent.id[-4:]}")
        set_tip(self._id, agent.id)
        self._id.setAccessibleName(agent.id)
        set_tip(self._copy, self.tr("Copy the id of this agent: {}").format(agent.id))
        self._fit_notes()
        self.model.show_model(agent.model)
        self.tools.show_agent(agent)
        self.reply.show_agent(agent)
        self.answers.show_agent(agent)
        self._show_instructions()
        self._show_size()

    def show_models(self, known: ModelsKnown) -> None:
        self.model.show_models(known)
        self._show_size()

    def show_tools(self, tools: Sequence[Tool]) -> None:
        self.tools.show_tools(tools)

    def show_overview(self, overview: ContextOverview) -> None:
        self._overview = overview
        tokens = sum(part.tokens for part in overview.parts if part.kind == "system")
        self._instructions_section.set_note(self.tr("{} tokens").format(count(tokens)))
        self.tools.show_tokens(sum(part.tokens for part in overview.parts if part.kind == "tools"))
        self._fit_notes()
        self._show_size()

    def _show_instructions(self) -> None:
        if self._agent is None:
            return
        text = " ".join(self._agent.system.split())
        self._instructions.set_text(text or self.tr("None. The agent only gets its memory blocks."))

    def _show_size(self) -> None:
        if self._agent is not None:
            model = self.model.model()
            served = self._overview.served if self._overview is not None else None
            most = None
            if model is not None:
                served = served or model.context_window or model.allocated_context
                most = model.trained_context or model.context_window
            self.context_size.show_size(self._agent.context_window, served, most)
