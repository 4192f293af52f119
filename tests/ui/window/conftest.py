"""A whole window per test, over a real engine: empty, or with the sample. Model servers are scripted or faked."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import qasync
from PySide6.QtWidgets import QApplication

from tests.support.window.fake_services import FakeServices, fake_services
from tests.support.window.household import Furnish, Household, LiveEngine
from tests.support.window.households import connect_ollama
from tests.support.window.looks import plain_theme
from tests.support.window.opened_window import FakeEngine, OpenedWindow
from tests.support.window.sample import furnish_sample, sampled

Wait = Callable[..., Any]
Opened = Callable[[Path, LiveEngine | FakeEngine], AbstractContextManager[OpenedWindow]]


@pytest.fixture
def services(loop: qasync.QEventLoop) -> FakeServices:
    return fake_services()


@pytest.fixture
def opened(qapp: QApplication, wait_for: Wait) -> Opened:
    """`with opened(folder, engine) as window:`, closed at the end, with its engine."""

    @contextmanager
    def opened(folder: Path, engine: LiveEngine | FakeEngine) -> Iterator[OpenedWindow]:
        window = OpenedWindow(plain_theme(qapp), folder, engine)
        wait_for(window.open())
        try:
            yield window
        finally:
            engine.release()
            wait_for(window.close())
            wait_for(engine.close())

    return opened


@pytest.fixture
def empty_window(household: Household, data_folder: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    with opened(data_folder, wait_for(household.open(data_folder), 15)) as window:
        yield window


@pytest.fixture
def window(household: Household, data_folder: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    with opened(data_folder, wait_for(household.open(data_folder, sampled), 15)) as window:
        yield window


@pytest.fixture
def faked_window(services: FakeServices, tmp_path: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    """For what other programs and servers do: the fakes do it at a word."""
    wait_for(furnish_sample(cast(Any, services)))
    with opened(tmp_path, FakeEngine(services)) as window:
        yield window


@pytest.fixture
def home(services: FakeServices, tmp_path: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    """A household with an Ollama."""
    connect_ollama(services)
    wait_for(furnish_sample(cast(Any, services)))
    with opened(tmp_path, FakeEngine(services)) as window:
        yield window


@pytest.fixture
def play_live(
    household: Household, data_folder: Path, wait_for: Wait, opened: Opened
) -> Callable[[Furnish, Callable[[OpenedWindow], Awaitable[None]]], None]:
    """`play_live(furnish, story)`: a window over an engine that has what `furnish` made."""

    def lived(furnish: Furnish, story: Callable[[OpenedWindow], Awaitable[None]]) -> None:
        with opened(data_folder, wait_for(household.open(data_folder, furnish), 15)) as window:
            wait_for(story(window), 30)

    return lived
