"""Forks: a new agent that goes on from an earlier point of another one's life, which stays as it is.

It gets copies of the blocks, the archives, the settings and the conversation as they were, and nothing that came later.
"""

from dataclasses import dataclass

from app.domain.agent import MAX_NAME, Agent, AgentDraft
from app.domain.archive import ArchiveDraft
from app.domain.block import BlockDraft
from app.domain.conversation import Conversation
from app.domain.history import USER, MemoryEvent, Origin
from app.domain.message import Member
from app.domain.run import Step
from app.engine.deps import EngineDeps
from app.engine.memory.archive_changes import ArchiveChanges
from app.engine.memory.changes import Changes
from app.engine.memory.earlier_blocks import blocks_at, settings_at
from app.engine.memory.earlier_passages import ArchiveAt, archives_at
from app.ports.storage import Repositories
from app.services.agents import make_agent
from app.services.changing import change

PAGE = 500


@dataclass(frozen=True)
class Point:
    """Where a fork begins: the memory right after an event, and what a conversation showed then."""

    agent_id: str
    memory_seq: int
    conversation: Conversation
    last: int
    """Position of the last message; 0 for none."""
    first: int | None
    """Position of the oldest message in the window then, where a step tells it."""


class Forks:
    """Makes agents out of moments. Both verbs return the new agent and raise `NotFound` for what is not there."""

    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def from_step(self, step_id: str, origin: Origin = USER) -> Agent:
        """With the memory and the window that this step's request was made of.

        Its blocks hold what the run had written in its earlier steps, too: their returns are in the window.
        """
        return await change(self._deps, origin, lambda changes: _fork(changes, _at_step(changes.repos, step_id)))

    async def from_change(self, agent_id: str, seq: int, origin: Origin = USER) -> Agent:
        """With the memory right after a change, and the conversation up to the step that made it.

        Of a change that no step made: the agent's conversation as far as it had come by then.
        """
        return await change(
            self._deps, origin, lambda changes: _fork(changes, _at_change(changes.repos, agent_id, seq))
        )


def _at_step(repos: Repositories, step_id: str) -> Point:
    step = repos.runs.step(step_id)
    run = repos.runs.get(step.run_id)
    earlier = {one.id for one in repos.runs.steps((run.id,)) if one.step_no < step.step_no}
    own = (event.seq for event in repos.history.of_runs((run.id,)) if event.origin.step_id in earlier)
    return Point(
        agent_id=step.agent_id,
        memory_seq=max((step.memory_seq, *own)),
        conversation=repos.conversations.get(run.conversation_id),
        last=step.window_last or 0,
        first=step.window_first,
    )


def _at_change(repos: Repositories, agent_id: str, seq: int) -> Point:
    step = _step_of(repos, repos.history.get(seq)) if seq else None
    if step is not None:
        run = repos.runs.get(step.run_id)
        said = [one for one in repos.messages.of_run(run.id) if one.step_id == step.id]
        places = [repos.messages.position_of(run.conversation_id, one.id) for one in said]
        last = max((step.window_last or 0, *(place for place in places if place is not None)))
        return Point(agent_id, seq, repos.conversations.get(run.conversation_id), last, step.window_first)
    own = repos.conversations.get(repos.conversations.default_of(agent_id).active_id)
    at = repos.life.made_at(agent_id, seq) or 0
    return Point(agent_id, seq, own, repos.messages.last_until(own.id, at), None)


def _step_of(repos: Repositories, event: MemoryEvent) -> Step | None:
    known = repos.runs.steps((event.origin.run_id,)) if event.origin.run_id else ()
    return next((step for step in known if step.id == event.origin.step_id), None)


def _fork(changes: Changes, point: Point) -> Agent:
    repos = changes.repos
    source = settings_at(repos, repos.agents.get(point.agent_id), point.memory_seq)
    blocks = blocks_at(repos, source.id, point.memory_seq, deleted=True)
    fields = {name: getattr(source, name) for name in AgentDraft.model_fields if hasattr(source, name)}
    copied = BlockDraft.model_fields
    own = {
        "name": f"{source.name[: MAX_NAME - 7]} (fork)",
        "blocks": tuple(BlockDraft(**{name: getattr(block, name) for name in copied}) for block in blocks),
        "block_ids": (),
        "extras": source.extras.model_copy(update={"secret_names": ()}),
    }
    agent = make_agent(changes, AgentDraft.model_validate({**fields, **own}), source.system, may_overflow=True)
    for one in archives_at(repos, source.id, point.memory_seq):
        _copy_archive(ArchiveChanges(changes), one, agent.id)
    _copy_conversation(changes, point, agent.id)
    return agent


def _copy_archive(changes: ArchiveChanges, then: ArchiveAt, agent_id: str) -> None:
    draft = ArchiveDraft(**{name: getattr(then.archive, name) for name in ArchiveDraft.model_fields})
    archive = changes.add(draft)
    changes.attach(agent_id, archive)
    changes.add_copies(archive, then.passages)


def _copy_conversation(changes: Changes, point: Point, agent_id: str) -> None:
    """Messages belong to one agent, so they are copied; runs and steps stay with the agent that made them."""
    repos = changes.repos
    target = repos.conversations.default_of(agent_id).id
    shown: list[Member] = []
    after = 0
    while after < point.last:
        members = repos.messages.page(point.conversation.id, after=after, limit=PAGE)
        for member in members:
            if member.position <= point.last:
                copy = {"id": changes.ids.new("message"), "agent_id": agent_id, "run_id": None, "step_id": None}
                repos.messages.append(target, member.message.model_copy(update={**copy, "otid": None}))
                shown.append(member)
        if not members:
            break
        after = members[-1].position
    repos.messages.show_only(target, _in_window(shown, point))


def _in_window(members: list[Member], point: Point) -> list[int]:
    """Positions of what was in the context window when the last of these was the newest message.

    What left at that very place left before or after the step; its own first position tells which.
    """
    here = [one for one in members if one.left_seq is None or one.left_seq > point.last + 1 or _at_end(one, point)]
    summaries = [one.position for one in here if one.message.role == "summary"]
    # Only the newest of them stood in the window.
    return [one.position for one in here if one.message.role != "summary" or one.position == summaries[-1]]


def _at_end(member: Member, point: Point) -> bool:
    return point.first is not None and member.left_seq == point.last + 1 and member.position >= point.first
