"""Tools, with the parameters that models are told."""

from functools import lru_cache
from typing import Any

from app.adapters.database.mapping.values import EDITED, Values, from_json, same, to_json
from app.adapters.database.prepared import Row
from app.domain.tool import Tool

_TOOL = ("id", "name", "tool_type", "description", "source_code", "return_char_limit", "idempotent", *EDITED)


def tool_values(tool: Tool) -> Values:
    values = {name: getattr(tool, name) for name in _TOOL}
    return {**values, "parameters": to_json(tool.parameters), "tags": to_json(tool.tags)}


def tool_of(row: Row) -> Tool:
    return Tool.model_construct(
        **same(row, *_TOOL), parameters=_parameters(row["parameters"]), tags=tuple(from_json(row["tags"]))
    )


@lru_cache(512)
def _parameters(text: str) -> Any:
    """The same value each time: nobody changes what a frozen tool holds."""
    return from_json(text)
