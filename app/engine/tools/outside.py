"""The built-in tools that reach outside of Lares: code, and the web. Their rows, and who runs them by name."""

from collections.abc import Mapping
from typing import Any

from app.domain.base import Micros
from app.domain.tool import Tool
from app.engine.tools.stored import cannot_run
from app.ports.system import IdFactory
from app.ports.tools import OnOutput, ToolContext, ToolOutcome, ToolRunner

Schema = dict[str, Any]


class OutsideTools:
    """Runs the built-in tools it is given, by the names under which they are seeded."""

    def __init__(self, runners: Mapping[str, ToolRunner]) -> None:
        self._runners = dict(runners)

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        runner = self._runners.get(tool.name)
        return cannot_run(tool) if runner is None else await runner.run(tool, arguments, context, on_output)


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _object(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


_CODE = _text("The program. What it prints comes back, and the value of its last expression.")
_RUN_CODE = _object(
    {
        "code": _CODE,
        "language": {
            **_text("Its language: python, or js where Node.js is installed."),
            "enum": ["python", "js", "ts", "r", "java"],
        },
    },
    "code",
    "language",
)
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_WEB: Schema = {
    "query": _text("What to look for."),
    "num_results": {"type": "integer", "description": "How many results (default 10)."},
    "category": _text("Kind of pages."),
    "include_text": {"type": "boolean", "description": "Also the text of the pages."},
    "include_domains": {**_TEXTS, "description": "Only these domains."},
    "exclude_domains": {**_TEXTS, "description": "Not these domains."},
    "start_published_date": _text("Published from this date on."),
    "end_published_date": _text("Published up to this date."),
    "user_location": _text("Two letters of a country."),
}
_SPECS: tuple[tuple[str, str, Schema, bool], ...] = (
    (
        "run_code",
        "Run a program in a sandbox and see what it prints and returns. Pictures and other files that it writes to its "
        "folder are shown to the person.",
        _RUN_CODE,
        False,
    ),
    (
        "run_code_with_tools",
        "Run a Python program in a sandbox that may call your other tools as functions, by their names. Tools that ask "
        "the person first cannot be called so.",
        _object({"code": _CODE}, "code"),
        False,
    ),
    ("web_search", "Search the web. Read a page that was found with fetch_webpage.", _object(_WEB, "query"), True),
    ("fetch_webpage", "Read a web page as text.", _object({"url": _text("Address of the page.")}, "url"), True),
)
"""Name, description, arguments, and whether running it twice equals running it once."""


def outside_tools(ids: IdFactory, now: Micros) -> tuple[Tool, ...]:
    """As rows; storing them keeps the ids of those that exist."""
    return tuple(
        Tool(
            id=ids.new("tool"),
            name=name,
            tool_type="letta_builtin",
            description=description,
            parameters=parameters,
            idempotent=idempotent,
            created_at=now,
            updated_at=now,
        )
        for name, description, parameters, idempotent in _SPECS
    )
