"""What one model call is made of: read in one snapshot, turned into a request."""

from dataclasses import dataclass, replace
from functools import cached_property

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.error import ModelError
from app.domain.message import ImagePart, Member, Message
from app.domain.model import Provider
from app.domain.run import Step
from app.domain.tool import Tool
from app.engine.context.prompt import compile_prompt
from app.engine.context.window import Fit, TokenLedger, fit, has_images, visible, without_images
from app.ports.models import ChatRequest
from app.ports.storage import Repositories

MAX_FACTOR, MIN_FACTOR = 3.0, 0.5
SMALL = 200
"""Below this many tokens a server's template weighs too much for the ratio to mean anything."""


@dataclass(frozen=True)
class AgentView:
    """An agent and its conversation at one moment."""

    agent: Agent
    blocks: tuple[Block, ...]
    tools: tuple[Tool, ...]
    members: tuple[Member, ...]
    provider: Provider
    model: str
    """The model's name at its provider."""
    memory_seq: int
    factor: float
    """The server's real counts divided by our estimates, from the newest step."""
    images: dict[str, tuple[str, bytes]]

    @cached_property
    def prompt(self) -> str:
        return compile_prompt(self.agent, self.blocks)

    def fit(self, ledger: TokenLedger) -> Fit:
        return fit(self.agent, self.prompt, self.tools, self.members, ledger, self.factor)

    def earlier_images(self, newest_id: str | None) -> bool:
        """Whether other messages than the newest show images."""
        return any(has_images(member.message) for member in self.members if member.message.id != newest_id)

    def without_earlier_images(self, newest_id: str | None) -> "AgentView":
        members = (m if m.message.id == newest_id else without_images(m) for m in self.members)
        return replace(self, members=tuple(members))

    def request(self) -> ChatRequest:
        settings = self.agent.settings
        return ChatRequest(
            model=self.model,
            system=self.prompt,
            messages=visible(self.members),
            tools=self.tools,
            temperature=settings.temperature,
            max_output_tokens=settings.max_output_tokens,
            reasoning=settings.reasoning,
            context_window=self.agent.context_window,
            calls_as_json=settings.tool_calls == "json",
            images=self.images,
        )


def read_view(repos: Repositories, agent_id: str, conversation_id: str) -> AgentView:
    """Reads all that a request needs. Cost depends on the window, not on the length of the history."""
    agent = repos.agents.get(agent_id)
    provider_name, _, model = agent.model.partition("/")
    provider = repos.providers.named(provider_name)
    if provider is None or not model:
        raise ModelError(
            f"The model “{agent.model}” belongs to no server that Lares knows. Your message is kept.",
            code="model_missing",
            hint="Choose another model for this agent, or add the server again in the settings.",
        )
    members = repos.messages.in_context(conversation_id)
    return AgentView(
        agent=agent,
        blocks=repos.blocks.of_agent(agent_id),
        tools=repos.tools.by_names(agent.tool_names),
        members=members,
        provider=provider,
        model=model,
        memory_seq=repos.history.last_seq(),
        factor=calibration(repos.runs.last_step(agent_id), agent.model),
        images=_images(repos, tuple(member.message for member in members)),
    )


def calibration(step: Step | None, handle: str) -> float:
    """How far our estimates are off for this model, from the last real count."""
    if step is None or step.model != handle or step.estimated_tokens < SMALL or not step.usage.prompt_tokens:
        return 1.0
    return min(MAX_FACTOR, max(MIN_FACTOR, step.usage.prompt_tokens / step.estimated_tokens))


def _images(repos: Repositories, messages: tuple[Message, ...]) -> dict[str, tuple[str, bytes]]:
    """The images that are still stored; the encoding says of the others that they are gone."""
    wanted = {
        part.sha256: part.media_type for message in messages for part in message.parts if isinstance(part, ImagePart)
    }
    stored = {sha: media_type for sha, media_type in wanted.items() if repos.blobs.find(sha) is not None}
    return {sha: (media_type, repos.blobs.get(sha)[1]) for sha, media_type in stored.items()}
