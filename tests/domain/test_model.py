"""Handles of models, and how a model goes into a computer's memory."""

import pytest

from app.domain.memory_fit import fits
from app.domain.model import ModelHandle

GB = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "provider", "name"),
    [
        ("ollama/qwen3:8b", "ollama", "qwen3:8b"),
        ("openrouter/qwen/qwen3-8b", "openrouter", "qwen/qwen3-8b"),
        ("my server/x", "my server", "x"),
    ],
)
def test_a_handle_is_the_provider_and_all_that_follows_the_first_slash(text: str, provider: str, name: str) -> None:
    assert ModelHandle.parse(text) == (provider, name)
    assert str(ModelHandle(provider, name)) == text


@pytest.mark.parametrize("text", ["", "qwen3:8b"])
def test_a_text_without_a_slash_names_no_model(text: str) -> None:
    assert ModelHandle.parse(text) == (text, "")


@pytest.mark.parametrize(
    ("need", "total", "verdict"),
    [(4, 16, "fits"), (12, 16, "fits"), (13, 16, "tight"), (17, 16, "too_big"), (5, 8, "fits"), (6, 8, "tight"),
     (8, 8, "tight"), (9, 8, "too_big")],
)  # fmt: skip
def test_fitting_leaves_room_for_the_rest(need: int, total: int, verdict: str) -> None:
    assert fits(need * GB, total * GB) == verdict


def test_fitting_is_unknown_where_the_computer_or_the_model_does_not_tell() -> None:
    assert {fits(4 * GB, None), fits(4 * GB, 0), fits(None, 16 * GB)} == {"unknown"}
