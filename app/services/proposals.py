"""Proposals: edits of memory for models that do not make them, which change nothing before a person accepts."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.error import Conflict
from app.domain.event import Changed
from app.domain.fitness import Verdict
from app.domain.history import USER, Actor, Origin
from app.domain.model import Provider
from app.domain.proposal import MemoryProposal
from app.domain.run import STOP_REASONS, Run
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.engine.model_call.aside import GaveWay, ask_aside
from app.engine.model_call.snapshot import provider_of, requests_at_once
from app.engine.proposals.candidates import CandidateEdit, candidate_edits, may_ask_for_edits
from app.engine.proposals.question import chosen, different, question
from app.ports.storage import Repositories
from app.services.changing import change

log = logging.getLogger(__name__)

ACTOR = Actor(kind="helper")
MOST_OPEN = 50
"""Proposals that may wait in one conversation for another program's assistant to add one."""
TRIES = 3
"""How often the question is asked again when a person's message came in between."""


@dataclass(frozen=True)
class _Asked:
    """What a question needs."""

    run: Run
    agent: Agent
    provider: Provider
    model: str
    wanted: int
    blocks: tuple[Block, ...]
    text: str
    at_once: int | None


class Proposals:
    def __init__(self, deps: EngineDeps, verdict: Callable[[Repositories, str], Verdict | None]) -> None:
        """`verdict`: what the fit test said of the model with a handle, read in a transaction; None: not tested."""
        self._deps = deps
        self._verdict = verdict

    async def open_in(self, conversation_id: str) -> tuple[MemoryProposal, ...]:
        """Those of a conversation (a branch) that wait for an answer, oldest first."""
        return await self._deps.storage.read(lambda repos: repos.proposals.open_in(conversation_id))

    async def accept(self, proposal_id: str, origin: Origin = USER) -> MemoryProposal:
        """Makes the change; it stands in the history as the helper's, and can be undone there (`change_seq`).

        Raises `Conflict`: `already_answered`, or `changed_since` where the line is no longer what it was; `Invalid`
        (`block_full`), `NotFound` for a block that was deleted.
        """

        def work(changes: Changes) -> MemoryProposal:
            repos = changes.repos
            proposal = _open(repos, proposal_id)
            block = repos.blocks.get(proposal.block_id)
            value = proposal.applied_to(block.value)
            if value is None:
                raise Conflict(
                    f"“{proposal.label}” has changed meanwhile, so this edit no longer fits.",
                    code="changed_since",
                    hint="Decline it, or edit the block yourself.",
                )
            made_by = _origin_of(proposal, origin.client)
            own = Changes(repos, changes.ids, changes.now, made_by)
            own.save_block(block, block.model_copy(update={"value": value}), proposal.agent_id)
            return _answer(repos, proposal, "accepted", repos.history.last_seq())

        return await change(self._deps, origin, work)

    async def propose(self, proposal: MemoryProposal) -> None:
        """Keeps what another program's assistant proposes. Raises `Conflict` (`too_many`) where `MOST_OPEN` wait."""

        def work(repos: Repositories) -> None:
            waiting = repos.proposals.open_in(proposal.conversation_id)
            if len(waiting) >= MOST_OPEN:
                raise Conflict(
                    f"{MOST_OPEN} proposals wait for the person already.",
                    code="too_many",
                    hint="Wait until they are answered in Lares.",
                )
            self._keep(repos, proposal, waiting)

        await self._deps.storage.write(work)

    async def decline(self, proposal_id: str) -> MemoryProposal:
        """Leaves memory as it is. Raises `Conflict` (`already_answered`)."""
        return await self._deps.storage.write(lambda repos: _answer(repos, _open(repos, proposal_id), "declined", None))

    async def consider(self, run_id: str) -> None:
        """After a reply: proposes the edit that the person's message asks for, if there may be one.

        Asks the model only where the agent has the helper on, the model did not edit memory itself, and code found
        candidates. Raises `GaveWay`, `ModelError`.
        """
        asked = await self._deps.storage.read(lambda repos: self._asked(repos, run_id))
        if asked is None:
            return
        candidates = different(await asyncio.to_thread(candidate_edits, asked.blocks, asked.text))
        if candidates and (edit := await self._ask(asked, candidates)):
            await self._deps.storage.write(lambda repos: self._add(repos, asked.run, edit))

    def _asked(self, repos: Repositories, run_id: str) -> _Asked | None:
        """What a run gives to ask about; None where it is none of a person's, the helper is off, or memory was edited.

        The message is asked first: most wish for no change, and then nothing else need be read.
        """
        run = repos.runs.get(run_id)
        is_reply = run.purpose == "reply" and not run.background and run.parent_run_id is None
        whole = run.stop_reason is not None and STOP_REASONS[run.stop_reason].complete
        if not (is_reply and whole) or run.message_id is None:
            return None
        message = repos.messages.get(run.message_id)
        if message.role != "user" or not may_ask_for_edits(message.text):
            return None
        agent = repos.agents.find(run.agent_id)
        if agent is None or not self._is_on(repos, agent) or repos.history.of_runs((run.id,)):
            return None
        provider, model = provider_of(repos, agent.model)
        if provider.kind == "demo":
            return None
        wanted = max(agent.context_window, repos.agents.largest_window(agent.model) or 0)
        blocks, at_once = repos.blocks.of_agent(agent.id), requests_at_once(repos, provider)
        return _Asked(run, agent, provider, model, wanted, blocks, message.text, at_once)

    def _is_on(self, repos: Repositories, agent: Agent) -> bool:
        switch = agent.settings.memory_proposals
        return switch == "on" or (switch == "auto" and self._verdict(repos, agent.model) in ("weak", "unfit"))

    async def _ask(self, asked: _Asked, candidates: tuple[CandidateEdit, ...]) -> CandidateEdit | None:
        request = question(asked.model, asked.wanted, asked.blocks, asked.text, candidates)
        words = f"the memory helper of {asked.agent.name}"
        for remaining in reversed(range(TRIES)):
            try:
                edit = chosen(await ask_aside(self._deps, asked.provider, request, words, asked.at_once), candidates)
                if edit is None:
                    log.debug("%s: %s chose none of %d edits", words, asked.agent.model, len(candidates))
                return edit
            except GaveWay:
                if not remaining:
                    raise
        return None

    def _add(self, repos: Repositories, run: Run, edit: CandidateEdit) -> None:
        new = MemoryProposal(
            id=self._deps.ids.new("proposal"),
            agent_id=run.agent_id,
            conversation_id=run.conversation_id,
            run_id=run.id,
            message_id=run.message_id or "",
            created_at=self._deps.clock.now(),
            block_id=edit.block_id,
            label=edit.label,
            old=edit.old,
            new=edit.new,
        )
        self._keep(repos, new, repos.proposals.open_in(run.conversation_id))

    @staticmethod
    def _keep(repos: Repositories, new: MemoryProposal, waiting: tuple[MemoryProposal, ...]) -> None:
        """The same is not proposed twice."""
        if (new.block_id, new.old, new.new) not in {(one.block_id, one.old, one.new) for one in waiting}:
            repos.proposals.add(new)
            _tell(repos, new)


def _origin_of(proposal: MemoryProposal, client: str) -> Origin:
    """By whom the change of an accepted proposal is made."""
    if proposal.client:
        return Origin(actor=Actor(kind="mcp", name=proposal.client), client=client)
    return Origin(actor=ACTOR, run_id=proposal.run_id, message_id=proposal.message_id, client=client)


def _open(repos: Repositories, proposal_id: str) -> MemoryProposal:
    proposal = repos.proposals.get(proposal_id)
    if proposal.status != "open":
        raise Conflict(f"This edit was {proposal.status} already.", code="already_answered")
    return proposal


def _answer(repos: Repositories, proposal: MemoryProposal, status: str, change_seq: int | None) -> MemoryProposal:
    answered = proposal.model_copy(update={"status": status, "change_seq": change_seq})
    repos.proposals.save(answered)
    _tell(repos, answered)
    return answered


def _tell(repos: Repositories, proposal: MemoryProposal) -> None:
    repos.changed(
        Changed(
            kind="proposal",
            ids=(proposal.id,),
            agent_id=proposal.agent_id,
            conversation_id=proposal.conversation_id,
        )
    )
