"""With a hundred times what is usual nothing stalls the window: the `much` tests fail on a turn that grows with it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QScrollArea

from app.bootstrap import OpenEngine
from tests.support.engine.too_much import BLOCKS, GIANT, Stored
from tests.support.guards.stalls import MUCH_MS, no_stalls
from tests.support.window.loop_watch import LoopWatch
from tests.support.window.opened_window import CTRL, OpenedWindow

Key = Qt.Key
Play = Callable[[Callable[[OpenEngine], Awaitable[None]], Callable[[OpenedWindow], Awaitable[None]]], None]
AGENTS, CHANGES = 50, 60


async def pick(window: OpenedWindow, name: str) -> None:
    agents = window.view.workspace.agents
    await window.until(lambda: name in {row.agent.name for row in agents.rows}, f"{name} is not listed")
    window.view.left.agents.picked.emit(next(row.agent.id for row in agents.rows if row.agent.name == name))
    chat = window.view.chat
    await window.until(lambda: chat.agent.name == name and chat.branch_id, f"{name} was not opened")


@pytest.mark.much
def test_nothing_stalls_the_window(play_live: Play, times: Callable[[int, int], int]) -> None:
    async def too_much(engine: OpenEngine) -> None:
        agents, changes, giant = times(20, AGENTS), times(20, CHANGES), times(GIANT // 2, GIANT)
        await Stored(engine, agents, changes, giant).store()

    async def person(window: OpenedWindow) -> None:
        for name in ("Line", "Code", "Giant"):
            await pick(window, name)
            area = window.view.chat.area
            await window.until(lambda area=area: area.mounted and window.view.chat.model.rowCount(), "nothing is shown")
            bar = area.verticalScrollBar()
            for place in (bar.minimum(), bar.maximum() // 2, bar.maximum()):
                bar.setValue(place)
                await asyncio.sleep(0.01)
        await pick(window, "Blocks")
        await window.until(lambda: len(window.view.workspace.blocks.rows) == BLOCKS, "its blocks are not there")
        bar = window.view.window.panes["right"].findChild(QScrollArea).verticalScrollBar()
        for part in range(1, 5):
            bar.setValue(bar.maximum() * part // 4)
            await asyncio.sleep(0.01)
        await pick(window, "History")
        await window.press(Key.Key_2, CTRL)
        await window.until(lambda: window.view.centre.page == "history", "the history did not open")
        history = window.view.centre.page_named("history")
        await window.until(history.why.undo.isVisible, "no change was chosen")
        for _ in range(5):
            await window.press(Key.Key_Down)
            await asyncio.sleep(0.01)

    play_live(too_much, person)


def test_a_stall_is_noticed_and_a_wait_is_none(loop_watch: LoopWatch, wait_for: Callable[..., Any]) -> None:
    def work(ms: float) -> None:
        """Keeps the processor busy, as a layout does that grows with its content."""
        end = time.thread_time() + ms / 1000
        while time.thread_time() < end:
            pass

    async def going_on(ms: float) -> None:
        worked = asyncio.get_running_loop().create_future()
        QTimer.singleShot(0, lambda: (work(ms), worked.set_result(None)))
        await worked
        await asyncio.sleep(0.01)

    with no_stalls(loop_watch, MUCH_MS):
        wait_for(going_on(MUCH_MS / 10))
        wait_for(asyncio.sleep(MUCH_MS / 1000 + 0.05))
    with pytest.raises(AssertionError, match="stood still"), no_stalls(loop_watch, MUCH_MS):
        wait_for(going_on(MUCH_MS + 20))
