"""Writes one run's events as they come: reasoning, text, tool calls, memory changes, and how it ended."""

import json
from typing import Any, cast

from app.domain.event import RunEvent
from app.domain.wire_message import (
    ApprovalRequestMessage,
    AssistantMessage,
    Content,
    ErrorMessage,
    ReasoningMessage,
    StopReasonObject,
    ToolCall,
    ToolCallMessage,
    ToolReturnMessage,
)
from app.terminal.paper import CYAN, DIM, RED, Paper

SUMMARY_WIDTH = 76

_ENDS = {
    "cancelled": "Stopped.",
    "max_steps": "The agent used all its steps without finishing. Write “go on” to let it continue.",
    "max_tokens_exceeded": "The reply was cut at the output limit. Write “go on” to let it continue.",
    "requires_approval": "The agent is waiting for an approval. You can give it in the window.",
}


class ReplyPrinter:
    """One run. `failed` says afterwards whether it ended badly; `seq` is the last event that was written."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._shown: dict[tuple[str, str], str] = {}
        self._attempts: dict[str, int] = {}
        self._last_kind = ""
        self.seq = 0
        self.failed = False

    def take(self, event: RunEvent) -> None:
        self.seq = max(self.seq, event.seq_id)
        if self._is_void(event):
            return
        match event.payload:
            case ReasoningMessage() as thought:
                self._text(event, thought.id, "reasoning", thought.reasoning)
            case AssistantMessage() as said:
                self._text(event, said.id, "text", _plain(said.content))
            case (ToolCallMessage() | ApprovalRequestMessage()) as called if event.whole:
                self._calls(called)
            case ToolReturnMessage() as returned:
                self._return(returned)
            case ErrorMessage() as error:
                self._fail(error)
            case StopReasonObject() as stop:
                self._stop(stop.stop_reason)
            case _:
                pass
        for change in event.changes:
            self._paper.change(change)

    def _is_void(self, event: RunEvent) -> bool:
        """Pieces of an attempt that was begun anew do not count any more."""
        if event.step_id is None:
            return False
        newest = self._attempts.setdefault(event.step_id, event.attempt)
        if event.attempt > newest:
            self._attempts[event.step_id] = event.attempt
            self._paper.line("(The model is asked once more; what it wrote last does not count.)", DIM)
        return event.attempt < newest

    def _text(self, event: RunEvent, message_id: str, kind: str, text: str) -> None:
        key = (message_id, kind)
        shown = self._shown.get(key, "")
        # Normally all of it came in pieces; after a gap the rest is added here.
        piece = _rest(text, shown) if event.whole else text
        self._shown[key] = shown + piece
        if piece and kind != self._last_kind:
            self._paper.end_line()
            if kind == "reasoning" and not self._paper.coloured:
                self._paper.piece("(thinks) ")
            self._last_kind = kind
        self._paper.piece(piece, DIM if kind == "reasoning" else "")
        if event.whole:
            self._paper.end_line()
            self._last_kind = ""

    def _calls(self, message: ToolCallMessage | ApprovalRequestMessage) -> None:
        calls = message.tool_calls if isinstance(message.tool_calls, tuple) else (message.tool_call,)
        for call in calls:
            if isinstance(call, ToolCall):
                self._paper.line(f"→ {call.name}({shorten(_arguments(call.arguments))})", CYAN)

    def _return(self, message: ToolReturnMessage) -> None:
        returns = message.tool_returns or (message,)
        for one in returns:
            if one.status == "error":
                self._paper.line(f"✗ {shorten(one.tool_return)}", RED)
            else:
                self._paper.line(f"✓ {shorten(one.tool_return)}", DIM)

    def _fail(self, error: ErrorMessage) -> None:
        self.failed = True
        self._paper.line(f"{error.message} {error.detail}".strip(), RED)

    def _stop(self, reason: str) -> None:
        self._paper.end_line()
        if reason in _ENDS:
            self._paper.line(_ENDS[reason], DIM)


def _rest(text: str, shown: str) -> str:
    return text[len(shown) :] if text.startswith(shown) else f"\n{text}"


def _plain(content: Content) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "(an image)")) for part in content)


def _arguments(text: str) -> str:
    try:
        arguments: Any = json.loads(text)
    except ValueError:
        return text
    if not isinstance(arguments, dict):
        return text
    named = cast("dict[str, object]", arguments)
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in named.items())


def shorten(text: str) -> str:
    """One line of it."""
    line = " ".join(text.split())
    return line if len(line) <= SUMMARY_WIDTH else line[: SUMMARY_WIDTH - 1] + "…"
