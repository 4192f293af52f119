"""Long lists by pages, with what belongs to their rows, read in one transaction each."""

from app.domain.agent import Agent
from app.domain.base import Micros
from app.domain.block import Block
from app.domain.identity import Identity
from app.domain.message import Message
from app.domain.page import AgentPage, PageRequest, RunFilter, RunPage, StepFilter, StepPage
from app.domain.run import Run
from app.engine.deps import EngineDeps
from app.ports.storage import Repositories
from app.services.steps import step_page


class Listing:
    def __init__(self, ports: EngineDeps) -> None:
        self._ports = ports

    async def agents(self) -> tuple[Agent, ...]:
        """All agents, oldest first."""
        return await self._ports.storage.read(lambda repos: repos.agents.list())

    async def agent(self, agent_id: str) -> AgentPage:
        """An agent with what a program sees of it."""
        return await self._ports.storage.read(lambda repos: _agent_page(repos, (repos.agents.get(agent_id),), True))

    async def agent_page(self, agents: tuple[Agent, ...], relations: bool = True) -> AgentPage:
        """What a program sees of these agents. `relations`: also their blocks, tools and identities."""
        return await self._ports.storage.read(lambda repos: _agent_page(repos, agents, relations))

    async def last_runs(self, agent_ids: tuple[str, ...]) -> dict[str, Run]:
        """The newest ended run of each agent."""
        return await self._ports.storage.read(lambda repos: repos.pages.last_runs(agent_ids))

    async def runs(self, wanted: RunFilter, cut: PageRequest) -> RunPage:
        return await self._ports.storage.read(lambda repos: _run_page(repos, repos.pages.runs(wanted, cut)))

    async def run(self, run_id: str) -> RunPage:
        """One run. Raises `NotFound` also when it was taken out of the lists."""

        def work(repos: Repositories) -> RunPage:
            run = repos.runs.get(run_id)
            page = _run_page(repos, (run,))
            deleted = run_id in page.requests and page.requests[run_id].deleted_at is not None
            return RunPage() if deleted else page

        return await self._ports.storage.read(work)

    async def run_messages(self, run_id: str) -> tuple[Message, ...]:
        """Everything a run said and was told, oldest first."""

        def work(repos: Repositories) -> tuple[Message, ...]:
            repos.runs.get(run_id)
            return repos.messages.of_run(run_id)

        return await self._ports.storage.read(work)

    async def steps(self, wanted: StepFilter, cut: PageRequest) -> StepPage:
        return await self._ports.storage.read(lambda repos: step_page(repos, repos.pages.steps(wanted, cut)))

    async def messages(self, conversation_id: str | None, cut: PageRequest) -> tuple[Message, ...]:
        """Messages of a conversation in the order of the cut; without one, those of all agents."""
        return await self._ports.storage.read(lambda repos: repos.pages.messages(conversation_id, cut))

    async def last_said(self, conversation_ids: tuple[str, ...]) -> dict[str, Micros]:
        """When the last message of each conversation came; those without messages are missing."""
        return await self._ports.storage.read(lambda repos: repos.pages.last_said(conversation_ids))

    async def last_ended(self, thread_ids: tuple[str, ...]) -> dict[str, Micros]:
        """When the last run of each thread ended; those without one are missing."""
        return await self._ports.storage.read(lambda repos: repos.pages.last_ended(thread_ids))

    async def in_context_ids(self, conversation_ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        return await self._ports.storage.read(lambda repos: repos.pages.in_context_ids(conversation_ids))


def _agent_page(repos: Repositories, agents: tuple[Agent, ...], relations: bool) -> AgentPage:
    ids = tuple(agent.id for agent in agents)
    shown = repos.pages.default_conversations(ids)
    context = repos.pages.in_context_ids(tuple(shown.values()))
    names = tuple({name for agent in agents for name in agent.tool_names})
    # Its parts come from the database, where they were checked when they were written.
    return AgentPage.model_construct(
        agents=agents,
        last_runs=repos.pages.last_runs(ids),
        message_ids={agent_id: context.get(place, ()) for agent_id, place in shown.items()},
        blocks=_blocks(repos, agents) if relations else {},
        identities=_identities(repos, agents) if relations else {},
        holders=_holders(repos, agents) if relations else {},
        tools={tool.name: tool for tool in repos.tools.by_names(names)} if relations else {},
        providers={provider.name: provider for provider in repos.providers.list()},
    )


def _blocks(repos: Repositories, agents: tuple[Agent, ...]) -> dict[str, Block]:
    if len(agents) == 1:
        return {block.id: block for block in repos.blocks.of_agent(agents[0].id)}
    return {block.id: block for block in repos.blocks.list()}


def _identities(repos: Repositories, agents: tuple[Agent, ...]) -> dict[str, Identity]:
    wanted = {identity_id for agent in agents for identity_id in agent.extras.identity_ids}
    return {identity.id: identity for identity in repos.identities.list() if identity.id in wanted} if wanted else {}


def _holders(repos: Repositories, agents: tuple[Agent, ...]) -> dict[str, tuple[str, ...]]:
    """Which agents are connected with each identity of these agents."""
    if not any(agent.extras.identity_ids for agent in agents):
        return {}
    held: dict[str, list[str]] = {}
    for agent in repos.agents.list():
        for identity_id in agent.extras.identity_ids:
            held.setdefault(identity_id, []).append(agent.id)
    return {identity_id: tuple(ids) for identity_id, ids in held.items()}


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
