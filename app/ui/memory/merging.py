"""Pure: the text that comes of two, piece by piece as a person takes it from either side or writes it."""

from itertools import accumulate
from typing import Literal

from app.domain.merge import Piece, pieces

Side = Literal["mine", "theirs", "both"]
"""`both`: my lines, then theirs."""


class Merging:
    """Where only one side changed something, that is taken; where both did, nothing until a person says what."""

    def __init__(self, base: str, mine: str, theirs: str) -> None:
        self.mine, self.theirs = mine, theirs
        self.parts: tuple[Piece, ...] = pieces(base, mine, theirs)
        self.places: tuple[int, ...] = tuple(at for at, part in enumerate(self.parts) if part.changed_by != "nobody")
        """Of the parts that differ."""
        self._taken: dict[int, tuple[str, ...]] = {}
        """By number."""
        self._starts = {
            "mine": (0, *accumulate(len(part.ours) for part in self.parts)),
            "theirs": (0, *accumulate(len(part.theirs) for part in self.parts)),
        }

    def part(self, number: int) -> Piece:
        return self.parts[self.places[number]]

    def take(self, number: int, side: Side) -> None:
        self._taken[number] = lines_of(self.part(number), side)

    def write(self, number: int, text: str) -> None:
        """Other lines than either side has; no text: no line."""
        self._taken[number] = tuple(text.split("\n")) if text else ()

    def taken(self, number: int) -> tuple[str, ...] | None:
        """The lines that become part of the text; None: a person must choose."""
        chosen, part = self._taken.get(number), self.part(number)
        if chosen is not None:
            return chosen
        return {"us": part.ours, "them": part.theirs}.get(part.changed_by)

    @property
    def touched(self) -> bool:
        """Whether a person has chosen anything."""
        return bool(self._taken)

    def side(self, number: int) -> Side | None:
        """Which side they are of; None: of neither, or nothing is chosen."""
        lines, part = self.taken(number), self.part(number)
        sides: tuple[Side, ...] = ("mine", "theirs", "both")
        return next((side for side in sides if lines == lines_of(part, side)), None)

    @property
    def open(self) -> tuple[int, ...]:
        """Numbers of those that a person must still choose."""
        return tuple(number for number in range(len(self.places)) if self.taken(number) is None)

    @property
    def text(self) -> str:
        """As it is now; where nothing is chosen it is mine."""
        numbers = {place: number for number, place in enumerate(self.places)}
        lines: list[str] = []
        for place, part in enumerate(self.parts):
            taken = self.taken(numbers[place]) if place in numbers else None
            lines += part.ours if taken is None else taken
        return "\n".join(lines)

    def again(self, base: str, mine: str, theirs: str) -> "Merging":
        """The same with other texts: what was chosen holds where the pieces are the same."""
        following = Merging(base, mine, theirs)
        known = {number: (self.part(number), lines) for number, lines in self._taken.items()}
        for number in range(len(following.places)):
            same = next((one for one, (part, _) in known.items() if part == following.part(number)), None)
            if same is not None:
                following._taken[number] = known.pop(same)[1]
        return following

    def first_line(self, number: int, side: Literal["mine", "theirs"]) -> int:
        """Index of the line with which a part begins in one of the texts."""
        return self._starts[side][self.places[number]]


def lines_of(part: Piece, side: Side) -> tuple[str, ...]:
    if side == "both":
        return part.ours + part.theirs
    return part.ours if side == "mine" else part.theirs
