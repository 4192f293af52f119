"""The real clock and the real ids."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.adapters.system import RandomIds, SystemClock
from app.domain.ids import is_id


def test_the_clock_tells_utc_in_microseconds() -> None:
    assert abs(SystemClock().now() - time.time() * 1e6) < 5e6


def test_the_clock_never_goes_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    first = clock.now()
    monkeypatch.setattr(time, "time_ns", lambda: (first - 3_600_000_000) * 1000)
    assert first <= clock.now() < first + 5_000_000
    monkeypatch.setattr(time, "time_ns", lambda: (first + 3_600_000_000) * 1000)
    assert clock.now() == first + 3_600_000_000


@pytest.mark.parametrize("jump", [-1, -3600, -40 * 86400, -6 * 365 * 86400, 40 * 86400])
def test_a_clock_that_is_set_does_not_make_time_stand_still(monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    clock, wall, ticks = SystemClock(), time.time_ns(), time.monotonic_ns()
    before = clock.now()
    for second in range(1, 4):
        monkeypatch.setattr(time, "time_ns", lambda at=second: wall + (jump + at) * 1_000_000_000)
        monkeypatch.setattr(time, "monotonic_ns", lambda at=second: ticks + at * 1_000_000_000)
        assert clock.now() - before >= (second - 0.5) * 1_000_000
    assert clock.ticks() == (ticks + 3_000_000_000) // 1000


def test_the_clock_may_be_asked_by_several_threads() -> None:
    clock = SystemClock()
    with ThreadPoolExecutor(4) as pool:
        for times in pool.map(lambda _: [clock.now() for _ in range(500)], range(4)):
            assert times == sorted(times)


def test_ids_name_their_kind_and_differ() -> None:
    ids = RandomIds()
    made = [ids.new("agent") for _ in range(100)]
    assert len(set(made)) == 100
    assert all(is_id(each, "agent") for each in made)
