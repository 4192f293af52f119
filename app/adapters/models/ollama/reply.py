"""Turns the lines of an Ollama chat reply into deltas.

Tool calls come whole, in any line: in the last one with `done` from some models, each in a line of its own from others.
"""

import json
from typing import Any

from app.adapters.models.http.connection import Phase
from app.adapters.models.http.loose import JsonObject, at, count, objects, text
from app.adapters.models.http.sse import MAX_EVENT, TooLong
from app.adapters.models.openai.reply import NotReadable, ServerSaid
from app.domain.run import Usage
from app.ports.models import ModelDelta, Timing


class LineReader:
    """Cuts byte chunks into lines."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes, with their ends."""
        end = chunk.rfind(b"\n") + 1
        lines: list[bytes] = []
        if end:
            lines = b"".join((*self._rest, chunk[:end])).splitlines(keepends=True)
            self._rest, self._size = [], 0
        self._rest.append(chunk[end:])
        self._size += len(chunk) - end
        if self._size > MAX_EVENT:
            raise TooLong
        return lines

    def end(self) -> list[bytes]:
        """The last line, where its end never came. Half a one is left out: it broke off, and is no damaged reply."""
        rest = b"".join(self._rest)
        self._rest = []
        try:
            json.loads(rest)
        except ValueError:
            return [rest] if rest and rest.lstrip()[:1] != b"{" else []
        return [rest]


def read_object(line: bytes) -> JsonObject | None:
    """The object of a line; None for a blank one. Raises `NotReadable`, and `ServerSaid` for an error line."""
    if not line.strip():
        return None
    try:
        value = json.loads(line.decode("utf-8", "replace"))
    except ValueError as problem:
        raise NotReadable from problem
    if not isinstance(value, dict):
        raise NotReadable
    if value.get("error"):
        raise ServerSaid(value)
    return value


class OllamaReply:
    """One reply. Its finish is known when the line with `done` came; without that it broke off."""

    def __init__(self) -> None:
        self.phase: Phase = "waiting"
        self._calls = 0
        self._last: JsonObject = {}
        self._held = b""

    @property
    def done(self) -> bool:
        return self.phase == "done"

    def read(self, line: bytes) -> list[ModelDelta]:
        """Deltas of one line. Raises `NotReadable`, `ServerSaid`."""
        value = read_object(line)
        if value is None:
            self._held += line
            return []
        self.phase = "done" if value.get("done") else "speaking"
        if self.done:
            self._last = value
        pieces = self._pieces(value.get("message"))
        if not pieces:
            self._held += line
            return []
        raw, self._held = self._held + line, b""
        return [ModelDelta(**piece, raw=raw if place == 0 else b"") for place, piece in enumerate(pieces)]

    def close(self) -> list[ModelDelta]:
        """Finish, usage and timing."""
        reason = text(self._last.get("done_reason")) or "stop"
        # Ollama says "stop" after tool calls too. One that was cut by the limit never arrives.
        finish = "tool_calls" if self._calls and reason == "stop" else reason
        return [
            ModelDelta(finish=finish),
            ModelDelta(usage=_usage(self._last), timing=_timing(self._last), raw=self._held),
        ]

    def _pieces(self, message: Any) -> list[JsonObject]:
        pieces: list[JsonObject] = []
        if thinking := text(at(message, "thinking")):
            pieces.append({"reasoning": thinking})
        if content := text(at(message, "content")):
            pieces.append({"text": content})
        return pieces + [self._call(call) for call in objects(at(message, "tool_calls"))]

    def _call(self, call: JsonObject) -> JsonObject:
        arguments = at(call, "function", "arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps({} if arguments is None else arguments, ensure_ascii=False)
        index, self._calls = self._calls, self._calls + 1
        return {
            "call_index": index,
            "call_id": text(call.get("id")),
            "call_name": text(at(call, "function", "name")),
            "call_arguments": arguments,
        }


def cut_call(name: str, raw: bytes) -> list[ModelDelta]:
    """The reply that was lost because its limit cut a tool call: the call without arguments, ended by the limit."""
    return [ModelDelta(call_index=0, call_name=name, raw=raw), ModelDelta(finish="length")]


def _usage(last: JsonObject) -> Usage:
    # Numbers that are zero are left out.
    return Usage(
        prompt_tokens=count(last.get("prompt_eval_count")) or 0,
        completion_tokens=count(last.get("eval_count")) or 0,
        steps=1,
    )


def _timing(last: JsonObject) -> Timing:
    return Timing(
        load_ms=_milliseconds(last.get("load_duration")),
        prompt_ms=_milliseconds(last.get("prompt_eval_duration")),
        reply_ms=_milliseconds(last.get("eval_duration")),
    )


def _milliseconds(nanoseconds: Any) -> int:
    return (count(nanoseconds) or 0) // 1_000_000
