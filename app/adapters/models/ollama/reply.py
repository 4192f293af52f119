"""Turns the lines of an Ollama chat reply into deltas.

Tool calls come whole, in any line: in the last one with `done` from some models, each in a line of its own from others.
"""

import json
import re
from typing import Any

from app.adapters.models.http.connection import Phase
from app.adapters.models.http.halves import HalfJoiner, decoded
from app.adapters.models.http.loose import JsonObject, at, count, objects, read_json, text
from app.adapters.models.http.sse import DONE, MAX_EVENT, TooLong
from app.adapters.models.openai.reply import NotReadable, ServerSaid
from app.domain.json_value import is_object
from app.domain.run import Usage
from app.ports.models import ModelDelta, Timing


class LineReader:
    """Cuts byte chunks into lines of JSON. A raw line break inside a string does not end one."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._size = 0
        self._torn = b""
        """A line that cannot be whole yet."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes, with their ends."""
        end = chunk.rfind(b"\n") + 1
        lines: list[bytes] = []
        if end:
            block = b"".join((*self._rest, chunk[:end]))
            self._rest, self._size = [], len(self._torn)
            lines = self._whole(block)
        self._rest.append(chunk[end:])
        self._size += len(chunk) - end
        if self._size > MAX_EVENT:
            raise TooLong
        return lines

    def end(self) -> list[bytes]:
        """The last line, where its end never came. Half a one is left out: it broke off, and is no damaged reply."""
        rest = self._torn + b"".join(self._rest)
        self._rest, self._torn = [], b""
        try:
            read_json(decoded(rest))
        except ValueError:
            return [rest] if rest and (b"\n" in rest or rest.lstrip()[:1] != b"{") else []
        return [rest]

    def _whole(self, block: bytes) -> list[bytes]:
        lines: list[bytes] = []
        for line in block.split(b"\n")[:-1]:
            line += b"\n"
            if self._torn and line.startswith(b"{") and line.rstrip().endswith(b"}"):
                lines.append(self._torn)  # damaged: the next line is whole by itself
                self._torn = b""
            line = self._torn + line
            self._torn = b""
            bare = line.strip()
            if bare.startswith(b"{") and not bare.endswith(b"}"):
                self._torn = line
            else:
                lines.append(line)
        return lines


_SSE = re.compile(rb"\s*(?:data:|event:|id:|retry:|:)")
"""Gateways that speak for Ollama put its lines into events."""


def read_object(line: bytes) -> JsonObject | None:
    """The object of a line; None for a blank one. Raises `NotReadable`, and `ServerSaid` for an error line."""
    if found := _SSE.match(line):
        line = line[found.end() :] if found[0].endswith(b"data:") else b""
    bare = line.removeprefix(b"\xef\xbb\xbf").strip()
    if not bare or bare == DONE:
        return None
    try:
        value = read_json(decoded(bare))
    except ValueError as problem:
        raise NotReadable from problem
    if not is_object(value):
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
        self._halves = HalfJoiner()

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
        late_halves = self._halves.rest().items()
        return [
            *(ModelDelta(text=late) if key == "text" else ModelDelta(reasoning=late) for key, late in late_halves),
            ModelDelta(finish=finish),
            ModelDelta(usage=_usage(self._last), timing=_timing(self._last), raw=self._held),
        ]

    def _pieces(self, message: Any) -> list[JsonObject]:
        pieces: list[JsonObject] = []
        if thinking := text(at(message, "thinking")):
            pieces.append({"reasoning": self._halves.feed("reasoning", thinking)})
        if content := text(at(message, "content")):
            pieces.append({"text": self._halves.feed("text", content)})
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
