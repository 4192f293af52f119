"""Who changed something, as this version and earlier ones write it."""

import pytest
from pydantic import ValidationError

from app.domain.history import USER, Actor, Origin


def test_an_origin_of_an_earlier_version_names_only_the_kind_of_actor() -> None:
    written = '{"actor":"sleep-time","run_id":"run-1","client":"window-1"}'
    assert Origin.model_validate_json(written) == Origin(
        actor=Actor(kind="sleep-time"), run_id="run-1", client="window-1"
    )
    assert Origin.model_validate_json("{}") == USER


def test_an_actor_keeps_its_name_on_the_way() -> None:
    origin = Origin(actor=Actor(kind="schedule", name="Morning review"))
    assert Origin.model_validate_json(origin.model_dump_json()) == origin


@pytest.mark.parametrize("actor", ["", "nobody", {"kind": "nobody"}, {"name": "Juno", "age": 3}, None, 7])
def test_an_actor_of_no_known_kind_is_refused(actor: object) -> None:
    with pytest.raises(ValidationError):
        Origin.model_validate({"actor": actor})
