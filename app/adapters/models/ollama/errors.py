"""What only Ollama says when it does not answer, as sentences; everything else is read by `openai_errors`. Pure.

Its errors are one string, in which the error of the server behind it may be nested as JSON, more than once.
"""

import json
import re
from typing import Any

from app.adapters.models.http import refusals as openai_errors
from app.adapters.models.http.refusals import Server, what_it_said
from app.domain.error import ModelError
from app.domain.json_value import JsonObject, is_object

USUAL_ADDRESS = "Ollama is usually at http://127.0.0.1:11434."

_CLOUD = re.compile(r"[:-]cloud$")
_NAME = re.compile(r"model ['\"“]?([^\s'\"”,]+)['\"”]? ?(?:not found|was not found)", re.I)
_LACKS = re.compile(r"does not support (tools|thinking)", re.I)
_NO_CHAT = re.compile(r"does not support (?:chat|generate)", re.I)
_NOT_FOUND = re.compile(r"model\b.{0,200}\bnot found", re.I | re.S)
_CLOUD_OFF = re.compile(r"cloud is disabled", re.I)
_CUT = re.compile(r"invalid tool call arguments for \"?([^\":\s]+)\"?: unexpected end of JSON", re.I)
_BAD_CALL = re.compile(r"invalid tool call arguments", re.I)
_MEMORY = re.compile(
    r"requires more system memory \(([^)]+)\) than is available \(([^)]+)\)|out of memory|unable to allocate|"
    r"failed to allocate|not enough (?:memory|vram)",
    re.I,
)
_CRASHED = re.compile(
    r"runner process (?:has terminated|no longer running)|error was encountered while running the model|"
    r"unexpected eof|connection reset by peer",
    re.I,
)
_NEWER = re.compile(r"requires a newer version|newer version of ollama|unknown model architecture", re.I)
_DISK = re.compile(r"no space left|not enough space|disk quota", re.I)
_UNREACHED = re.compile(
    r"dial tcp|no such host|i/o timeout|connection refused|network is unreachable|TLS handshake", re.I
)
_NO_MANIFEST = re.compile(r"file does not exist|manifest unknown|not found", re.I)
_DAMAGED = re.compile(r"digest mismatch|unexpected eof|verify|corrupt", re.I)


def refused(server: Server, status: int, body: bytes, content_type: str, retry_after: str = "") -> ModelError:
    """Any answer that is not a reply."""
    answer = _flat(body)
    if answer is None:
        if status == 403 and not body.strip():
            return _unwelcome(server)
        return openai_errors.refused(server, status, body, content_type, retry_after)
    said = what_it_said(answer)[0]
    facts: JsonObject = {"status": status, "answer": said}
    found = _access(server, status, answer, facts) or _by_words(server, said, facts)
    if found:
        return found
    flat = json.dumps(answer).encode()
    error = openai_errors.refused(server, status, flat, "application/json", retry_after)
    if error.code == "prompt_too_large":
        error.hint = "Give the agent a larger context size, or shorten its instructions, blocks and messages."
    return error


def said_in_stream(server: Server, answer: JsonObject) -> ModelError:
    """An error line in the middle of a stream, whose own status has long been 200."""
    status = answer.get("status_code")
    status = status if isinstance(status, int) and 400 <= status < 600 else 500
    return refused(server, status, json.dumps(answer).encode(), "application/json")


def unreadable(server: Server, *, begun: bool) -> ModelError:
    """Bytes that are no lines of JSON: a damaged reply, or something that is no Ollama."""
    if not begun:
        return openai_errors.wrong_address(server)
    hint = "Try again. If it keeps happening, update the server."
    return server.error(f"{server.name} sent a reply that cannot be read.", "server_error", hint, retryable=True)


def pull_failed(server: Server, name: str, body: bytes) -> ModelError:
    """Why a download ended, which Ollama says in the stream long after the status 200."""
    answer = _flat(body) or {}
    said = what_it_said(answer)[0]
    again = "Download it again: it resumes where it stopped."
    if _NEWER.search(said):
        message, code, hint = (
            f"“{name}” needs a newer version of Ollama than {server.name} runs.",
            "bad_request",
            "Update Ollama.",
        )
    elif _DISK.search(said):
        message, code = f"The disk where {server.name} keeps its models is full.", "server_error"
        hint = f"Free some space on it, for example by removing models you do not use. {again}"
    elif _UNREACHED.search(said):
        message, code = f"{server.name} could not reach the model library.", "server_down"
        hint = f"Check your internet connection. {again}"
    elif _NO_MANIFEST.search(said):
        message, code = f"There is no model “{name}” in the library of {server.name}.", "model_missing"
        hint = "Check its name and tag, for example qwen3:8b."
    elif _DAMAGED.search(said):
        message, code, hint = f"The download of “{name}” arrived damaged.", "server_error", again
    else:
        message, code, hint = f"The download of “{name}” ended: {said or 'no reason was given'}.", "server_error", again
    return server.error(message, code, hint, model=name, answer=said, says_kept=False)


