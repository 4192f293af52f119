"""The window's tests: one QApplication with the shipped fonts, and one loop for coroutines and Qt events together."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytestqt.plugin
import qasync
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.ui.theme import Theme
from tests.support.window.household import Household, opened_household
from tests.support.window.looks import plain_theme

W = TypeVar("W", bound=QWidget)
FONTS = Path(__file__).resolve().parents[2] / "resources" / "fonts"


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    qapp.setStyle("Fusion")
    for font in sorted(FONTS.glob("*.[ot]tf")):
        assert QFontDatabase.addApplicationFont(str(font)) >= 0, f"{font.name} is no font Qt can read"
    font = qapp.font()
    font.setFamily("Inter")
    qapp.setFont(font)
    return qapp


@pytest.fixture(autouse=True)
def no_widget_stays() -> Iterator[None]:
    """Widgets that outlive their test make every later change of the stylesheet slower: each is dressed again."""
    before = set(QApplication.topLevelWidgets()) if QApplication.instance() else set()
    yield
    if not QApplication.instance():
        return
    for widget in QApplication.topLevelWidgets():
        if widget not in before:
            widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class WindowLoop(qasync.QEventLoop):
    """Counts as running to its end: it works off Qt's events once more when its work is done, steps of tasks too."""

    def run_forever(self) -> Any:
        try:
            return super().run_forever()
        finally:
            asyncio._set_running_loop(self)

    def run_until_complete(self, future: Any) -> Any:
        try:
            return super().run_until_complete(future)
        finally:
            asyncio._set_running_loop(None)


_the_loop: list[WindowLoop] = []
"""One, whoever asks: `tests/whole` has the fixture below too, and there is one QApplication."""


def pytest_sessionfinish() -> None:
    """Its threads end before Qt does, as at the end of the window's process."""
    for loop in _the_loop:
        loop.close()


@pytest.fixture(scope="session")
def _session_loop(qapp: QApplication) -> Iterator[qasync.QEventLoop]:
    if _the_loop:
        yield _the_loop[0]
        return
    loop = WindowLoop(qapp)
    _the_loop.append(loop)
    asyncio.set_event_loop(loop)
    process = pytestqt.plugin._process_events

    def process_as_if_the_loop_ran() -> None:
        """Between the parts of a test the runner has Qt work off its events, and with them steps of tasks."""
        asyncio._set_running_loop(loop)
        try:
            process()
        finally:
            asyncio._set_running_loop(None)

    # Kept until the process ends: the other fixture may outlive this one.
    pytestqt.plugin._process_events = process_as_if_the_loop_ran
    yield loop


@pytest.fixture
def loop(_session_loop: qasync.QEventLoop) -> Iterator[qasync.QEventLoop]:
    """The loop of the window's process. A task that is still waiting when its test ends fails the test."""
    yield _session_loop
    left = [task for task in asyncio.all_tasks(_session_loop) if not task.done()]
    for task in left:
        task.cancel()
    if left:
        _session_loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    assert not left, "tasks outlived their test: " + ", ".join(str(task.get_coro()) for task in left)


@pytest.fixture
def wait_for(loop: qasync.QEventLoop) -> Callable[..., Any]:
    """`result = wait_for(coroutine, seconds=5)`, with Qt events going on; a busy machine gets four times that."""

    def wait(work: Awaitable[Any], seconds: float = 5) -> Any:
        return loop.run_until_complete(asyncio.wait_for(work, 4 * seconds))

    return wait


@pytest.fixture(scope="session")
def household() -> Iterator[Household]:
    with opened_household() as opened:
        yield opened


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return plain_theme(qapp)


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Callable[[W], W]]:
    """Shows a widget in a window that has the keyboard."""

    kept: list[QWidget] = []

    def shown(widget: W) -> W:
        kept.append(widget)
        qtbot.addWidget(widget)
        with qtbot.waitActive(widget):
            widget.show()
            widget.activateWindow()
        return widget

    yield shown
    kept.clear()
