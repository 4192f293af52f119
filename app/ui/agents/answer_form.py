"""The form of an agent's answers: text, any JSON, or JSON by a schema that is checked as it is typed."""

import json
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.domain.agent import Agent, schema_of
from app.domain.answer_schema import read_schema
from app.ui.kit.field import Field
from app.ui.kit.layout import Choice, column_of, follow
from app.ui.theme import Theme

KINDS = ("text", "json_object", "json_schema")
LINES = 9
STORED_AFTER_MS = 800
SAMPLE = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "sure": {"type": "boolean"}},
    "required": ["answer", "sure"],
}
"""What a new schema begins with."""


class AnswerForm(QWidget):
    changed = Signal(object)
    """The form as `Agent.response_format` has it; None for text."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._shown: dict[str, Any] | None = None
        self._agent_id = ""
        self._unstored: dict[str, str] = {}
        """What was typed for other agents and is not stored."""
        self.kind = Choice(self.tr("Form of answers"))
        for name, key in zip((self.tr("Text"), self.tr("JSON"), self.tr("JSON by a schema")), KINDS, strict=True):
            self.kind.addItem(name, key)
        self.schema = QPlainTextEdit()
        self.schema.setTabChangesFocus(True)
        self.schema.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.field = Field(theme, self.tr("JSON schema"), self.schema, self.tr("Stored as soon as it is whole."))
        form = Field(theme, self.tr("Form of answers"), self.kind, self.tr("Tools can be called in any form."))
        column_of(theme, form, self.field, parent=self, gap=10)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(STORED_AFTER_MS)
        self._soon.timeout.connect(lambda: self._store())
        self.kind.activated.connect(lambda: self._choose())
        self.schema.textChanged.connect(self._typed)
        follow(theme, self, lambda: self._restyle(theme))

    def _restyle(self, theme: Theme) -> None:
        self.schema.setFont(theme.font("mono"))
        self.schema.setFixedHeight(LINES * theme.line_height("mono") + theme.px(10))

    def show_agent(self, agent: Agent) -> None:
        """What is being typed for this agent stays."""
        form, same = agent.response_format, agent.id == self._agent_id
        if same and (form == self._shown or self.schema.hasFocus()):
            return
        if not same:
            self._keep_typed()
        self._agent_id, self._shown = agent.id, form
        kind = form["type"] if form is not None else "text"
        self.kind.setCurrentIndex(KINDS.index(kind))
        self._put(schema_of(form) if form is not None and kind == "json_schema" else None)
        typed = self._unstored.pop(agent.id, None)
        if typed is not None:
            self.kind.setCurrentIndex(KINDS.index("json_schema"))
            self.field.show()
            self.schema.setPlainText(typed)

    def _keep_typed(self) -> None:
        """Until its agent is shown again: what the window changes now is another one."""
        self._soon.stop()
        if not self.field.isHidden() and self._form(read_schema(self.schema.toPlainText())[0]) != self._shown:
            self._unstored[self._agent_id] = self.schema.toPlainText()

    def _put(self, schema: dict[str, Any] | None) -> None:
        self.schema.blockSignals(True)
        self.schema.setPlainText(json.dumps(schema, indent=2, ensure_ascii=False) if schema is not None else "")
        self.schema.blockSignals(False)
        self.field.setVisible(schema is not None)
        self.field.set_error("")

    def _choose(self) -> None:
        self._soon.stop()
        kind = KINDS[self.kind.currentIndex()]
        if kind == "json_schema":
            if self.field.isHidden():
                self._put(SAMPLE)
                self.schema.setFocus()
            self._store()
        else:
            self._put(None)
            self._emit({"type": kind} if kind == "json_object" else None)

    def _typed(self) -> None:
        """What is wrong is said at once, what is right a moment later stored."""
        schema, problem = read_schema(self.schema.toPlainText())
        self.field.set_error(problem)
        if schema is not None:
            self._soon.start()
        else:
            self._soon.stop()

    def _store(self) -> None:
        self._soon.stop()
        schema, problem = read_schema(self.schema.toPlainText())
        self.field.set_error(problem)
        if schema is not None:
            self._emit(self._form(schema))

    def _form(self, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        """With this schema; a name that a program gave it stays."""
        if schema is None:
            return None
        named = self._shown if self._shown is not None and self._shown["type"] == "json_schema" else {}
        about = {"name": "answer", **named.get("json_schema", {}), "schema": schema}
        return {**named, "type": "json_schema", "json_schema": about}

    def _emit(self, form: dict[str, Any] | None) -> None:
        if form != self._shown:
            self._shown = form
            self.changed.emit(form)

    def hideEvent(self, event: QHideEvent) -> None:
        if self._soon.isActive():
            self._store()
        super().hideEvent(event)
