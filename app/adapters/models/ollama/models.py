"""Reads what Ollama says of its models in three places; every field may be missing, in older versions many are.

tags   what is on the disk: size, digest, quantisation. Its capabilities may lack what `show` has.
show   capabilities and the trained context of one model
ps     what is loaded, and the only place with the context it is loaded with
"""

from dataclasses import dataclass
from typing import Any, Literal

from app.adapters.models.http.loose import JsonObject, at, count, names, objects, text
from app.adapters.models.ollama.encoding import THINKING_SINCE, since
from app.adapters.models.ollama.errors import is_cloud_name
from app.adapters.models.openai.models import NOT_FOR_CHAT
from app.domain.json_value import object_of
from app.domain.model import Model, ModelHandle
from app.ports.models import ModelFacts

CLOUD_OFF = "This model runs in Ollama's cloud, which is switched off."

_EMBEDDING_FAMILIES = {"bert", "nomic-bert", "nomic-bert-moe", "gemma-embedding", "xlm-roberta"}
_LEVELS = {"gptoss", "gpt-oss"}
"""Architectures that think more or less but never not at all."""


@dataclass(frozen=True)
class Shown:
    """What `show` says, in short: its answer itself has thousands of lines."""

    capabilities: frozenset[str] = frozenset()
    """Empty: not known."""
    architecture: str = ""
    trained_context: int | None = None
    embedding_dim: int | None = None
    cloud: bool = False
    cloud_off: bool = False


def full_name(name: str) -> str:
    """`qwen3` and `qwen3:latest` are the same model."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def shown(answer: JsonObject) -> Shown:
    facts = object_of(answer.get("model_info"))
    architecture = text(facts.get("general.architecture")) or text(at(answer, "details", "family"))
    sizes = [value for key, value in facts.items() if key.endswith(".embedding_length")]
    lengths = [value for key, value in facts.items() if key.endswith(".context_length")]
    trained = [tokens for value in (facts.get(f"{architecture}.context_length"), *lengths) if (tokens := count(value))]
    return Shown(
        capabilities=frozenset(names(answer.get("capabilities")) or _guessed(answer)),
        architecture=architecture,
        trained_context=trained[0] if trained else None,
        embedding_dim=count(sizes[0]) if sizes else None,
        cloud=bool(answer.get("remote_host") or answer.get("remote_model")),
    )


def facts_of(one: Shown, version: str) -> ModelFacts:
    capabilities = one.capabilities
    return ModelFacts(
        tools="tools" in capabilities if capabilities else None,
        vision="vision" in capabilities if capabilities else None,
        thinking=_thinking(one, version),
        trained_context=one.trained_context,
        server_version=version,
    )


def entries_of(tags: JsonObject) -> dict[str, JsonObject]:
    """Entries by name, in the server's order."""
    found: dict[str, JsonObject] = {}
    for entry in objects(tags.get("models")):
        if name := text(entry.get("name")) or text(entry.get("model")):
            found.setdefault(name, entry)
    return found


def digest_of(entry: JsonObject) -> str:
    return text(entry.get("digest")).removeprefix("sha256:")


def model_of(provider: str, name: str, entry: JsonObject, about: Shown, loaded: JsonObject | bool | None) -> Model:
    """`loaded`: the model's entry of ps; False: it is not there; None: ps did not answer."""
    capabilities = about.capabilities | names(entry.get("capabilities"))
    embedding = "embedding" in capabilities
    return Model(
        handle=str(ModelHandle(provider, name)),
        provider=provider,
        name=name,
        trained_context=about.trained_context or count(at(entry, "details", "context_length")),
        allocated_context=count(at(loaded, "context_length")),
        loaded=loaded if loaded is None else bool(loaded),
        loaded_bytes=count(at(loaded, "size")),
        size_bytes=count(entry.get("size")),
        parameter_size=text(at(entry, "details", "parameter_size")),
        quantization=_quantization(entry),
        digest=digest_of(entry),
        tools=_has(capabilities, "tools", about),
        vision=_has(capabilities, "vision", about),
        reasoning=_has(capabilities, "thinking", about),
        embedding=embedding,
        embedding_dim=about.embedding_dim if embedding else None,
        cloud=is_cloud(name, entry, about),
        unfit=_unfit(capabilities, about),
    )


def is_cloud(name: str, entry: JsonObject, about: Shown) -> bool:
    return about.cloud or bool(entry.get("remote_host") or entry.get("remote_model")) or is_cloud_name(name)


def loaded_of(ps: JsonObject | None) -> dict[str, JsonObject] | None:
    return None if ps is None else entries_of(ps)


def _has(capabilities: frozenset[str], name: str, about: Shown) -> bool | None:
    """A capability that only tags was asked for is unknown while it does not name it."""
    if name in capabilities:
        return True
    return False if about.capabilities else None


def _unfit(capabilities: frozenset[str], about: Shown) -> str:
    if about.cloud_off:
        return CLOUD_OFF
    chats = "completion" in about.capabilities or (not about.capabilities and "embedding" not in capabilities)
    return "" if chats else NOT_FOR_CHAT


def _thinking(one: Shown, version: str) -> Literal["none", "switch", "levels"] | None:
    if not one.capabilities:
        return None
    if "thinking" not in one.capabilities or not since(version, THINKING_SINCE):
        return "none"
    return "levels" if one.architecture in _LEVELS else "switch"


def _quantization(entry: JsonObject) -> str:
    level = text(at(entry, "details", "quantization_level"))
    return "" if level == "unknown" else level


def _guessed(answer: JsonObject) -> set[str]:
    """Capabilities for versions before 0.6.4, which had no such field; the template tells."""
    template = text(answer.get("template"))
    if not template and not answer.get("model_info"):
        return set()
    details: Any = answer.get("details")
    families = {text(at(details, "family")), *names(at(details, "families"))}
    if families & _EMBEDDING_FAMILIES:
        return {"embedding"}
    found = {"completion"}
    if ".Tools" in template:
        found.add("tools")
    if answer.get("projector_info") or families & {"clip", "mllama"}:
        found.add("vision")
    return found
