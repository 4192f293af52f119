"""Times as programs write them."""

import datetime

from app.domain.base import Micros
from app.rest.errors import Misshapen


def time_of(text: str | None, name: str) -> Micros | None:
    """In ISO 8601; without a zone it is UTC. `name`: of the field, for the error. Raises `Misshapen`."""
    if text is None:
        return None
    try:
        at = datetime.datetime.fromisoformat(text)
        return int((at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        raise Misshapen(f"{name}: a time in ISO 8601 is needed") from None
