"""The list of models that comes with Lares, seen from computers of several sizes."""

import pytest

from app.domain.fitness import FitReport, Verdict
from app.domain.model import Model
from app.services.models.recommended import GB, Pace, advised_context, listed, pace_of, recommended, too_slow


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


def report_of(name: str, size: float, speed: float | None, verdict: Verdict) -> tuple[Model, FitReport]:
    model = Model(handle=f"ollama/{name}", provider="ollama", name=name, size_bytes=round(size * GB))
    report = {"handle": model.handle, "passed": 7, "of": 7, "tasks": (), "verdict": verdict, "tested_at": 1}
    return model, FitReport.model_validate(report | {"tokens_per_second": speed})


def pace(*found: tuple[Model, FitReport], bytes_per_second: int | None = None) -> Pace:
    reports = {report.handle: report for _, report in found}
    return pace_of([model for model, _ in found], reports, bytes_per_second)


TWO_CORES = 10 * GB


@pytest.mark.parametrize(
    ("gigabytes", "known", "best"),
    [
        (24, pace(bytes_per_second=TWO_CORES), "gpt-oss:20b"),
        (16, pace(bytes_per_second=TWO_CORES), "qwen3.5:4b"),
        (16, pace(bytes_per_second=2 * TWO_CORES), "qwen3.5:9b"),
        (32, pace(bytes_per_second=TWO_CORES), "qwen3.5:35b-a3b"),
        (64, pace(bytes_per_second=3 * GB), None),
        (24, pace(report_of("tiny", 1.0, 9.0, "good")), "gpt-oss:20b"),
        (24, pace(report_of("tiny", 1.0, 9.0, "good"), bytes_per_second=400 * GB), "gpt-oss:20b"),
        (24, pace(report_of("tiny", 1.0, 90.0, "good"), bytes_per_second=TWO_CORES), "qwen3:14b"),
        (24, pace(report_of("tiny", 1.0, 90.0, "unfit")), "qwen3:14b"),
        (24, pace(report_of("tiny", 1.0, 90.0, "good"), report_of("large", 8.0, 0.5, "good")), "qwen3:4b"),
        (24, pace(report_of("tiny", 1.0, None, "good")), "qwen3:14b"),
        (16, pace(report_of("toy", 0.005, 9_414.0, "unfit"), bytes_per_second=TWO_CORES), "qwen3.5:4b"),
        (24, pace(report_of("toy", 0.005, 9_414.0, "unfit"), report_of("tiny", 1.0, 9.0, "good")), "gpt-oss:20b"),
        (24, pace(report_of("other-a3b", 20.0, 0.1, "good")), "qwen3:14b"),
        (24, pace(report_of("qwen3:30b-a3b", 19.0, 4.0, "good")), "gpt-oss:20b"),
    ],
)
def test_what_would_be_too_slow_is_not_advised(gigabytes: int, known: Pace, best: str | None) -> None:
    rows = recommended(gigabytes * GB, {}, {}, known)
    assert [row.name for row in rows if row.best] == ([best] if best else [])
    assert all(not row.too_slow or row.note.rpartition("Too slow here: ")[1] for row in rows)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("qwen3:14b", "Too slow here: about 1 token a second."),
        ("devstral-small-2:24b", "Too slow here: about 2 seconds for each token."),
    ],
)
def test_how_slow_it_would_be_is_said(name: str, told: str) -> None:
    """Two cores without a graphics card."""
    row = next(row for row in recommended(64 * GB, {}, {}, pace(bytes_per_second=TWO_CORES)) if row.name == name)
    assert row.too_slow
    assert row.note.endswith(told)


def test_the_test_of_a_model_itself_counts_more_than_what_others_tell() -> None:
    model, report = report_of("qwen3:14b", 9.3, 12.0, "good")
    installed = {model.name: model}
    rows = recommended(24 * GB, installed, {model.handle: report}, pace(report_of("tiny", 1.0, 1.0, "good")))
    assert next(row.name for row in rows if row.best) == "qwen3:14b"
    assert not rows[2].too_slow
    slow = report.model_copy(update={"tokens_per_second": 1.2})
    rows = recommended(24 * GB, installed, {model.handle: slow}, pace(bytes_per_second=400 * GB))
    assert (rows[2].too_slow, rows[2].tokens_per_second) == (True, 1.2)
    assert not rows[2].best


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [
        ("qwen3:8b", 5.2, ""),
        ("somebody/own-8b", 5.2, ""),
        ("somebody/own-14b", 9.3, "Too slow here: about 1 token a second."),
        ("mistral-small3.2:24b", 15.0, "Too slow here: about 1 token a second."),
        ("somebody/own-24b", 15.0, "Too slow here: about 1 token a second."),
        ("somebody/own-70b", 40.0, "Too slow here: about 4 seconds for each token."),
        ("somebody/own-30b-a3b", 19.0, ""),
        ("qwen3:30b-a3b", 19.0, ""),
    ],
)
def test_one_rule_says_of_models_in_the_list_and_of_others_that_they_are_too_slow(
    name: str, size: float, told: str
) -> None:
    model = Model(handle=f"ollama/{name}", provider="ollama", name=name, size_bytes=round(size * GB))
    found = too_slow([model], {}, pace(bytes_per_second=round(10.5 * GB)))
    assert found == ({model.handle: told} if told else {})
    rows = recommended(64 * GB, {name: model}, {}, pace(bytes_per_second=round(10.5 * GB)))
    assert [row.too_slow for row in rows if row.installed] in ([], [bool(told)])


def test_a_test_of_a_model_of_no_list_counts_more_than_an_estimate() -> None:
    model, report = report_of("somebody/own-24b", 15.0, 9.0, "good")
    assert too_slow([model], {model.handle: report}, pace(bytes_per_second=GB)) == {}
    slow = report.model_copy(update={"tokens_per_second": 0.5})
    told = {model.handle: "Too slow here: about 2 seconds for each token."}
    assert too_slow([model], {model.handle: slow}, pace(bytes_per_second=400 * GB)) == told
