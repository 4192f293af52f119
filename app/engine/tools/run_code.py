"""The built-in tools `run_code` and `run_code_with_tools`: what a model wrote, in the sandbox, and what came of it."""

from typing import Any

from app.domain.base import Field, Frozen
from app.domain.error import AppError
from app.domain.json_value import object_of
from app.domain.sandbox import SandboxFile, SandboxResult
from app.domain.tool import Tool
from app.engine.tools.custom import PassOf, own_names, with_changes
from app.engine.tools.returned_files import files_told, stored_files
from app.engine.tools.run_code_source import FUNCTION, JAVASCRIPT, PYTHON, WITH_TOOLS
from app.ports.sandbox import Sandbox, SandboxCall
from app.ports.storage import Storage
from app.ports.tools import OnOutput, ToolContext, ToolOutcome

NAMES = {"js": "JavaScript", "ts": "TypeScript", "r": "R", "java": "Java"}
NO_NODE = "JavaScript cannot be run here: Node.js was not found on this computer. Use Python."


class _Told(Frozen):
    """What the program around the code says of it."""

    value: str = ""
    error: str = Field(default="")


class RunCode:
    """Runs it like any tool: a process of its own, no secrets, no network unless the person allows it."""

    def __init__(self, sandbox: Sandbox, storage: Storage) -> None:
        self._sandbox = sandbox
        self._storage = storage

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        code, language = str(arguments.get("code", "")), str(arguments.get("language") or "python").lower()
        if language == "python":
            source, given = PYTHON, {"code": code}
        elif language != "js":
            name = NAMES.get(language, language)
            return ToolOutcome(ok=False, text=f"Lares runs Python and JavaScript, not {name}. Write it in Python.")
        else:
            node = await self._sandbox.node()
            if node is None:
                return ToolOutcome(ok=False, text=NO_NODE)
            source, given = JAVASCRIPT, {"code": code, "node": str(node)}
        call = SandboxCall(source=source, function=FUNCTION, arguments=given, node=language == "js")
        result = await self._sandbox.run(call, on_output)
        stored = await stored_files(self._storage, result.files)
        return told_of(result, result.files).model_copy(update={"files": stored})


class RunCodeWithTools:
    """Python that may call the agent's other tools as functions; its rules hold, and what asks a person is refused."""

    def __init__(self, sandbox: Sandbox, storage: Storage, pass_of: PassOf) -> None:
        self._sandbox = sandbox
        self._storage = storage
        self._pass_of = pass_of

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        try:
            given = await self._pass_of(tool, context)
        except AppError as error:
            return ToolOutcome(ok=False, text=error.message)
        names = {one.name: list(one.parameters.get("properties") or ()) for one in given.tools}
        told = {"code": str(arguments.get("code", "")), "tools": names}
        call = SandboxCall(
            source=WITH_TOOLS, function=FUNCTION, arguments=told, environment=own_names(context.agent_id)
        )
        result = await self._sandbox.run(call, on_output, given.answers)
        stored = await stored_files(self._storage, result.files)
        outcome = with_changes(told_of(result, result.files), given.told)
        source = ", ".join(given.sources)
        return outcome.model_copy(update={"files": stored, "source": source})


def told_of(result: SandboxResult, files: tuple[SandboxFile, ...]) -> ToolOutcome:
    """What a model reads of it, in the order in which a terminal would show it."""
    told = _Told.model_validate(object_of(result.value)) if result.ok else _Told(error=result.error)
    printed = (result.stdout.rstrip("\n"), result.stderr.rstrip("\n"))
    value = f"Result: {told.value}" if told.value else ""
    pieces = [*printed, value, told.error.rstrip("\n"), files_told(files)]
    text = "\n".join(piece for piece in pieces if piece)
    return ToolOutcome(ok=not told.error, text=text or "It ran, printed nothing and has no value.")
