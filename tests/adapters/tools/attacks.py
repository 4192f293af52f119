"""What a hostile tool tries, read from `attacks.txt`."""

from dataclasses import dataclass
from pathlib import Path

HARM = "harm"


@dataclass(frozen=True)
class Attack:
    name: str
    body: str
    """Statements of a function `attack(secret, pid, ports, unix, abstract)`. `secret`: a file with the text SECRET that
    belongs to whoever runs the engine; `pid`: of the engine; the rest: where somebody listens outside.
    """
    open: tuple[str, ...] = ()
    """Levels at which it need not fail."""
    harmless: tuple[str, ...] = ()
    """Levels at which it may succeed: it hurts nobody there."""


def _attacks(text: str) -> tuple[Attack, ...]:
    found: list[Attack] = []
    for part in text.split("\n== ")[1:]:
        heading, _, body = part.partition("\n")
        name, *notes = (note.strip() for note in heading.split("|"))
        levels = {
            word: tuple(one.strip() for one in more.split(",")) for word, _, more in (n.partition(":") for n in notes)
        }
        found.append(Attack(name, body.strip(), levels.get("open", ()), levels.get("harmless", ())))
    return tuple(found)


ATTACKS = _attacks(Path(__file__).with_name("attacks.txt").read_text(encoding="utf-8"))
