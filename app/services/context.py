"""The context window of a conversation, counted part by part: what the next request will hold."""

from app.domain.context import ContextAlarm, ContextOverview, ContextPart
from app.domain.message import Member
from app.domain.run import Step
from app.engine.context.parts import Scale, fixed_parts, message_parts
from app.engine.context.prompt import compile_prompt
from app.engine.context.truncation import Cutter, Request, alarm
from app.engine.context.window import TokenLedger
from app.engine.deps import EngineDeps
from app.engine.model_call.context_limits import within_limits
from app.engine.model_call.next_request import staying
from app.engine.model_call.snapshot import AgentSnapshot, read_view
from app.engine.run.stored_state import read_state
from app.ports.storage import Repositories


class Context:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def overview(self, conversation_id: str) -> ContextOverview:
        """The next request: of a run that goes on with the blocks of its beginning, else with those of now.

        Raises `ModelError` (`model_missing`) when the agent's server is not known.
        """

        def work(repos: Repositories) -> ContextOverview:
            agent_id = repos.conversations.get(conversation_id).agent_id
            run = repos.runs.active_in(conversation_id)
            state = read_state(repos.runs.state(run.id)) if run is not None else None
            view = read_view(repos, agent_id, conversation_id, state)
            step = repos.runs.last_step(agent_id)
            overview = _overview(view, conversation_id, self._deps, repos.messages.count(conversation_id))
            if view.blocks != repos.blocks.of_agent(agent_id):
                overview = overview.model_copy(update={"memory_as_begun": True})
            if step is None or step.model != view.agent.model:
                return overview
            if repos.runs.get(step.run_id).conversation_id != conversation_id:
                return overview  # what the server read of another conversation tells nothing of this one
            real = step.usage.prompt_tokens or None
            known = overview.model_copy(update={"last_estimate": step.estimated_tokens, "last_real": real})
            if not step.truncated or self._grown_since(step, view):
                return known
            return known.model_copy(update={"alarm": self._alarm(view, step, overview)})

        return await self._deps.storage.read(work)

    def _grown_since(self, step: Step, view: AgentSnapshot) -> bool:
        """Whether the server is known to serve enough by now for what it cut."""
        served = self._deps.windows.served(view.agent.model) or 0
        return served >= round(step.estimated_tokens * view.factor)

    def _alarm(self, view: AgentSnapshot, step: Step, overview: ContextOverview) -> ContextAlarm:
        def tokens(kind: str) -> int:
            return sum(part.tokens for part in overview.parts if part.kind == kind)

        newest = view.members[-1:]
        request = Request(
            instructions=tokens("system"),
            memory=tokens("memory"),
            tools=tokens("tools"),
            newest=_scaled(_sum(newest, self._deps.ledger), view.factor),
            sent=_scaled(step.estimated_tokens, view.factor),
            reply=view.agent.settings.max_output_tokens,
        )
        is_ollama = view.provider.kind == "ollama"
        cutter = Cutter(
            name=view.provider.title,
            keeps_system=is_ollama,
            takes_size=is_ollama,
            wanted=view.wanted,
            trained=self._deps.windows.trained(view.agent.model),
        )
        return alarm(step.usage.prompt_tokens, request, cutter)

    async def prompt(self, agent_id: str) -> str:
        """The system prompt as the agent's next request will hold it."""

        def work(repos: Repositories) -> str:
            archived = repos.archives.count_for(agent_id)
            return compile_prompt(repos.agents.get(agent_id), repos.blocks.of_agent(agent_id), archived)

        return await self._deps.storage.read(work)


def _overview(view: AgentSnapshot, conversation_id: str, deps: EngineDeps, total: int) -> ContextOverview:
    narrow, fit = within_limits(view, deps, deps.clock.ticks())
    shown = staying(view, fit).members
    summaries = tuple(member.message for member in shown if member.message.role == "summary")
    said = tuple(member for member in shown if member.message.role != "summary")
    scale = Scale(deps.ledger, view.factor)
    parts = [
        *fixed_parts(view.agent, view.blocks, view.tools, scale, archived=view.archived),
        *message_parts(summaries, scale),
        ContextPart(kind="messages", label="", text="", tokens=scale.of(_sum(said, deps.ledger))),
    ]
    return ContextOverview(
        agent_id=view.agent.id,
        conversation_id=conversation_id,
        window=view.agent.context_window,
        served=deps.windows.served(view.agent.model),
        kept_for_reply=narrow.agent.settings.max_output_tokens,
        parts=tuple(parts),
        messages_in=len(said),
        messages_out=total - len(shown),
    )


def _sum(members: tuple[Member, ...], ledger: TokenLedger) -> int:
    return sum(ledger.members(members))


def _scaled(tokens: int, factor: float) -> int:
    return round(tokens * factor)
