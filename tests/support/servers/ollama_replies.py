"""What a model behind the scripted Ollama says, and the lines that makes. The shapes are those of version 0.32.15."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from tests.support.servers.ollama_pages import Installed, error
from tests.support.servers.openai_replies import JsonObject, Refusal, ToolCall, by_rule, pieces

STAMP = "2026-05-01T10:00:00.123456789Z"
RUNNER_DIED = "an error was encountered while running the model: unexpected EOF"


@dataclass(frozen=True)
class Answer:
    """One streamed answer. Numbers of lines count from 0."""

    text: str = ""
    thinking: str = ""
    calls: tuple[ToolCall, ...] = ()
    done_reason: str | None = None
    """None: what a server would say."""
    cached: bool = False
    """True: the prompt was not read anew, so that its count is zero and left out."""
    raw: bytes | None = None
    """Sent as the body instead of everything above."""
    error_after: int | None = None
    """This many lines, then an error line."""
    error: str = RUNNER_DIED
    end_after: int | None = None
    """This many lines, then the body ends properly, without `done`."""
    die_after: int | None = None
    """This many lines, then the connection breaks."""
    hang_after: int | None = None
    slice_bytes: int = 0
    tokens_per_second: float = 0
    hold: bool = False
    """Nothing is sent, not even the status, before `release`."""


Scripted = Answer | Refusal


def ruled(body: JsonObject, model: Installed) -> Answer:
    """The answer to a request for which nothing is queued: the same as the other scripted server's."""
    said = by_rule(body)
    thinks = model.has("thinking") and body.get("think") is not False
    return Answer(text=said.text, thinking=said.reasoning if thinks else "", calls=said.calls)


def lines_of(
    answer: Answer, body: JsonObject, model: Installed, prompt_tokens: int, load_ms: float
) -> list[bytes] | Refusal:
    """The lines of a reply, or the refusal that the server makes of it."""
    name = str(body["model"])
    limit = (body.get("options") or {}).get("num_predict", -1)
    thought, words = pieces(answer.thinking), pieces(answer.text)
    if _is_cut_in_a_call(answer, limit):
        if model.native_calls:
            begin = f'llama-server returned invalid tool call arguments for "{answer.calls[0].name}"'
            return error(500, f"{begin}: unexpected end of JSON input")
        return [_line(name, {"content": ""}, done=_done("length", prompt_tokens, limit, load_ms))]
    calls = _calls(answer, body, model)
    if answer.calls and not calls:
        # A call that cannot be read, or of a tool that does not exist, vanishes with everything around it.
        return [_line(name, {"content": ""}, done=_done("stop", prompt_tokens, _weight(answer), load_ms))]
    reason = answer.done_reason or "stop"
    if 0 <= limit < len(thought) + len(words):
        thought, words = thought[:limit], words[: max(0, limit - len(thought))]
        calls, reason = [], "length"
    lines = [_line(name, {"content": "", "thinking": piece}) for piece in thought]
    lines += [_line(name, {"content": piece}) for piece in words]
    last: JsonObject = {"content": ""}
    if calls and model.native_calls:
        last["tool_calls"] = calls
    else:
        lines += [_line(name, {"content": "", "tool_calls": [call]}) for call in calls]
    counted = 0 if answer.cached else prompt_tokens
    return [*lines, _line(name, last, done=_done(reason, counted, len(lines), load_ms))]


def _weight(answer: Answer) -> int:
    """About how many tokens the calls take, with their tags and the JSON around names and arguments."""
    return sum(10 + (len(call.name) + len(call.text)) // 4 for call in answer.calls)


def _is_cut_in_a_call(answer: Answer, limit: int) -> bool:
    before = len(pieces(answer.thinking)) + len(pieces(answer.text))
    return bool(answer.calls) and limit >= 0 and before <= limit < before + _weight(answer)


def _calls(answer: Answer, body: JsonObject, model: Installed) -> list[JsonObject]:
    known = {tool["function"]["name"] for tool in body.get("tools") or ()}
    calls: list[JsonObject] = []
    for index, call in enumerate(answer.calls):
        arguments = _object(call.arguments)
        if arguments is not None and call.name in known:
            call_id = secrets.token_hex(16) if model.native_calls else f"call_{secrets.token_hex(4)}"
            calls.append({"id": call_id, "function": {"index": index, "name": call.name, "arguments": arguments}})
    return calls


def _object(arguments: Any) -> JsonObject | None:
    """Arguments as text are repaired to an object where they are one."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return None
    return arguments if isinstance(arguments, dict) else None


def _line(name: str, message: JsonObject, done: JsonObject | None = None) -> bytes:
    line = {"model": name, "created_at": STAMP, "message": {"role": "assistant"} | message, "done": done is not None}
    return as_line(line | (done or {}))


def _done(reason: str, prompt_tokens: int, written: int, load_ms: float) -> JsonObject:
    numbers = {
        "total_duration": 5_000_000_000, "load_duration": round(load_ms * 1e6), "prompt_eval_count": prompt_tokens,
        "prompt_eval_duration": 120_000_000, "eval_count": max(0, written), "eval_duration": written * 20_000_000,
    }  # fmt: skip
    # Numbers that are zero are left out.
    return {"done_reason": reason} | {name: number for name, number in numbers.items() if number > 0}


def bare_done(name: str, reason: str) -> JsonObject:
    """The answer to a request without messages, which loads or unloads."""
    return {
        "model": name, "created_at": STAMP, "message": {"role": "assistant", "content": ""}, "done": True,
        "done_reason": reason,
    }  # fmt: skip


def as_line(value: JsonObject) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
