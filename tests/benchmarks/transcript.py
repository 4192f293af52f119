"""How fast the conversation is drawn: open 10,000 messages, write at 300 tokens a second, scroll all the way up.

Run: python -m tests.benchmarks.transcript [light|dark]
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.domain.conversation import TranscriptPage
from app.ui.chat.cards.context import CardContext
from app.ui.chat.transcript.area import TranscriptArea
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.theme import Theme
from tests.benchmarks.figures import figure
from tests.support.values.conversations import CONVERSATION, RunLog, a_run, page_of, said
from tests.support.window.conversation_showcase import RISOTTO, TABLE

MESSAGES = 10_000
PAGE = 50
TOKENS_PER_SECOND = 300
SECONDS = 8
BEAT_MS = 8


class Long:
    """A conversation of 10,000 messages, page by page."""

    def __init__(self) -> None:
        texts = ("Yes, and the rice at 18:35. " * 6, RISOTTO, "Short answer.", TABLE, "One more thought. " * 30)
        self.messages = tuple(
            said(
                n, "user" if n % 2 else "assistant", f"{n}: {texts[n % len(texts)]}" if n % 2 else texts[n % len(texts)]
            )
            for n in range(1, MESSAGES + 1)
        )

    def page(self, before: int | None = None, after: int | None = None) -> TranscriptPage:
        if after is not None:
            first, last = after, min(MESSAGES, after + PAGE)
        else:
            last = MESSAGES if before is None else before - 1
            first = max(0, last - PAGE)
        fields = {"has_earlier": first > 0, "has_later": last < MESSAGES}
        return page_of(self.messages[first:last], first + 1, **fields)


class Beat(QObject):
    """Notes how long the event loop is away between two beats."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(BEAT_MS)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append((now - self._last) * 1000)
        self._last = now

    def stop(self) -> list[float]:
        self._timer.stop()
        return sorted(self.gaps)


def at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def row(name: str, values: list[float]) -> None:
    for word, value in (("median", statistics.median(values)), ("p95", at(values, 0.95)), ("most", values[-1])):
        figure(f"{name}, {word}", value, "ms")


def timed(work: Callable[[], object], into: list[float]) -> None:
    begin = time.perf_counter()
    work()
    into.append((time.perf_counter() - begin) * 1000)


class Measured:
    def __init__(self, mode: str) -> None:
        self.app = QApplication([])
        self.theme = Theme(self.app, mode)
        self.model = TranscriptModel()
        context = CardContext(self.theme, agent_name="Juno", agent_id="agent-1", max_steps=50)
        self.area = TranscriptArea(self.theme, self.model, context)
        self.window = QWidget()
        layout = QVBoxLayout(self.window)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.area)
        self.window.resize(824, 780)
        self.window.show()
        self.app.processEvents()
        self.long = Long()
        self.area.more_wanted.connect(self._more)

    def _more(self, side: str) -> None:
        if side == "earlier":
            self.model.prepend(self.long.page(before=self.model.log.oldest_position))
        else:
            self.model.append(self.long.page(after=self.model.log.newest_position))

    def open_long(self) -> None:
        times: list[float] = []

        def show() -> None:
            self.model.load(self.long.page())
            self.window.repaint()

        timed(show, times)
        for _again in range(4):
            self.model.load(TranscriptPage(conversation_id="conv-other", messages=(), positions=()))
            self.app.processEvents()
            timed(show, times)
        print(f"first paint of {MESSAGES:,} messages, first time: {times[0]:.0f} ms")
        row("first paint again", sorted(times[1:]))

    def stream(self) -> None:
        words = (RISOTTO + TABLE) * 20
        log = RunLog(a_run(), position=MESSAGES + 1)
        log.next_step()
        log.write(MESSAGES + 1, words)
        total = min(len(log.events), TOKENS_PER_SECOND * SECONDS)
        flushes: list[float] = []
        flush = self.model.flush
        self.model._timer.timeout.disconnect()
        self.model._timer.timeout.connect(lambda: timed(flush, flushes))
        beat = Beat()

        def write() -> Iterator[None]:
            begin, done = time.perf_counter(), 0
            while done < total:
                due = min(total, int((time.perf_counter() - begin) * TOKENS_PER_SECOND))
                for event in log.events[done:due]:
                    self.model.apply(event)
                done = due
                yield None

        self._drive(write(), 10)
        print(
            f"written: {total:,} tokens, {sum(len(event.payload.content) for event in log.events[:total]):,} characters"
        )
        row("flush of live text", sorted(flushes))
        row("gap of the loop while writing", beat.stop())

    def _drive(self, steps: Iterator[None], every_ms: int) -> None:
        loop, timer, end = QEventLoop(), QTimer(), object()
        timer.setTimerType(Qt.TimerType.PreciseTimer)

        def step() -> None:
            if next(steps, end) is end:
                loop.quit()

        timer.timeout.connect(step)
        timer.start(every_ms)
        loop.exec()
        timer.stop()

    def scroll(self) -> None:
        bar = self.area.verticalScrollBar()
        beat, moves = Beat(), []

        def up() -> Iterator[None]:
            for _step in range(900):
                timed(lambda: bar.setValue(bar.value() - 160), moves)
                yield None

        self._drive(up(), 16)
        row("one step of scrolling up", sorted(moves))
        row("gap of the loop while scrolling", beat.stop())
        jumps: list[float] = []
        beat = Beat()

        def jump() -> Iterator[None]:
            for share in (0.0, 1.0, 0.5, 0.1, 0.9, 0.3) * 4:
                timed(lambda share=share: bar.setValue(int(bar.maximum() * share)), jumps)
                yield None

        self._drive(jump(), 60)
        row("jump by the scroll bar", sorted(jumps))
        row("gap of the loop while jumping", beat.stop())
        print(f"cards mounted: {self.area.mounted}, messages held: {len(self.model.log.messages)}")

    def retheme(self) -> None:
        times: list[float] = []
        for mode in ("dark", "light") * 3:
            timed(lambda mode=mode: (self.theme.set_mode(mode), self.window.repaint()), times)
        row("change of theme", sorted(times))


def main() -> None:
    bench = Measured(sys.argv[1] if len(sys.argv) > 1 else "light")
    assert bench.long.page().conversation_id == CONVERSATION
    bench.open_long()
    bench.stream()
    bench.scroll()
    bench.retheme()


if __name__ == "__main__":
    main()
