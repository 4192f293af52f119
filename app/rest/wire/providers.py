"""Model servers on the wire, as providers: what programs send to add one, and what they are told. Keys only come in."""

from typing import Literal
from urllib.parse import urlsplit

from app.domain.model import Provider, ProviderDraft
from app.domain.wire_message import iso
from app.rest.constants import ORGANISATION_ID
from app.rest.errors import Misshapen, NotYet
from app.rest.wire.base import Name, PageQuery, RequestModel, ResponseModel
from app.rest.wire.models import PROVIDERS, provider_type

ADDRESSES = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
    "google_ai": "https://generativelanguage.googleapis.com/v1beta/openai",
    "openrouter": "https://openrouter.ai/api/v1",
    "groq": "https://api.groq.com/openai/v1",
    "together": "https://api.together.xyz/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "mistral": "https://api.mistral.ai/v1",
    "xai": "https://api.x.ai/v1",
    "fireworks": "https://api.fireworks.ai/inference/v1",
    "cerebras": "https://api.cerebras.ai/v1",
    "ollama": "http://127.0.0.1:11434",
    "lmstudio_openai": "http://127.0.0.1:1234/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "sglang": "http://127.0.0.1:30000/v1",
}
"""Where each kind is asked when no address is given: its OpenAI-compatible one, from its own documentation."""
OTHER_PROTOCOLS = frozenset(["azure", "bedrock", "google_vertex", "letta", "chatgpt_oauth"])
KNOWN = PROVIDERS | OTHER_PROTOCOLS | frozenset(ADDRESSES)


class ProviderQuery(PageQuery):
    name: Name | None = None
    provider_type: Name | None = None


class ProviderCheck(RequestModel):
    provider_type: Name
    api_key: Name = ""
    base_url: Name | None = None

    def draft(self, name: str) -> ProviderDraft:
        """Raises `Misshapen` for a kind that is none, `NotYet` for one that is spoken to in another protocol."""
        if self.provider_type not in KNOWN:
            raise Misshapen(f"body.provider_type: one of {', '.join(sorted(KNOWN))} is needed")
        if self.provider_type in OTHER_PROTOCOLS:
            raise NotYet(f"Servers of the kind {self.provider_type} are not part of this version of Lares.")
        address = self.base_url or ADDRESSES.get(self.provider_type)
        if address is None:
            raise Misshapen(f"body.base_url: the address of the {self.provider_type} server is needed")
        kind: Literal["ollama", "openai"] = "ollama" if self.provider_type == "ollama" else "openai"
        return ProviderDraft(name=name, kind=kind, base_url=address, key=self.api_key.strip() or None)


class ProviderCreate(ProviderCheck):
    name: Name


class ProviderUpdate(RequestModel):
    api_key: Name | None = None
    base_url: Name | None = None


class ProviderState(ResponseModel):
    id: str
    name: str
    provider_type: str
    provider_category: Literal["base", "byok"]
    """`base`: there without a program's doing."""
    api_key: None = None
    """Never told, and neither is anything made of it."""
    base_url: str | None = None
    access_key: None = None
    region: None = None
    api_version: None = None
    organization_id: str | None = ORGANISATION_ID
    updated_at: str | None = None
    last_synced: None = None
    api_key_enc: None = None
    access_key_enc: None = None
    auth_type: str = "api_key"


def provider_to_wire(provider: Provider) -> ProviderState:
    return ProviderState(
        id=provider.id,
        name=provider.name,
        provider_type=type_of(provider),
        provider_category="base" if provider.kind == "demo" or provider.variable else "byok",
        base_url=provider.base_url or None,
        updated_at=iso(provider.updated_at),
    )


def type_of(provider: Provider) -> str:
    """Known by its address where that tells, else as for its models."""
    host = urlsplit(provider.base_url).netloc
    named = (kind for kind, address in ADDRESSES.items() if host and urlsplit(address).netloc == host)
    return next(named, provider_type(provider))
