"""What model servers answer when they do not answer, as sentences a person can act on. Pure.

connection   refused, no such host, no secure connection, broken off, silent
status       401 403 404 400 413 429 5xx, redirects
body         error objects of llama.cpp, Ollama, vLLM, LM Studio, OpenAI; web pages; anything else
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.domain.address import is_nearby
from app.domain.error import ModelError
from app.domain.json_value import JsonObject, is_array, is_object

_TOO_LONG = re.compile(
    r"context[ _](?:size|length|window)|maximum context|context the overflows|prompt is too long|too many tokens", re.I
)
_WINDOW = re.compile(
    r"(?:maximum context length is|context (?:length|size|window)(?: \()?(?: of)?(?: only)?)\s*\(?(\d{3,})", re.I
)
_NEEDED = re.compile(
    r"(?:requested|request \(|resulted in|prompt contains at least|has|first)\s*\(?(\d{3,})\s*(?:input )?tok", re.I
)
_NO_MODEL = re.compile(r"model\b.{0,200}\b(?:not found|not exist|no longer|is not available|not loaded)", re.I | re.S)
_NO_TOOLS = re.compile(
    r"does not support (?:tool|function)|tool[- ]choice|--enable-auto-tool-choice|no endpoints found that support tool"
    r"|(?:tools?|tool (?:use|calling|calls)|function calling|functions?)[`'\"]? (?:is|are) not "
    r"(?:supported|enabled|available)",
    re.I,
)
_NO_IMAGES = re.compile(
    r"image (?:input|content)[^.]{0,40} not supported|does not support (?:images?|vision)|support image input"
    r"|not a multimodal",
    re.I,
)
_TELLS = re.compile(r"\b(?:endpoints?|models?|providers?|deployments?)\b", re.I)
_NO_ROUTE = re.compile(r"unknown (?:route|url|endpoint|path)|invalid url|no route|unexpected endpoint|^not found", re.I)
_TRY_AGAIN = re.compile(r"empty grammar stack|failed to parse (?:tool call|input at pos)", re.I)
_LOADING = re.compile(r"\bloading\b", re.I)
_SAID = re.compile(r'"(?:message|error)"\s*:\s*"((?:[^"\\]|\\.){1,400})')
"""In an error that is too long to be read whole, or broke off."""


USUAL_ADDRESS = "It usually ends with /v1."


@dataclass(frozen=True)
class Server:
    """How errors name the server."""

    name: str
    url: str
    """The URL that was asked."""
    model: str = ""
    """The model a message was meant for; empty when only the list of models was asked for."""
    key: str | None = None
    usual_address: str = USUAL_ADDRESS

    def __repr__(self) -> str:
        return f"Server(name={self.name!r}, url={self.url!r}, model={self.model!r})"

    @property
    def address(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def error(
        self, message: str, code: str, hint: str, *, retryable: bool = False, says_kept: bool = True, **details: Any
    ) -> ModelError:
        """A `ModelError` that never carries the key, whatever the server echoed."""
        facts = {"url": self.url} | {name: self._clean(value) for name, value in details.items() if value is not None}
        kept = " Your message is kept." if self.model and says_kept else ""
        return ModelError(str(self._clean(message)) + kept, code=code, hint=hint, details=facts, retryable=retryable)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace(self.key, "[key]") if self.key else value
            return value[:2000]
        return value


def refused(server: Server, status: int, body: bytes, content_type: str, retry_after: str = "") -> ModelError:
    """Any answer that is not a reply."""
    answer = _json(body)
    if answer is None:
        return _no_json(server, status, body, content_type)
    said, kind, fields = what_it_said(answer)
    facts: JsonObject = {"status": status, "answer": said}
    if 300 <= status < 400:
        return wrong_address(server, status=status, answer=said)
    if status in (401, 403):
        return _unauthorized(server, facts)
    if status == 402:
        return _no_credit(server, facts)
    if found := _by_words(server, said, kind, fields, facts):
        return found
    if status == 429:
        return _rate_limited(server, kind, retry_after, facts)
    if status in (404, 405) and server.model and _TELLS.search(said) and not _NO_ROUTE.search(said):
        return _not_accepted(server, said, facts)  # somebody speaks who knows what a model is
    if status in (404, 405) or (status < 400 and not kind):
        return wrong_address(server, **facts)
    if _LOADING.search(said):
        return _loading(server, facts)
    if status == 503:
        return _overloaded(server, facts)
    if status >= 500:
        return _server_error(server, said, facts)
    return _not_accepted(server, said, facts)


def _not_accepted(server: Server, said: str, facts: JsonObject) -> ModelError:
    return server.error(
        f"{server.name} did not accept the request: {_sentence(said)}",
        "bad_request",
        "Look at the details, or choose another model.",
        **facts,
    )


def said_in_stream(server: Server, answer: JsonObject, otherwise: int = 500) -> ModelError:
    """An error object in the middle of a stream, whose own status has long been 200.

    `otherwise`: the status where the error names none.
    """
    error = answer.get("error")
    codes = [error.get(name) for name in ("code", "status", "status_code")] if is_object(error) else []
    status = next((code for code in map(_as_number, codes) if code and 400 <= code < 600), otherwise)
    return refused(server, status, json.dumps(answer).encode(), "application/json")


def _by_words(server: Server, said: str, kind: str, fields: JsonObject, facts: JsonObject) -> ModelError | None:
    """The cases that servers tell apart only in their text."""
    if kind in ("exceed_context_size_error", "context_length_exceeded") or _TOO_LONG.search(said):
        return _too_large(server, said, fields, facts)
    if kind == "model_not_found" or _NO_MODEL.search(said):
        return server.error(
            f"The model “{server.model}” is not on {server.name}." if server.model else f"{server.name}: {said}",
            "model_missing",
            f"Choose another model, or load it in {server.name}.",
            model=server.model,
            **facts,
        )
    if _NO_TOOLS.search(said):
        hint = "Choose a model that can call tools."
        if "--enable-auto-tool-choice" in said:
            hint = "Start the server with --enable-auto-tool-choice and --tool-call-parser, or choose another model."
        message = f"“{server.model}” on {server.name} cannot call tools."
        return server.error(message, "bad_request", hint, retryable=True, lacks="tools", **facts)
    if _NO_IMAGES.search(said):
        hint = "Choose a model with vision, or send the message without the image."
        return server.error(f"“{server.model}” on {server.name} cannot see images.", "bad_request", hint, **facts)
    return None


def _too_large(server: Server, said: str, fields: JsonObject, facts: JsonObject) -> ModelError:
    window, needed = _number(fields.get("n_ctx"), _WINDOW, said), _number(fields.get("n_prompt_tokens"), _NEEDED, said)
    if window and needed:
        message = f"The request needs {needed:,} tokens, but {server.name} serves only {window:,} to “{server.model}”."
    elif window:
        message = f"The request is longer than the {window:,} tokens that {server.name} serves to “{server.model}”."
    else:
        message = f"The request is longer than {server.name} allows for “{server.model}”."
    hint = "Start the server with a larger context size, or lower the agent's context size to fit."
    return server.error(message, "prompt_too_large", hint, n_ctx=window, n_prompt=needed, **facts)


def _unauthorized(server: Server, facts: JsonObject) -> ModelError:
    if server.key:
        message, hint = (
            f"{server.name} did not accept the key.",
            f"Enter a valid key for {server.name} in the settings.",
        )
    else:
        message, hint = f"{server.name} requires a key.", f"Enter a key for {server.name} in the settings."
    return server.error(message, "unauthorized", hint, **facts)


def _rate_limited(server: Server, kind: str, retry_after: str, facts: JsonObject) -> ModelError:
    if kind == "insufficient_quota":
        return _no_credit(server, facts)
    wait = f"in {retry_after} seconds" if retry_after.isdigit() else "in a moment"
    return server.error(
        f"{server.name} is not accepting more requests right now.",
        "rate_limited",
        f"Try again {wait}.",
        retryable=True,
        retry_after=int(retry_after) if retry_after.isdigit() else None,
        **facts,
    )


def _no_credit(server: Server, facts: JsonObject) -> ModelError:
    message = f"The account at {server.name} has no credit left."
    return server.error(message, "no_credit", "Add credit there, or choose another model.", **facts)


def _overloaded(server: Server, facts: JsonObject) -> ModelError:
    hint = "Try again in a moment, or choose another model."
    return server.error(f"{server.name} is too busy to answer.", "overloaded", hint, retryable=True, **facts)


def _loading(server: Server, facts: JsonObject) -> ModelError:
    return server.error(
        f"{server.name} is still loading the model.",
        "loading",
        "Try again in a moment: loading a large model takes a while.",
        retryable=True,
        **facts,
    )


def _server_error(server: Server, said: str, facts: JsonObject) -> ModelError:
    if _TRY_AGAIN.search(said):
        message, hint = (
            f"{server.name} could not read a tool call from the model.",
            "Try again: the next attempt often works.",
        )
        return server.error(message, "server_error", hint, retryable=True, **facts)
    if facts["status"] in (502, 504, 524):
        message = f"{server.name} answers, but the model behind it does not."
        hint = "Check that the model server is running."
        if not is_nearby(server.url):
            hint = "Try again in a moment, or choose another model."
        return server.error(message, "server_down", hint, retryable=True, **facts)
    message = f"{server.name} had an internal error: {_sentence(said)}"
    hint = f"Try again. If it keeps happening, look at the log of {server.name}."
    return server.error(message, "server_error", hint, retryable=facts["status"] != 501, **facts)


def _no_json(server: Server, status: int, body: bytes, content_type: str) -> ModelError:
    text = " ".join(body[:2000].decode("utf-8", "replace").split())
    facts: JsonObject = {"status": status, "answer": text[:500], "content_type": content_type}
    page = "html" in content_type or text[:200].lower().startswith(("<!doctype", "<html"))
    if status in (401, 403):
        return _unauthorized(server, facts)
    if status == 429:
        return _rate_limited(server, "", "", facts)
    if status == 402:
        return _no_credit(server, facts)
    if status == 503:
        return _loading(server, facts) if _LOADING.search(text) else _overloaded(server, facts)
    if status == 413:
        hint = "Send fewer or smaller images, or shorten the conversation."
        return server.error(f"The request is too large for {server.name}.", "bad_request", hint, **facts)
    if status >= 500 and not page:
        half = _SAID.search(text)
        return _server_error(server, half[1] if half else text, facts)
    if status in (502, 504, 524):
        return _server_error(server, "", facts)
    return wrong_address(server, **facts)


def wrong_address(server: Server, **facts: Any) -> ModelError:
    """Something answers there, but it does not speak the language of model servers."""
    return server.error(
        f"There is no model server at {server.url}: something else answers there.",
        "wrong_address",
        f"Check the address of {server.name} in the settings. {server.usual_address}",
        **facts,
    )


def redirected(server: Server, status: int, location: str) -> ModelError:
    return server.error(
        f"{server.name} has moved: {server.url} points to another address.",
        "wrong_address",
        f"Enter the new address in the settings: {location}" if location else "Check the address in the settings.",
        status=status,
        location=location,
    )


def _json(body: bytes) -> JsonObject | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    # Google's service wraps its errors in a list.
    value = value[0] if is_array(value) and value else value
    return value if is_object(value) else None


def what_it_said(answer: JsonObject) -> tuple[str, str, JsonObject]:
    """Text, kind and all fields of an error answer; servers nest it in different ways."""
    error = answer.get("error", answer)
    if isinstance(error, str):
        inner = _json(error.encode())
        return what_it_said(inner) if inner else (error, "error", answer)
    if not is_object(error):
        return str(error), "error", answer
    message = error.get("message") or error.get("detail") or error.get("error") or ""
    names = [value for value in (error.get("code"), error.get("type")) if isinstance(value, str)]
    known = [name for name in names if name in _KINDS]
    kind = (known or names or ["error" if "error" in answer else ""])[0]
    return message if isinstance(message, str) else json.dumps(message), kind, error


_KINDS = ("exceed_context_size_error", "context_length_exceeded", "model_not_found", "insufficient_quota")


def _number(given: Any, pattern: re.Pattern[str], text: str) -> int | None:
    if isinstance(given, int) and given > 0:
        return given
    found = pattern.search(text)
    return int(found[1]) if found else None


def _as_number(code: Any) -> int | None:
    return int(code) if isinstance(code, int | str) and str(code).isdecimal() and len(str(code)) == 3 else None


def _sentence(said: str) -> str:
    said = " ".join(said.split())[:300].rstrip(" .")
    return f"{said}." if said else "it did not say why."
