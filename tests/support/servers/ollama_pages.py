"""What the scripted Ollama has, and how it describes it: installed models, list entries, `show`, refusals. Pure."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from app.adapters.models.tokens import EstimatingCounter
from tests.support.servers.openai_replies import JsonObject, Refusal

Cloud = Literal["on", "signed out", "offline", "off"]
SIGN_IN = "https://ollama.com/connect?name=box&key=c3NoLWVk"


@dataclass(frozen=True)
class Installed:
    """A model on the disk."""

    name: str = "tiny:latest"
    capabilities: tuple[str, ...] | None = ("tools", "thinking", "completion")
    """Of `show`; None: an old version without the field."""
    tags_capabilities: tuple[str, ...] | None = ("completion",)
    """Of the list, which knows less; None: an old version without the field."""
    native_calls: bool = False
    """True: all calls in the line that is also done. False: each in a line of its own before it."""
    context: int = 16_384
    """Trained."""
    size: int = 4_931_989
    architecture: str = "llama"
    template: str = "{{ .Prompt }}"
    cloud: bool = False
    revision: int = 1
    """Another one has another digest."""

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.name} {self.revision}".encode()).hexdigest()

    def has(self, capability: str) -> bool:
        return self.capabilities is None or capability in self.capabilities

    def entry(self) -> JsonObject:
        """Its entry in the list."""
        details: JsonObject = {
            "parent_model": "", "format": "gguf", "family": self.architecture, "families": [self.architecture],
            "parameter_size": "2.11M", "quantization_level": "F16", "context_length": self.context,
            "embedding_length": 960,
        }  # fmt: skip
        entry: JsonObject = {
            "name": self.name, "model": self.name, "modified_at": "2026-05-01T10:00:00.123456789Z", "size": self.size,
            "digest": self.digest, "details": details,
        }  # fmt: skip
        if self.tags_capabilities is not None:
            entry["capabilities"] = list(self.tags_capabilities)
        return entry | ({"remote_model": self.name, "remote_host": "https://ollama.com:443"} if self.cloud else {})

    def page(self) -> JsonObject:
        """What `show` says."""
        a = self.architecture
        page: JsonObject = {
            "modelfile": "# Modelfile", "template": self.template, "details": {"family": a, "families": [a]},
            "parameters": 'stop                           "<|im_end|>"',
            "model_info": {
                "general.architecture": a, f"{a}.context_length": self.context, f"{a}.block_count": 1,
                "tokenizer.ggml.tokens": None,
            },
            "modified_at": "2026-05-01T10:00:00.123456789Z",
        }  # fmt: skip
        if self.capabilities is not None:
            page["capabilities"] = list(self.capabilities)
        return page | ({"remote_model": self.name, "remote_host": "https://ollama.com:443"} if self.cloud else {})


def wanted(name: Any) -> str:
    """The name under which a model is kept."""
    name = str(name or "")
    return name if not name or ":" in name.rpartition("/")[2] else f"{name}:latest"


def error(status: int, text: str, **more: Any) -> Refusal:
    return Refusal(status, {"error": text} | more)


def nested(status: int, code: int, message: str, kind: str, **more: Any) -> Refusal:
    """An error of the server behind, as JSON text inside the error's text."""
    inner = {"error": {"code": code, "message": message, "type": kind} | more}
    return error(status, json.dumps(inner))


def refusal_of(body: JsonObject, model: Installed | None, cloud: Cloud) -> Refusal | None:
    """Why a chat request is not accepted, or None."""
    name = body.get("model")
    if not name:
        return error(400, "model is required")
    for message in body.get("messages") or ():
        if not isinstance(message.get("content", ""), str):
            return error(
                400,
                "json: cannot unmarshal array into Go struct field ChatRequest.messages.Alias.content of type string",
            )
        for call in message.get("tool_calls") or ():
            if not isinstance(call["function"].get("arguments"), dict):
                return error(400, "Value looks like object, but can't find closing '}' symbol")
    if model is None:
        return error(404, f"model '{name}' not found")
    return _cannot(body, model) or (_not_from_the_cloud(cloud) if model.cloud else None)


def _cannot(body: JsonObject, model: Installed) -> Refusal | None:
    name = str(body["model"])
    think = body.get("think")
    if model.capabilities and "completion" not in model.capabilities:
        return error(400, f'"{name}" does not support chat')
    if body.get("tools") and not model.has("tools"):
        return error(400, f"registry.ollama.ai/library/{model.name} does not support tools")
    if think not in (None, True, False, "low", "medium", "high", "max"):
        return error(400, f'invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)')
    if think and not model.has("thinking"):
        return error(400, f'"{name}" does not support thinking')
    if not isinstance((body.get("options") or {}).get("num_ctx", 0), int):
        return error(500, 'option "num_ctx" must be of type integer')
    if any(message.get("images") for message in body.get("messages") or ()) and not model.has("vision"):
        hint = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
        return error(500, json.dumps(json.dumps({"error": {"code": 500, "message": hint, "type": "server_error"}})))
    return None


def _not_from_the_cloud(cloud: Cloud) -> Refusal | None:
    match cloud:
        case "signed out":
            return error(401, "unauthorized", signin_url=SIGN_IN)
        case "offline":
            return error(502, 'Post "https://ollama.com:443/api/chat": dial tcp: lookup ollama.com: no such host')
        case "off":
            return error(403, "ollama cloud is disabled: remote model is unavailable")
        case "on":
            return None


def too_long(needed: int, num_ctx: int) -> Refusal:
    text = f"request ({needed} tokens) exceeds the available context size ({num_ctx} tokens), try increasing it"
    return nested(400, 400, text, "exceed_context_size_error", n_prompt_tokens=needed, n_ctx=num_ctx)


def count(messages: list[JsonObject], tools: list[JsonObject] | None) -> int:
    """Tokens of the prompt, by the counter that the application uses."""
    return EstimatingCounter().count(json.dumps([messages, tools], ensure_ascii=False))


def fitted(body: JsonObject, num_ctx: int) -> list[JsonObject]:
    """The messages that are left when the oldest that are no system messages are dropped until the rest fits."""
    kept = list(body["messages"])
    while count(kept, body.get("tools")) > num_ctx:
        oldest = next((place for place, one in enumerate(kept[:-1]) if one["role"] != "system"), None)
        if oldest is None:
            break
        del kept[oldest]
    return kept
