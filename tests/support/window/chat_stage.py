"""A conversation view on its own over a real engine, the loop both live in, and what a person does at it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import qasync
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.domain.agent import Agent
from app.domain.block import BlockDraft
from app.domain.conversation import Conversation
from app.domain.event import Changed
from app.ui.bridge.event_relay import EventRelay
from app.ui.bridge.tasks import Tasks
from app.ui.chat.transcript.row import Row
from app.ui.chat.view import ChatView
from tests.support.engine.talking import block_value
from tests.support.engine.whole_engine import agent_on
from tests.support.window.conversation_showcase import furnish_rich
from tests.support.window.household import LiveEngine
from tests.support.window.looks import plain_theme


class Drafts:
    """Keeps drafts in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    def draft(self, conversation_id: str) -> dict[str, Any]:
        return self.kept.get(conversation_id, {})

    def set_draft(self, conversation_id: str, draft: dict[str, Any]) -> None:
        self.kept[conversation_id] = draft


class Stage:
    """A chat view, the engine behind it, and the loop they all run in."""

    def __init__(self, app: QApplication, loop: qasync.QEventLoop, engine: LiveEngine) -> None:
        self.loop, self.engine, self.server = loop, engine, engine.server
        self.errors: list[BaseException] = []
        self.services = engine.services
        self.runs: list[str] = []
        """Runs that the engine told of, in the order they came."""
        self.tasks = Tasks(self.errors.append)
        self.drafts = Drafts()
        self.view = ChatView(plain_theme(app), self.services, self.tasks, drafts=self.drafts, client="here")
        self.told: list[tuple[str, str, str]] = []
        self.ways_back: list[Any] = []
        self.view.told.connect(lambda *words: self.told.append(words))
        self.view.told_done.connect(lambda *words: self.ways_back.append(words))
        self.relay = EventRelay(self.view)
        self.relay.batch.connect(self._hand_on)
        self.agent: Agent
        self.conversation: Conversation

    def _hand_on(self, events: Any) -> None:
        for event in events:
            if isinstance(event, Changed) and event.kind == "run":
                self.runs += [run for run in event.ids if run not in self.runs]
            (self.view.on_changed if isinstance(event, Changed) else self.view.on_progress)(event)

    def play(self, story: Callable[[], Awaitable[None]]) -> None:
        """Runs a story to its end; what it left behind is ended with it."""

        async def whole() -> None:
            self.tasks.spawn(self.relay.follow(self.services.events.subscribe), self.view)
            try:
                await story()
            finally:
                self.server.release()
                self.relay.batch.disconnect(self._hand_on)
                await self.tasks.end()

        self.loop.run_until_complete(asyncio.wait_for(whole(), 60))
        assert self.errors == []

    async def meet_agent(self) -> None:
        """An agent on the scripted server, whose block human says Chad."""
        human = BlockDraft(label="human", value="Name: Chad.", limit=2000)
        self.agent = await agent_on(self.services, self.server, "llama", blocks=(human,), model="llama/qwen3:8b")
        self.conversation = await self.services.conversations.default_of(self.agent.id)

    async def open_agent(self) -> None:
        await self.meet_agent()
        await self.open(self.conversation)

    async def open_demo(self) -> None:
        self.agent = await self.services.agents.create_demo()
        self.conversation = await self.services.conversations.default_of(self.agent.id)
        await self.open(self.conversation)

    async def open_rich(self) -> None:
        await self.meet_agent()
        await furnish_rich(self.engine, self.agent, self.conversation)
        await self.open(self.conversation)

    async def open(self, conversation: Conversation) -> None:
        self.view.resize(800, 640)
        self.view.show()
        self.view.open(self.agent, conversation)
        await self.until(lambda: self.view.branch_id == conversation.active_id)

    async def until(self, condition: Callable[[], object], seconds: float = 20) -> None:
        """Waiting for a condition, with the window going on."""
        reached = self.loop.create_future()
        timer = QTimer()
        timer.timeout.connect(lambda: condition() and not reached.done() and reached.set_result(None))
        timer.start(5)
        try:
            await asyncio.wait_for(reached, seconds)
        except TimeoutError:
            raise AssertionError(f"did not come true; shown: {self.shown()}") from None
        finally:
            timer.stop()

    def type(self, text: str) -> None:
        QTest.keyClicks(self.view.composer.editor, text)

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.view.composer.editor, key)

    async def say(self, text: str) -> None:
        """Types, sends, and waits for the end of the reply."""
        before = len(self.runs)
        self.type(text)
        self.press(Qt.Key.Key_Return)
        answered = lambda: self.shown()[-1][0] != "user" and not self.view.replying  # noqa: E731
        await self.until(lambda: len(self.runs) > before and answered())

    async def until_idle(self) -> None:
        """Until the engine runs nothing any more."""
        while await self.services.runs.active():  # noqa: ASYNC110  (runs of conversations that no view shows)
            await asyncio.sleep(0.005)

    def rows(self, kind: str) -> list[Row]:
        return [row for row in self.view.model.rows if row.kind == kind]

    def shown(self) -> list[tuple[str, str]]:
        return [(row.kind, row.text.strip()) for row in self.view.model.rows if row.kind != "day"]

    async def block(self, label: str) -> str:
        return await block_value(self.services, self.agent, label)
