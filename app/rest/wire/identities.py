"""Identities on the wire."""

from typing import Any, Literal

from pydantic import model_validator

from app.domain.identity import Identity as OurIdentity
from app.domain.identity import IdentityDraft, IdentityPatch, IdentityType
from app.domain.json_value import is_array
from app.domain.page import IdentityFilter
from app.rest.wire.base import Name, PageQuery, RequestModel, ResponseModel


class IdentityProperty(RequestModel):
    key: Name
    value: str | float | bool | dict[str, Any]
    type: Literal["string", "number", "boolean", "json"]


class IdentityCreate(RequestModel):
    identifier_key: Name
    name: Name
    identity_type: IdentityType
    agent_ids: tuple[Name, ...] | None = None
    block_ids: tuple[Name, ...] | None = None
    properties: tuple[IdentityProperty, ...] | None = None

    def draft(self) -> IdentityDraft:
        return IdentityDraft(
            identifier_key=self.identifier_key,
            name=self.name,
            identity_type=self.identity_type,
            properties=tuple(one.model_dump() for one in self.properties or ()),
            block_ids=self.block_ids or (),
            agent_ids=self.agent_ids or (),
        )


class IdentityUpdate(RequestModel):
    identifier_key: Name | None = None
    name: Name | None = None
    identity_type: IdentityType | None = None
    agent_ids: tuple[Name, ...] | None = None
    block_ids: tuple[Name, ...] | None = None
    properties: tuple[IdentityProperty, ...] | None = None

    def patch(self) -> IdentityPatch:
        return IdentityPatch.model_validate(self.model_dump())


class IdentityProperties(RequestModel):
    """Sent as a bare list."""

    properties: tuple[IdentityProperty, ...]

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, given: Any) -> Any:
        return {"properties": given} if is_array(given) else given


class Identity(ResponseModel):
    id: str
    identifier_key: str
    name: str
    identity_type: IdentityType
    project_id: str | None = None
    agent_ids: tuple[str, ...]
    block_ids: tuple[str, ...]
    properties: tuple[dict[str, Any], ...]
    organization_id: str | None = None


class IdentityQuery(PageQuery):
    name: Name | None = None
    identifier_key: Name | None = None
    identity_type: IdentityType | None = None

    def filter(self) -> IdentityFilter:
        return IdentityFilter(search=self.name, identifier_key=self.identifier_key, identity_type=self.identity_type)


def identity_to_wire(identity: OurIdentity, agent_ids: tuple[str, ...]) -> Identity:
    return Identity(
        id=identity.id,
        identifier_key=identity.identifier_key,
        name=identity.name,
        identity_type=identity.identity_type,
        agent_ids=agent_ids,
        block_ids=identity.block_ids,
        properties=identity.properties,
    )
