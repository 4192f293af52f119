"""What one model call is made of: read in one snapshot, turned into a request."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.error import ModelError
from app.domain.history import MemoryEvent
from app.domain.json_value import object_of
from app.domain.message import ImagePart, Member, ReasoningPart, ToolCallPart
from app.domain.model import ModelHandle, Provider
from app.domain.run import Step
from app.domain.tool import Tool
from app.domain.tool_rule import asked_about
from app.domain.turn import ClientTool
from app.engine.context.prompt import SEARCH_ARCHIVES, compile_block, compile_prompt
from app.engine.context.window import (
    Counted,
    Fit,
    TokenLedger,
    fit,
    tool_text,
    visible,
    without_images,
    zone_of,
)
from app.engine.memory.earlier_blocks import archived_at, blocks_at
from app.engine.run.rules import Turn
from app.engine.state import RunState
from app.ports.models import ChatRequest
from app.ports.storage import Repositories

MAX_FACTOR, MIN_FACTOR = 3.0, 0.5
"""What a server counts may be up to three times our estimate, or half of it; beyond that one of both is wrong."""
SHORT_MEMBERS, SHORT_TOOLS, SHORT_TEXT = 400, 20, 30_000
"""Messages, tools, and characters that were not sent before: about a millisecond of work."""
AT_ONCE = "servers.at_once"
"""Setting: how many requests a server gets at a time, by the name of its provider."""
SMALL = 200
"""Below this many tokens a server's template weighs too much for the ratio to mean anything."""


class Shown(NamedTuple):
    """What the messages of a window show beside words."""

    images: dict[str, int]
    """How many, by the ids of the messages that show any."""
    thoughts: bool


