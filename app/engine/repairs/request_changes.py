"""Pure: the request of a second try, and the one for a model that cannot call tools."""

from dataclasses import dataclass

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.message import Message, TextPart, ToolReturnPart
from app.domain.tool import Tool
from app.engine.repairs.constrained import constrain
from app.engine.repairs.reprompt import Reprompt
from app.ports.models import ChatRequest

USUAL_TEMPERATURE = 0.7
"""What a server is taken to use when the agent leaves it the choice."""
HOTTEST = 1.5
"""The highest temperature that is asked for: above it models lose the thread."""


@dataclass(frozen=True)
class Offered:
    """A request, and the tools that it offers in whatever way."""

    request: ChatRequest
    tools: tuple[Tool, ...]
    constrained: bool = False


def reprompted(agent: Agent, reprompt: Reprompt) -> Agent:
    """The agent with the settings of this try; its window must fit the longer reply."""
    settings = agent.settings
    room = max(settings.max_output_tokens, agent.context_window // 2)
    update: dict[str, object] = {"max_output_tokens": min(room, settings.max_output_tokens * reprompt.longer)}
    if reprompt.warmer:
        usual = USUAL_TEMPERATURE if settings.temperature is None else settings.temperature
        update["temperature"] = min(HOTTEST, round(usual + reprompt.warmer, 2))
    if reprompt.without_thinking:
        update["reasoning"] = "off"
    return agent.model_copy(update={"settings": settings.model_copy(update=update)})


def offer(request: ChatRequest, reprompt: Reprompt | None, blocks: tuple[Block, ...] = ()) -> Offered:
    """The request as it is sent: nudged, with tools that must not be called if so asked, as JSON if the model has no
    tool calls. `blocks`: those of its system prompt.
    """
    tools = request.tools
    silent = reprompt is not None and reprompt.without_tools
    if reprompt is not None:
        request = request.model_copy(update={"messages": _nudged(request.messages, reprompt.nudge)})
    has_none = request.facts is not None and request.facts.tools is False
    as_json = request.calls_as_json or (reprompt is not None and reprompt.as_json)
    if tools and (has_none or as_json):
        return Offered(constrain(request, blocks, only_words=silent), () if silent else tools, constrained=True)
    if silent:
        # The tools stay in the request: without them the server would have to read all of the prompt again.
        return Offered(request.model_copy(update={"calls_allowed": False}), ())
    return Offered(request, tools)


def _nudged(messages: tuple[Message, ...], nudge: str) -> tuple[Message, ...]:
    """The nudge goes into the newest message: a template may refuse one more user message after it."""
    if not nudge or not messages:
        return messages
    last = messages[-1]
    if last.role != "tool":
        return (*messages[:-1], last.model_copy(update={"parts": (*last.parts, TextPart(text=f"({nudge})"))}))
    returns = last.tool_returns
    if not returns:
        return messages
    told: ToolReturnPart = returns[-1].model_copy(update={"text": f"{returns[-1].text}\n\n({nudge})"})
    return (*messages[:-1], last.model_copy(update={"parts": (*last.parts[:-1], told)}))
