"""The runner of tools that people write: their source, in the sandbox."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from app.domain.error import AppError, Invalid
from app.domain.json_value import JsonObject
from app.domain.sandbox import SandboxResult
from app.domain.source import tool_source
from app.domain.tool import Tool
from app.engine.custom_tools.source import ToolSource, read_source
from app.ports.sandbox import Packages, Sandbox, SandboxCall
from app.ports.tools import OnOutput, ToolContext, ToolOutcome

VariablesOf = Callable[[Tool, str], Awaitable[Mapping[str, str]]]
"""The variables that a call of a tool by an agent gets, by name."""


class CallPass(Protocol):
    """What one call may ask of Lares, and what it has changed."""

    async def answers(self, asked: JsonObject) -> JsonObject:
        """As `app.ports.sandbox.Answers`."""
        ...

    @property
    def told(self) -> str:
        """What the model must read of its changes; empty: nothing."""
        ...

    @property
    def tools(self) -> Sequence[Tool]:
        """Those of its agent that it can call by their names."""
        ...

    @property
    def sources(self) -> tuple[str, ...]:
        """Whose texts the tools that it called brought."""
        ...


PassOf = Callable[[Tool, ToolContext], Awaitable[CallPass]]
"""Makes the pass of a call. Raises `NotFound` where its agent is gone."""
_ASKS = re.compile(r"\b(?:client|agent_state)\b")


class CustomTools:
    """Runs a source in the sandbox, with its variables, and with a pass where it names what it would ask with."""

    def __init__(self, sandbox: Sandbox, variables_of: VariablesOf, pass_of: PassOf, packages: Packages) -> None:
        self._sandbox = sandbox
        self._packages = packages
        self._variables_of = variables_of
        self._pass_of = pass_of

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        if not tool.set_up:
            return ToolOutcome(ok=False, text=f'The tool "{tool.name}" cannot be run here. {tool.why_not_set_up}')
        try:
            variables = await self._variables_of(tool, context.agent_id)
            call = call_of(tool, arguments, {**own_names(context.agent_id), **variables, **context.environment})
            call = await with_packages(call, tool, self._packages)
            given = await self._pass_of(tool, context) if asks_lares(call.source) else None
        except AppError as error:
            return ToolOutcome(ok=False, text=error.message)
        result = await self._sandbox.run(call, on_output, None if given is None else given.answers)
        outcome = outcome_of(result, tool_source(tool.name))
        return outcome if given is None else with_changes(outcome, given.told)


async def with_packages(call: SandboxCall, tool: Tool, packages: Packages) -> SandboxCall:
    """With the packages that the tool requires. Raises `Invalid` where they cannot be had.

    A set that nobody agreed to is not installed: packages are programs of strangers.
    """
    wanted = tool.pip_requirements
    if not wanted:
        return call
    ready = await packages.ready(wanted)
    if ready is None and await packages.agreed(wanted):
        ready = await packages.install(wanted)
    if ready is None:
        names = ", ".join(one.name for one in wanted)
        raise Invalid(
            f"“{tool.name}” needs packages that are not installed yet: {names}. "
            "The person can install them in Lares: Tools, May use.",
            code="packages_missing",
        )
    return call.model_copy(update={"packages": (ready.folder,), "python": ready.python})


def own_names(agent_id: str) -> dict[str, str]:
    """By which tools made for Letta know whose call it is."""
    return {"LETTA_AGENT_ID": agent_id}


def asks_lares(source: str) -> bool:
    """Whether a source names what it would ask Lares with; the others need no pass."""
    return bool(_ASKS.search(source))


def with_changes(outcome: ToolOutcome, told: str) -> ToolOutcome:
    """With what the call changed of memory, which the model cannot see otherwise before the run's end."""
    return outcome.model_copy(update={"text": f"{outcome.text}\n{told}"}) if told else outcome


def call_of(tool: Tool, arguments: dict[str, Any], environment: Mapping[str, str]) -> SandboxCall:
    """Raises `SourceError` where the source cannot be read, `Invalid` for a variable that no process can have."""
    for name, value in environment.items():
        if not name or "=" in name or "\0" in name + value:
            raise Invalid(
                f"“{name}” cannot be the name of a variable, or has a value that none can have.",
                hint="Names have no “=”; neither names nor values have NUL characters.",
            )
    source = tool.source_code or ""
    found = _read(source)
    return SandboxCall(
        source=source,
        function=found.name,
        arguments=arguments,
        converts=found.converts,
        environment=environment,
        network=tool.access.network,
        folders=tool.access.folders,
    )


@lru_cache(256)
def _read(source: str) -> ToolSource:
    """A tool may be called many times."""
    return read_source(source, documented_elsewhere=True)


def outcome_of(result: SandboxResult, source: str) -> ToolOutcome:
    """What a model is told of it: whoever wrote the program, what it brings may come from anywhere."""
    stderr = (result.stderr,) if result.stderr else ()
    if not result.ok and result.traceback:
        stderr = (*stderr, result.traceback)
    return ToolOutcome(
        ok=result.ok,
        text=text_of(result.value) if result.ok else result.error,
        stdout=(result.stdout,) if result.stdout else (),
        stderr=stderr,
        source=source,
    )


def text_of(value: object) -> str:
    """A text as it is, anything else as JSON; nothing as None, which models know from Python."""
    if isinstance(value, str):
        return value
    return "None" if value is None else json.dumps(value, ensure_ascii=False)
