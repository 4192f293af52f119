"""What servers refused, by model: learnt from their refusals, each once, and kept for the next start."""

import contextlib
import re
from collections.abc import Collection
from typing import Any

from app.adapters.models.http.roles import IDS, ORDER, SYSTEM
from app.domain.error import AppError, ModelError
from app.domain.model import Provider
from app.ports.models import ServerNotes

TOOLS, THINKING = "tools", "thinking"
"""Refused: tools; the field that switches thinking."""
JSON_SCHEMA = "json_schema"
"""Refused: an answer in the form of a schema; JSON of any form is asked for instead."""
MOST = 64
"""Models of a server that are remembered."""
_READ = ("bad_request", "server_error", "wrong_address")
_STATUSES = (400, 404, 422, 500, 501)
_OPTIONAL = (
    *("stream_options", "max_completion_tokens", "max_tokens", "temperature", "reasoning_effort"),
    *("chat_template_kwargs", "parallel_tool_calls", "tool_choice", "response_format"),
    *("think", "format", "keep_alive", "truncate", "shift"),
)
_NO = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|extra[_ ](?:inputs|fields|forbidden)"
    r"|not allowed|invalid (?:parameter|argument|field|type)|only the default|unavailable|not available"
    r"|cannot be used|deprecated|instead|must not|no field|should not",
    re.I,
)
_TOO_MUCH = re.compile(
    r"too (?:large|high|big|many)|at most|less than|exceed|greater than|maximum (?:value|allowed)", re.I
)
_ORDER = re.compile(
    r"roles? must alternate|after role|expected last role|roles? should alternate|alternat\w+ (?:between )?user"
    r"|multiple .{0,20}roles? in a row|consecutive (?:user|assistant|messages)|first message must be"
    r"|must start with a user"
    r"|with role .{0,12}tool.{0,30}must be followed|role .{0,12}user.{0,20} (?:cannot|can't|must not) follow",
    re.I,
)
_SYSTEM = re.compile(
    r"system[- ](?:role|message|prompt|instruction)s?[^.]{0,40}(?:not supported|unsupported|not allowed|not enabled)"
    r"|(?:not support|no support for)[^.]{0,30}\bsystem\b|developer instruction is not enabled"
    r"|role[^.]{0,12}\bsystem\b[^.]{0,20}(?:not|invalid)|input should be 'user' or 'assistant'",
    re.I,
)
_IDS = re.compile(
    r"tool[ _]call[ _]?ids?\b.{0,120}(?:length|must be|should|pattern|invalid|alphanumeric)"
    r"|(?:invalid|malformed).{0,20}tool[ _]call[ _]?id|tool_(?:use|call)_?id.{0,60}pattern",
    re.I | re.S,
)


class Learnt:
    """What one server refused. Loaded at its first request."""

    def __init__(self, provider: Provider, notes: ServerNotes | None) -> None:
        self._provider = provider
        self._notes = notes
        self._refused: dict[str, frozenset[str]] = {}
        self._loaded = notes is None

    async def load(self) -> None:
        if not self._loaded and self._notes is not None:
            self._loaded = True
            with contextlib.suppress(AppError):
                self._refused = await self._notes.read(self._provider) | self._refused

    def of(self, model: str) -> frozenset[str]:
        return self._refused.get(model, frozenset())

    async def take_in(self, model: str, error: ModelError, head: dict[str, Any]) -> None:
        """Marks an error that taught something new, so that the request is made again in another form."""
        what = refused_part(error, head)
        if what is None or what in self.of(model):
            return
        self._refused.pop(next(iter(self._refused)) if len(self._refused) > MOST else "", None)
        self._refused[model] = self.of(model) | {what}
        error.retryable = True
        error.details["learnt"] = what
        await self._keep()

    async def forget(self, model: str | None = None, only: Collection[str] = ()) -> None:
        """Of one model or of all; `only`: these things."""
        before = dict(self._refused)
        for name in [model] if model is not None else list(self._refused):
            left = self.of(name) - set(only) if only else frozenset[str]()
            self._refused.pop(name, None)
            if left:
                self._refused[name] = left
        if self._refused != before:
            await self._keep()

    async def _keep(self) -> None:
        if self._notes is not None:
            with contextlib.suppress(AppError):  # it is learnt again at the next start
                await self._notes.write(self._provider, self._refused)


def refused_part(error: ModelError, head: dict[str, Any]) -> str | None:
    """What of a request a server refused, where the request can do without it. `head`: the parameters sent."""
    if lacks := error.details.get("lacks"):
        return lacks if lacks in (TOOLS, THINKING) else None
    said, status = error.details.get("answer"), error.details.get("status")
    if error.code not in _READ or status not in _STATUSES or not isinstance(said, str):
        return None
    for what, words in ((IDS, _IDS), (ORDER, _ORDER), (SYSTEM, _SYSTEM)):
        if words.search(said):
            return what
    return _refused_parameter(said, head)


def _refused_parameter(said: str, head: dict[str, Any]) -> str | None:
    if not _NO.search(said):
        return None
    for name in _OPTIONAL:
        if name not in head or not re.search(rf"\b{name}\b", said):
            continue
        if name.startswith("max_") and _TOO_MUCH.search(said):
            return None
        if name == "response_format" and head[name].get("type") == "json_schema":
            return JSON_SCHEMA
        return name
    return None
