"""Pure: asking a model which edit of its memory was meant, so that even the smallest can answer.

A prompt of its own, with worked examples: within a conversation small models change something each time. The server
forces the answer to be one of the candidates or none, so a model can only choose, never write.
"""

import json
from collections.abc import Sequence
from typing import Any

from app.domain.block import Block
from app.domain.json_value import is_object
from app.domain.message import Message, TextPart
from app.engine.proposals.candidates import CandidateEdit
from app.ports.models import ChatRequest

NONE = "none"
_INSTRUCTION = (
    "You keep the facts about a person true. Read the facts and what the person says. If what the person says changes "
    "a fact, adds one or takes one away, choose that edit. If not, choose none."
)
_EXAMPLES: tuple[tuple[tuple[str, ...], str, tuple[str, ...], str], ...] = (
    (("Name: Ann.", "Has a cat."), "My name is Eve, not Ann.", ("Name: Eve.", "Has a Eve."), "Name: Eve."),
    (("Likes milk.", "Lives in Lyon."), "Is milk better than juice?", ("Likes juice.",), NONE),
    (("Age: 20.",), "Remember that I have a son.", ("add: I have a son.",), "add: I have a son."),
    (
        ("Works as a cook.", "Plays chess."),
        "Forget that I play chess.",
        ("remove: Plays chess.",),
        "remove: Plays chess.",
    ),
    (("Car: Fiat.", "Friend: Tim."), "Tim does not like the Opel.", ("Friend: Opel.", "Car: Opel."), NONE),
    (("Lives in Rome.", "Likes tea."), "I moved to Bonn.", ("Lives in Bonn.", "Likes Bonn."), "Lives in Bonn."),
)
LONGEST_FACTS = 12
"""Lines that are shown around those in question; more would only distract."""


def as_choice(edit: CandidateEdit) -> str:
    """A candidate as the model chooses it."""
    if not edit.old:
        return f"add: {edit.new}"
    return edit.new or f"remove: {edit.old}"


def different(candidates: Sequence[CandidateEdit]) -> tuple[CandidateEdit, ...]:
    """Those that a model can tell apart: of equal choices the first, which is the likeliest."""
    first = {as_choice(edit): edit for edit in reversed(candidates)}
    return tuple(first[choice] for choice in _choices(candidates))


def _choices(candidates: Sequence[CandidateEdit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(as_choice, candidates)))


def question(
    model: str, context_window: int, blocks: Sequence[Block], message: str, candidates: Sequence[CandidateEdit]
) -> ChatRequest:
    """The request that asks. `context_window`: as all other requests to this model have it."""
    choices = _choices(candidates)
    facts = _facts(blocks, candidates)
    asked = [said for example in _EXAMPLES for said in (_put(*example[:3]), _answer(example[3]))]
    longest = max(len(_answer(choice).encode()) for choice in choices)
    return ChatRequest(
        model=model,
        system=_INSTRUCTION,
        messages=tuple(_said(number, text) for number, text in enumerate((*asked, _put(facts, message, choices)))),
        temperature=0.0,
        max_output_tokens=32 + longest,
        reasoning="off",
        context_window=context_window,
        answer_schema=_schema((NONE, *choices)),
    )


def chosen(reply: str, candidates: Sequence[CandidateEdit]) -> CandidateEdit | None:
    """The edit that a reply chooses; None for none, and for anything that is no choice."""
    try:
        value: Any = json.loads(reply)
    except ValueError:
        return None
    edit = value.get("edit") if is_object(value) else value
    return next((one for one in different(candidates) if as_choice(one) == edit), None)


def _schema(choices: tuple[str, ...]) -> dict[str, Any]:
    edit = {"type": "string", "enum": list(choices)}
    return {"type": "object", "properties": {"edit": edit}, "required": ["edit"], "additionalProperties": False}


def _facts(blocks: Sequence[Block], candidates: Sequence[CandidateEdit]) -> tuple[str, ...]:
    """The lines in question, and others of their blocks as far as there is room."""
    concerned = {edit.block_id for edit in candidates}
    lines = [line for block in blocks if block.id in concerned for line in block.value.split("\n") if line.strip()]
    asked = [edit.old for edit in candidates if edit.old]
    kept = {*asked, *[line for line in lines if line not in asked][: max(0, LONGEST_FACTS - len(asked))]}
    return tuple(dict.fromkeys(line for line in lines if line in kept))


def _put(facts: Sequence[str], message: str, choices: Sequence[str]) -> str:
    known = "\n".join(f"- {fact}" for fact in facts) or "-"
    options = "\n".join(f"- {choice}" for choice in (*choices, NONE))
    return f"Facts:\n{known}\n\nThe person says: {message}\n\nEdits:\n{options}"


def _answer(choice: str) -> str:
    return json.dumps({"edit": choice}, ensure_ascii=False)


def _said(number: int, text: str) -> Message:
    """Its id is its text: what is encoded and counted is kept by ids."""
    role = "assistant" if number % 2 else "user"
    return Message(id=f"{role}: {text}", agent_id="", role=role, parts=(TextPart(text=text),), created_at=0)
