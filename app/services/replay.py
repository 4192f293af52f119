"""Replay of a step against another model, prompt or temperature. Nothing of it is stored; the agent does not change."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.error import Invalid, NotFound
from app.domain.json_value import object_of
from app.domain.message import Message, ReasoningPart
from app.domain.model import Provider
from app.domain.replay import ReplayBasis, ReplayCall, ReplaySide, ReplayWish
from app.domain.run import Step
from app.engine.deps import EngineDeps
from app.engine.memory.earlier_blocks import blocks_at
from app.engine.model_call.snapshot import provider_of, requests_at_once
from app.engine.replay.player import Player, Stage, changes_between
from app.engine.replay.recorded import Recorded, read_recorded, recorded_results
from app.ports.storage import Repositories


@dataclass(frozen=True)
class _Kept:
    """A step with all that its run kept from there on."""

    step: Step
    agent: Agent
    recorded: Recorded
    blocks: tuple[Block, ...]
    after: tuple[Block, ...]
    """The blocks right after the run's last change."""
    messages: tuple[Message, ...]
    steps: tuple[Step, ...]


class Replay:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def basis(self, step_id: str) -> ReplayBasis:
        """What a replay from this step on starts from, and how it went then. Raises `NotFound`, `Invalid`."""
        kept = await self._deps.storage.read(lambda repos: self._kept(repos, step_id))
        return ReplayBasis(
            step_id=step_id,
            run_id=kept.step.run_id,
            agent_id=kept.agent.id,
            asked=kept.recorded.asked,
            system=kept.recorded.instructions,
            temperature=kept.recorded.request.temperature,
            then=_then(kept),
        )

    async def play(self, step_id: str, wish: ReplayWish) -> AsyncGenerator[ReplaySide, None]:
        """Plays it again and tells how it stands; the last side is `done` or `failed`. Closing it stops the model.

        Memory tools work on a copy of the blocks of then; other calls are given what the same call returned then, or
        are told that nothing is known. Raises `NotFound`, `Invalid`, `ModelError` (`model_missing`).
        """

        def work(repos: Repositories) -> tuple[_Kept, Provider, str, int | None]:
            kept = self._kept(repos, step_id)
            provider, name = provider_of(repos, wish.model or kept.step.model)
            return kept, provider, name, requests_at_once(repos, provider)

        kept, provider, name, at_once = await self._deps.storage.read(work)
        recorded = kept.recorded
        request = recorded.request if wish.system is None else recorded.with_instructions(wish.system)
        update: dict[str, object] = {"model": name}
        if wish.temperature is not None:
            update["temperature"] = wish.temperature
        stage = Stage(
            provider=provider,
            handle=wish.model or kept.step.model,
            request=request.model_copy(update=update),
            blocks=kept.blocks,
            tools=recorded.tools,
            recorded=recorded_results(kept.messages),
            at_once=at_once,
            who=kept.agent.name,
        )
        async for side in Player(stage, self._deps).play():
            yield side

    def _kept(self, repos: Repositories, step_id: str) -> _Kept:
        step = repos.runs.step(step_id)
        agent = repos.agents.find(step.agent_id) or repos.agents.find_deleted(step.agent_id)
        if agent is None:
            raise NotFound("The agent of this step no longer exists.")
        if step.purpose != "reply":
            raise Invalid("Only replies can be replayed, not summaries.", hint="Choose another step.")
        body = object_of(json.loads(b"".join(repos.runs.request(step_id)) or b"{}"))
        if not body:
            raise Invalid("Nothing was sent in this step, so there is nothing to replay.", hint="Choose another step.")
        steps = tuple(one for one in repos.runs.steps((step.run_id,)) if one.step_no >= step.step_no)
        ids = {one.id for one in steps}
        messages = repos.messages.of_run(step.run_id)
        events = repos.history.of_runs((step.run_id,))
        changes = [event.seq for event in events if event.origin.step_id in ids]
        earlier = [event.seq for event in events if event.origin.step_id not in ids]
        tools = repos.tools.by_names(agent.tool_names)
        own = tuple(message for message in messages if message.step_id in ids)
        # Right before the step's own changes; of those that the run made before them its messages tell.
        start = changes[0] - 1 if changes else max((step.memory_seq, *earlier))
        return _Kept(
            step=step,
            agent=agent,
            recorded=read_recorded(body, tools, agent.context_window, step.created_at),
            blocks=blocks_at(repos, agent.id, start),
            after=blocks_at(repos, agent.id, changes[-1] if changes else start),
            messages=own,
            steps=steps,
        )


def _then(kept: _Kept) -> ReplaySide:
    """How it went, as a side of its own."""
    first, said = kept.steps[0], [message for message in kept.messages if message.role == "assistant"]
    returns = {part.tool_call_id: part for message in kept.messages for part in message.tool_returns}
    calls: list[ReplayCall] = []
    for message in said:
        for call in message.tool_calls:
            back = returns.get(call.tool_call_id)
            calls.append(
                ReplayCall(
                    name=call.name,
                    arguments=call.arguments,
                    result=back.text if back is not None else "",
                    source="recorded",
                    failed=back is not None and back.status == "error",
                )
            )
    thoughts = (part.text for message in said for part in message.parts if isinstance(part, ReasoningPart))
    took = sum((step.completed_at or step.created_at) - step.created_at for step in kept.steps)
    return ReplaySide(
        model=first.model,
        text="\n\n".join(message.text for message in said if message.text.strip()),
        reasoning="\n\n".join(thoughts),
        calls=tuple(calls),
        changes=changes_between(kept.blocks, kept.after),
        rounds=len(kept.steps),
        first_token_ms=None if first.first_token_at is None else (first.first_token_at - first.created_at) // 1000,
        took_ms=took // 1000,
        prompt_tokens=first.usage.prompt_tokens,
        completion_tokens=sum(step.usage.completion_tokens for step in kept.steps),
    )
