"""Small things of every day: unread marks, a word to the desktop, the palette's signs, size of text, quitting."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontInfo

from app.bootstrap import OpenEngine
from app.domain.event import Progress
from app.ui.kit.buttons import Button
from app.ui.window import reply_notice
from tests.support.engine.talking import block_value, say
from tests.support.window.opened_window import CTRL, SHIFT, OpenedWindow

Play = Callable[..., None]


async def two_agents(engine: OpenEngine) -> None:
    for _ in range(2):
        agent = await engine.services.agents.create_demo()
        await say(engine.services, agent, "Hello")


@pytest.mark.qt_log_ignore("does not support raise")
def test_the_small_things_of_every_day(play_live: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_notice, "LONG_S", 0.0)

    async def person(live: OpenedWindow) -> None:
        await _marks_unread(live)
        await _tells_the_desktop(live)
        await _knows_its_signs(live)
        await _grows_what_is_read(live)
        await _saves_and_quits(live)

    play_live(two_agents, person)


async def _marks_unread(live: OpenedWindow) -> None:
    agents, here = live.view.workspace.agents, live.view.workspace.agent
    other = next(row for row in agents.rows if row.agent.id != here.id)
    row = lambda: next(row for row in agents.rows if row.agent.id == other.agent.id)  # noqa: E731
    assert not agents.unread(row())
    await say(live.services, other.agent, "What do you know about me?")
    await live.until(lambda: agents.unread(row()), "nobody sees that there is something new")
    index = agents.index(agents.index_of(other.agent.id))
    assert "unread" in index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert live.view.preferences.get("unread", []) == [other.agent.id]
    live.view.left.agents.picked.emit(other.agent.id)
    await live.until(lambda: not agents.unread(row()), "it stays unread")
    assert live.view.preferences.get("unread", ["x"]) == []


async def _tells_the_desktop(live: OpenedWindow) -> None:
    told: list[tuple[str, str]] = []
    live.view.notice.due.connect(lambda *words: told.append(words))
    agent, ended = live.view.workspace.agent, live.view.workspace.run_ended
    last = Progress(run_id="run-x", agent_id=agent.id, conversation_id="elsewhere", phase="sent", at=1)
    ended.emit(last)
    assert not told
    live.view.pages.settings("appearance")
    switch = live.view.centre.page_named("settings").appearance.notify
    switch.click()
    assert live.view.preferences.get("notify", False)
    for active, expected in ((True, 0), (False, 1)):
        live.window.isActiveWindow = lambda active=active: active
        ended.emit(last)
        assert len(told) == expected
    assert told == [(f"{agent.name} has replied", agent.id)]
    del live.window.isActiveWindow
    live.view.notice.agent_wanted.emit(agent.id)
    assert live.view.centre.page == "chat"


async def _knows_its_signs(live: OpenedWindow) -> None:
    await live.press(Qt.Key.Key_K, CTRL)
    palette = live.view.search.palette
    await live.write("?")
    assert [(row.title, row.shortcut) for row in palette.rows] == [
        ("Only commands", ">"),
        ("Only agents", "@"),
        ("Only memory blocks", "#"),
        ("Search in all messages", "/"),
    ]
    await live.press(Qt.Key.Key_Down)
    await live.press(Qt.Key.Key_Return)
    assert palette.isVisible()
    assert palette.field.text() == "@"
    assert {row.icon for row in palette.rows} == {"agent"}
    await live.press(Qt.Key.Key_Escape)


async def _grows_what_is_read(live: OpenedWindow) -> None:
    editor, theme = live.view.chat.composer.editor, live.session.theme
    name = live.view.left.settings.name.label
    before, still = QFontInfo(editor.font()).pixelSize(), QFontInfo(name.font()).pixelSize()
    live.view.pages.settings("appearance")
    reading = live.view.centre.page_named("settings").appearance.reading
    at = reading.findText("150 %")
    reading.setCurrentIndex(at)
    reading.activated.emit(at)
    assert QFontInfo(editor.font()).pixelSize() == round(before * 1.5)
    assert QFontInfo(name.font()).pixelSize() == still
    assert theme.line_height("conversation") == round(21 * 1.5)
    assert live.view.preferences.get("reading", 0.0) == 1.5
    theme.set_reading(1.0)


async def _saves_and_quits(live: OpenedWindow) -> None:
    live.view.show_tab("chat")
    await live.rest()
    await live.press(Qt.Key.Key_M, CTRL | SHIFT)
    await live.press(Qt.Key.Key_End, CTRL)
    await live.write(" Likes tea.")
    agent = live.view.workspace.agent
    live.window.closing.emit()
    ask = live.view.view.ask
    await live.until(ask.isVisible, "nothing is asked")
    assert [button.text() for button in ask.findChildren(Button)] == ["Cancel", "Quit without saving", "Save and quit"]
    services = live.services
    assert "tea" not in await block_value(services, agent)
    await live.press(Qt.Key.Key_Return)
    await live.until(live.ended.done, "the window stays")
    assert (await block_value(services, agent)).endswith(" Likes tea.")
