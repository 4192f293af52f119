"""One verb of the window: what is told when it is done or cannot be, and its way back."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import qasync
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from app.domain.error import Invalid
from app.ui.bridge.engine_connection import LiveServices
from app.ui.bridge.tasks import Tasks
from app.ui.kit.toast import ToastHost
from app.ui.state.ask import Ask
from app.ui.state.errors import Errors
from app.ui.state.model_catalog import ModelCatalog
from app.ui.state.preferences import Preferences
from app.ui.state.view_context import Notice, ViewContext
from app.ui.state.workspace import Workspace
from app.ui.theme import Theme

Wait = Callable[..., Any]


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def view(window: QWidget, theme: Theme, tmp_path: Path, loop: qasync.QEventLoop) -> ViewContext:
    errors = Errors(window)
    tasks, services = Tasks(errors.take), cast(Any, LiveServices())
    context = ViewContext(
        theme,
        services,
        tasks,
        Workspace(services, tasks, window),
        Preferences(tmp_path),
        Ask(theme, window),
        ToastHost(theme, window),
        ModelCatalog(services, tasks, window),
    )
    errors.told.connect(context.tell_error)
    return context


async def gives(value: int) -> int:
    return value


async def refused() -> int:
    raise Invalid("That cannot be.", hint="Try another one.")


def said(view: ViewContext) -> list[tuple[str, str, str]]:
    return [(toast.kind, toast.text.text(), toast.detail.text()) for toast in view.toasts.toasts]


def test_what_was_done_is_told(view: ViewContext, window: QWidget, wait_for: Wait) -> None:
    async def check() -> None:
        await view.run(gives(3), window)
        await view.run(gives(3), window, done=Notice("Saved", "As ever"))
        await view.run(gives(3), window, done=lambda number: Notice(f"Version {number}"))

    wait_for(check())
    assert said(view) == [("done", "Saved", "As ever"), ("done", "Version 3", "")]


def test_undo_is_offered_with_the_notice_and_gets_the_result(
    view: ViewContext, window: QWidget, wait_for: Wait
) -> None:
    undone: list[int] = []

    async def check() -> None:
        await view.run(gives(3), window, done=Notice("Deleted"), undo=undone.append)
        await view.run(gives(4), window, done=Notice("Undone", undo_label="Redo"), undo=undone.append)

    wait_for(check())
    first, second = [toast.button for toast in view.toasts.toasts]
    assert first is not None
    assert second is not None
    assert (first.text(), second.text(), undone) == ("Undo", "Redo", [])
    second.click()
    first.click()
    assert undone == [4, 3]


def test_what_was_refused_is_told_unless_the_view_says_it_itself(
    view: ViewContext, window: QWidget, wait_for: Wait
) -> None:
    own: list[str] = []

    async def check() -> None:
        for failed in (None, lambda error: own.append(error.message)):
            with pytest.raises(Invalid):
                await view.run(refused(), window, done=Notice("Saved"), undo=print, failed=failed)

    wait_for(check())
    assert said(view) == [("error", "That cannot be.", "Try another one.")]
    assert own == ["That cannot be."]


def test_nothing_is_told_when_whoever_did_it_is_gone(view: ViewContext, window: QWidget, wait_for: Wait) -> None:
    async def check() -> None:
        card = QWidget(window)
        work = view.run(gives(3), card, done=Notice("Saved"))
        delete(card)
        await asyncio.wait([work])
        assert work.cancelled()

    wait_for(check())
    assert said(view) == []
