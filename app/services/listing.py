"""Long lists by pages, with what belongs to their rows, read in one transaction each."""

import asyncio
from collections.abc import AsyncIterator

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.identity import Identity
from app.domain.message import Message
from app.domain.page import (
    AgentPage,
    IdentityFilter,
    MessageFilter,
    PageRequest,
    RunFilter,
    RunPage,
    RunReport,
    StepFilter,
    StepPage,
)
from app.domain.run import Run
from app.engine.context.parts import beginning
from app.engine.deps import EngineDeps
from app.ports.storage import Repositories
from app.services.steps import step_page

PORTION = 5_000


class Listing:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def tags(self, search: str, page: PageRequest) -> tuple[str, ...]:
        """Tags of agents and blocks, each once, by the alphabet; cursors are tags. `search`: a part, in any case."""
        return await self._deps.storage.read(lambda repos: repos.pages.tags(search, page))

    async def agent(self, agent_id: str) -> AgentPage:
        """An agent with what a program sees of it."""
        return await self._deps.storage.read(lambda repos: _agent_page(repos, (repos.agents.get(agent_id),), True))

    async def agent_page(self, agents: tuple[Agent, ...], relations: bool = True) -> AgentPage:
        """What a program sees of these agents. `relations`: also their blocks, tools and identities."""
        return await self._deps.storage.read(lambda repos: _agent_page(repos, agents, relations))

    async def runs(self, wanted: RunFilter, page: PageRequest) -> RunPage:
        return await self._deps.storage.read(lambda repos: _run_page(repos, repos.pages.runs(wanted, page)))

    async def run_rows(self, wanted: RunFilter, page: PageRequest) -> RunPage:
        """Runs with the first words of what started each."""

        def work(repos: Repositories) -> RunPage:
            found = _run_page(repos, repos.pages.runs(wanted, page))
            begun = {run.id: repos.messages.get(run.message_id) for run in found.runs if run.message_id}
            return found.model_copy(update={"causes": {id: beginning(one.text) for id, one in begun.items()}})

        return await self._deps.storage.read(work)

    async def report(self, run_id: str) -> RunReport:
        """A run with its steps, what was said in it and which memory it changed. Raises `NotFound`."""

        def work(repos: Repositories) -> RunReport:
            run = repos.runs.get(run_id)
            cause = repos.messages.get(run.message_id).text if run.message_id else ""
            said = repos.messages.of_run(run_id)
            return RunReport(
                run=run,
                cause=beginning(cause),
                steps=repos.runs.steps((run_id,)),
                messages=said,
                changes=repos.history.of_runs((run_id,)),
            )

        return await self._deps.storage.read(work)

    async def export(self, run_id: str) -> AsyncIterator[str]:
        """A run as one JSON object, in pieces: what `report` tells, and each step's request and reply as they went over
        the wire. Raises `NotFound`.
        """
        report = await self.report(run_id)
        yield report.model_dump_json(indent=1).rstrip().removesuffix("}").rstrip() + ',\n "traces": ['
        for number, step in enumerate(report.steps):
            trace = await self._deps.storage.read(lambda repos, step=step: repos.runs.trace(step.id))
            yield (",\n" if number else "\n") + await asyncio.to_thread(trace.model_dump_json)
        yield "\n]}\n"

    async def run(self, run_id: str) -> RunPage:
        """One run. Raises `NotFound` also when it was taken out of the lists."""

        def work(repos: Repositories) -> RunPage:
            run = repos.runs.get(run_id)
            page = _run_page(repos, (run,))
            deleted = run_id in page.requests and page.requests[run_id].deleted_at is not None
            return RunPage() if deleted else page

        return await self._deps.storage.read(work)

    async def run_messages(self, run_id: str) -> tuple[Message, ...]:
        """Everything a run said and was told, oldest first."""

        def work(repos: Repositories) -> tuple[Message, ...]:
            repos.runs.get(run_id)
            return repos.messages.of_run(run_id)

        return await self._deps.storage.read(work)

    async def steps(self, wanted: StepFilter, page: PageRequest) -> StepPage:
        return await self._deps.storage.read(lambda repos: step_page(repos, repos.pages.steps(wanted, page)))

    async def messages(self, wanted: MessageFilter, page: PageRequest) -> tuple[Message, ...]:
        return await self._deps.storage.read(lambda repos: repos.pages.messages(wanted, page))

    async def in_context_ids(self, conversation_ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        return await self._deps.storage.read(lambda repos: repos.pages.in_context_ids(conversation_ids))


def _agent_page(repos: Repositories, agents: tuple[Agent, ...], relations: bool) -> AgentPage:
    ids = tuple(agent.id for agent in agents)
    threads = repos.pages.default_threads(ids)
    context = repos.pages.in_context_ids(tuple(shown for _, shown in threads.values()))
    names = tuple({name for agent in agents for name in agent.tool_names})
    identities = _identities(repos, agents) if relations else {}
    # Its parts come from the database, where they were checked when they were written.
    return AgentPage.model_construct(
        agents=agents,
        last_runs=repos.pages.last_runs(ids),
        message_ids={agent_id: context.get(shown, ()) for agent_id, (_, shown) in threads.items()},
        default_threads={agent_id: thread for agent_id, (thread, _) in threads.items()},
        blocks=_blocks(repos, agents) if relations else {},
        identities=identities,
        holders=repos.agents.connected(tuple(identities)) if identities else {},
        tools={tool.name: tool for tool in repos.tools.by_names(names)} if relations else {},
        pending=_pending(repos, threads) if relations else {},
        providers={provider.name: provider for provider in repos.providers.list()},
    )


def _pending(repos: Repositories, threads: dict[str, tuple[str, str]]) -> dict[str, Message]:
    shown = {shown for _, shown in threads.values()}
    rows = (row for row in repos.conversations.waiting(tuple(threads)) if row.id in shown)
    return {row.agent_id: repos.messages.get(row.pending_request_id) for row in rows if row.pending_request_id}


def _blocks(repos: Repositories, agents: tuple[Agent, ...]) -> dict[str, Block]:
    ids = tuple({block_id for agent in agents for block_id in agent.block_ids})
    # In portions, because a statement takes only so many values.
    portions = (ids[start : start + PORTION] for start in range(0, len(ids), PORTION))
    return {block.id: block for portion in portions for block in repos.blocks.many(portion)}


def _identities(repos: Repositories, agents: tuple[Agent, ...]) -> dict[str, Identity]:
    ids = {identity_id for agent in agents for identity_id in agent.extras.identity_ids}
    found = repos.identities.list(IdentityFilter(ids=tuple(ids))) if ids else ()
    return {identity.id: identity for identity in found}


def _run_page(repos: Repositories, runs: tuple[Run, ...]) -> RunPage:
    if not runs:
        return RunPage()
    ids = tuple(run.id for run in runs)
    first_words = {step.run_id: step.first_token_at for step in reversed(repos.runs.steps(ids))}
    return RunPage(
        runs=runs,
        requests=repos.requests.many(ids),
        threads=repos.pages.threads(tuple({run.conversation_id for run in runs})),
        first_token_at={run_id: at for run_id, at in first_words.items() if at is not None},
    )
