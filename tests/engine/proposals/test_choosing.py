"""What models make of the candidates: one that always takes the first, and one that takes any of the answers."""

import json
import random
from collections.abc import Callable
from typing import NamedTuple

from app.domain.block import Block
from app.engine.proposals.candidates import CandidateEdit, candidate_edits
from app.engine.proposals.question import NONE, chosen, different, question
from app.ports.models import ChatRequest
from tests.engine.proposals.test_candidates import LANGUAGES, blocks_of, phrasings

Model = Callable[[ChatRequest], str]
Record = Callable[[str, object], None]


def answers_of(request: ChatRequest) -> list[str]:
    """What a server lets the model say."""
    assert request.answer_schema is not None
    return request.answer_schema["properties"]["edit"]["enum"]


def first(request: ChatRequest) -> str:
    return next(answer for answer in answers_of(request) if answer != NONE)


def any_of(seed: int) -> Model:
    chance = random.Random(seed)
    return lambda request: chance.choice(answers_of(request))


class Asked(NamedTuple):
    """A message that leaves a model something to choose, or not."""

    request: ChatRequest | None
    candidates: tuple[CandidateEdit, ...]
    wanted: tuple[str, str | None, str | None] | None
    """The edit that it asks for: block, line before, line after."""


def asked(blocks: list[Block], message: str, *wanted: str | None) -> Asked:
    candidates = different(candidate_edits(blocks, message))
    request = question("tiny", 8192, blocks, message, candidates) if candidates else None
    return Asked(request, candidates, (str(wanted[0]), wanted[1], wanted[2]) if wanted else None)


def proposed(model: Model, one: Asked) -> tuple[str, str | None, str | None] | None:
    if one.request is None:
        return None
    edit = chosen(json.dumps({"edit": model(one.request)}), one.candidates)
    return None if edit is None else (edit.label, edit.old or None, edit.new or None)


def test_how_often_a_model_proposes_what_was_asked_for(record_property: Record) -> None:
    """Of the edits that are asked for in six languages; of 200 ordinary messages, where no model is asked, never."""
    blocks = {language: blocks_of(phrasings(language)["blocks"]) for language in LANGUAGES}
    edits = [asked(blocks[one], *case) for one in LANGUAGES for case in phrasings(one)["cases"]]
    ordinary = [asked(blocks[one], message) for one, said in phrasings("ordinary").items() for message in said]
    for name, model, least_exact, most_wrong in (("first", first, 0.92, 0.07), ("any", any_of(1), 0.49, 0.08)):
        told = [(proposed(model, one), one.wanted) for one in edits]
        exact = sum(edit == wanted for edit, wanted in told) / len(told)
        wrong = sum(edit not in (None, wanted) for edit, wanted in told) / len(told)
        false = sum(proposed(model, one) is not None for one in ordinary) / len(ordinary)
        record_property(name, f"exact {exact:.3f}, another edit {wrong:.3f}, false {false:.3f}")
        assert exact >= least_exact
        assert wrong <= most_wrong
        assert false == 0
