"""Tools on the wire."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from app.domain.json_value import JsonObject, object_of
from app.domain.page import ToolFilter
from app.domain.sandbox import SandboxResult
from app.domain.tool import Requirement, ToolAccess, ToolDraft, ToolPatch
from app.domain.tool import Tool as OurTool
from app.engine.tools.custom import text_of
from app.rest.constants import USER_ID
from app.rest.wire.base import Metadata, Name, PageQuery, RequestModel, ResponseModel


class Tool(ResponseModel):
    id: str
    tool_type: str
    description: str | None
    source_type: str | None = "python"
    name: str | None
    tags: tuple[str, ...]
    source_code: str | None
    json_schema: JsonObject | None
    args_json_schema: JsonObject | None = None
    return_char_limit: int
    pip_requirements: tuple[JsonObject, ...] | None = None
    npm_requirements: tuple[JsonObject, ...] | None = None
    default_requires_approval: bool | None = None
    enable_parallel_execution: bool | None = False
    created_by_id: str | None = USER_ID
    last_updated_by_id: str | None = USER_ID
    metadata_: JsonObject | None = Field(default_factory=dict)
    project_id: str | None = None
    access: ToolAccess | None = None
    """What it may use of this computer; not in the Letta API."""


class ToolQuery(PageQuery):
    name: Name | None = None
    names: tuple[Name, ...] = ()
    tool_ids: tuple[Name, ...] = ()
    search: Name | None = None
    tool_types: tuple[Name, ...] = ()
    exclude_tool_types: tuple[Name, ...] = ()
    return_only_letta_tools: bool = False

    @field_validator("tool_types", "exclude_tool_types")
    @classmethod
    def _apart(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        """Types may be given several times, or with commas between them."""
        return tuple(part.strip() for text in given for part in text.split(",") if part.strip())

    def filter(self) -> ToolFilter:
        """What is asked for beside the page. `name` is one more of the `names`."""
        return ToolFilter(
            ids=self.tool_ids,
            names=self.names if self.name is None else (*self.names, self.name),
            search=self.search,
            types=self.tool_types,
            without_types=self.exclude_tool_types,
            built_in=self.return_only_letta_tools,
        )


def tool_to_wire(tool: OurTool) -> Tool:
    schema = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return Tool(
        id=tool.id,
        tool_type=tool.tool_type,
        description=tool.description,
        name=tool.name,
        tags=tool.tags or (tool.tool_type,),
        source_code=tool.source_code,
        json_schema=schema,
        source_type=tool.source_type,
        args_json_schema=tool.arguments_schema,
        return_char_limit=tool.return_char_limit,
        pip_requirements=_requirements(tool.pip_requirements),
        npm_requirements=_requirements(tool.npm_requirements),
        default_requires_approval=tool.requires_approval,
        enable_parallel_execution=tool.parallel,
        metadata_=tool.metadata,
        access=tool.access if tool.tool_type == "custom" else None,
    )


def _requirements(some: tuple[Requirement, ...]) -> tuple[JsonObject, ...] | None:
    return tuple(one.model_dump() for one in some) or None


class NeededPackage(RequestModel):
    name: Name
    version: Name | None = None

    def requirement(self) -> Requirement:
        return Requirement(name=self.name, version=self.version)


class ToolSearch(RequestModel):
    query: Name | None = None
    search_mode: Literal["vector", "fts", "hybrid"] = "hybrid"
    tool_types: tuple[Name, ...] | None = None
    tags: tuple[Name, ...] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class ToolSearchResult(ResponseModel):
    tool: Tool
    embedded_text: str | None = None
    fts_rank: int | None
    vector_rank: int | None = None
    combined_score: float


def found_to_wire(tools: tuple[OurTool, ...]) -> list[ToolSearchResult]:
    """As a list of words alone scores: by place."""
    return [
        ToolSearchResult(tool=tool_to_wire(tool), fts_rank=place, combined_score=round(1 / (60 + place), 6))
        for place, tool in enumerate(tools, 1)
    ]


class _Written(RequestModel):
    """What a tool is written as."""

    description: str | None = None
    tags: tuple[Name, ...] | None = None
    source_type: Name | None = None
    json_schema: JsonObject | None = None
    args_json_schema: JsonObject | None = None
    return_char_limit: int | None = None
    pip_requirements: tuple[NeededPackage, ...] | None = None
    npm_requirements: tuple[NeededPackage, ...] | None = None
    default_requires_approval: bool | None = None
    enable_parallel_execution: bool | None = None
    metadata_: Metadata | None = None
    access: ToolAccess | None = None

    def given(self) -> JsonObject:
        """By our names; what was not given is left out. A schema brings its own name and description."""
        schema = self.json_schema or {}
        fields: JsonObject = {
            "description": self.description or schema.get("description"),
            "tags": self.tags,
            "source_type": self.source_type,
            "parameters": object_of(schema["parameters"]) if "parameters" in schema else None,
            "arguments_schema": self.args_json_schema,
            "return_char_limit": self.return_char_limit,
            "pip_requirements": _needed(self.pip_requirements),
            "npm_requirements": _needed(self.npm_requirements),
            "requires_approval": self.default_requires_approval,
            "parallel": self.enable_parallel_execution,
            "metadata": self.metadata_,
            "access": self.access,
        }
        return {name: value for name, value in fields.items() if value is not None}


def _needed(some: tuple[NeededPackage, ...] | None) -> tuple[Requirement, ...] | None:
    return None if some is None else tuple(one.requirement() for one in some)


class ToolCreate(_Written):
    source_code: str

    def draft(self) -> ToolDraft:
        name = (self.json_schema or {}).get("name")
        return ToolDraft(source_code=self.source_code, name=name if isinstance(name, str) else None, **self.given())


class ToolUpdate(_Written):
    source_code: str | None = None

    def patch(self) -> ToolPatch:
        return ToolPatch(source_code=self.source_code, **self.given())


class ToolRunFromSource(_Written):
    source_code: str
    args: JsonObject
    env_vars: dict[str, str] = Field(default_factory=dict)
    name: Name | None = None

    def draft(self) -> ToolDraft:
        return ToolDraft(source_code=self.source_code, name=self.name, **self.given())


class ToolRun(RequestModel):
    args: JsonObject = Field(default_factory=dict)


class ToolExecutionResult(ResponseModel):
    status: str
    func_return: object = None
    agent_state: JsonObject | None = None
    stdout: tuple[str, ...] | None = None
    stderr: tuple[str, ...] | None = None
    sandbox_config_fingerprint: str | None = None


def executed_to_wire(result: SandboxResult) -> ToolExecutionResult:
    return ToolExecutionResult(
        status="success" if result.ok else "error",
        func_return=result.value if result.ok else result.error,
        stdout=(result.stdout,) if result.stdout else (),
        stderr=_errors(result),
    )


class ToolReturned(ResponseModel):
    """What came of a source that was tried, in the shape of a message."""

    id: str
    date: str
    message_type: str = "tool_return_message"
    tool_return: str
    status: str
    tool_call_id: str
    stdout: tuple[str, ...] | None = None
    stderr: tuple[str, ...] | None = None
    name: str | None = None


def returned_to_wire(result: SandboxResult, message_id: str, call_id: str, date: str, name: str) -> ToolReturned:
    return ToolReturned(
        id=message_id,
        date=date,
        tool_return=text_of(result.value) if result.ok else result.error,
        status="success" if result.ok else "error",
        tool_call_id=call_id,
        stdout=(result.stdout,) if result.stdout else (),
        stderr=_errors(result),
        name=name,
    )


def _errors(result: SandboxResult) -> tuple[str, ...]:
    return tuple(text for text in (result.stderr, result.traceback) if text)
