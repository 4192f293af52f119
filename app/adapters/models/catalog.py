"""Finds the adapter for a provider, with its key, and keeps its connections."""

from app.adapters.models.demo import DemoModel, demo_models
from app.domain.error import ModelError
from app.domain.model import Model, Provider
from app.ports.models import ChatModel
from app.ports.secrets import SecretStore


class Catalog:
    def __init__(self, secrets: SecretStore, *, demo_pace: float = 0.0015) -> None:
        self._secrets = secrets
        self._demo = DemoModel(demo_pace)

    def chat(self, provider: Provider) -> ChatModel:
        if provider.kind == "demo":
            return self._demo
        raise ModelError(f"{provider.name} cannot be used yet.", code="bad_request")

    async def models(self, provider: Provider) -> tuple[Model, ...]:
        if provider.kind == "demo":
            return demo_models(provider)
        raise ModelError(f"{provider.name} cannot be used yet.", code="bad_request")

    async def close(self) -> None:
        return
