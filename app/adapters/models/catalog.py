"""Finds the adapter for a provider, with its key, and keeps its connections."""

import logging
from functools import partial

from app.adapters.models.demo.model import DemoModel, demo_models
from app.adapters.models.http.connection import Patience
from app.adapters.models.ollama.server import Ollama
from app.adapters.models.openai.server import OpenAICompatible
from app.domain.error import AppError, ModelError
from app.domain.model import Model, Provider
from app.ports.models import ChatModel, ModelStore, ServerNotes
from app.ports.secrets import SecretStore

log = logging.getLogger(__name__)

ServerAdapter = OpenAICompatible | Ollama


class Catalog:
    """One adapter per provider and version of its row: a changed address or key makes a new one."""

    def __init__(
        self,
        secrets: SecretStore,
        *,
        demo_pace: float = 0.0015,
        patience: Patience | None = None,
        consent_implied: bool = False,
        notes: ServerNotes | None = None,
    ) -> None:
        """`notes`: what was learnt of servers earlier.

        `consent_implied`: servers that wait for a consent may be used: whoever serves programs has named them."""
        self._secrets = secrets
        self._notes = notes
        self._consent_implied = consent_implied
        self._demo = DemoModel(demo_pace)
        self._patience = patience
        self._adapters: dict[str, tuple[Provider, ServerAdapter]] = {}
        self._retired: list[ServerAdapter] = []

    def __repr__(self) -> str:
        return f"Catalog({len(self._adapters)} servers)"

    def chat(self, provider: Provider) -> ChatModel:
        return self._demo if provider.kind == "demo" else self._server(provider)

    async def models(self, provider: Provider) -> tuple[Model, ...]:
        if provider.kind == "demo":
            return demo_models(provider)
        await self._close_retired()
        try:
            return await self._server(provider).models()
        except AppError:
            raise
        except Exception as error:  # the boundary of one server: whatever its list holds, it is its own failure only
            log.warning("the list of models of %s cannot be read: %s", provider.name, type(error).__name__)
            raise ModelError(
                f"{provider.name} gave a list of models that cannot be read.",
                hint="Check that its address is that of a model server and that the server is up to date.",
                details={"reason": type(error).__name__},
            ) from error

    def store(self, provider: Provider) -> ModelStore | None:
        if provider.kind == "demo":
            return None
        adapter = self._server(provider)
        return adapter if isinstance(adapter, Ollama) else None

    async def forget(self, provider_id: str) -> None:
        known = self._adapters.pop(provider_id, None)
        if known is not None:
            self._retired.append(known[1])
        await self._close_retired()

    async def close(self) -> None:
        for _, adapter in self._adapters.values():
            await adapter.close()
        for adapter in self._retired:
            await adapter.close()
        self._adapters, self._retired = {}, []

    def _server(self, provider: Provider) -> ServerAdapter:
        # The one door to every server, so that nothing can be sent past it.
        if provider.awaits_consent and not self._consent_implied:
            raise _awaiting(provider)
        known = self._adapters.get(provider.id)
        if known and known[0] == provider:
            return known[1]
        if known:
            self._retired.append(known[1])
        read_key = partial(self._secrets.get, f"provider/{provider.id}") if provider.has_key else _no_key
        kind = Ollama if provider.kind == "ollama" else OpenAICompatible
        adapter = kind(provider, read_key, self._patience, self._notes)
        self._adapters[provider.id] = (provider, adapter)
        return adapter

    async def _close_retired(self) -> None:
        """Adapters of changed providers live on while a reply still streams through them."""
        idle = [adapter for adapter in self._retired if not adapter.busy]
        self._retired = [adapter for adapter in self._retired if adapter.busy]
        for adapter in idle:
            await adapter.close()


def _awaiting(provider: Provider) -> ModelError:
    return ModelError(
        f"Nothing has been sent to {provider.name}: the variable {provider.variable} names it, it is not on this "
        "computer, and nobody has agreed yet that conversations go there.",
        code="needs_consent",
        hint=f"Allow it in the settings, under “Model servers”, or with: lares servers allow {provider.name}",
    )


def _no_key() -> None:
    return None
