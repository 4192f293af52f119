"""Models and the providers that serve them."""

from typing import Literal, NamedTuple

from app.domain.base import Field, Frozen, Micros
from app.domain.fitness import FitReport
from app.domain.memory_fit import Fits

ProviderKind = Literal["demo", "openai", "ollama"]
"""`demo`: built in and scripted. `openai`: any OpenAI-compatible server. `ollama`: Ollama by its own API."""


PRODUCTS = {
    "ollama": "Ollama",
    "lmstudio": "LM Studio",
    "llamacpp": "llama.cpp",
    "jan": "Jan",
    "vllm": "vLLM",
    "openai": "OpenAI",
    "openrouter": "OpenRouter",
}
"""How the makers of known servers write their names, by the names that providers of theirs are given."""


class ModelHandle(NamedTuple):
    """What an agent's model is stored and sent as: `<provider's name>/<the model's name there>`.

    Names of providers hold no slash, those of models may: `openrouter/qwen/qwen3-8b`.
    """

    provider: str
    name: str
    """Empty where a text is no handle, because it has no slash."""

    @classmethod
    def parse(cls, text: str) -> "ModelHandle":
        provider, _, name = text.partition("/")
        return cls(provider, name)

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


class Provider(Frozen):
    """A server that offers models. Its key, if any, is in the secret store; this row only says that there is one."""

    id: str
    name: str
    """First half of a model handle, unique: `openai`, `lmstudio`, `my server`."""
    kind: ProviderKind
    base_url: str = ""
    has_key: bool = False
    enabled: bool = True
    variable: str = ""
    """The variable of the environment that names it, and that alone can change it; empty for every other server."""
    awaits_consent: bool = False
    """True for a server elsewhere that a variable names, until a person has agreed: nothing is sent to it before."""
    version: int = 1
    created_at: Micros
    updated_at: Micros

    @property
    def title(self) -> str:
        """What sentences call it: a known product as its maker writes it, else its name."""
        return PRODUCTS.get(self.name, self.name)


class NamedServer(Frozen):
    """A server that a variable of the environment names."""

    variable: str
    """The variable with its address; with its key, where the address is the usual one."""
    name: str
    """What its provider is to be named."""
    kind: ProviderKind
    base_url: str
    key: str = Field("", repr=False)
    """Lives in memory only: never in a database, a key ring, a log or another program's environment."""


class ProviderDraft(Frozen):
    """A server that is to be added, or what an edit makes of one."""

    name: str
    kind: ProviderKind = "openai"
    base_url: str
    key: str | None = None
    """Goes to the secret store, never to the database. None keeps a stored one; "" removes it."""


class Model(Frozen):
    """A model that a provider offers now. None and empty: the server does not say."""

    handle: str
    provider: str
    name: str
    label: str = ""
    context_window: int | None = None
    """Tokens the server serves whatever a request asks for. None for Ollama, which serves what it is told."""
    trained_context: int | None = None
    """Tokens the model was trained for: the most that can be asked for, never what is served by itself."""
    allocated_context: int | None = None
    """Tokens it is loaded with at this moment; asking for another number loads it anew."""
    loaded: bool | None = None
    loaded_bytes: int | None = None
    """Memory it takes with its context, while it is loaded."""
    size_bytes: int | None = None
    """Of the file."""
    parameter_size: str = ""
    """As the server writes it: `8.2B`."""
    quantization: str = ""
    """As the server writes it: `Q4_K_M`."""
    digest: str = ""
    """Identifies the file's content, 64 hex digits; a changed one is another model under the same name."""
    tools: bool | None = None
    vision: bool | None = None
    reasoning: bool | None = None
    """Whether it thinks before it answers."""
    embedding: bool = False
    """True for models that turn text into vectors."""
    embedding_dim: int | None = None
    """Numbers in such a vector."""
    cloud: bool = False
    """True where a local server passes the conversation on to another computer. Never a default."""
    scripted: bool = False
    """True for the demo: no AI behind it."""
    unfit: str = ""
    """Why it cannot chat, as a sentence; empty when it can."""


class ProviderModels(Frozen):
    """What a provider answered when asked for its models. `error` is a sentence when it did not."""

    provider: Provider
    models: tuple[Model, ...] = ()
    error: str = ""
    hint: str = ""
    checked_at: Micros | None = None


class PullProgress(Frozen):
    """How far the download of a model is. It ends with `finished`, or with a `ModelError`."""

    name: str
    phase: Literal["starting", "downloading", "checking", "finished"]
    completed: int = 0
    """Bytes of all layers together, those of an earlier, interrupted download included."""
    total: int = 0
    """Bytes of all layers that the server has named so far: it grows in the first moments."""


class ServerPreset(Frozen):
    """A server that many people have, as a starting point for a provider."""

    name: str
    """Suggested name of the provider."""
    label: str
    kind: ProviderKind
    base_url: str
    local: bool
    """False: conversations leave this computer."""
    page: str
    """Where it is to be had, or where its keys are made."""


class FoundServer(Frozen):
    """A model server that answered on this computer."""

    preset: ServerPreset
    """With the address where it was found."""
    version: str = ""
    models: int | None = None
    """How many it lists; None where it does not say."""
    needs_key: bool = False


class Pull(Frozen):
    """A download of a model that the engine carries, with or without a window."""

    provider_id: str
    name: str
    phase: Literal["waiting", "running", "paused", "done", "failed"]
    """`waiting`: the server has not named a size yet. `done` ones stay listed until the engine ends."""
    completed: int = 0
    total: int = 0
    """Bytes; 0 while not known."""
    bytes_per_second: float | None = None
    """Over the last seconds; None while nothing moves."""
    seconds_left: float | None = None
    error: str = ""
    """Why it failed or paused by itself, as a sentence."""
    hint: str = ""
    final: bool = False
    """It failed and would fail again: the library has no model of that name."""


class RecommendedModel(Frozen):
    """One line of the list that comes with Lares, seen from this computer."""

    name: str
    """As Ollama's library calls it."""
    size_bytes: int
    """Of the file to download; of the installed one where it is."""
    need_bytes: int
    """File, context and room to work together."""
    context_window: int
    """Tokens that `need_bytes` is counted with, and that an agent on it should get."""
    note: str = ""
    """What is known of it, as a sentence."""
    fits: Fits
    tokens_per_second: float | None = None
    """How fast it writes here: as a test measured it, else estimated; None: nothing to estimate it from."""
    too_slow: bool = False
    """True: so slow that nobody would wait for it. Never the first choice."""
    installed: bool = False
    handle: str = ""
    """Of the installed one."""
    best: bool = False
    """True for one at most: the first choice for this computer."""
    fitness: FitReport | None = None
    """What the fit test found on this computer; None: not tested here."""


class LoadedModel(Frozen):
    """A model in the computer's memory at this moment."""

    provider_id: str
    handle: str
    name: str
    bytes: int
    """With its context, where the server says so; else the size of its file."""
    context: int | None = None


class ComputerMemory(Frozen):
    """The memory of the computer that the engine runs on."""

    total_bytes: int | None
    used_bytes: int | None
    """By everything, loaded models included."""
    loaded: tuple[LoadedModel, ...] = ()
    free_disk_bytes: int | None = None
    """Where the data folder is; Ollama keeps its models on the same disk on most computers."""
