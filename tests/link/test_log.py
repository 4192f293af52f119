"""A log that somebody floods stays a log: the first lines of a kind, then how many more there were."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.link.log import FILE_BYTES, REPEATS, REPEATS_SECONDS, Repeats, open_log

log = logging.getLogger("tests.flood")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[logging.Handler, Path]]:
    root = logging.getLogger()
    level = root.level
    file = open_log(tmp_path, "engine", "INFO")
    yield file, tmp_path / "engine.log"
    root.removeHandler(file)
    root.setLevel(level)
    file.close()


def test_a_flood_is_counted_and_what_else_happens_stays_to_be_read(opened: tuple[logging.Handler, Path]) -> None:
    file, path = opened
    log.info("before")
    for number in range(1_031):
        log.info("connection %d was refused", number)
    log.info("after")
    file.close()
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == REPEATS + 3
    assert lines[0].endswith("before")
    assert lines[-2].endswith("after")
    assert lines[-1].endswith("... and 1,011 more like this one: connection 1030 was refused")


def test_faults_with_their_tracebacks_fill_no_file(opened: tuple[logging.Handler, Path]) -> None:
    file, path = opened
    for number in range(500):
        try:
            raise OSError(24, "Too many open files")
        except OSError:
            log.debug("not told at this level")
            logging.getLogger("tests.accept").info("accepting failed %d", number, exc_info=True)
    file.close()
    assert path.stat().st_size < FILE_BYTES / 100
    assert "480 more" in path.read_text("utf-8")


def test_after_a_minute_lines_are_written_again_and_kinds_are_counted_apart() -> None:
    clock = [0.0]
    repeats = Repeats(lambda: clock[0])

    def say(place: int, text: str) -> list[str]:
        record = logging.LogRecord("n", logging.WARNING, "file.py", place, text, (), None)
        return [one.getMessage() for one in repeats.passed(record)]

    for _ in range(REPEATS):
        assert say(1, "one") == ["one"]
    assert say(1, "one") == []
    assert say(2, "two") == ["two"]
    assert say(1, "another time") == []
    clock[0] = REPEATS_SECONDS
    assert say(2, "two") == ["... and 2 more like this one: another time", "two"]
    assert say(1, "one") == ["one"]
    assert repeats.rest() == []
