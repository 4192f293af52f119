"""The list of models that comes with Lares, seen from computers of several sizes."""

import pytest

from app.domain.fitness import FitReport
from app.domain.model import Model
from app.services.models.recommended import GB, advised_context, listed, recommended


@pytest.mark.parametrize(
    ("gigabytes", "best", "context"),
    [
        (4, None, 8192),
        (8, "qwen3.5:4b", 8192),
        (16, "qwen3.5:9b", 16_384),
        (24, "qwen3:14b", 16_384),
        (32, "qwen3.5:35b-a3b", 32_768),
        (64, "qwen3.5:35b-a3b", 32_768),
    ],
)
def test_the_first_that_fits_is_advised(gigabytes: int, best: str | None, context: int) -> None:
    rows = recommended(gigabytes * GB, {}, {})
    assert [row.name for row in rows if row.best] == ([best] if best else [])
    assert advised_context(gigabytes * GB) == context
    assert {row.context_window for row in rows} == {context}


def test_need_is_file_and_context_and_room_to_work() -> None:
    row = next(row for row in recommended(16 * GB, {}, {}) if row.name == "qwen3:8b")
    assert (row.size_bytes, row.need_bytes) == (5_200_000_000, 8_600_000_000)
    assert row.fits == "fits"


def test_what_does_not_fit_is_said_to_be_tight_or_too_big() -> None:
    by_name = {row.name: row.fits for row in recommended(16 * GB, {}, {})}
    assert by_name["gpt-oss:20b"] == "tight"
    assert by_name["qwen3.5:35b-a3b"] == "too_big"
    assert {row.fits for row in recommended(None, {}, {})} == {"unknown"}


def test_an_installed_one_counts_with_its_own_size_and_its_test() -> None:
    model = Model(handle="ollama/qwen3.5:9b", provider="ollama", name="qwen3.5:9b", size_bytes=7 * GB)
    report = FitReport(
        handle=model.handle, passed=1, of=7, tasks=(), verdict="unfit", sentence="It cannot.", tested_at=1
    )
    rows = {row.name: row for row in recommended(16 * GB, {model.name: model}, {model.handle: report})}
    mine = rows["qwen3.5:9b"]
    assert (mine.installed, mine.handle, mine.size_bytes, mine.fitness) == (True, model.handle, 7 * GB, report)
    assert not mine.best, "what a test found unfit is not advised"
    assert rows["qwen3:8b"].best


def test_every_entry_says_something_and_is_there_once() -> None:
    names = [one.name for one in listed()]
    assert len(names) == len(set(names))
    assert all(one.note.endswith(".") and one.size > GB and one.kv > 0 and one.trained >= 32_768 for one in listed())
