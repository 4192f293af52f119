"""Nothing stalls the window, whatever is stored: `python -m tests.benchmarks.loop [part of a scene's name ...]`.

A whole window over a real engine in another thread, with a hundred times what is usual. For each scene: the CPU time
of the loop's longest turn, and the time until the view shows its content. Other work on the machine makes CPU time
longer too, since caches are shared: the last figure says by how much, against the best moment of the same run.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import qasync
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from app.bootstrap import OpenEngine
from app.config import Config
from app.ui.application import Session, make_application, make_theme
from app.ui.memory.history.view import HistoryView
from app.ui.state.errors import Errors
from app.ui.state.preferences import Preferences
from app.ui.window.assembly import Assembly
from app.ui.window.made_ready import AFTER_MS, EVERY_MS, SIZES
from tests.benchmarks.figures import figure
from tests.support.engine.too_much import BLOCKS, CODE_LINES, LINE, Stored, code_message, code_of, table_of, text_of
from tests.support.values.conversations import RunLog, a_run
from tests.support.window.household import LiveEngine, opened_household
from tests.support.window.loop_watch import STALL_MS, LoopWatch

FIRST_MS = 150
AGENTS, CHANGES = 500, 1000
TOKENS_PER_SECOND, SECONDS = 300, 4
READY_SECONDS = (AFTER_MS + 100 * EVERY_MS * len(SIZES)) / 1000
"""After that time what is made ready for later is ready."""


def picture(width: int = 1600, height: int = 1000) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#c06030"))
    painter = QPainter(image)
    for n in range(4000):
        painter.setPen(QColor.fromHsv(n * 7 % 360, 200, 220))
        painter.drawLine(n * 37 % width, n * 91 % height, n * 53 % width, n * 17 % height)
    painter.end()
    return image


def png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


async def rest(seconds: float) -> None:
    """Lets the window go on by itself."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:  # noqa: ASYNC110  (time alone passes)
        await asyncio.sleep(0.002)


def yardstick() -> float:
    """CPU seconds of a small piece of work that is always the same."""
    begun, total = time.thread_time(), 0
    for number in range(20_000):
        total += number
    return time.thread_time() - begun


