"""Turns the JSON of a chat completion, streamed or whole, into deltas. Tolerant of what servers leave out or repeat."""

import json
import math
from typing import Any

from app.adapters.models.http.connection import Phase
from app.adapters.models.http.loose import objects
from app.domain.run import Usage
from app.ports.models import ModelDelta

JsonObject = dict[str, Any]

DONE = b"[DONE]"


class NotReadable(Exception):
    """An event that is no JSON object."""


class ServerSaid(Exception):
    """An error object instead of a piece of the reply."""

    def __init__(self, answer: JsonObject) -> None:
        super().__init__()
        self.answer = answer


class ReplyReader:
    """One reply. Finish and usage are held back until `close`, because they come in any order, or not at all."""

    def __init__(self) -> None:
        self.finish = ""
        self.done = False
        self._begun = False
        self._usage: Usage | None = None
        self._held = b""
        self._calls: list[str] = []
        """Ids of the tool calls so far, by our own index; empty where the server gave none."""
        self._open: dict[int, int] = {}
        """Our index of the call that a server's index means at present."""

    @property
    def phase(self) -> Phase:
        """Comments keep a connection alive while the model loads; they are not yet an answer."""
        if self.done:
            return "done"
        if self.finish:
            return "finished"
        return "speaking" if self._begun else "waiting"

    def read(self, data: bytes, raw: bytes) -> list[ModelDelta]:
        """Deltas of one streamed event. Raises `NotReadable`, `ServerSaid`."""
        self._begun = True
        if data == DONE:
            self.done = True
            self._held += raw
            return []
        return self._with_raw(self._pieces(_object(data), "delta"), raw)

    def whole(self, body: bytes) -> list[ModelDelta]:
        """Deltas of a reply that came in one piece, from servers that do not stream."""
        deltas = self._with_raw(self._pieces(_object(body), "message"), body)
        self.done = True
        return deltas

    def close(self, rest: bytes) -> list[ModelDelta]:
        """What was held back; `rest`: bytes after the last event."""
        tail = self._held + rest
        if self._usage is None:
            return [ModelDelta(finish=self.finish, raw=tail)]
        return [ModelDelta(finish=self.finish), ModelDelta(usage=self._usage, raw=tail)]

    def _pieces(self, chunk: JsonObject, key: str) -> list[JsonObject]:
        if chunk.get("error"):
            raise ServerSaid(chunk)
        if chunk.get("usage") or chunk.get("timings"):
            self._usage = _usage(chunk) or self._usage
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict) or choice.get("index"):
            return []  # a second choice, which nobody asked for
        said = choice.get(key)
        pieces = self._said(said if isinstance(said, dict) else {})
        if choice.get("finish_reason"):
            self.finish = str(choice["finish_reason"])
        return pieces

    def _said(self, delta: JsonObject) -> list[JsonObject]:
        """Keyword arguments of the deltas; plain dicts, because making models twice costs more than all the rest."""
        pieces: list[JsonObject] = []
        # vLLM fills both names with the same text; llama.cpp and LM Studio know the first, Ollama the second.
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            pieces.append({"reasoning": reasoning if isinstance(reasoning, str) else json.dumps(reasoning)})
        content = delta.get("content") or delta.get("refusal")
        if isinstance(content, str):
            pieces.append({"text": content})
        elif isinstance(content, list):
            pieces += [piece for part in content for piece in _content_part(part)]
        return pieces + [self._call(call) for call in objects(delta.get("tool_calls"))]

    def _call(self, call: JsonObject) -> JsonObject:
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        name, call_id = str(function.get("name") or ""), str(call.get("id") or "")
        index, is_new = self._index(call.get("index"), call_id, name)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
        # Some servers repeat name and id with every piece; the engine would join the names.
        return {
            "call_index": index,
            "call_id": call_id if is_new else "",
            "call_name": name if is_new else "",
            "call_arguments": arguments,
        }

    def _index(self, given: Any, call_id: str, name: str) -> tuple[int, bool]:
        """Our index of a call, and whether it begins here: servers leave the index out or use one for all calls."""
        current = self._open.get(given) if isinstance(given, int) else len(self._calls) - 1
        if current is not None and current >= 0:
            other_id = bool(call_id) and call_id != self._calls[current]
            unnamed_start = not isinstance(given, int) and bool(name) and not call_id
            if not (other_id and name) and not unnamed_start:
                return current, False
        self._calls.append(call_id)
        if isinstance(given, int):
            self._open[given] = len(self._calls) - 1
        return len(self._calls) - 1, True

    def _with_raw(self, pieces: list[JsonObject], raw: bytes) -> list[ModelDelta]:
        if not pieces:
            self._held += raw
            return []
        raw, self._held = self._held + raw, b""
        deltas = [ModelDelta(**pieces[0], raw=raw)]
        deltas += [ModelDelta(**piece) for piece in pieces[1:]]
        return deltas


def _object(data: bytes) -> JsonObject:
    try:
        value = json.loads(data.decode("utf-8", "replace"))
    except ValueError as problem:
        raise NotReadable from problem
    if not isinstance(value, dict):
        raise NotReadable
    return value


def _content_part(part: Any) -> list[JsonObject]:
    """Mistral's service streams thinking and text as typed parts."""
    if not isinstance(part, dict):
        return []
    if part.get("type") == "thinking":
        inner = part.get("thinking")
        parts = inner if isinstance(inner, list) else [{"text": inner}]
        return [{"reasoning": str(one["text"])} for one in parts if isinstance(one, dict) and one.get("text")]
    return [{"text": str(part["text"])}] if part.get("text") else []


def _usage(chunk: JsonObject) -> Usage | None:
    usage = chunk.get("usage")
    if isinstance(usage, dict):
        return Usage(
            prompt_tokens=_count(usage, "prompt_tokens") or 0,
            completion_tokens=_count(usage, "completion_tokens") or 0,
            cached_tokens=_count(usage.get("prompt_tokens_details"), "cached_tokens"),
            reasoning_tokens=_count(usage.get("completion_tokens_details"), "reasoning_tokens"),
            steps=1,
        )
    timings = chunk.get("timings")
    if isinstance(timings, dict) and "predicted_n" in timings:
        cached = _count(timings, "cache_n")
        prompt = (_count(timings, "prompt_n") or 0) + (cached or 0)
        return Usage(
            prompt_tokens=prompt,
            completion_tokens=_count(timings, "predicted_n") or 0,
            cached_tokens=cached,
            steps=1,
        )
    return None


def _count(holder: Any, key: str) -> int | None:
    value = holder.get(key) if isinstance(holder, dict) else None
    return int(value) if isinstance(value, int | float) and 0 <= value < math.inf else None
