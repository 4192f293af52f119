"""Which failures of a model server are tried again."""

import pytest

from app.domain.error import ModelError
from app.engine.model_call.retries import LOADING_PATIENCE, Retries, Sent
from app.engine.state import Learnt
from tests.support.values.samples import NOON

SENT = Sent(tokens=100)
BUSY = ModelError("busy", retryable=True)


def test_a_passing_failure_is_tried_three_times_in_all():
    retries = Retries(NOON, Learnt())
    assert [retries.pause(BUSY, NOON, SENT) for _ in range(3)] == [0.5, 2.0, None]


def test_a_lasting_failure_is_not_tried_again():
    assert Retries(NOON, Learnt()).pause(ModelError("no"), NOON, SENT) is None


def test_what_was_learnt_before_room_was_made_is_known_after_it():
    retries, error = Retries(NOON, Learnt()), ModelError("too long", code="prompt_too_large", details={"n_ctx": 4096})
    assert retries.pause(error, NOON, SENT) == 0.0
    after = Retries(NOON, retries.learnt)
    assert after.served == 4096
    assert after.pause(error, NOON, SENT) == 0.0
    assert after.served == int(4096 * 0.9), "a second refusal means that our count is too low"


def test_a_loading_model_is_waited_for_but_not_for_ever():
    retries, error = Retries(NOON, Learnt()), ModelError("loading", code="loading", retryable=True)
    assert all(retries.pause(error, NOON + LOADING_PATIENCE // 2, SENT) for _ in range(50))
    assert retries.pause(error, NOON + LOADING_PATIENCE, SENT) is None


def test_a_window_smaller_than_believed_is_taken_over_and_then_narrowed():
    retries = Retries(NOON, Learnt())
    error = ModelError("too long", code="prompt_too_large", details={"n_ctx": 4096})
    sizes = []
    while retries.pause(error, NOON, SENT) is not None:
        sizes.append(retries.served)
    assert sizes == [4096, 3686, 3317]


def test_a_refusal_without_a_size_is_met_with_less_than_was_sent():
    retries, error = Retries(NOON, Learnt()), ModelError("too long", code="prompt_too_large")
    sizes = []
    while retries.pause(error, NOON, Sent(tokens=8000)) is not None:
        sizes.append(retries.served)
    assert sizes == [8000, 7200, 6480]
    assert Retries(NOON, Learnt()).pause(error, NOON, Sent(tokens=0)) is None


@pytest.mark.parametrize(("error", "paused"), [(ModelError("no", code="bad_request"), 0), (BUSY, 2)])
def test_a_refused_request_is_sent_once_more_without_its_earlier_images(error: ModelError, paused: int):
    retries = Retries(NOON, Learnt())
    pauses = [retries.pause(error, NOON, Sent(earlier_images=True)) for _ in range(paused + 2)]
    assert pauses[paused:] == [0.0, None]
    assert retries.without_images


def test_a_server_that_is_down_is_no_reason_to_leave_images_out():
    error = ModelError("down", code="server_down")
    assert Retries(NOON, Learnt()).pause(error, NOON, Sent(earlier_images=True)) is None


def test_a_refusal_that_taught_another_form_is_followed_at_once_and_does_not_count_as_a_failure() -> None:
    retries = Retries(0, Learnt())
    lesson = ModelError("No.", code="bad_request", retryable=True, details={"learnt": "order"})
    assert [retries.pause(lesson, 0, Sent()) for _ in range(5)] == [0.0] * 5
    assert retries.learnt.failures == 0
    assert [retries.pause(lesson, 0, Sent()) for _ in range(8)][-1] is None, "there is an end to it"
