"""Model servers that variables of the environment name, as programs for OpenAI, Ollama and Letta read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.adapters.models.ollama.server import PORT, root_of
from app.domain.address import is_here, place_of, web_address
from app.domain.model import NamedServer, ProviderKind

OLLAMA_HOST = "OLLAMA_HOST"
"""Where Ollama listens, for itself and its clients: https://github.com/ollama/ollama/blob/main/docs/faq.mdx"""
OPENAI_API = "https://api.openai.com/v1"
OPENROUTER_API = "https://openrouter.ai/api/v1"
ANTHROPIC_API = "https://api.anthropic.com/v1"
"""https://docs.claude.com/en/api/openai-sdk"""
GEMINI_API = "https://generativelanguage.googleapis.com/v1beta/openai"
"""https://ai.google.dev/gemini-api/docs/openai"""


@dataclass(frozen=True)
class _Known:
    name: str
    addresses: tuple[str, ...] = ()
    """Variables that hold the address, the first that is set counts."""
    key: str = ""
    """The variable that holds the key."""
    usual: str = ""
    """The address where only the key is set."""
    kind: ProviderKind = "openai"


_KNOWN = (
    _Known("ollama", ("OLLAMA_BASE_URL", OLLAMA_HOST), kind="ollama"),
    _Known("openai", ("OPENAI_API_BASE", "OPENAI_BASE_URL"), "OPENAI_API_KEY", OPENAI_API),
    _Known("lmstudio", ("LMSTUDIO_BASE_URL",)),
    _Known("vllm", ("VLLM_API_BASE",)),
    _Known("openrouter", (), "OPENROUTER_API_KEY", OPENROUTER_API),
    _Known("anthropic", (), "ANTHROPIC_API_KEY", ANTHROPIC_API),
    _Known("google_ai", (), "GEMINI_API_KEY", GEMINI_API),
)
"""Named as Letta names them, so that handles written for it (`openai/gpt-4.1`) lead to the same models."""
NAMES = tuple(dict.fromkeys(name for one in _KNOWN for name in (*one.addresses, one.key) if name))
"""All variables that are read here."""


def named_servers(environment: Mapping[str, str]) -> tuple[NamedServer, ...]:
    """What the variables name. An address that is none is left out: its server is missing, not another one asked.

    An `OLLAMA_HOST` of this computer is no named server but a place to look at, see `place_of_ollama`.
    """
    found = (_named(one, environment) for one in _KNOWN)
    return tuple(one for one in found if one is not None)


def place_of_ollama(environment: Mapping[str, str]) -> tuple[str, int] | None:
    """The place on this computer that OLLAMA_HOST names."""
    address = _ollama_address(environment.get(OLLAMA_HOST, ""))
    return place_of(address) if address and is_here(address) else None


def unusable(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Variables whose address is none."""
    variables = (name for one in _KNOWN for name in one.addresses)
    return tuple(name for name in variables if environment.get(name, "").strip() and not web_address(environment[name]))


def _named(known: _Known, environment: Mapping[str, str]) -> NamedServer | None:
    key = environment.get(known.key, "").strip()
    variable = next((name for name in known.addresses if environment.get(name, "").strip()), "")
    if not variable:
        if not key:
            return None
        return NamedServer(variable=known.key, name=known.name, kind=known.kind, base_url=known.usual, key=key)
    address = _address(known, variable, environment[variable])
    if address is None:
        return None
    return NamedServer(variable=variable, name=known.name, kind=known.kind, base_url=address, key=key)


def _address(known: _Known, variable: str, text: str) -> str | None:
    if known.kind == "ollama":
        address = _ollama_address(text)
        return None if variable == OLLAMA_HOST and address and is_here(address) else address
    address = web_address(text)
    return f"{address}/v1" if address and not urlsplit(address).path.strip("/") else address


def _ollama_address(text: str) -> str | None:
    address = web_address(text) if text.strip() else None
    if address is None:
        return None
    bare = "://" not in text and urlsplit(address).port is None
    return root_of(f"{address}:{PORT}" if bare else address)
