"""The form of an agent's answers, as a person sets it."""

import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.agent import Agent, AgentExtras, ModelSettings
from app.ui.agents.answer_form import KINDS, SAMPLE, AnswerForm
from app.ui.agents.reply_settings import ReplySettings
from app.ui.theme import Theme

Show = Callable[[QWidget], QWidget]
WHOLE = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SAMPLE}}


def agent(form: dict[str, Any] | None = None, **values: Any) -> Agent:
    extras = AgentExtras(response_format=form)
    return Agent.model_validate(
        {"id": "agent-1", "name": "Juno", "system": "", "model": "demo/vesta", "created_at": 1, "updated_at": 1}
        | {"extras": extras}
        | values
    )


def choose(form: AnswerForm, kind: str) -> None:
    form.kind.setCurrentIndex(KINDS.index(kind))
    form.kind.activated.emit(form.kind.currentIndex())


def test_a_schema_is_checked_as_it_is_typed_and_stored_when_it_is_whole(theme: Theme, show: Show, qtbot: QtBot) -> None:
    form, told = AnswerForm(theme), []
    show(form)
    form.changed.connect(told.append)
    form.show_agent(agent())
    assert not form.field.isVisible()
    choose(form, "json_schema")
    assert told == [WHOLE]
    assert json.loads(form.schema.toPlainText()) == SAMPLE
    form.schema.moveCursor(form.schema.textCursor().MoveOperation.End)
    QTest.keyClick(form.schema, Qt.Key.Key_Backspace)
    assert form.field.error == "Line 15 is not JSON: expecting ',' delimiter."
    form.show_agent(agent(WHOLE))
    assert form.field.error
    form.schema.setPlainText('{"type": "object", "properties": {"a": {"type": "number"}}}')
    assert form.field.error == ""
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[1]["json_schema"]["schema"]["properties"] == {"a": {"type": "number"}}
    choose(form, "json_object")
    choose(form, "text")
    assert told[2:] == [{"type": "json_object"}, None]
    assert not form.field.isVisible()


def test_what_was_typed_belongs_to_the_agent_it_was_typed_for(theme: Theme, show: Show, qtbot: QtBot) -> None:
    form, told = AnswerForm(theme), []
    show(form)
    form.changed.connect(told.append)
    form.show_agent(agent(WHOLE))
    form.schema.setPlainText('{"type": "object"}')
    form.show_agent(agent(None, id="agent-2"))
    assert KINDS[form.kind.currentIndex()] == "text"
    assert told == []
    form.show_agent(agent(WHOLE))
    assert form.schema.toPlainText() == '{"type": "object"}'
    qtbot.waitUntil(lambda: len(told) == 1)
    assert told[0]["json_schema"] == {"name": "answer", "schema": {"type": "object"}}


def test_other_settings_of_replies_keep_what_they_do_not_show(theme: Theme, show: Show) -> None:
    settings = ReplySettings(theme)
    show(settings)
    told: list[ModelSettings] = []
    settings.changed.connect(lambda changed, _steps: told.append(changed))
    mine = ModelSettings(tool_calls="json", parallel_tool_calls=False, temperature=0.5)
    settings.show_agent(agent(settings=mine))
    settings._default.click()
    assert told
    assert all(one == mine.model_copy(update={"temperature": None}) for one in told)


def test_reading_ahead_is_switched(theme: Theme, show: Show) -> None:
    settings = ReplySettings(theme)
    show(settings)
    told: list[ModelSettings] = []
    settings.changed.connect(lambda changed, _steps: told.append(changed))
    settings.show_agent(agent())
    settings._warm.click()
    assert told == [ModelSettings(warm_cache=False)]
    settings.show_agent(agent(settings=told[0]))
    assert not settings._warm.isChecked()
    assert len(told) == 1
