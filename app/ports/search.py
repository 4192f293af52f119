"""Full-text search over messages."""

from typing import Protocol

from app.domain.base import Micros
from app.domain.message import Role, SearchHit


class MessageSearch(Protocol):
    """Called inside a transaction (see `app.ports.storage`), hence synchronous."""

    def find(
        self,
        query: str,
        *,
        agent_id: str | None = None,
        roles: tuple[Role, ...] = (),
        start: Micros | None = None,
        end: Micros | None = None,
        conversation_id: str | None = None,
        limit: int = 20,
    ) -> tuple[SearchHit, ...]:
        """Best first. All words must occur; if nothing has all, any. Case and accents do not matter, CJK works.

        `conversation_id`: only what this conversation or branch shows. The limit counts what all conditions leave.
        """
        ...
