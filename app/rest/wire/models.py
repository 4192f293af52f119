"""Models on the wire: handles, and the configuration objects that older clients read."""

from typing import Any

from app.domain.agent import Agent
from app.domain.embedding import EmbeddingModel as OurEmbeddingModel
from app.domain.json_value import JsonObject
from app.domain.model import Model as OurModel
from app.domain.model import ModelHandle, Provider
from app.rest.wire.base import ResponseModel

EMBEDDING_CHUNK = 300
ENDPOINTS = frozenset(
    [
        "openai",
        "anthropic",
        "google_ai",
        "google_vertex",
        "azure",
        "groq",
        "ollama",
        "lmstudio",
        "llamacpp",
        "koboldcpp",
        "vllm",
        "baseten",
        "minimax",
        "moonshot",
        "mistral",
        "together",
        "bedrock",
        "deepseek",
        "xai",
        "zai",
        "openrouter",
    ]
)
EMBEDDING_ENDPOINTS = frozenset(
    [
        "openai",
        "anthropic",
        "bedrock",
        "google_ai",
        "google_vertex",
        "azure",
        "groq",
        "ollama",
        "lmstudio",
        "llamacpp",
        "koboldcpp",
        "vllm",
        "mistral",
        "together",
        "pinecone",
    ]
)
PROVIDERS = frozenset(
    [
        "anthropic",
        "azure",
        "baseten",
        "bedrock",
        "cerebras",
        "deepseek",
        "fireworks",
        "google_ai",
        "google_vertex",
        "groq",
        "minimax",
        "moonshot",
        "mistral",
        "ollama",
        "openai",
        "together",
        "vllm",
        "sglang",
        "openrouter",
        "xai",
        "zai",
    ]
)


