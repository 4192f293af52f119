"""Sentences of errors."""

from app.domain.error import KEPT, ModelError, said_alone


def test_where_no_message_waits_nothing_is_said_to_be_kept() -> None:
    error = ModelError(f"There is no model server at localhost:11434. {KEPT}", hint="Start it.")
    assert said_alone(error) == "There is no model server at localhost:11434."
