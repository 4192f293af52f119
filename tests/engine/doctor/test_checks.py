"""What each check finds, on examples that were written before it: a finding that is wrong too often stays off."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.archive import Passage
from app.domain.block import Block
from app.engine.doctor.checks import echo_in, examine, nearly_same, relative_date_in, secret_in
from app.engine.doctor.contradictions import contradict

EXAMPLES = Path(__file__).parent / "examples"
PRECISION, RECALL = 0.8, 0.6
CHECKS: dict[str, Callable[[Any], object]] = {
    "secret": secret_in,
    "date": relative_date_in,
    "echo": echo_in,
    "contradiction": lambda pair: contradict(*pair) or None,
    "double": lambda pair: nearly_same(*pair) or None,
}


@pytest.mark.parametrize("kind", CHECKS)
def test_a_check_is_right_often_enough_to_be_on(kind: str) -> None:
    examples = json.loads((EXAMPLES / f"{kind}.json").read_text(encoding="utf-8"))
    check = CHECKS[kind]
    right = [line for line in examples["found"] if check(line) is not None]
    wrong = [line for line in examples["clean"] if check(line) is not None]
    missed = [line for line in examples["found"] if line not in right]
    assert len(right) / max(1, len(right) + len(wrong)) >= PRECISION, wrong
    assert len(right) / len(examples["found"]) >= RECALL, missed


def block(label: str, value: str, **fields: object) -> Block:
    return Block.model_validate(
        {"id": f"block-{label}", "label": label, "value": value, "created_at": 1, "updated_at": 1, **fields}
    )


def test_findings_have_their_evidence_and_a_mend_where_it_is_certain() -> None:
    blocks = (
        block("human", "Name: Brad.\nWi-Fi password: Tr0ub4dor&3\nLikes tea in the morning."),
        block("plans", "Dinner for six next Saturday.\nDinner in two weeks.\n5 found: Mia eats no meat"),
        block("more", "Likes tea in the morning!", limit=27),
        block("persona", "I call you tomorrow.", read_only=True),
    )
    friday = datetime.date(2026, 11, 20)
    found = {f.kind: f for f in reversed([*examine(blocks, {("block-plans", 1): friday})])}
    assert set(found) == {"secret", "date", "echo", "double", "full"}
    secret = found["secret"].evidence[0]
    assert secret.text[slice(*secret.span)] == "Tr0ub4dor&3"
    assert found["secret"].mend is None
    assert found["date"].mend is not None
    assert found["date"].mend.new == "Dinner for six on 2026-11-21."
    assert found["echo"].mend is not None
    assert (found["echo"].mend.old, found["echo"].mend.new) == ("5 found: Mia eats no meat", None)
    assert {one.label for one in found["double"].evidence} == {"human", "more"}
    assert (found["full"].used, found["full"].limit) == (25, 27)


def test_a_day_that_is_not_certain_is_left_to_a_person() -> None:
    (finding,) = examine((block("plans", "Dinner in two weeks."),), {})
    assert finding.mend is None


def test_passages_are_looked_through_as_well() -> None:
    def passage(number: int, text: str, **fields: object) -> Passage:
        base = {"id": f"passage-{number}", "archive_id": "archive-1", "created_at": 1, "updated_at": 1}
        return Passage.model_validate({**base, "text": text, **fields})

    lines = ("Lives in Ulm.", "The NAS password is Tr0ub4dor&3", "5 found: Mia eats no meat", "Rex is a dog.")
    passages = tuple(passage(number, text, found_count=number % 2) for number, text in enumerate(lines))
    season = 91 * 24 * 3600 * 1_000_000
    found = {f.kind: f for f in examine((block("human", "Lives in Bonn."),), {}, passages, season)}
    assert set(found) == {"secret", "contradiction", "echo", "unused"}
    assert [one.passage_id for one in found["contradiction"].evidence] == ["", "passage-0"]
    assert found["echo"].mend is not None
    assert found["echo"].mend.passage_id == "passage-2"
    assert (found["unused"].used, found["unused"].limit) == (2, 4)
    assert "Tr0ub4dor" not in found["secret"].sign
