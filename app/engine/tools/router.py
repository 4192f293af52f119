"""How a call finds what runs its tool: by the type of the tool, never by its name."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from app.domain.error import StorageError
from app.domain.message import ToolReturnPart
from app.domain.tool import Tool, ToolType
from app.engine.recall import MessageRecall
from app.engine.reply import Call
from app.engine.retrieval.passages import PassageSearch
from app.engine.tools.archival_search import ArchivalSearch
from app.engine.tools.search import ConversationSearch
from app.engine.tools.stored import StoredTools, cannot_run
from app.ports.storage import Storage
from app.ports.system import Clock
from app.ports.tools import OnOutput, ToolContext, ToolOutcome, ToolRunner

log = logging.getLogger(__name__)


class ToolRouter:
    """The tool runner of an engine: one runner for each type. Memory tools have none, they run in the commit."""

    def __init__(self, runners: Mapping[ToolType, ToolRunner]) -> None:
        self._runners = dict(runners)

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        """As its runner, within the limits of the call. Raises `StorageError` only."""
        runner = self._runners.get(tool.tool_type)
        if runner is None:
            return cannot_run(tool)
        limit = asyncio.timeout(context.limits.seconds)
        try:
            async with limit:
                return await runner.run(tool, arguments, context, on_output)
        except StorageError:
            raise
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                text = f'The tool "{tool.name}" was stopped after {context.limits.seconds:g} seconds.'
                return ToolOutcome(ok=False, text=text)
            log.exception("The tool %s failed", tool.name)
            return ToolOutcome(ok=False, text=f'The tool "{tool.name}" failed: {type(error).__name__}: {error}')


def tool_router(
    storage: Storage,
    clock: Clock,
    recall: MessageRecall | None = None,
    passages: PassageSearch | None = None,
    others: Mapping[ToolType, ToolRunner] | None = None,
) -> ToolRouter:
    """The tools that need nothing but what the engine has stored, and others, where these may run.

    Without searches of its own it goes by words.
    """
    archival = ArchivalSearch(passages or PassageSearch(storage), clock)
    conversation = ConversationSearch(recall or MessageRecall(storage))
    named = {"conversation_search": conversation.call, "archival_memory_search": archival.call}
    runners: dict[ToolType, ToolRunner] = {"letta_core": StoredTools(storage, named)}
    return ToolRouter({**runners, **(others or {})})


async def run_tool(
    tool: Tool, call: Call, context: ToolContext, runner: ToolRunner, clock: Clock, on_output: OnOutput
) -> ToolReturnPart:
    """Runs a tool that reaches outside memory. Its failure is a return for the model; raises `StorageError` only."""
    begun = clock.ticks()
    outcome = await runner.run(tool, call.parsed, context, on_output)
    return _part(tool, call, outcome, (clock.ticks() - begun) // 1000)


def _part(tool: Tool, call: Call, outcome: ToolOutcome, duration_ms: int) -> ToolReturnPart:
    text, limit = outcome.text, tool.return_char_limit
    if len(text) > limit:
        text = f"{text[:limit]}\n[cut: {len(outcome.text):,} characters in all, {limit:,} shown]"
    return ToolReturnPart(
        tool_call_id=call.tool_call_id,
        name=call.name,
        status="success" if outcome.ok else "error",
        text=text,
        source=outcome.source,
        quotes=outcome.quotes,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        duration_ms=duration_ms,
        files=outcome.files,
    )
