"""An identity: a person or organisation of somebody else's system, with whom agents are connected."""

from typing import Any, Literal

from app.domain.base import Frozen, Micros

IdentityType = Literal["org", "user", "other"]


class Identity(Frozen):
    """Somebody or something of another system that agents and blocks belong to."""

    id: str
    identifier_key: str
    """The key under which the other system knows it; unique."""
    name: str
    identity_type: IdentityType = "user"
    properties: tuple[dict[str, Any], ...] = ()
    """Each `{key, value, type}`."""
    block_ids: tuple[str, ...] = ()
    version: int = 1
    created_at: Micros
    updated_at: Micros


class IdentityDraft(Frozen):
    """An identity that is to be created; fields as in `Identity`."""

    identifier_key: str
    name: str
    identity_type: IdentityType = "user"
    properties: tuple[dict[str, Any], ...] = ()
    block_ids: tuple[str, ...] = ()
    agent_ids: tuple[str, ...] = ()
    """Agents that are connected with it."""


class IdentityPatch(Frozen):
    """Fields to change; None leaves a field as it is."""

    identifier_key: str | None = None
    name: str | None = None
    identity_type: IdentityType | None = None
    properties: tuple[dict[str, Any], ...] | None = None
    block_ids: tuple[str, ...] | None = None
    agent_ids: tuple[str, ...] | None = None
