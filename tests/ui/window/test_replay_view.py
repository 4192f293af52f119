"""Replay in the window: how it went then, beside what another model makes of it; stopped where a person says so."""

from collections.abc import Callable
from typing import Any

from app.ui.runs.replay.view import ReplayView
from app.ui.runs.view import RunsView
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import texts

Wait = Callable[..., Any]
INSERT = ToolCall("memory_insert", {"label": "human", "new_string": "Is called Brad."})


async def from_first_step(window: OpenedWindow) -> ReplayView:
    """As a person comes there: from a step of a run."""
    window.view.show_tab("run list")
    runs = window.view.centre.page_named("run list")
    assert isinstance(runs, RunsView)
    await window.until(lambda: runs.timeline.model().rowCount() > 5, "no run is shown")
    step = next(at for at, row in enumerate(runs.timeline.model().rows) if row.title == "Step 1")
    runs.timeline.setCurrentIndex(runs.timeline.model().index(step))
    runs.replay.click()
    view = window.view.centre.page_named("replay")
    assert isinstance(view, ReplayView)
    await window.until(lambda: "memory_replace" in texts(view), "it is not shown how it went then")
    return view


def test_another_model_stands_beside_how_it_went(window: OpenedWindow, wait_for: Wait) -> None:
    async def story() -> None:
        view = await from_first_step(window)
        assert "“My name is Brad, not Chad.”" in texts(view.setup)
        assert view.setup.pickers[0].handle == "llama/ministral-3:8b"
        window.server.queue(Reply(reasoning="It is Brad.", calls=(INSERT,)), Reply(text="Saved, Brad."))
        view.setup.play.click()
        await window.until(lambda: "Saved, Brad." in texts(view), "no answer is shown")
        wanted = {"other tool", "on a copy", "recorded", "It is Brad."}
        await window.until(lambda: wanted <= set(texts(view).split("\n")), "its calls are not shown")
        await window.until(lambda: "Is called Brad." in texts(view), "the change is not shown")
        await window.until(view.setup.play.isEnabled, "it did not end")
        blocks = await window.services.blocks.of_agent(window.view.workspace.agent.id)
        assert not any("Is called Brad." in block.value for block in blocks), "the agent's memory changed"
        await window.rest()

    wait_for(story(), 20)


def test_a_replay_is_stopped_and_a_model_that_is_gone_says_so(window: OpenedWindow, wait_for: Wait) -> None:
    async def story() -> None:
        view = await from_first_step(window)
        window.server.hold(after=0)
        view.setup.play.click()
        await window.until(view.setup.stop.isVisible, "it does not play")
        view.setup.stop.click()
        await window.until(view.setup.play.isEnabled, "it was not stopped")
        window.server.release()
        view.setup.pickers[0].show_model("nowhere/gone")
        view.setup.play.click()
        await window.until(lambda: "belongs to no server" in texts(view), "nothing is said of the model")
        await window.rest()

    wait_for(story(), 20)