@dataclass(frozen=True)
class AgentSnapshot:
    """An agent and its conversation at one moment."""

    agent: Agent
    blocks: tuple[Block, ...]
    tools: tuple[Tool, ...]
    members: tuple[Member, ...]
    provider: Provider
    model: str
    """The model's name at its provider."""
    wanted: int
    """Context size to ask the server for: the largest that any agent on this model has."""
    memory_seq: int
    """The newest change that `blocks` show."""
    factor: float
    """The server's real counts divided by our estimates, from the newest step."""
    images: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    """Media type and bytes by hash; read once it is known which messages are sent."""
    counted: int = 0
    """The real count that `factor` comes from; 0: it is a guess, because nothing has been counted yet."""
    covered: Counted | None = None
    """What of the request that count covers already; None: nothing."""
    archived: int = 0
    """How many passages the agent could find at the moment that `blocks` show."""
    narrowed: bool = False
    """True: the server serves less than the agent wants."""
    forbidden: tuple[Tool, ...] = ()
    """Tools that the agent's rules do not allow now: the model is not offered them."""
    asking: frozenset[str] = frozenset()
    """Names of the tools whose calls wait for an answer."""

    @cached_property
    def prompt(self) -> str:
        return compile_prompt(self.agent, self.blocks, self.archived)

    def is_short(self, ledger: TokenLedger) -> bool:
        """Whether counting and encoding it takes less than a thread costs. What was sent before costs nothing."""
        if len(self.members) > SHORT_MEMBERS or len(self.tools) > SHORT_TOOLS:
            return False
        parts = (part for message in ledger.unknown(self.members) for part in message.parts)
        texts = (len(part.arguments if isinstance(part, ToolCallPart) else getattr(part, "text", "")) for part in parts)
        return len(self.prompt) + sum(texts) <= SHORT_TEXT

    def fit(self, ledger: TokenLedger) -> Fit:
        return fit(self.agent, self.prompt, self.tools, self.members, ledger, self.factor, self.covered)

    @property
    def first_position(self) -> int | None:
        """Of the oldest message; a summary stands where it was made."""
        return min((member.position for member in self.members), default=None)

    @property
    def last_position(self) -> int | None:
        return max((member.position for member in self.members), default=None)

    @property
    def asked(self) -> str:
        """The newest message that a person wrote."""
        return next((one.message.text for one in reversed(self.members) if one.message.role == "user"), "")

    @cached_property
    def shown(self) -> Shown:
        """Looked up once: there may be hundreds of messages."""
        images: dict[str, int] = {}
        thoughts = False
        for member in self.members:
            for part in member.message.parts:
                if isinstance(part, ImagePart):
                    images[member.message.id] = images.get(member.message.id, 0) + 1
                elif isinstance(part, ReasoningPart):
                    thoughts = True
        return Shown(images, thoughts)

    @property
    def showed_thoughts(self) -> bool:
        """Whether a model thought before it answered, in what is still in the window."""
        return self.shown.thoughts

    def earlier_images(self, newest_id: str | None) -> bool:
        """Whether other messages than the newest show images."""
        return bool(self.shown.images.keys() - {newest_id})

    def without_earlier_images(self, newest_id: str | None) -> "AgentSnapshot":
        members = (m if m.message.id == newest_id else without_images(m) for m in self.members)
        return replace(self, members=tuple(members))

    def within(self, size: int) -> "AgentSnapshot":
        """The same view for a server that serves no more than `size`; the reply leaves room for the rest."""
        if size >= self.agent.context_window:
            return self
        settings = self.agent.settings
        reply = min(settings.max_output_tokens, max(256, size // 4))
        shorter = settings.model_copy(update={"max_output_tokens": reply})
        agent = self.agent.model_copy(update={"context_window": size, "settings": shorter})
        return replace(self, agent=agent, narrowed=True)

    def request(self) -> ChatRequest:
        settings, form = self.agent.settings, self.agent.response_format
        return ChatRequest.model_construct(  # of what was checked when it was made: there may be hundreds of messages
            model=self.model,
            system=self.prompt,
            messages=visible(self.members, zone_of(self.agent)),
            tools=self.tools,
            temperature=settings.temperature,
            max_output_tokens=settings.max_output_tokens,
            reasoning=settings.reasoning,
            parallel_tool_calls=settings.parallel_tool_calls,
            context_window=self.wanted,
            # Ollama forces all that a model writes into the form, so that it could call nothing.
            calls_as_json=settings.tool_calls == "json" or (form is not None and self.provider.kind == "ollama"),
            response_format=form,
            images=self.images,
        )


def read_view(repos: Repositories, agent_id: str, conversation_id: str, state: RunState | None = None) -> AgentSnapshot:
    """Reads all that a request needs but its images. Cost depends on the window, not on the length of the history.

    `state`: of the run that the request is for; its blocks are those of the run's beginning.
    """
    agent = repos.agents.get(agent_id)
    provider, model = provider_of(repos, agent.model)
    step = repos.runs.last_step(agent_id, whole=True)
    members = repos.messages.in_context(conversation_id)
    memory_seq = _memory_seq(repos, agent_id, members, state)
    is_newest = memory_seq == repos.history.last_seq()
    offered, forbidden = _tools_now(repos, agent, state)
    client = frozenset(tool.name for tool in state.client_tools) if state is not None else frozenset[str]()
    blocks = repos.blocks.of_agent(agent_id) if is_newest else blocks_at(repos, agent_id, memory_seq)
    told = step if step is not None and _tells(step, agent.model) else None
    return AgentSnapshot(
        agent=agent,
        blocks=blocks,
        tools=offered,
        forbidden=forbidden,
        asking=asked_about(agent.tool_rules) | client,
        members=members,
        provider=provider,
        model=model,
        wanted=max(agent.context_window, repos.agents.largest_window(agent.model) or 0),
        memory_seq=memory_seq,
        factor=calibration(step, agent.model),
        archived=archived_at(repos, agent_id, memory_seq) if SEARCH_ARCHIVES in agent.tool_names else 0,
        counted=told.usage.prompt_tokens if told is not None else 0,
        covered=None
        if told is None
        else covered(repos, told, agent, blocks, offered, members, conversation_id, memory_seq),
    )


def _tools_now(repos: Repositories, agent: Agent, state: RunState | None) -> tuple[tuple[Tool, ...], tuple[Tool, ...]]:
    """The tools that the next request offers, and those that the agent's rules keep out of it."""
    client = {tool.name: _client_tool(tool) for tool in state.client_tools} if state is not None else {}
    bound = state is not None and state.memory_only
    known = (tool for tool in repos.tools.by_names(agent.tool_names) if tool.set_up and tool.name not in client)
    own = tuple(tool for tool in known if tool.within_memory or not bound)
    tools = (*own, *client.values())
    if not agent.tool_rules:
        return tools, ()
    names = tuple(tool.name for tool in tools)
    made, denied = (state.made, state.denied) if state is not None else ((), ())
    allowed = frozenset(Turn(agent.tool_rules, names, made, denied).allowed)
    return tuple(t for t in tools if t.name in allowed), tuple(t for t in tools if t.name not in allowed)


def _client_tool(tool: ClientTool) -> Tool:
    """As the model is told of it. It has no id: nothing here runs it."""
    return Tool(
        id="",
        name=tool.name,
        tool_type="custom",
        description=tool.description,
        parameters=tool.parameters,
        created_at=0,
        updated_at=0,
    )


def covered(
    repos: Repositories,
    step: Step,
    agent: Agent,
    blocks: tuple[Block, ...],
    tools: tuple[Tool, ...],
    members: tuple[Member, ...],
    conversation_id: str,
    memory_seq: int,
) -> Counted | None:
    """What of the next request the server has counted with this step; None where that was another thread."""
    if step.window_first is None or step.window_last is None:
        return None
    here = any(member.message.run_id == step.run_id for member in reversed(members))
    if not here and _thread_of_run(repos, step.run_id) != repos.conversations.get(conversation_id).root_id:
        return None
    if agent.version != step.agent_version:
        changed = (compile_prompt(agent, blocks), *map(tool_text, tools))
    else:
        newer = () if memory_seq == step.memory_seq else blocks  # an agent's own edits show from its next run on
        changed = (
            *(compile_block(block) for block in newer if block.updated_at > step.created_at),
            *(tool_text(tool) for tool in tools if tool.updated_at > step.created_at),
        )
    completion = step.usage.completion_tokens
    return Counted(step.window_first, step.window_last, step.created_at, step.id, completion, changed)


def _thread_of_run(repos: Repositories, run_id: str) -> str:
    return repos.conversations.get(repos.runs.get(run_id).conversation_id).root_id


def _memory_seq(repos: Repositories, agent_id: str, members: tuple[Member, ...], state: RunState | None) -> int:
    """Up to which change the blocks are shown: the run's beginning, unless the returns of its own edits are no longer
    in the window, so that the model would not know of them.
    """
    newest = repos.history.last_seq()
    if state is None or state.memory_seq is None or state.memory_seq == newest:
        return newest
    own = {e.origin.tool_call_id for e in repos.history.since(agent_id, state.memory_seq) if _made_by(state, e)}
    told = {part.tool_call_id for member in members for part in member.message.tool_returns}
    return state.memory_seq if own <= told else newest


def _made_by(state: RunState, event: MemoryEvent) -> bool:
    return event.origin.run_id == state.run_id and event.origin.tool_call_id is not None


def provider_of(repos: Repositories, handle: str) -> tuple[Provider, str]:
    """The server of a model, and the model's name there. Raises `ModelError` (`model_missing`)."""
    name, model = ModelHandle.parse(handle)
    provider = repos.providers.named(name)
    if provider is None or not model:
        raise ModelError(
            f"The model “{handle}” belongs to no server that Lares knows. Your message is kept.",
            code="model_missing",
            hint="Choose another model for this agent, or add the server again in the settings.",
        )
    return provider, model


def requests_at_once(repos: Repositories, provider: Provider) -> int | None:
    """How many requests a server gets at a time, where somebody has set it."""
    setting = repos.settings.get(AT_ONCE)
    limits: Any = setting.value if setting is not None else None
    at_once = object_of(limits).get(provider.name)
    return at_once if isinstance(at_once, int) else None


def calibration(step: Step | None, handle: str) -> float:
    """How far our estimates are off for this model, from the last real count."""
    if step is None or not _tells(step, handle):
        return 1.0
    return min(MAX_FACTOR, max(MIN_FACTOR, step.usage.prompt_tokens / step.estimated_tokens))


def _tells(step: Step | None, handle: str) -> bool:
    if step is None or step.model != handle:
        return False
    return step.estimated_tokens >= SMALL and step.usage.prompt_tokens > 0


def read_images(repos: Repositories, members: tuple[Member, ...]) -> dict[str, tuple[str, bytes]]:
    """The images that are still stored; the encoding says of the others that they are gone."""
    wanted = {
        part.sha256: part.media_type
        for member in members
        for part in member.message.parts
        if isinstance(part, ImagePart)
    }
    stored = {sha: media_type for sha, media_type in wanted.items() if repos.blobs.find(sha) is not None}
    return {sha: (media_type, repos.blobs.get(sha)[1]) for sha, media_type in stored.items()}
