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
    assert clock.now() == first
    monkeypatch.setattr(time, "time_ns", lambda: (first + 5) * 1000)
    assert clock.now() == first + 5


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
