"""Archives and passages on the wire."""

from typing import Any, Literal

from pydantic import Field

from app.domain.archive import Archive as OurArchive
from app.domain.archive import ArchiveDraft, ArchivePatch, PassageDraft, PassageFilter, PassageHit
from app.domain.archive import Passage as OurPassage
from app.domain.json_value import JsonObject, object_of
from app.domain.model import ModelHandle, Provider
from app.domain.retrieval import reason_text
from app.domain.wire_message import iso
from app.rest.constants import ORGANISATION_ID
from app.rest.wire.base import Audited, Metadata, Name, PageQuery, RequestModel, ResponseModel, Whole
from app.rest.wire.models import EmbeddingConfig, embedding_config
from app.rest.wire.times import time_of

Tags = tuple[Name, ...]
MatchMode = Literal["any", "all"]


class Archive(Audited):
    name: str
    description: str | None
    organization_id: str = ORGANISATION_ID
    vector_db_provider: str = "native"
    embedding_config: EmbeddingConfig | None
    metadata: JsonObject | None
    id: str


class Passage(Audited):
    is_deleted: bool = False
    organization_id: str | None = ORGANISATION_ID
    archive_id: str | None
    source_id: str | None = None
    file_id: str | None = None
    file_name: str | None
    metadata: JsonObject | None
    tags: tuple[str, ...] | None
    id: str
    text: str
    embedding: tuple[float, ...] | None = None
    embedding_config: EmbeddingConfig | None = None


class ArchiveQuery(PageQuery):
    agent_id: Name | None = None
    name: Name | None = None


class ArchiveCreate(RequestModel):
    name: str
    description: str | None = None
    embedding: Name | None = None
    embedding_config: JsonObject | None = None

    def draft(self) -> ArchiveDraft:
        handle = self.embedding or object_of(self.embedding_config).get("handle")
        described = self.description or ""
        return ArchiveDraft(
            name=self.name, description=described, embedding=handle if isinstance(handle, str) else None
        )


class ArchiveUpdate(RequestModel):
    name: str | None = None
    description: str | None = None

    def patch(self) -> ArchivePatch:
        """A description that is given as null is emptied; a name cannot be."""
        emptied = "" if self.has("description") else None
        return ArchivePatch(name=self.name, description=emptied if self.description is None else self.description)


class PassageListQuery(PageQuery):
    """Oldest first unless asked otherwise."""

    ascending: bool | None = True
    search: str | None = Field(None, max_length=2_000)


class PassageCreate(RequestModel):
    text: str
    tags: Tags | None = None
    created_at: Name | None = None
    metadata: Metadata | None = None

    def draft(self, where: str = "body") -> PassageDraft:
        return PassageDraft(
            text=self.text,
            tags=self.tags or (),
            created_at=time_of(self.created_at, f"{where}.created_at"),
            metadata=self.metadata or {},
        )


class PassageBatch(RequestModel):
    passages: tuple[PassageCreate, ...] = Field(max_length=10_000)


class ArchivalSearchQuery(RequestModel):
    query: str = Field(max_length=10_000)
    tags: Tags = ()
    tag_match_mode: MatchMode = "any"
    top_k: Whole | None = Field(None, ge=1)
    start_datetime: Name | None = None
    end_datetime: Name | None = None

    def filter(self, agent_id: str) -> PassageFilter:
        return PassageFilter(
            agent_id=agent_id,
            tags=self.tags,
            all_tags=self.tag_match_mode == "all",
            start=time_of(self.start_datetime, "query.start_datetime"),
            end=time_of(self.end_datetime, "query.end_datetime"),
        )


class ArchivalMemorySearchResult(ResponseModel):
    id: str
    timestamp: str
    content: str
    tags: tuple[str, ...]


class ArchivalMemorySearchResponse(ResponseModel):
    results: tuple[ArchivalMemorySearchResult, ...]
    count: int


class PassageSearchRequest(RequestModel):
    query: str | None = Field(None, max_length=10_000)
    agent_id: Name | None = None
    archive_id: Name | None = None
    tags: Tags | None = None
    tag_match_mode: MatchMode = "any"
    limit: Whole = Field(50, ge=1)
    start_date: Name | None = None
    end_date: Name | None = None

    def filter(self) -> PassageFilter:
        """Of an agent and an archive the agent counts, as in the Letta API."""
        return PassageFilter(
            agent_id=self.agent_id,
            archive_ids=() if self.archive_id is None or self.agent_id is not None else (self.archive_id,),
            tags=self.tags or (),
            all_tags=self.tag_match_mode == "all",
            start=time_of(self.start_date, "body.start_date"),
            end=time_of(self.end_date, "body.end_date"),
        )


class PassageSearchResult(ResponseModel):
    passage: Passage
    score: float
    metadata: JsonObject


def archive_to_wire(archive: OurArchive, providers: dict[str, Provider]) -> Archive:
    provider = providers.get(ModelHandle.parse(archive.embedding or "").provider)
    return Archive(
        id=archive.id,
        name=archive.name,
        description=archive.description or None,
        embedding_config=embedding_config(archive.embedding, provider),
        metadata=archive.metadata or None,
        created_at=iso(archive.created_at),
        updated_at=iso(archive.updated_at),
    )


def passage_to_wire(passage: OurPassage) -> Passage:
    return Passage(
        id=passage.id,
        archive_id=passage.archive_id,
        file_name=passage.source or None,
        metadata=passage.metadata,
        tags=passage.tags,
        text=passage.text,
        created_at=iso(passage.created_at),
        updated_at=iso(passage.updated_at),
    )


def hit_to_wire(hit: PassageHit) -> PassageSearchResult:
    """`metadata` tells why it was found."""
    told: dict[str, Any] = {"reasons": reason_text(hit.reasons)}
    return PassageSearchResult(passage=passage_to_wire(hit.passage), score=hit.score, metadata=told)


def found_to_wire(hits: tuple[PassageHit, ...]) -> ArchivalMemorySearchResponse:
    found = tuple(
        ArchivalMemorySearchResult(
            id=hit.passage.id,
            timestamp=iso(hit.passage.created_at),
            content=hit.passage.text,
            tags=hit.passage.tags,
        )
        for hit in hits
    )
    return ArchivalMemorySearchResponse(results=found, count=len(found))