TEMPERATURE = 1.0
"""What is told where nothing is set and the server decides: the field must hold a number."""
DIMENSIONS = {
    "nomic-embed-text": 768,
    "mxbai-embed-large": 1024,
    "snowflake-arctic-embed": 1024,
    "snowflake-arctic-embed2": 1024,
    "all-minilm": 384,
    "bge-m3": 1024,
    "bge-large": 1024,
    "embeddinggemma": 768,
    "qwen3-embedding": 4096,
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
"""Numbers in a vector of well-known models, as their makers publish them, for servers that do not say."""


class LLMConfig(ResponseModel):
    model: str
    display_name: str | None = None
    model_endpoint_type: str
    model_endpoint: str | None = None
    provider_name: str | None = None
    provider_category: str | None = "base"
    model_wrapper: str | None = None
    context_window: int
    put_inner_thoughts_in_kwargs: bool | None = False
    handle: str | None = None
    temperature: float = TEMPERATURE
    max_tokens: int | None = None
    enable_reasoner: bool = True
    reasoning_effort: str | None = None
    max_reasoning_tokens: int = 0
    effort: str | None = None
    frequency_penalty: float | None = None
    compatibility_type: str | None = None
    verbosity: str | None = None
    tier: str | None = None
    parallel_tool_calls: bool | None = False
    response_format: JsonObject | None = None
    strict: bool = False
    tool_call_parser: str | None = None


class EmbeddingConfig(ResponseModel):
    embedding_endpoint_type: str
    embedding_endpoint: str | None = None
    embedding_model: str
    embedding_dim: int
    """0: neither its server nor its maker says it before something was embedded."""
    embedding_chunk_size: int | None = EMBEDDING_CHUNK
    handle: str | None = None
    batch_size: int = 32
    azure_endpoint: str | None = None
    azure_version: str | None = None
    azure_deployment: str | None = None


class Model(LLMConfig):
    name: str
    provider_type: str
    model_type: str = "llm"
    max_context_window: int


class EmbeddingModel(EmbeddingConfig):
    name: str
    display_name: str
    provider_type: str
    provider_name: str
    model_type: str = "embedding"


def endpoint_type(provider: Provider | None, known: frozenset[str] = ENDPOINTS) -> str:
    """The kind of a server in the words of the API; what it does not know speaks OpenAI's protocol."""
    if provider is None or provider.kind == "demo":
        return "openai"
    if provider.kind == "ollama":
        return "ollama"
    return provider.name if provider.name in known else "openai"


def provider_type(provider: Provider | None) -> str:
    if provider is not None and provider.kind == "demo":
        return "letta"
    kind = endpoint_type(provider, PROVIDERS | {"lmstudio"})
    return "lmstudio_openai" if kind == "lmstudio" else kind


_BLANK = LLMConfig.model_construct()


def llm_config(agent: Agent, provider: Provider | None) -> LLMConfig:
    provider_name, name = ModelHandle.parse(agent.model)
    settings = agent.settings
    fields: dict[str, Any] = {
        "model": name,
        "display_name": name,
        "model_endpoint_type": endpoint_type(provider),
        "model_endpoint": _address(provider),
        "provider_name": provider_name,
        "context_window": agent.context_window,
        "handle": agent.model,
        "temperature": TEMPERATURE if settings.temperature is None else settings.temperature,
        "max_tokens": settings.max_output_tokens,
        "enable_reasoner": settings.reasoning != "off",
        "reasoning_effort": _effort(settings.reasoning),
        "response_format": agent.extras.response_format,
    }
    return _BLANK.model_copy(update=fields)


def embedding_config(handle: str | None, provider: Provider | None) -> EmbeddingConfig | None:
    if handle is None:
        return None
    name = ModelHandle.parse(handle).name
    return EmbeddingConfig(
        embedding_endpoint_type=endpoint_type(provider, EMBEDDING_ENDPOINTS),
        embedding_endpoint=_address(provider),
        embedding_model=name,
        embedding_dim=_dimension(name),
        handle=handle,
    )


def model_settings(agent: Agent) -> dict[str, Any]:
    """Whole, whatever was asked for: the defaults, over them what was given, over it what is really in force."""
    settings = agent.settings
    return {
        "provider_type": "openai",
        "strict": False,
        **(agent.extras.model_settings or {}),
        "reasoning": {"reasoning_effort": _effort(settings.reasoning)},
        "response_format": agent.extras.response_format,
        "parallel_tool_calls": settings.parallel_tool_calls,
        "max_output_tokens": settings.max_output_tokens,
        "temperature": TEMPERATURE if settings.temperature is None else settings.temperature,
    }


def _effort(reasoning: str) -> str | None:
    return {"auto": None, "off": "none"}.get(reasoning, reasoning)


def model_to_wire(model: OurModel, provider: Provider, window: int) -> Model:
    size = model.context_window or model.allocated_context or model.trained_context or window
    return Model(
        model=model.name,
        display_name=model.label or model.name,
        model_endpoint_type=endpoint_type(provider),
        model_endpoint=_address(provider),
        provider_name=provider.name,
        context_window=size,
        handle=model.handle,
        enable_reasoner=model.reasoning is True,
        name=model.name,
        provider_type=provider_type(provider),
        max_context_window=max(size, model.trained_context or 0),
    )


def embedding_model_to_wire(model: OurEmbeddingModel, provider: Provider | None) -> EmbeddingModel:
    """`provider`: its server; None: it is the built-in one."""
    provider_name, name = ModelHandle.parse(model.handle)
    return EmbeddingModel(
        embedding_endpoint_type=endpoint_type(provider, EMBEDDING_ENDPOINTS),
        embedding_endpoint=_address(provider),
        embedding_model=name,
        embedding_dim=model.dimension or _dimension(name),
        handle=model.handle,
        name=name,
        display_name=name,
        provider_type="letta" if provider is None else provider_type(provider),
        provider_name=provider_name,
    )


def _dimension(name: str) -> int:
    """By the model's name without its owner and its tag."""
    return DIMENSIONS.get(name.rpartition("/")[2].partition(":")[0].lower(), 0)


def _address(provider: Provider | None) -> str | None:
    return provider.base_url or None if provider is not None else None
