"""Models and the providers that serve them."""

from typing import Literal

from app.domain.base import Frozen, Micros

ProviderKind = Literal["demo", "openai"]
"""`demo`: built in and scripted. `openai`: any OpenAI-compatible server."""


class Provider(Frozen):
    """A server that offers models. Its key, if any, is in the secret store; this row only says that there is one."""

    id: str
    name: str
    """First half of a model handle, unique: `openai`, `lmstudio`, `my server`."""
    kind: ProviderKind
    base_url: str = ""
    has_key: bool = False
    enabled: bool = True
    version: int = 1
    created_at: Micros
    updated_at: Micros


class ProviderDraft(Frozen):
    name: str
    kind: ProviderKind = "openai"
    base_url: str
    key: str | None = None
    """Goes to the secret store, never to the database. None keeps a stored one; "" removes it."""


class Model(Frozen):
    """A model that a provider offers now."""

    handle: str
    provider: str
    name: str
    label: str = ""
    context_window: int | None = None
    """Tokens the server really serves, where it says so."""
    tools: bool | None = None
    vision: bool | None = None
    reasoning: bool | None = None
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
