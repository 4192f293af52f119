"""Blocks on the wire."""

from typing import Annotated

from pydantic import Field

from app.domain.block import Block, BlockDraft, BlockPatch
from app.domain.json_value import JsonObject
from app.domain.page import BlockFilter
from app.rest.constants import USER_ID
from app.rest.wire.base import Metadata, Name, PageQuery, RequestModel, ResponseModel, Whole

API_LIMIT = 100_000
"""What a block made here may hold when it is not said; the window's blocks are smaller."""
Limit = Annotated[Whole, Field(ge=1)]


class CreateBlock(RequestModel):
    value: str
    limit: Limit = API_LIMIT
    label: Name
    read_only: bool = False
    description: str | None = None
    metadata: Metadata | None = None
    hidden: bool | None = None
    tags: tuple[Name, ...] | None = None

    def draft(self) -> BlockDraft:
        return BlockDraft(
            label=self.label,
            value=self.value,
            limit=self.limit,
            description=self.description or "",
            read_only=self.read_only,
            tags=self.tags or (),
            hidden=bool(self.hidden),
            metadata=self.metadata or {},
        )


class BlockUpdate(RequestModel):
    value: str | None = None
    limit: Limit | None = None
    label: Name | None = None
    read_only: bool | None = None
    description: str | None = None
    metadata: Metadata | None = None
    hidden: bool | None = None
    tags: tuple[Name, ...] | None = None

    def patch(self) -> BlockPatch:
        """Only what was given; a description, tags or metadata given as null are emptied."""
        emptied: JsonObject = {"description": "", "metadata": {}, "tags": ()}
        given: JsonObject = {name: getattr(self, name) for name in self.model_fields_set}
        given |= {name: emptied.get(name) for name, value in given.items() if value is None}
        return BlockPatch(**given)


class BlockResponse(ResponseModel):
    value: str
    limit: int
    project_id: str | None = None
    template_name: str | None = None
    is_template: bool = False
    template_id: str | None = None
    base_template_id: str | None = None
    deployment_id: str | None = None
    entity_id: str | None = None
    preserve_on_migration: bool | None = False
    label: str | None
    read_only: bool
    description: str | None
    metadata: JsonObject | None
    hidden: bool | None
    id: str
    created_by_id: str | None = USER_ID
    last_updated_by_id: str | None = USER_ID
    tags: tuple[str, ...] | None


class BlockQuery(PageQuery):
    label: Name | None = None
    name: Name | None = None
    tags: tuple[Name, ...] = ()
    match_all_tags: bool = False
    identity_id: Name | None = None
    identifier_keys: tuple[Name, ...] = ()
    label_search: Name | None = None
    description_search: Name | None = None
    value_search: Name | None = None
    connected_to_agents_count_gt: Whole | None = None
    connected_to_agents_count_lt: Whole | None = None
    connected_to_agents_count_eq: tuple[Whole, ...] = ()
    templates_only: bool = False

    def filter(self) -> BlockFilter:
        """What is asked for beside the page. A block's name is its label; two different ones no block has."""
        return BlockFilter(
            ids=() if self.label and self.name and self.label != self.name else None,
            label=self.name if self.label is None else self.label,
            label_search=self.label_search,
            description_search=self.description_search,
            value_search=self.value_search,
            tags=self.tags,
            all_tags=self.match_all_tags,
            identity_id=self.identity_id,
            identifier_keys=self.identifier_keys,
            more_holders_than=self.connected_to_agents_count_gt,
            fewer_holders_than=self.connected_to_agents_count_lt,
            holders=self.connected_to_agents_count_eq,
        )


def block_to_wire(block: Block) -> BlockResponse:
    return BlockResponse(
        value=block.value,
        limit=block.limit,
        label=block.label,
        read_only=block.read_only,
        description=block.description or None,
        metadata=block.metadata,
        hidden=block.hidden,
        id=block.id,
        tags=block.tags,
    )
