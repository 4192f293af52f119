"""Whatever starts a program or code over this interface is refused until the person has allowed it."""

from typing import Any

from app.domain.error import AppError
from app.rest.call import Call


class NotAllowed(AppError):
    """The person has not allowed it. The sentence says where that is done."""


async def check_may_add_programs(call: Call[Any, Any]) -> None:
    """Raises `NotAllowed` (403)."""
    if not await call.services.api.adds_programs():
        raise NotAllowed(
            "Programs may not add programs here: tools with a source and commands of MCP servers run on this computer.",
            code="programs_not_allowed",
            hint="Allow it in Lares, settings, Local API, or with “lares serve --allow-programs”. It needs a token.",
        )
