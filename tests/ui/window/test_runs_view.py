"""The run inspector: all runs, what each did, what went over the wire; it lives with the runs and stays quick."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from app.bootstrap import OpenEngine
from app.domain.message import MessageDraft
from app.ports.storage import Repositories
from app.ui.context.request.view import RequestView
from app.ui.runs.view import RunsView
from tests.support.engine.talking import events_of
from tests.support.window.opened_window import CTRL, OpenedWindow
from tests.support.window.sample import furnish_sample
from tests.support.window.seeing import texts

Wait = Callable[..., Any]
Play = Callable[[Callable[[OpenEngine], Awaitable[None]], Callable[[OpenedWindow], Awaitable[None]]], None]
MANY = 10_000


async def opened(window: OpenedWindow) -> RunsView:
    await window.press(Qt.Key.Key_4, CTRL)
    view = window.view.centre.page_named("run list")
    assert isinstance(view, RunsView)
    await window.until(lambda: names(view), "no run is shown")
    return view


def names(view: RunsView) -> list[str]:
    return [row.title for row in view.timeline.model().rows]


def test_a_run_is_shown_with_its_steps_and_its_bytes(window: OpenedWindow, wait_for: Wait) -> None:
    async def story() -> None:
        view = await opened(window)
        assert view.table.model().rowCount() == 2
        assert [name for name in names(view) if name != "Waited"] == [
            "Run",
            "Step 1",
            "Model call",
            "memory_replace",
            "Memory changed",
            "Step 2",
            "Model call",
        ]
        assert "2 steps, 1 tool call, 1 memory change" in texts(view)
        sent = view.exchange.text
        await window.until(lambda: '"role": "system"' in sent.toPlainText(), "its request is not shown")
        view.exchange.which.button("reply").click()
        await window.until(lambda: "data:" in view.exchange.text.toPlainText(), "no reply is shown")
        view.exchange.which.button("against").click()
        await window.until(lambda: "8 added" in texts(view.exchange), "no difference is shown")
        view.timeline.setCurrentIndex(view.timeline.model().index(1))
        await window.until(lambda: "removed" in texts(view.exchange), "not compared with the run before")
        view.exchange.open.click()
        await window.until(lambda: window.view.centre.page == "request", "the context view did not open")
        context = window.view.centre.page_named("request")
        assert isinstance(context, RequestView)
        await window.until(lambda: "This request" in texts(context), "another request is shown")
        view = await opened(window)
        view.open_history.click()
        await window.until(lambda: window.view.centre.page == "history", "the history did not open")
        await window.rest()

    wait_for(story(), 20)


async def runs_are_searched_folded_and_exported(window: OpenedWindow, view: RunsView, folder: Path) -> None:
    number = lambda: view.table.model().rowCount()  # noqa: E731
    view.filters.changes.click()
    await window.until(lambda: number() == 1, "a run that changed no memory is shown")
    view.filters.changes.click()
    await window.until(lambda: number() == 2, "it did not come back")
    view.filters.field.setText("NOT CHAD")
    await window.until(lambda: number() == 1, "a run that says nothing of it is shown")
    run_id = view.table.model().rows[0].run.id
    view.filters.begun.setCurrentIndex(view.filters.begun.findData("api"))
    view.filters.begun.activated.emit(0)
    await window.until(lambda: "No run matches" in texts(view), "no program began it")
    view.filters.begun.setCurrentIndex(0)
    view.filters.begun.activated.emit(0)
    view.filters.field.clear()
    await window.until(lambda: number() == 2 and "Step 2" in names(view), "the runs did not come back")
    view.timeline.setFocus()
    view.timeline.setCurrentIndex(view.timeline.model().index(names(view).index("Step 1")))
    whole = names(view)
    await window.press(Qt.Key.Key_Left)
    await window.until(lambda: "memory_replace" not in names(view), "a step is not folded")
    assert "Step 2" in names(view)
    await window.press(Qt.Key.Key_Right)
    await window.until(lambda: names(view) == whole, "a step stays folded")
    view.files.write(run_id, folder / "run.json")
    await window.until(lambda: (folder / "run.json").exists(), "nothing was exported")
    told = json.loads((folder / "run.json").read_text("utf-8"))
    assert told["run"]["id"] == run_id
    assert len(told["traces"]) == len(told["steps"]) == 2
    assert "not Chad" in told["traces"][0]["request"]


def test_it_lives_with_the_runs(window: OpenedWindow, wait_for: Wait, tmp_path: Path) -> None:
    async def story() -> None:
        view = await opened(window)
        await runs_are_searched_folded_and_exported(window, view, tmp_path)
        view.filters.status.button("failed").click()
        await window.until(lambda: "No run matches" in texts(view), "a run that did not fail is shown")
        view.filters.status.button("all").click()
        await window.until(lambda: view.table.model().rowCount() == 2, "the runs did not come back")
        window.server.hold(after=0)
        thread = window.view.workspace.conversation.active_id
        run = await window.services.runs.start(thread, MessageDraft.of("How are you?"))
        await window.until(lambda: view.table.model().rowCount() == 3, "the new run is not shown")
        status = view.table.model().index(0, 3)
        assert status.data() == "Running"
        view.table.selectRow(0)
        await window.until(lambda: names(view) == ["Run"], "the run that goes on is not shown")
        window.server.release()
        await events_of(window.services, run.id)
        await window.until(lambda: view.table.model().index(0, 3).data() == "Completed", "its end is not shown")
        await window.until(lambda: "Model call" in names(view), "its step is not shown")
        await window.rest()

    wait_for(story(), 20)


@pytest.mark.much
def test_ten_thousand_runs_stall_nothing(play_live: Play) -> None:
    async def many(engine: OpenEngine) -> None:
        juno = await furnish_sample(engine.services)
        newest = (await engine.services.runs.list(juno.id, limit=1))[0]
        await engine.storage.write(lambda repos: copy_run(repos, newest.id))

    async def person(window: OpenedWindow) -> None:
        view = await opened(window)
        model = view.table.model()
        for _ in range(4):
            known = model.rowCount()
            view.table.scrollToBottom()
            await window.until(lambda known=known: model.rowCount() > known, "no further runs are read")
        assert model.rowCount() < MANY, "all were read at once"
        await window.rest()

    play_live(many, person)


def copy_run(repos: Repositories, run_id: str) -> None:
    db: Any = repos.runs.db  # type: ignore[attr-defined]
    columns = [row[1] for row in db.exec_driver_sql("PRAGMA table_info(runs)") if row[1] not in ("seq", "id")]
    listed = ", ".join(columns)
    db.exec_driver_sql(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) "
        f"INSERT INTO runs (id, {listed}) SELECT printf('run-00000009-0000-4000-8000-%012x', i), {listed} "
        "FROM n, runs WHERE runs.id = ?",
        (run_id,),
    )
