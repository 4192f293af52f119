"""The memory helper's proposals in `lares chat`: shown once each, accepted or declined by a command."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.domain.error import Invalid
from app.domain.proposal import MemoryProposal
from app.terminal.paper import BOLD, DIM, Paper, differences, in_colour

if TYPE_CHECKING:
    from app.link.client import Services


class Proposals:
    """Those of the conversation that is talked in. They come after the reply, while the person may be writing."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._shown: set[str] = set()

    async def show_new(self, services: "Services", branch_id: str) -> None:
        """What came since it was last looked."""
        waiting = await services.proposals.open_in(branch_id)
        new = [one for one in waiting if one.id not in self._shown]
        if new:
            self._show(waiting, new)

    async def show_all(self, services: "Services", branch_id: str) -> None:
        waiting = await services.proposals.open_in(branch_id)
        if waiting:
            self._show(waiting, waiting)
        else:
            self._paper.line("Nothing is proposed.", DIM)

    async def answer(self, services: "Services", branch_id: str, word: str, number: str) -> None:
        """`/accept` or `/decline`, of the one with this number, as they were shown; the first where none is given."""
        waiting = await services.proposals.open_in(branch_id)
        if not waiting:
            raise Invalid("Nothing is proposed.", hint="/memory shows what this agent remembers.")
        place = int(number or 1)
        if not 1 <= place <= len(waiting):
            raise Invalid(f"There is no proposal {place}.", hint="/proposals shows those that wait for an answer.")
        one = waiting[place - 1]
        if word == "/accept":
            await services.proposals.accept(one.id)
            self._paper.line(f"Changed “{one.label}”. /undo undoes it.", DIM)
        else:
            await services.proposals.decline(one.id)
            self._paper.line(f"“{one.label}” stays as it is.", DIM)

    def _show(self, waiting: Sequence[MemoryProposal], shown: Sequence[MemoryProposal]) -> None:
        for number, one in enumerate(waiting, 1):
            if one not in shown:
                continue
            self._shown.add(one.id)
            self._paper.line(f"{number}. {_title(one)}", BOLD)
            for line in differences(one.old, one.new):
                self._paper.line(f"  {line}", in_colour(line))
        self._paper.line("/accept or /decline (with its number) answers; nothing changes before.", DIM)


def _title(proposal: MemoryProposal) -> str:
    verb = "Remember" if not proposal.old else "Forget" if not proposal.new else "Change"
    return f"{verb} this in “{proposal.label}”?"
