"""A whole window per test, over a real engine: empty, or with the sample. Model servers are scripted."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from tests.support.guards.stalls import MUCH_MS, USUAL_MS, no_stalls
from tests.support.window.household import Furnish, Household, LiveEngine
from tests.support.window.looks import plain_theme
from tests.support.window.loop_watch import LoopWatch
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.sample import sampled, sampled_with_ollama

Wait = Callable[..., Any]
Opened = Callable[[Path, LiveEngine], AbstractContextManager[OpenedWindow]]


@pytest.fixture(scope="session")
def loop_watch(qapp: QApplication) -> LoopWatch:
    """One for all: it listens to Qt's dispatcher as long as it lives."""
    return LoopWatch(qapp)


@pytest.fixture
def longest_turn(request: pytest.FixtureRequest) -> float:
    """Milliseconds of processor time that the window's loop may be away in this test."""
    return MUCH_MS if request.node.get_closest_marker("much") else USUAL_MS


@pytest.fixture
def opened(qapp: QApplication, wait_for: Wait, loop_watch: LoopWatch, longest_turn: float) -> Opened:
    """`with opened(folder, engine) as window:`, closed at the end, with its engine. Nothing may stall it."""

    @contextmanager
    def opened(folder: Path, engine: LiveEngine) -> Iterator[OpenedWindow]:
        window = OpenedWindow(plain_theme(qapp), folder, engine)
        wait_for(window.open())
        try:
            with no_stalls(loop_watch, longest_turn):
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
def slow_window(household: Household, data_folder: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    """The sample, behind a link that is slow where a test wants it to be."""
    live = wait_for(household.open(data_folder, sampled), 15)
    wait_for(live.slow_down())
    with opened(data_folder, live) as window:
        yield window


@pytest.fixture
def home(household: Household, data_folder: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    """The sample in a household with an Ollama, which has loaded one of its models."""
    live = wait_for(household.open(data_folder, sampled_with_ollama(household.ollama.url)), 15)
    household.ollama.loaded["ministral-3:8b"] = 16_384
    with opened(data_folder, live) as window:
        wait_for(window.until(lambda: window.view.view.catalog.known.complete, "no models"))
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
