"""An agent: a model, instructions, and the memory and tools attached to it."""

from typing import Any, Literal

from app.domain.base import Field, Frozen, Micros, is_one_line
from app.domain.block import BlockDraft
from app.domain.compaction import CompactionSettings
from app.domain.error import Invalid
from app.domain.message import MessageDraft
from app.domain.run import StopReason
from app.domain.tool_rule import Rules

MAX_NAME = 120
"""Characters of an agent's name."""

AgentType = Literal[
    "letta_v1_agent",
    "memgpt_v2_agent",
    "memgpt_agent",
    "react_agent",
    "workflow_agent",
    "split_thread_agent",
    "sleeptime_agent",
    "voice_convo_agent",
    "voice_sleeptime_agent",
]

Reasoning = Literal["auto", "off", "low", "medium", "high"]


class ModelSettings(Frozen):
    """What is asked of the model besides the prompt. None means: the server's default."""

    temperature: float | None = None
    max_output_tokens: int = 2048
    """Tokens kept free for the reply; always sent, because some servers else write on without end."""
    reasoning: Reasoning = "auto"
    tool_calls: Literal["auto", "json"] = "auto"
    """`json`: tools are called by JSON text that the server enforces, for models that are bad at calls of their own."""
    memory_proposals: Literal["auto", "on", "off"] = "auto"
    """The memory helper: whether the model is asked after a reply which edit of its memory the person meant, so that it
    can be proposed. `auto`: where the fit test found the model too weak to keep its memory by itself."""
    warm_cache: bool = True
    """After a run that changed the prompt, a server on this computer or in the same house reads the new one ahead,
    while nobody waits for it. Without effect for servers elsewhere."""
    parallel_tool_calls: bool = True
    """False: of the calls in one reply only the first is carried out, and the model is told so."""


class AgentExtras(Frozen):
    """What programs ask of an agent that has no column of its own: kept as given and given back.

    A capability that begins to act on one of these makes it a field of `Agent`.
    """

    embedding: str | None = None
    """Handle of the model that turns passages into vectors."""
    model_settings: dict[str, Any] | None = None
    """As asked for; what the engine acts on is in `Agent.settings`."""
    compaction_settings: dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    """As the Letta API has it; see `Agent.response_format`."""
    tool_rules: Rules = ()
    identity_ids: tuple[str, ...] = ()
    secret_names: tuple[str, ...] = ()
    """The values are in the secret store."""
    timezone: str | None = None
    max_files_open: int | None = None
    per_file_view_window_char_limit: int | None = None


class Agent(Frozen):
    """An agent as it is stored. What it remembers is in its blocks, what was said in its conversations."""

    id: str
    name: str
    description: str = ""
    """For people only, never sent to the model."""
    tags: tuple[str, ...] = ()
    agent_type: AgentType = "letta_v1_agent"
    system: str
    """System instructions, before blocks are compiled into the system prompt."""
    model: str
    """Model handle `<provider name>/<model>`, for example `demo/vesta`."""
    context_window: int = 16384
    """Tokens the agent may fill at most, reply included."""
    settings: ModelSettings = ModelSettings()
    max_steps: int = 50
    tool_names: tuple[str, ...] = ()
    """Names of attached tools, in the order in which the model sees them."""
    block_ids: tuple[str, ...] = ()
    """Ids of attached blocks, in the order in which they are compiled."""
    message_buffer_autoclear: bool = False
    pinned: bool = False
    hidden: bool = False
    metadata: dict[str, Any] = Field(default_factory=dict)
    extras: AgentExtras = AgentExtras()
    version: int = 1
    created_at: Micros
    updated_at: Micros

    @property
    def response_format(self) -> dict[str, Any] | None:
        """The JSON that its answers must be, in OpenAI's words: `{"type": "json_object"}`, or `json_schema` with
        `{"json_schema": {"schema": ...}}` beside it. None: plain text.
        """
        form = self.extras.response_format
        return form if form is not None and form.get("type") in ("json_object", "json_schema") else None

    @property
    def tool_rules(self) -> Rules:
        """What its calls of tools are held to."""
        return self.extras.tool_rules

    @property
    def compaction(self) -> CompactionSettings:
        """How its window is compacted when it is full."""
        return CompactionSettings.of(self.extras.compaction_settings)


def schema_of(response_format: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of the answers in this form."""
    if response_format["type"] == "json_object":
        return {"type": "object"}
    return response_format["json_schema"]["schema"]


class AgentDraft(Frozen):
    """What is needed to create an agent. `blocks` are created with it and attached in this order."""

    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    agent_type: AgentType = "letta_v1_agent"
    system: str | None = None
    """None: the default instructions from `resources/prompts`."""
    model: str
    context_window: int = 16384
    settings: ModelSettings = ModelSettings()
    max_steps: int = 50
    tool_names: tuple[str, ...] | None = None
    """None: the default memory tools."""
    blocks: tuple[BlockDraft, ...] = ()
    block_ids: tuple[str, ...] = ()
    message_buffer_autoclear: bool = False
    hidden: bool = False
    metadata: dict[str, Any] = Field(default_factory=dict)
    extras: AgentExtras = AgentExtras()
    first_messages: tuple[MessageDraft, ...] = ()
    """Said before the first run, in its default conversation."""


class AgentPatch(Frozen):
    """Fields to change; None leaves a field as it is."""

    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    system: str | None = None
    model: str | None = None
    context_window: int | None = None
    settings: ModelSettings | None = None
    max_steps: int | None = None
    tool_names: tuple[str, ...] | None = None
    block_ids: tuple[str, ...] | None = None
    """Replaces the set: what is missing is detached, what is new attached."""
    message_buffer_autoclear: bool | None = None
    pinned: bool | None = None
    hidden: bool | None = None
    metadata: dict[str, Any] | None = None
    extras: AgentExtras | None = None
    tool_rules: Rules | None = None
    """Replaces all of them."""


class AgentRow(Frozen):
    """One line of the agent list: the agent and what happened to it last."""

    agent: Agent
    last_text: str = ""
    last_at: Micros | None = None
    active_run_id: str | None = None
    last_stop_reason: StopReason | None = None
    waiting: int = 0
    """How many calls of its tools wait for a person's answer."""


class DeletedAgent(Frozen):
    """An agent that can still be brought back."""

    agent: Agent
    at: Micros
    """When it was deleted."""


def check_agent(agent: Agent) -> None:
    """Raises `Invalid` for settings that no run could work with."""
    reply, temperature = agent.settings.max_output_tokens, agent.settings.temperature
    if len(agent.name) > MAX_NAME or not is_one_line(agent.name):
        raise Invalid(f"An agent needs a name of 1 to {MAX_NAME} characters on one line.")
    if "/" not in agent.model:
        raise Invalid(f"“{agent.model}” is not a model handle.", hint="Write it as server/model, such as demo/vesta.")
    if agent.context_window < 512:
        raise Invalid("The context size must be at least 512 tokens.")
    if not 1 <= reply < agent.context_window:
        raise Invalid(
            f"The output limit ({reply:,} tokens) must be at least 1 and smaller than the context size "
            f"({agent.context_window:,}).",
            hint="Lower the output limit or increase the context size.",
        )
    if agent.max_steps < 1:
        raise Invalid("An agent needs at least 1 step to answer.")
    if temperature is not None and not 0 <= temperature <= 2:
        raise Invalid("The temperature must be between 0 and 2.")
