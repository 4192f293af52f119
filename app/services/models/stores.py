"""Servers whose models Lares may get and remove."""

from app.domain.error import Invalid
from app.domain.model import Provider
from app.engine.deps import EngineDeps
from app.ports.models import ModelStore


def store_of(deps: EngineDeps, provider: Provider) -> ModelStore:
    """The provider's models as files. Raises `Invalid` where they are not Lares's to change."""
    store = deps.catalog.store(provider)
    if store is None:
        raise Invalid(
            f"{provider.title} manages its models with its own program, so Lares cannot change them.",
            code="no_store",
            hint="Download, remove or unload models there; this list follows.",
        )
    return store
