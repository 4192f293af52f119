"""Models: what all connected servers offer right now, by handle."""

from app.domain.model import ModelHandle
from app.rest.call import Call, Endpoint
from app.rest.requests.agent_bodies import WINDOW
from app.rest.wire.base import Name, Nothing, RequestModel
from app.rest.wire.models import EmbeddingModel, Model, embedding_model_to_wire, model_to_wire, provider_type


class ModelQuery(RequestModel):
    provider_category: tuple[Name, ...] = ()
    provider_name: Name | None = None
    provider_type: Name | None = None


async def list_models(call: Call[ModelQuery, None]) -> list[Model]:
    """Models that can chat. A server that does not answer has none."""
    query = call.query
    return [
        model_to_wire(model, found.provider, WINDOW)
        for found in await call.services.models.list()
        if query.provider_name in (None, found.provider.name)
        and query.provider_type in (None, provider_type(found.provider))
        and (not query.provider_category or "base" in query.provider_category)
        for model in found.models
        if not model.embedding and not model.unfit
    ]


async def list_embedding_models(call: Call[Nothing, None]) -> list[EmbeddingModel]:
    """Models that turn text into vectors. The built-in one comes first and is always there."""
    providers = {provider.name: provider for provider in await call.services.providers.list()}
    return [
        embedding_model_to_wire(model, providers.get(ModelHandle.parse(model.handle).provider))
        for model in await call.services.recall.embedders()
    ]


ENDPOINTS = (
    Endpoint("GET", "/v1/models", list_models),
    Endpoint("GET", "/v1/models/embedding", list_embedding_models),
    Endpoint("GET", "/v1/models/embeddings", list_embedding_models),
)
