"""Which failures of a model server are tried again."""

import pytest

from app.domain.error import ModelError, StorageError
from app.engine.retries import LOADING_PATIENCE, Retries
from tests.support.samples import NOON


def test_a_passing_failure_is_tried_three_times_in_all():
    retries, error = Retries(NOON), ModelError("busy", retryable=True)
    assert [retries.pause(error, NOON) for _ in range(3)] == [0.5, 2.0, None]


@pytest.mark.parametrize("error", [ModelError("no"), StorageError("full")])
def test_a_lasting_failure_is_not_tried_again(error: ModelError):
    assert Retries(NOON).pause(error, NOON) is None


def test_a_loading_model_is_waited_for_but_not_for_ever():
    retries, error = Retries(NOON), ModelError("loading", code="loading", retryable=True)
    assert all(retries.pause(error, NOON + LOADING_PATIENCE // 2) for _ in range(50))
    assert retries.pause(error, NOON + LOADING_PATIENCE) is None


def test_a_window_smaller_than_believed_is_taken_over_and_then_narrowed():
    retries = Retries(NOON)
    error = ModelError("too long", code="prompt_too_large", details={"n_ctx": 4096})
    sizes = []
    while retries.pause(error, NOON) is not None:
        sizes.append(retries.served)
    assert sizes == [4096, 3686, 3317]


def test_a_refusal_without_a_size_ends_at_once():
    assert Retries(NOON).pause(ModelError("too long", code="prompt_too_large"), NOON) is None