def pull_broke_off(server: Server, name: str, reason: str) -> ModelError:
    return server.error(
        f"{server.name} stopped answering while it was downloading “{name}”.",
        "server_died",
        f"Check that {server.name} is running, then download it again: it resumes where it stopped.",
        retryable=True,
        says_kept=False,
        reason=reason,
    )


def cut_call_name(answer: bytes) -> str | None:
    """The tool whose call was cut by the limit, where that is what the error says."""
    flat = _flat(answer)
    found = _CUT.search(what_it_said(flat)[0]) if flat else None
    return found[1] if found else None


def is_cloud_name(name: str) -> bool:
    return bool(_CLOUD.search(name))


def cloud_is_off(error: ModelError) -> bool:
    return error.details.get("cloud") == "off"


def _access(server: Server, status: int, answer: JsonObject, facts: JsonObject) -> ModelError | None:
    """Ollama's cloud: not signed in, switched off, out of reach."""
    one = _one(server)
    if status == 401 and isinstance(url := answer.get("signin_url"), str):
        return server.error(
            f"{one} runs in Ollama's cloud, and this computer is not signed in there.",
            "unauthorized",
            f"Sign in at {url}, or choose a model that runs on your computer.",
            signin_url=url,
            **facts,
        )
    if status == 403 and _CLOUD_OFF.search(str(facts["answer"])):
        return server.error(
            f"{one} runs in Ollama's cloud, which is switched off.",
            "model_missing",
            "Choose a model that runs on your computer.",
            cloud="off",
            **facts,
        )
    if status == 502 and is_cloud_name(server.model):
        return server.error(
            f"{server.name} could not reach Ollama's cloud, where {one} runs.",
            "server_down",
            "Check your internet connection, or choose a model that runs on your computer.",
            retryable=True,
            **facts,
        )
    return None


def _by_words(server: Server, said: str, facts: JsonObject) -> ModelError | None:
    one = _one(server)
    if found := _LACKS.search(said):
        lacks = found[1].lower()
        message = f"{one} cannot call tools." if lacks == "tools" else f"{one} cannot think before it answers."
        hint = "Choose a model that can, or let it answer without."
        # The next attempt is made without what it lacks.
        return server.error(message, "bad_request", hint, retryable=True, lacks=lacks, **facts)
    if _NO_CHAT.search(said):
        hint = "Choose another model for the conversation."
        return server.error(f"{one} is not a chat model.", "bad_request", hint, **facts)
    if _NOT_FOUND.search(said):
        return _missing(server, said, facts)
    if _CUT.search(said) or _BAD_CALL.search(said):
        message, hint = f"{server.name} could not read a tool call from the model.", "Try again: it often works then."
        return server.error(message, "server_error", hint, retryable=True, **facts)
    if found := _MEMORY.search(said):
        needs = f"needs {found[1]} of memory, but only {found[2]} is free" if found[1] else "does not fit into memory"
        hint = "Choose a smaller model or a smaller context size, or close other programs."
        return server.error(f"{one} {needs}.", "server_error", hint, memory=True, **facts)
    if _NEWER.search(said):
        return server.error(
            f"{one} needs a newer version of Ollama than {server.name} runs.", "bad_request", "Update Ollama.", **facts
        )
    if _CRASHED.search(said):
        message = f"{server.name} lost the model while it was working."
        hint = "Try again: it will be loaded again. If it keeps happening, choose a smaller model or context size."
        return server.error(message, "server_died", hint, retryable=True, **facts)
    return None


def _missing(server: Server, said: str, facts: JsonObject) -> ModelError:
    found = _NAME.search(said)
    name = server.model or (found[1] if found else "")
    return server.error(
        f"The model “{name}” is not on {server.name}." if name else f"The model is not on {server.name}.",
        "model_missing",
        "Download it again, or choose another model.",
        model=name,
        **facts,
    )


def _unwelcome(server: Server) -> ModelError:
    return server.error(
        f"{server.name} does not answer requests for the address {server.address}.",
        "wrong_address",
        f"{server.usual_address} On another computer, set OLLAMA_HOST there to 0.0.0.0 and use its IP address.",
        status=403,
    )


def _one(server: Server) -> str:
    return f"“{server.model}”" if server.model else "The model"


def _flat(body: bytes) -> JsonObject | None:
    """The innermost error object of an answer."""
    answer = _parsed(body.decode("utf-8", "replace"))
    if not is_object(answer):
        return None
    for _ in range(5):
        error = answer.get("error")
        inner = _nested(error) if isinstance(error, str) else None
        if inner is None:
            break
        answer = inner
    return answer


def _nested(error: str) -> JsonObject | None:
    start, end = error.find("{"), error.rfind("}")
    for candidate in (error, error[start : end + 1]):
        value = _parsed(candidate)
        if isinstance(value, str):
            return {"error": value}
        if is_object(value) and ("error" in value or "message" in value):
            return value if "error" in value else {"error": value}
    return None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
