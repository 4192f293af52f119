"""Pure: parts what a model thought from what it said, and finds a call that got lost in its thinking."""

from collections.abc import Collection
from dataclasses import dataclass

from app.engine.repairs.calls_in_text import TextCalls, find_calls
from app.engine.repairs.names import match_name
from app.engine.repairs.tags import Cleaned, clean

TAIL = 20_000
"""Characters at the end of the thinking in which a call is looked for."""


@dataclass(frozen=True)
class Parted:
    """A reply by its kinds. `mixed`: thinking stood in the text."""

    reasoning: str
    said: Cleaned
    mixed: bool


def part_thinking(reasoning: str, text: str, known: Collection[str] = (), *, thinks: bool = False) -> Parted:
    """Moves thinking out of the text: between tags, after an unclosed one, or before a lone closing one.

    `known`: names of the tools offered. `thinks`: the model showed thoughts before.
    """
    said = clean(text, known, thinks=thinks, native=bool(reasoning.strip()))
    joined = "\n".join(part for part in (reasoning.strip(), said.thinking) if part)
    return Parted(joined if said.thinking else reasoning, said, mixed=bool(said.thinking))


def calls_in_thinking(reasoning: str, known: Collection[str]) -> TextCalls:
    """A call at the end of the thinking. Only for replies that said nothing aloud."""
    head, tail = reasoning[:-TAIL], reasoning[-TAIL:]
    found = find_calls(clean(tail).spoken if "<think>" in tail else tail, known)
    if not any(match_name(call.name, known, guess=False).name for call in found.calls):
        return TextCalls()
    return TextCalls(found.calls, head + found.text, found.wrote)
