"""Tools that reach outside memory: they run before the transaction, at most once unless marked idempotent."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from app.domain.base import Field, Frozen
from app.domain.message import ReturnedFile
from app.domain.tool import Tool

TIME_LIMIT = 180.0
"""Seconds. The tool sandbox of Letta gives a tool as long (`tool_sandbox_timeout`)."""

OnOutput = Callable[[str], None]
"""Takes a piece of what a tool prints while it runs; the pieces in order are its stdout. Called on the event loop."""


class ToolLimits(Frozen):
    """How much a call may use."""

    seconds: float = TIME_LIMIT
    """Wall-clock time. The router cancels a call that takes longer."""


class ToolContext(Frozen):
    """Who calls a tool, and within what."""

    agent_id: str
    conversation_id: str
    run_id: str
    step_id: str
    tool_call_id: str
    environment: Mapping[str, str] = Field(default_factory=dict)
    """Environment variables for a tool that runs as a program."""
    limits: ToolLimits = ToolLimits()


class ToolOutcome(Frozen):
    """What a tool gave back. An error is a sentence for the model, never an exception."""

    ok: bool
    text: str
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    source: str = ""
    """Whose text it is when nobody here wrote it (a page, a server, another agent), as `app.domain.source` names it.
    The model gets it as quoted material, and changes of memory in the run name it."""
    quotes: tuple[str, ...] = ()
    """Whose pieces stand inside of the text, already quoted by the runner; changes of memory name them too."""
    files: tuple[ReturnedFile, ...] = ()
    """What it left, stored already."""


class ToolRunner(Protocol):
    """Runs tools of one type.

    Several calls may be under way at once. A call is stopped by cancelling its task: the runner lets go of what it
    holds (processes, connections), then lets `CancelledError` through. Only a `StorageError` may come out otherwise;
    whatever else a runner raises becomes an error that the model reads.
    """

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        """Runs one call to its end. `on_output` may be called any number of times before that."""
        ...
