"""The doctor of memory: looks through blocks and passages by rules, without any model, and mends by one change."""

import asyncio
import datetime

from app.domain.archive import Passage, PassageFilter
from app.domain.block import Block
from app.domain.doctor import Evidence, Examination, Mend
from app.domain.error import Conflict
from app.domain.history import USER, Origin
from app.domain.page import PageRequest
from app.engine.deps import EngineDeps
from app.engine.doctor.checks import examine
from app.engine.memory.archive_changes import ArchiveChanges
from app.engine.memory.blame import Revision, blame
from app.engine.memory.changes import Changes
from app.ports.storage import Repositories
from app.services.changing import change

WEIGHT = ("secret", "contradiction", "date", "double", "echo", "full", "unused")
DISMISSED = "doctor_dismissed"
"""Key of the setting with the signs of what a person said is nothing to mend."""
MOST_DISMISSED = 2_000
"""Signs that are kept, the newest."""
PASSAGES = 2_000
"""The newest passages are looked through: so many take a tenth of a second."""
LOOKED_BACK = 500
"""Versions of a block that are read to find out on which day a line was written."""


class MemoryDoctor:
    """Reads and changes the memory of one agent; what it changes is undone like any other change."""

    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def examine(self, agent_id: str) -> Examination:
        """All findings, the weightiest first. Runs beside the loop, block by block."""
        now = self._deps.clock.now()
        blocks, passages, dismissed = await self._deps.storage.read(lambda repos: _looked_at(repos, agent_id))
        found = await asyncio.to_thread(lambda: list(examine(blocks, {}, passages, now)))
        dated = [finding.evidence[0] for finding in found if finding.kind == "date"]
        if any(line.block_id for line in dated):
            days = await self._deps.storage.read(lambda repos: _days(repos, blocks, dated))
            found = await asyncio.to_thread(lambda: list(examine(blocks, days, passages, now)))
        left = (finding for finding in found if finding.sign not in dismissed)
        return Examination(
            findings=tuple(sorted(left, key=lambda finding: WEIGHT.index(finding.kind))),
            lines=sum(len(block.value.splitlines()) for block in blocks),
            blocks=len(blocks),
            passages=len(passages),
        )

    async def dismiss(self, sign: str, dismissed: bool = True) -> None:
        """A person says that a finding is none, so it is not told again; or that it is one after all."""

        def work(repos: Repositories) -> None:
            known = [one for one in _dismissed(repos) if one != sign]
            repos.settings.set(DISMISSED, [*known, *([sign] if dismissed else [])][-MOST_DISMISSED:])

        await self._deps.storage.write(work)

    async def mend(self, agent_id: str, mends: tuple[Mend, ...], origin: Origin = USER) -> tuple[int, ...]:
        """Carries these out, each a change of its own, all or none. Returns their seqs, for `History.undo_all`.

        Raises `Conflict` (`changed_since`) where a line is not there any more.
        """

        def work(changes: Changes) -> tuple[int, ...]:
            first = changes.repos.history.last_seq()
            for mend in mends:
                if mend.passage_id:
                    _mend_passage(changes, mend)
                    continue
                block = changes.repos.blocks.get(mend.block_id)
                changes.save_block(block, _mended(block, mend), agent_id, may_overflow=True)
            return tuple(range(first + 1, changes.repos.history.last_seq() + 1))

        return await change(self._deps, origin, work)


def _looked_at(repos: Repositories, agent_id: str) -> tuple[tuple[Block, ...], tuple[Passage, ...], frozenset[str]]:
    wanted = PassageFilter(agent_id=agent_id, validity="valid")
    passages = repos.passages.list(wanted, PageRequest(limit=PASSAGES))
    return repos.blocks.of_agent(agent_id), passages, frozenset(_dismissed(repos))


def _dismissed(repos: Repositories) -> list[str]:
    setting = repos.settings.get(DISMISSED)
    return [str(one) for one in setting.value] if setting is not None else []


def _mend_passage(changes: Changes, mend: Mend) -> None:
    passage = changes.repos.passages.find(mend.passage_id)
    if passage is None or passage.text != mend.old:
        raise Conflict(
            "This passage has been changed since, so nothing was mended.",
            code="changed_since",
            hint="Look through memory again.",
        )
    archives = ArchiveChanges(changes)
    if mend.new is None:
        archives.delete_passage(passage)
    else:
        archives.save_passage(passage, passage.model_copy(update={"text": mend.new}))


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
