"""Model servers."""

from app.adapters.database.mapping.values import Values, same
from app.adapters.database.prepared import Row
from app.domain.model import Provider

_PROVIDER = tuple(Provider.model_fields)


def provider_values(provider: Provider) -> Values:
    return {name: getattr(provider, name) for name in _PROVIDER}


def provider_of(row: Row) -> Provider:
    return Provider(**same(row, *_PROVIDER))