class Scenes:
    def __init__(self, view: Assembly, window: QWidget) -> None:
        self.view, self.window = view, window
        self.yardsticks: list[float] = []
        self.watch = LoopWatch()

    async def scene(
        self, name: str, act: Callable[[], object], shown: Callable[[], object] | None = None, seconds: float = 1.0
    ) -> None:
        """Does something, waits until its content is there, and watches the loop for a while longer."""
        await self.until(self._idle)
        self.watch.begin()
        begun, busy = time.perf_counter(), time.thread_time()
        found = act()
        if isinstance(found, Awaitable):
            await found
        first = None
        if shown is not None:
            await self.until(shown)
            first = (time.perf_counter() - begun) * 1000
            busy = (time.thread_time() - busy) * 1000
        await rest(seconds)
        self.yardsticks += [yardstick() for _ in range(10)]
        figure(f"{name}, longest turn", self.watch.end(), "ms", STALL_MS)
        if first is not None:
            figure(f"{name}, first content", first, "ms", FIRST_MS)
            figure(f"{name}, first content, the loop's share", busy, "ms", FIRST_MS)

    def _idle(self) -> bool:
        return self.view.connection.state == "connected"

    async def until(self, condition: Callable[[], object], seconds: float = 120) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110  (what a person sees has no event of its own)
                await asyncio.sleep(0.001)

    def pick(self, name: str) -> None:
        rows = self.view.workspace.agents.rows
        self.view._picked(next(row.agent.id for row in rows if row.agent.name == name))

    async def leave(self) -> None:
        """To an agent with little."""
        self.pick("Small")
        await self.until(lambda: self.rows() and self.view.chat.agent.name == "Small")
        await rest(0.3)

    def rows(self) -> int:
        return self.view.chat.model.rowCount() if self.view.chat is not None else 0

    def opened(self, name: str) -> Callable[[], bool]:
        chat = lambda: self.view.chat  # noqa: E731
        return lambda: chat() is not None and chat().agent.name == name and self.rows() and chat().area.mounted

    def wheel(self, widget: QWidget, by: int) -> None:
        place = QPointF(widget.rect().center())
        event = QWheelEvent(
            place,
            widget.mapToGlobal(place),
            QPoint(),
            QPoint(0, by),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)

    # Scenes

    async def run(self, wanted: list[str]) -> None:
        parts = [self.views, self.blocks, self.history, self.messages, self.streams, self.looks, self.agents]
        for part in (*parts, self.typing):
            if not wanted or part.__name__ in wanted:
                await self.leave()
                await part()
        figure(
            "this machine, by what it was slower meanwhile",
            statistics.median(self.yardsticks) / min(self.yardsticks),
            "x",
        )

    async def views(self) -> None:
        """Each for the first time."""
        await rest(READY_SECONDS)
        for name in ("history", "archive", "inbox", "request", "compact", "run list", "replay", "tool studio"):
            await self.scene(f"open the view {name}", lambda name=name: self.view.show_tab(name), self.shows(name))
        await self.scene("open the settings", self.view.pages.settings, self.shows("settings"))
        self.view.pages.back()
        await self.scene("a new agent", self.view.pages.new_agent, self.shows("new agent"))
        self.view.pages.back()
        self.view.show_tab("chat")

    def shows(self, name: str) -> Callable[[], bool]:
        return lambda: self.view.centre.page == name and self.view.centre.page_named(name).isVisible()

    async def blocks(self) -> None:
        cards = lambda: self.view.right.memory._cards  # noqa: E731
        await self.scene("20 blocks of 50,000", lambda: self.pick("Blocks"), lambda: len(cards()) > 2, seconds=3)
        await self.until(lambda: len(cards()) == BLOCKS)
        area = self.view.window.panes["right"].findChild(QScrollArea).viewport()
        await self.scene("scroll along them", lambda: self._wheel_often(area))
        await self.scene("another width", lambda: self._resize())
        first = next(iter(cards().values()))
        await self.scene("open one of them", first._toggle_more)
        await self.scene("edit one of them", first.begin_edit)
        await self.scene("type into it", lambda: self._type(first.editor.field))
        await self.scene("leave it", first.end_edit)
        first._toggle_more()

    async def _wheel_often(self, widget: QWidget) -> None:
        for _step in range(20):
            self.wheel(widget, -240)
            await asyncio.sleep(0.01)

    async def _resize(self) -> None:
        for width in (1500, 1450, 1440):
            self.window.resize(width, 900)
            await asyncio.sleep(0.05)

    async def _type(self, field: QWidget) -> None:
        for letter in "Hello":
            QTest.keyClicks(field, letter)
            await asyncio.sleep(0.02)

    async def history(self) -> None:
        self.pick("History")
        await self.until(lambda: self.view.workspace.blocks.rows and self.view.chat.agent.name == "History")
        page = lambda: self.view.centre.page_named("history")  # noqa: E731

        def there() -> bool:
            found = page() if self.view.centre.has_page("history") else None
            return isinstance(found, HistoryView) and bool(found._model.rowCount()) and bool(found._diff.rows)

        await self.scene("1,000 changes on 8,000 characters", lambda: self.view.show_tab("history"), there)
        view = page()

        async def down() -> None:
            for _step in range(20):
                QTest.keyClick(view._list, Qt.Key.Key_Down)
                await asyncio.sleep(0.01)

        await self.scene("walk down the changes", down)
        await self.scene("down to the first change", lambda: self._to_the_end(view))
        await self.scene("scroll along the changes", lambda: self._wheel_often(view._list.viewport()))
        await self.scene("compare with another", lambda: view._way.button("between").click())
        self.view.show_tab("chat")

    async def _to_the_end(self, view: HistoryView) -> None:
        bar = view._list.verticalScrollBar()
        while len(view._model.events) < CHANGES:
            bar.setValue(bar.maximum())
            await asyncio.sleep(0.005)

    async def messages(self) -> None:
        for title, name in (
            ("a line of 100,000", "Line"),
            ("an own line of 100,000", "Own line"),
            ("3,000 lines of code", "Code"),
            ("a table of 300 rows", "Table"),
            ("a message of 4 MB", "Giant"),
        ):
            await self.leave()
            await self.scene(title, lambda name=name: self.pick(name), self.opened(name))
            await self.scene(f"{title}: scroll", lambda: self._wheel_often(self.view.chat.area.viewport()))
            await self.scene(f"{title}: find", lambda: self._find("stock"))
            self.view.chat.find_bar.close_bar()

    def _find(self, words: str) -> None:
        self.view.chat.find_text()
        self.view.chat.find_bar.field.setText(words)

    async def streams(self) -> None:
        await self._stream("3,000 lines of code", code_message(CODE_LINES), CODE_LINES * 20)
        await self._stream("a table of 300 rows", table_of(300), 300 * 8)
        await self._stream("a line of 100,000", text_of(LINE, 1, lines=False), LINE // 5)

    async def _stream(self, name: str, text: str, pieces: int) -> None:
        """The last seconds of a long reply: what stood before comes at once."""
        await self.leave()
        chat = self.view.chat
        log = RunLog(a_run(), position=chat.model.log.newest_position + 1)
        log.next_step()
        log.write(900, text)
        written = list(log.events)
        last = TOKENS_PER_SECOND * SECONDS
        for event in written[:-last]:
            chat.model.apply(event)
        chat.model.flush()
        await rest(1.0)

        async def write() -> None:
            begun, done = time.perf_counter(), len(written) - last
            while done < len(written):
                due = len(written) - last + int((time.perf_counter() - begun) * TOKENS_PER_SECOND)
                for event in written[done:due]:
                    chat.model.apply(event)
                done = max(done, min(due, len(written)))
                await asyncio.sleep(0.01)

        await self.scene(f"{name} being written", write)

    async def looks(self) -> None:
        self.pick("Blocks")
        await rest(2)
        commands = self.view.commands

        async def zoom() -> None:
            for _step in range(3):
                commands.run("scale.up")
                await asyncio.sleep(0.03)

        await self.scene("three steps of size", zoom, seconds=4)
        await self.scene("the usual size", lambda: commands.run("scale.reset"), seconds=4)
        await self.scene("the other theme", lambda: commands.run("theme"), seconds=4)
        await self.scene("and back", lambda: commands.run("theme"), seconds=4)

    async def agents(self) -> None:
        await self.scene("scroll along 500 agents", lambda: self._wheel_often(self.view.left.agents.list.viewport()))

        async def step() -> None:
            for _step in range(8):
                self.view.workspace.open_neighbour(1)
                await asyncio.sleep(0.05)

        await self.scene("step from agent to agent", step)
        await self.scene("the palette", lambda: self.view.commands.run("palette"))
        QTest.keyClick(QApplication.focusWidget() or self.window, Qt.Key.Key_Escape)

    async def typing(self) -> None:
        composer = self.view.chat.composer
        clipboard = QApplication.clipboard()
        clipboard.setImage(picture())
        await self.scene("paste an image of 1600 x 1000", composer.editor.paste, lambda: composer.attachments)
        composer.clear()
        content = png(picture())
        await self.scene(
            "attach it as a file", lambda: composer.add_bytes("a.png", content), lambda: composer.attachments
        )
        composer.clear()
        clipboard.setText(text_of(LINE, 1, lines=False))
        await self.scene("paste a line of 100,000", composer.editor.paste)
        await self.scene("type behind it", lambda: self._type(composer.editor))
        clipboard.setText(code_of(CODE_LINES))
        composer.clear()
        await self.scene("paste 3,000 lines", composer.editor.paste)
        await self.scene("type behind them", lambda: self._type(composer.editor))
        composer.clear()


async def show(engine: LiveEngine, folder: Path, qt: QApplication, wanted: list[str]) -> None:
    preferences = Preferences(folder)
    crashes: list[str] = []
    errors = Errors()
    errors.crashed.connect(crashes.append)
    session = Session(make_theme(qt, preferences), Config(folder), preferences, errors, engine.connect)
    session.window.resize(1440, 900)
    session.window.show()
    ended = asyncio.ensure_future(session.run())
    scenes = Scenes(session.assembly, session.window)
    view = session.assembly
    await scenes.until(lambda: view.chat is not None and len(view.workspace.agents.rows) > AGENTS)
    await rest(1.5)
    try:
        await scenes.run(wanted)
    finally:
        session.window.closing.emit()
        await rest(0.2)
        session.assembly.view.ask.answer("quit")
        await ended
    assert not crashes, crashes[0]


def main(wanted: list[str]) -> None:
    qt = make_application()
    loop = qasync.QEventLoop(qt)
    asyncio.set_event_loop(loop)
    with opened_household() as household, tempfile.TemporaryDirectory() as folder, loop:

        async def whole() -> None:
            engine = await household.open(Path(folder), store)
            try:
                await show(engine, Path(folder), qt, wanted)
            finally:
                await engine.close()

        loop.run_until_complete(whole())


async def store(engine: OpenEngine) -> None:
    await Stored(engine, AGENTS, CHANGES).store()


if __name__ == "__main__":
    main(sys.argv[1:])
