"""The history of memory in the window: a life on its timeline, compared, restored and forked."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.domain.agent import AgentPatch
from app.domain.block import BlockPatch
from app.domain.history import Actor, Origin, kind_of
from app.ui.memory.history.view import HistoryView
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.sample import furnish_sample

Wait = Callable[..., Any]
AGENT = Origin(actor=Actor(kind="agent", name="Juno"), run_id="run-7f3a", tool_name="memory_replace")
API = Origin(actor=Actor(kind="api", name="shortcuts"))
TEXTS = (
    ("Name: Chad.\nPartner: Mia.\nCooks on Saturdays.", AGENT),
    ("Name: Chad.\nPartner: Mia, vegetarian.\nCooks on Saturdays.", Origin()),
    ("Name: Brad.\nPartner: Mia, vegetarian.\nCooks on Saturdays.", AGENT),
    ("Name: Brad.\nPartner: Mia, vegetarian.\nCooks on Saturdays, has one hour.\nSpeaks German.", API),
)


async def a_life(engine: Any) -> None:
    services = engine.services
    juno = await furnish_sample(services)
    human = next(block for block in await services.blocks.of_agent(juno.id) if block.label == "human")
    for text, origin in TEXTS:
        await services.blocks.update(human.id, BlockPatch(value=text), origin=origin)
    await services.history.undo((await services.history.of_block(human.id, limit=1))[0].seq)
    await services.agents.update(juno.id, AgentPatch(model="demo/vesta", system="Be brief."))


async def opened_history(window: OpenedWindow) -> HistoryView:
    rows = {row.agent.name: row.agent for row in window.view.workspace.agents.rows}
    window.view.workspace.open(rows["Juno"].id)
    await window.until(lambda: window.view.workspace.agent.name == "Juno", "Juno did not open")
    window.view.show_tab("memory")
    page = window.view.centre.page_named("history")
    assert isinstance(page, HistoryView)
    await window.until(lambda: page._life is not None and page._chosen is not None, "no life")
    return page


def test_two_points_are_compared_restored_and_forked(play_live: Callable[..., None]) -> None:
    async def story(window: OpenedWindow) -> None:
        page = await opened_history(window)
        juno = window.view.workspace.agent
        life = await window.services.history.life(juno.id)
        assert page._life is not None
        assert page._life.counts == life.counts
        assert {"agent", "user", "api", "undo"} <= set(page.timeline.lanes)
        page._way.button("between").click()
        for _ in range(5):
            page._step(1)
        await window.until(lambda: any(page.between.diff._writers), "nobody is named beside the lines")
        rows = {(row.kind, row.text): page.between.diff.writer_of(row) for row in page.between.diff.rows}
        assert rows["add", "Name: Brad."].words.startswith("Juno, ")
        assert rows["add", "Partner: Mia, vegetarian."].words.startswith("You, ")
        assert rows["remove", "Name: Chad."].token == "accent"
        assert "1 by Juno" in page.between._summary.whole_text

        def value() -> str:
            rows = window.view.workspace.blocks.rows
            return next((row.block.value for row in rows if row.block.label == "human"), "")

        before, point = value(), page._chosen
        assert point is not None
        page.why.restore_all.click()
        await window.until(lambda: window.view.view.ask.isVisible(), "no question")
        window.view.view.ask.answer("restore")
        await window.until(lambda: value() == TEXTS[0][0], "nothing was restored")
        await window.until(lambda: window.view.view.toasts.toasts, "no way back")
        await window.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await window.until(lambda: value() == before, "one undo does not take all back")
        window.view.show_tab("memory")
        page._begin_at(point.seq)
        await window.until(lambda: page._chosen is not None and page._chosen.seq == point.seq, "not at the point")
        assert page._newest_row.isVisible()
        page.why.fork.click()
        await window.until(lambda: window.view.workspace.agent.name == "Juno (fork)", "the fork did not open")
        await window.until(lambda: value() == TEXTS[0][0], "it has another memory")

    play_live(a_life, story)


def test_the_timeline_is_walked_by_keys_and_by_hand(play_live: Callable[..., None]) -> None:
    async def story(window: OpenedWindow) -> None:
        page = await opened_history(window)
        newest = page._chosen
        assert newest is not None
        page.timeline.setFocus()
        await window.press(Qt.Key.Key_Left)
        assert page._chosen is not None
        assert page._chosen.seq < newest.seq
        await window.press(Qt.Key.Key_Right)
        assert page._chosen.seq == newest.seq
        await window.press(Qt.Key.Key_Home)
        await window.until(lambda: page._chosen is not None and page._chosen.at == page._life.began, "not the first")
        await window.press(Qt.Key.Key_End)
        await window.until(lambda: page._chosen is not None and page._chosen.seq == newest.seq, "not the newest")
        await a_life_is_played(window, page)
        await the_ring_goes_through_the_panes_and_notices_cover_no_reason(window, page)
        page._kinds.button("api").click()
        await window.until(lambda: {kind_of(one) for one in page._model.events} == {"api"}, "not filtered")
        assert page._life is not None
        tick = next(tick for tick in page._life.ticks if tick.kind == "api")
        place = QPoint(page.timeline.x_of(tick.at), page.timeline._lane_y("api"))
        QTest.mouseClick(page.timeline, Qt.MouseButton.LeftButton, pos=place)
        await window.until(
            lambda: page._chosen is not None and page._chosen.seq == tick.last_seq, "not the clicked one"
        )
        page.timeline.moved.emit("b", page._life.since + (page._life.until - page._life.since) // 2)
        await window.until(lambda: page._b is not None, "B did not move")
        assert page._way.current == "between"

    play_live(a_life, story)


async def a_life_is_played(window: OpenedWindow, page: HistoryView) -> None:
    """From the newest change on it begins with the oldest, and stops where it came from."""
    newest, seen = page._chosen, list[int]()
    assert newest is not None
    page._list.selectionModel().currentChanged.connect(lambda: seen.append(page._chosen.seq if page._chosen else 0))
    page._playing.setInterval(1)
    page.play.click()
    assert page.play.text() == "Stop"
    await window.until(lambda: page.play.text() == "Play", "it plays on without end")
    assert seen == sorted(set(seen)), "not in the order in which it happened"
    assert seen[-1] == newest.seq


async def the_ring_goes_through_the_panes_and_notices_cover_no_reason(window: OpenedWindow, page: HistoryView) -> None:
    window.window.resize(1440, 900)
    page._list.setFocus()
    for inside in (page.panes.splitter.widget(1), page.why):
        await window.press(Qt.Key.Key_F6)
        assert inside.isAncestorOf(window.focus), "F6 leaves out a pane"  # type: ignore[union-attr]
    toasts, foot = window.view.view.toasts, page.why._foot
    window.view.view.tell("Backed up", "", "done")
    assert toasts.y() >= foot.mapTo(window.window, QPoint(0, foot.height())).y(), "a notice lies over the ways back"
    toasts.clear()
    assert foot.mapTo(page.why, QPoint(0, foot.height())).y() == page.why.height()
