"""Tools on the wire."""

from pydantic import Field, field_validator

from app.domain.json_value import JsonObject
from app.domain.page import ToolFilter
from app.domain.tool import Tool as OurTool
from app.rest.constants import USER_ID
from app.rest.wire.base import Name, PageQuery, ResponseModel


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
        return_char_limit=tool.return_char_limit,
    )
