"""A whole window per test, over fake services: empty, or with the household of the sample."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import qasync
from PySide6.QtWidgets import QApplication

from tests.support.window.fake_services import FakeServices, fake_services
from tests.support.window.household import Furnish, Household
from tests.support.window.households import connect_ollama
from tests.support.window.live_window import LiveWindow, play
from tests.support.window.looks import plain_theme
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.sample import furnish_sample


@pytest.fixture
def services(loop: qasync.QEventLoop) -> FakeServices:
    return fake_services()


@pytest.fixture
def empty_window(
    qapp: QApplication, loop: qasync.QEventLoop, services: FakeServices, tmp_path: Path, wait_for: Callable[..., Any]
) -> Iterator[OpenedWindow]:
    opened = OpenedWindow(plain_theme(qapp), tmp_path, services)
    wait_for(opened.open())
    yield opened
    wait_for(opened.close())


@pytest.fixture
def window(
    qapp: QApplication, loop: qasync.QEventLoop, services: FakeServices, tmp_path: Path, wait_for: Callable[..., Any]
) -> Iterator[OpenedWindow]:
    wait_for(furnish_sample(services))
    opened = OpenedWindow(plain_theme(qapp), tmp_path, services)
    wait_for(opened.open())
    yield opened
    wait_for(opened.close())


@pytest.fixture
def home(
    qapp: QApplication, loop: qasync.QEventLoop, services: FakeServices, tmp_path: Path, wait_for: Callable[..., Any]
) -> Iterator[OpenedWindow]:
    """A household with an Ollama."""
    connect_ollama(services)
    wait_for(furnish_sample(services))
    opened = OpenedWindow(plain_theme(qapp), tmp_path, services)
    wait_for(opened.open())
    yield opened
    wait_for(opened.close())


@pytest.fixture
def play_live(
    qapp: QApplication, household: Household, data_folder: Path, wait_for: Callable[..., Any]
) -> Callable[[Furnish, Callable[[LiveWindow], Awaitable[None]]], None]:
    """`play_live(furnish, story)`: a window over a real engine."""

    def lived(furnish: Furnish, story: Callable[[LiveWindow], Awaitable[None]]) -> None:
        wait_for(play(household, data_folder, plain_theme(qapp), furnish, story), 30)

    return lived
