"""Turns the JSON of a chat completion, streamed or whole, into deltas. Tolerant of what servers leave out or repeat."""

import json
from typing import Any

from app.adapters.models.http.connection import Phase
from app.adapters.models.http.halves import HalfJoiner, decoded
from app.adapters.models.http.loose import LARGEST, at, objects, read_json, text
from app.adapters.models.http.sse import DONE, MAX_EVENT, Event, TooLong
from app.adapters.models.openai.call_pieces import CallPieces
from app.domain.json_value import JsonObject, array_of, is_array, is_object, object_of
from app.domain.run import Usage
from app.ports.models import ModelDelta


class NotReadable(Exception):
    """An event that is not JSON object."""


class ServerSaid(Exception):
    """An error object instead of a piece of the reply."""

    def __init__(self, answer: JsonObject) -> None:
        super().__init__()
        self.answer = answer


MOST_EMPTY = 65_536
"""Events one after the other that say nothing. A server that keeps a connection alive by them needs an hour for so
many; one that has lost its way would go on for ever.
"""


class ReplyReader:
    """One reply. Finish and usage are held back until `close`, because they come in any order, or not at all."""

    def __init__(self) -> None:
        self.finish = ""
        self.done = False
        self.model = ""
        """Whom the server says it answered with."""
        self._begun = False
        self._usage: Usage | None = None
        self._held = bytearray()
        self._empty = 0
        self._calls = CallPieces()
        self._halves = HalfJoiner()

    @property
    def phase(self) -> Phase:
        """Comments keep a connection alive while the model loads; they are not yet an answer."""
        if self.done:
            return "done"
        if self.finish:
            return "finished"
        return "speaking" if self._begun else "waiting"

    def read(self, event: Event) -> list[ModelDelta]:
        """Deltas of one event. Raises `NotReadable`, `ServerSaid`, and `TooLong` where nothing is said any more."""
        data = event.data.strip()
        if data == DONE:
            self._begun = self.done = True
            self._held += event.raw
            return []
        if event.name == "error":
            raise ServerSaid(_told(data))
        chunk = _object(data)
        self._begun = self._begun or "choices" in chunk
        return self._with_raw(self._pieces(chunk), event.raw)

    def close(self, rest: bytes) -> list[ModelDelta]:
        """What was held back; `rest`: bytes after the last event."""
        tail = bytes(self._held + rest)
        deltas = [ModelDelta(**_late(key, text)) for key, text in self._halves.rest().items()]
        if self._usage is None:
            return [*deltas, ModelDelta(finish=self.finish, raw=tail)]
        return [*deltas, ModelDelta(finish=self.finish), ModelDelta(usage=self._usage, raw=tail)]

    def _pieces(self, chunk: JsonObject) -> list[JsonObject]:
        if (error := _error_of(chunk)) is not None:
            raise ServerSaid(error)
        self.model = self.model or text(chunk.get("model"))
        if chunk.get("usage") or chunk.get("timings"):
            self._usage = _usage(chunk) or self._usage
        choice = _first_choice(chunk)
        if not is_object(choice) or choice.get("index"):
            return []  # a second choice, which nobody asked for
        pieces = self._said(_said_in(choice))
        self.done = self.done or ("message" in choice and "delta" not in choice)  # all of it in one piece
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
        elif is_array(content):
            pieces += [piece for part in content for piece in _content_part(part)]
        for piece in pieces:
            for kind in piece:
                piece[kind] = self._halves.feed(kind, piece[kind])
        calls = objects(delta.get("tool_calls"))
        if is_object(old := delta.get("function_call")):
            calls.append({"function": old})  # the form before there were several calls
        return pieces + [self._call(call) for call in calls]

    def _call(self, call: JsonObject) -> JsonObject:
        function = object_of(call.get("function"))
        name, call_id = str(function.get("name") or ""), str(call.get("id") or "")
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
        index, new_id, new_name = self._calls.sort_in(call.get("index"), call_id, name, arguments)
        return {
            "call_index": index,
            "call_id": new_id,
            "call_name": self._halves.feed((index, "name"), new_name),
            "call_arguments": self._halves.feed(index, arguments),
        }

    def _with_raw(self, pieces: list[JsonObject], raw: bytes) -> list[ModelDelta]:
        if not pieces:
            self._empty += 1
            if self._empty > MOST_EMPTY or len(self._held) > MAX_EVENT:
                raise TooLong
            self._held += raw
            return []
        raw, self._held, self._empty = bytes(self._held + raw), bytearray(), 0
        deltas = [ModelDelta(**pieces[0], raw=raw)]
        deltas += [ModelDelta(**piece) for piece in pieces[1:]]
        return deltas


def _object(data: bytes) -> JsonObject:
    try:
        value = read_json(decoded(data))
    except ValueError as problem:
        raise NotReadable from problem
    if not is_object(value):
        raise NotReadable
    return value


def _told(data: bytes) -> JsonObject:
    """What an event says that is an error by its name: JSON, or bare words."""
    try:
        value = _object(data)
    except NotReadable:
        return {"error": decoded(data)}
    return value if value.get("error") else {"error": value}


def _error_of(chunk: JsonObject) -> JsonObject | None:
    """The error that a chunk tells; servers put it in different places."""
    if chunk.get("error"):
        return chunk
    if "choices" not in chunk and (chunk.get("object") == "error" or chunk.get("type") == "error"):
        return {"error": chunk}
    if "choices" not in chunk and isinstance(chunk.get("detail"), str | list):
        return {"error": {"message": chunk["detail"]}}
    first = _first_choice(chunk)
    if is_object(first) and (error := first.get("error")):
        return {"error": error}
    if at(first, "finish_reason") == "error":
        return {"error": {"message": text(chunk.get("message")) or "the model behind it broke off"}}
    return None


def _first_choice(chunk: JsonObject) -> object:
    choices = array_of(chunk.get("choices"))
    return choices[0] if choices else None


def _said_in(choice: JsonObject) -> JsonObject:
    """What a choice says, streamed or in one piece; some servers stream whole messages."""
    for key in ("delta", "message"):
        if is_object(said := choice.get(key)) and said:
            return said
    return {"content": words} if isinstance(words := choice.get("text"), str) else {}


def _late(key: object, text: str) -> JsonObject:
    """Half a character that stayed half."""
    if isinstance(key, str):
        return {key: text}
    return {"call_index": key, "call_arguments": text} if isinstance(key, int) else {"text": ""}


def _content_part(part: Any) -> list[JsonObject]:
    """Mistral's service streams thinking and text as typed parts."""
    if not is_object(part):
        return []
    if part.get("type") == "thinking":
        inner = part.get("thinking")
        parts = inner if is_array(inner) else [{"text": inner}]
        return [{"reasoning": str(one["text"])} for one in objects(parts) if one.get("text")]
    return [{"text": str(part["text"])}] if part.get("text") else []


def _usage(chunk: JsonObject) -> Usage | None:
    usage = chunk.get("usage")
    if is_object(usage):
        return Usage(
            prompt_tokens=_count(usage, "prompt_tokens") or 0,
            completion_tokens=_count(usage, "completion_tokens") or 0,
            cached_tokens=_count(usage.get("prompt_tokens_details"), "cached_tokens"),
            reasoning_tokens=_count(usage.get("completion_tokens_details"), "reasoning_tokens"),
            steps=1,
        )
    timings = chunk.get("timings")
    if is_object(timings) and "predicted_n" in timings:
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
    value = object_of(holder).get(key)
    return int(value) if isinstance(value, int | float) and 0 <= value <= LARGEST else None
