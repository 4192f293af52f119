"""What stop reasons mean: one table for the run's row, programs and the window."""

from typing import get_args

from app.domain.run import STOP_REASONS, StopReason


def test_each_stop_reason_has_one_meaning():
    assert set(STOP_REASONS) == set(get_args(StopReason))
    assert all(meaning.status == "failed" for meaning in STOP_REASONS.values() if meaning.by_model)
    assert all(meaning.status == "completed" for meaning in STOP_REASONS.values() if meaning.complete)


def test_a_run_that_ended_over_broken_tool_calls_failed_by_its_model_and_can_be_tried_again():
    meaning = STOP_REASONS["invalid_tool_call"]
    assert (meaning.status, meaning.by_model, meaning.complete) == ("failed", True, False)
