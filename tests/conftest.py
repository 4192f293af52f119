"""What every test stands on: tiers, own data folder, no outside network, no unexpected log line or thread."""

import gc
import json
import logging
import os
import random
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from app.adapters.models.variables import NAMES as VARIABLES
from tests.support.guards import network
from tests.support.processes import prefork
from tests.support.processes.screen import Screen, open_screen

ROOT = Path(__file__).resolve().parent.parent
DATA_FOLDER = "Läres data"
"""A name that trips careless quoting."""
LIVE = ROOT / "tests" / "live"
LONG_RESULT = ROOT / "tests" / "results" / "long.json"

# Set before Qt is imported; a display is asked for by setting the variable (QT_QPA_PLATFORM=xcb pytest ...).
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Servers that the person's own variables name are not for tests.
for _name in VARIABLES:
    os.environ.pop(_name, None)
# The person's own key ring is not for tests; secrets fall back to their file.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

hypothesis.settings.register_profile("tier1", derandomize=True, deadline=None, max_examples=20, database=None)
hypothesis.settings.register_profile("long", derandomize=True, deadline=None, max_examples=2000, database=None)


# Tiers


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lares")
    group.addoption("--long", action="store_true", help="only tests with full counts; writes tests/results/long.json")
    group.addoption("--live", action="store_true", help="only tests that need real model servers")
    group.addoption("--seed", type=int, default=0, help="the number all random choices of tests start from")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "tier1")
    config.stash[_RESULTS] = {}
    gc.disable()  # what collecting tests makes stays; `pytest_collection_finish` turns it on
    network.install_guard()
    if not config.getoption("--long") and not config.getoption("--live"):
        prefork.install()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Tests that would not run are not read either."""
    return True if collection_path == LIVE and not config.getoption("--live") else None


def pytest_collection_finish() -> None:
    """Collections of garbage need not look through thousands of collected tests each time."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    prefork.uninstall()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    long, live = config.getoption("--long"), config.getoption("--live")

    def belongs(item: pytest.Item) -> bool:
        is_live = item.get_closest_marker("live") is not None
        if live or is_live:
            return live and is_live
        is_long = item.get_closest_marker("long") is not None
        counted = "times" in getattr(item, "fixturenames", ())
        return is_long or counted if long else not is_long

    kept = [item for item in items if belongs(item)]
    config.hook.pytest_deselected(items=[item for item in items if not belongs(item)])
    items[:] = kept


@pytest.fixture
def times(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """`times(5, 50)`: how often to do it, in tier 1 and in `--long`. A test that asks for it runs in both tiers."""
    long = request.config.getoption("--long")
    return lambda tier1, full: full if long else tier1


_RESULTS = pytest.StashKey[dict[str, dict[str, Any]]]()


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`record(kills=50, seconds=81.2)` puts figures of this test into the result file of `--long`."""
    results = request.config.stash[_RESULTS].setdefault(_short_id(request.node), {})
    return lambda **figures: results.update(figures)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    results = item.config.stash[_RESULTS]
    if report.when == "call" or report.outcome != "passed":
        result = results.setdefault(_short_id(item), {})
        result["outcome"] = report.outcome
        result["took_s"] = round(report.duration, 1)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    results = session.config.stash[_RESULTS]
    if not session.config.getoption("--long") or session.config.getoption("collectonly") or not results:
        return
    if session.config.args_source is pytest.Config.ArgsSource.ARGS and LONG_RESULT.exists():
        # A part of the tests renews its part of the file.
        results = json.loads(LONG_RESULT.read_text("utf-8"))["tests"] | results
    report = {"seed": session.config.getoption("--seed"), "tests": dict(sorted(results.items()))}
    LONG_RESULT.parent.mkdir(exist_ok=True)
    LONG_RESULT.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    failed = os.environ.get("LARES_FAILED_CHECKS")
    if failed:
        terminalreporter.section("failed before the tests", red=True)
        terminalreporter.line(f"{failed}  (see above; the exit status says so too)")


def _short_id(item: pytest.Item) -> str:
    return item.nodeid.removeprefix("tests/")


# Guards: one fixture, as each costs every one of thousands of tests its part of a millisecond


class AllowedLogs:
    """The patterns of log lines a test expects; `allow_logs("database is corrupt")` adds one."""

    def __init__(self, patterns: list[str]) -> None:
        self.patterns = patterns

    def __call__(self, pattern: str) -> None:
        self.patterns.append(pattern)

    def has(self, line: str) -> bool:
        return any(re.search(pattern, line) for pattern in self.patterns)


@pytest.fixture
def allow_logs(request: pytest.FixtureRequest) -> AllowedLogs:
    return AllowedLogs([mark.args[0] for mark in request.node.iter_markers("allow_logs")])


@pytest.fixture(autouse=True)
def guarded(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow_logs: AllowedLogs
) -> Iterator[None]:
    """Runs around every test: its own data folder and random numbers; no outside network, log line or thread stays."""
    log = tmp_path / "network-attempts.txt"
    monkeypatch.setenv("LARES_DATA", str(tmp_path / DATA_FOLDER))
    monkeypatch.setenv(network.LOG_VARIABLE, str(log))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, [str(network.WATCHED), os.environ.get("PYTHONPATH")]))
    )
    random.seed(_seed(request))
    network.take_attempts()
    collector = _Collector()
    logging.getLogger().addHandler(collector)
    threads = set(threading.enumerate())
    yield
    left = _left_of(threads)
    logging.getLogger().removeHandler(collector)
    attempts = [*network.take_attempts(), *network.childrens_attempts(log)]
    faults: list[str] = []
    if left:
        faults.append(f"threads outlived their test: {', '.join(left)}")
    if unexpected := [line for line in collector.lines if not allow_logs.has(line)]:
        faults.append("unexpected log lines (allow_logs allows them):\n" + "\n".join(unexpected))
    if attempts:
        faults.append(f"this test reached for the network outside this computer: {', '.join(attempts)}")
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)

    @property
    def lines(self) -> list[str]:
        return [f"{record.levelname} {record.name}: {record.getMessage()}" for record in self._records]


def _left_of(before: set[threading.Thread]) -> list[str]:
    until = time.monotonic() + 3
    started = [thread for thread in threading.enumerate() if thread not in before and not _is_foreign(thread)]
    for thread in started:
        thread.join(max(0.0, until - time.monotonic()))
    return [thread.name for thread in started if thread.is_alive()]


def _is_foreign(thread: threading.Thread) -> bool:
    """Threads Qt or the test runner started: Python only knows them by a stand-in."""
    return thread.name.startswith(("Dummy-", "execnet"))


def _seed(request: pytest.FixtureRequest) -> int:
    """The same at each run; `--seed` gives others."""
    return zlib.crc32(request.node.nodeid.encode()) ^ request.config.getoption("--seed")


# What tests use


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def seeded_random(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(_seed(request))


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """The test's own data folder (LARES_DATA), not made yet."""
    return tmp_path / DATA_FOLDER


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """A real X11 screen for child processes (`env=screen.environment`); skips where Xvfb is not installed."""
    with open_screen() as opened:
        yield opened
