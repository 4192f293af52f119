"""Reads the lists of models that servers give. Every field may be missing; an unknown size is None, never a guess."""

import re

from app.adapters.models.http.loose import JsonObject, at, count, names, objects, text
from app.domain.model import Model, ModelHandle

_NOT_FOR_CHAT = re.compile(
    r"(?:^|[-_/:])(?:text-embedding|embed(?:ding)?s?|rerank(?:er)?|whisper|tts|dall-e|moderation|transcribe|image|sora|clip|imagen|veo|lyria|aqa|gemini-live|native-audio)(?:[-_/:.\d]|$)|"
    r"(?:^|/)(?:nomic-embed|mxbai-embed|bge-|all-minilm|e5-|gte-)|embed",
    re.IGNORECASE,
)
NOT_FOR_CHAT = "This model is not a chat model."


def models_of(provider: str, listing: JsonObject) -> tuple[Model, ...]:
    """Models of `GET /v1/models`, in the server's order, each once."""
    entries = listing.get("data")
    extra = {str(one.get("name") or one.get("model")): one for one in objects(listing.get("models"))}
    models: dict[str, Model] = {}
    for entry in objects(entries if isinstance(entries, list) else listing.get("models")):
        name = entry.get("id") or entry.get("name") or entry.get("model")
        if isinstance(name, str) and entry.get("owned_by") == "google":
            name = name.removeprefix("models/")  # Google's lists write it, its requests do without
        if isinstance(name, str) and name:
            models.setdefault(name, _model(provider, name, entry, extra.get(name, {})))
    return tuple(models.values())


def add_props(models: tuple[Model, ...], props: JsonObject) -> tuple[Model, ...]:
    """What llama.cpp says of the one model it serves: its window, and whether its template knows tools.

    Without such a template it drops the tools of a request without a word.
    """
    served = count(at(props, "default_generation_settings", "n_ctx"))
    said = (at(props, "chat_template_caps", f"supports_{what}") for what in ("tools", "tool_calls"))
    known = [value for value in said if isinstance(value, bool)]
    tools = {"tools": any(known)} if known else {}
    return tuple(
        model.model_copy(update={"context_window": model.context_window or served, **tools}) for model in models
    )


def add_lmstudio(models: tuple[Model, ...], listing: JsonObject) -> tuple[Model, ...]:
    """LM Studio's own list knows the size a model is loaded with, and what it can do."""
    known = {name: entry for entry in objects(listing.get("data")) if (name := text(entry.get("id")))}
    return tuple(_from_lmstudio(model, known.get(model.name)) for model in models)


def _from_lmstudio(model: Model, entry: JsonObject | None) -> Model:
    if entry is None:
        return model
    kind, capabilities = entry.get("type"), entry.get("capabilities")
    loaded_with = count(entry.get("loaded_context_length"))
    update: JsonObject = {
        "context_window": loaded_with or model.context_window,
        "trained_context": count(entry.get("max_context_length")),
        "allocated_context": loaded_with,
        "loaded": state == "loaded" if (state := entry.get("state")) else None,
        "quantization": text(entry.get("quantization")),
    }
    if kind in ("llm", "vlm"):
        update |= {"vision": kind == "vlm", "unfit": ""}
    elif kind == "embeddings":
        update |= {"embedding": True, "unfit": NOT_FOR_CHAT}
    if isinstance(capabilities, list):
        update["tools"] = "tool_use" in capabilities
    return model.model_copy(update=update)


def _model(provider: str, name: str, entry: JsonObject, extra: JsonObject) -> Model:
    capabilities = names(entry.get("capabilities")) | names(extra.get("capabilities"))
    parameters = names(entry.get("supported_parameters"))
    inputs = names(at(entry, "architecture", "input_modalities"))
    vision = True if "multimodal" in capabilities or "vision" in capabilities or "image" in inputs else None
    return Model(
        handle=str(ModelHandle(provider, name)),
        provider=provider,
        name=name,
        label=_label(name, entry),
        context_window=_window(entry),
        trained_context=count(at(entry, "meta", "n_ctx_train")),
        size_bytes=count(at(entry, "meta", "size")),
        tools=True if capabilities & {"tools", "function_calling"} or "tools" in parameters else None,
        vision=False if inputs and not vision else vision,
        reasoning=True if "thinking" in capabilities or "reasoning" in parameters else None,
        unfit=_unfit(name, capabilities),
    )


def _unfit(name: str, capabilities: set[str]) -> str:
    if capabilities & {"completion", "completion_chat", "chat"}:
        return ""
    return NOT_FOR_CHAT if "embedding" in capabilities or _NOT_FOR_CHAT.search(name) else ""


def _window(entry: JsonObject) -> int | None:
    """llama.cpp, vLLM, OpenRouter, Mistral. A model's training length (`n_ctx_train`) is not what is served."""
    given = (
        at(entry, "meta", "n_ctx"),
        entry.get("max_model_len"),
        at(entry, "top_provider", "context_length"),
        entry.get("context_length"),
        entry.get("max_context_length"),
        entry.get("context_window"),
    )
    return next((tokens for value in given if (tokens := count(value))), None)


def _label(name: str, entry: JsonObject) -> str:
    """llama.cpp names a model by its file when no alias was given: show the file's name without folder and ending."""
    if entry.get("owned_by") == "llamacpp" and name.endswith(".gguf"):
        return re.split(r"[/\\]", name)[-1].removesuffix(".gguf")
    given = entry.get("name") or entry.get("display_name")
    return given if isinstance(given, str) and given != name else ""
