"""The doctor of memory: looks through blocks by rules, without any model, and mends a line by one change."""

import asyncio
import datetime

from app.domain.block import Block
from app.domain.doctor import Evidence, Examination, Mend
from app.domain.error import Conflict
from app.domain.history import USER, Origin
from app.engine.deps import EngineDeps
from app.engine.doctor.checks import examine
from app.engine.memory.blame import Revision, blame
from app.engine.memory.changes import Changes
from app.ports.storage import Repositories
from app.services.changing import change

WEIGHT = ("secret", "date", "double", "echo", "full")
LOOKED_BACK = 500
"""Versions of a block that are read to find out on which day a line was written."""


class MemoryDoctor:
    """Reads and changes the blocks of one agent; what it changes is undone like any other change."""

    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def examine(self, agent_id: str) -> Examination:
        """All findings, the weightiest first. Runs beside the loop, block by block."""
        blocks = await self._deps.storage.read(lambda repos: repos.blocks.of_agent(agent_id))
        found = await asyncio.to_thread(lambda: list(examine(blocks, {})))
        dated = [finding.evidence[0] for finding in found if finding.kind == "date"]
        if dated:
            days = await self._deps.storage.read(lambda repos: _days(repos, blocks, dated))
            found = await asyncio.to_thread(lambda: list(examine(blocks, days)))
        return Examination(
            findings=tuple(sorted(found, key=lambda finding: WEIGHT.index(finding.kind))),
            lines=sum(len(block.value.splitlines()) for block in blocks),
            blocks=len(blocks),
        )

    async def mend(self, agent_id: str, mends: tuple[Mend, ...], origin: Origin = USER) -> tuple[int, ...]:
        """Carries these out, each a change of its own, all or none. Returns their seqs, for `History.undo_all`.

        Raises `Conflict` (`changed_since`) where a line is not there any more.
        """

        def work(changes: Changes) -> tuple[int, ...]:
            first = changes.repos.history.last_seq()
            for mend in mends:
                block = changes.repos.blocks.get(mend.block_id)
                changes.save_block(block, _mended(block, mend), agent_id, may_overflow=True)
            return tuple(range(first + 1, changes.repos.history.last_seq() + 1))

        return await change(self._deps, origin, work)


def _mended(block: Block, mend: Mend) -> Block:
    lines = block.value.split("\n")
    if mend.old not in lines:
        raise Conflict(
            f"This line of “{block.label}” has been changed since, so nothing was mended.",
            code="changed_since",
            hint="Look through memory again.",
        )
    # Of two that are the same, the later one goes.
    at = len(lines) - 1 - lines[::-1].index(mend.old)
    lines[at : at + 1] = [] if mend.new is None else [mend.new]
    return block.model_copy(update={"value": "\n".join(lines)})


def _days(
    repos: Repositories, blocks: tuple[Block, ...], dated: list[Evidence]
) -> dict[tuple[str, int], datetime.date]:
    """The local day on which each line was written of the blocks that speak of days."""
    days: dict[tuple[str, int], datetime.date] = {}
    wanted = {line.block_id for line in dated}
    for block in blocks:
        if block.id not in wanted:
            continue
        events = repos.history.of_target(block.id, limit=LOOKED_BACK)
        values = [event for event in events if "value" in (event.after or {})]
        revisions = [
            Revision(e.seq, (e.before or {}).get("value"), str((e.after or {})["value"] or "")) for e in values
        ]
        at = {event.seq: event.at for event in values}
        for number, seq in enumerate(blame(block.value, revisions), 1):
            if seq is not None:
                days[block.id, number] = datetime.datetime.fromtimestamp(at[seq] / 1_000_000).astimezone().date()
    return days
