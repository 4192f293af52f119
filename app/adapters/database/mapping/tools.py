"""Tools, with the parameters that models are told."""

from functools import lru_cache
from typing import Any

from app.adapters.database.mapping.values import EDITED, Values, from_json, maybe_from_json, maybe_json, same, to_json
from app.adapters.database.prepared import Row
from app.domain.tool import NO_ACCESS, Requirement, Tool, ToolAccess

_TOOL = (
    "id",
    "name",
    "tool_type",
    "description",
    "source_code",
    "source_type",
    "requires_approval",
    "parallel",
    "return_char_limit",
    "idempotent",
    *EDITED,
)


def tool_values(tool: Tool) -> Values:
    values = {name: getattr(tool, name) for name in _TOOL}
    needs = {kind: [one.model_dump() for one in getattr(tool, f"{kind}_requirements")] for kind in ("pip", "npm")}
    return {
        **values,
        "parameters": to_json(tool.parameters),
        "tags": to_json(tool.tags),
        "arguments_schema": maybe_json(tool.arguments_schema),
        "requirements": to_json({kind: some for kind, some in needs.items() if some}),
        "access": to_json(tool.access.model_dump(exclude_defaults=True)),
        "secret_names": to_json(tool.secret_names),
        "metadata": to_json(tool.metadata),
    }


def tool_of(row: Row) -> Tool:
    needs = from_json(row["requirements"])
    return Tool.model_construct(
        **same(row, *_TOOL),
        parameters=_parameters(row["parameters"]),
        tags=tuple(from_json(row["tags"])),
        arguments_schema=maybe_from_json(row["arguments_schema"]),
        pip_requirements=tuple(Requirement(**one) for one in needs.get("pip", ())),
        npm_requirements=tuple(Requirement(**one) for one in needs.get("npm", ())),
        access=ToolAccess.model_validate(from_json(row["access"])) if row["access"] != "{}" else NO_ACCESS,
        secret_names=tuple(from_json(row["secret_names"])),
        metadata=from_json(row["metadata"]),
    )


@lru_cache(512)
def _parameters(text: str) -> Any:
    """The same value each time: nobody changes what a frozen tool holds."""
    return from_json(text)
