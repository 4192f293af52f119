"""One request on its way to a route: its ids, query and body checked, the services at hand; and routes themselves."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from app.domain.ids import is_id
from app.rest.context import RestContext
from app.rest.errors import Misshapen, misshapen
from app.rest.wire.base import RequestModel
from app.services import Services

Q = TypeVar("Q", bound=RequestModel, covariant=True)
B = TypeVar("B", bound=RequestModel | None, covariant=True)
K = TypeVar("K", bound=RequestModel)

KINDS: Mapping[str, tuple[str, ...]] = {
    "agent_id": ("agent",),
    "block_id": ("block",),
    "message_id": ("message",),
    "run_id": ("run",),
    "step_id": ("step",),
    "tool_id": ("tool",),
    "identity_id": ("identity",),
    "job_id": ("job", "run", "file"),
    "folder_id": ("source", "folder"),
    "source_id": ("source", "folder"),
    "file_id": ("file",),
    "memory_id": ("passage",),
    "passage_id": ("passage",),
    "archive_id": ("archive",),
    "group_id": ("group",),
    "provider_id": ("provider",),
    "mcp_server_id": ("mcp_server",),
    "conversation_id": ("conv", "agent"),
    "sandbox_config_id": ("sandbox",),
    "sandbox_env_id": ("sandbox-env",),
}
"""What the ids in paths and queries must look like; other names in paths are free text."""


@dataclass(frozen=True)
class Call(Generic[Q, B]):
    """What a route works with. One of a narrower query and body serves where `AnyCall` is asked for."""

    request: Request
    context: RestContext
    query: Q
    body: B

    @property
    def services(self) -> Services:
        return self.context.services

    def id(self, name: str) -> str:
        """An id of the path, of the right shape."""
        return str(self.request.path_params[name])

    @cached_property
    def old(self) -> bool:
        """Whether a client of the 0.1 family asks."""
        headers = self.request.headers
        named = headers.get("user-agent", "").startswith(("letta-client/0.", "@letta-ai/letta-client/0."))
        return named or any(name.startswith("x-fern-") for name in headers)


AnyCall = Call[RequestModel, RequestModel | None]
"""What works for a request of whatever query and body."""

DEEPEST = 100
"""Levels of a body: what is stored must be read again, and readers of JSON end at 200."""
Act = Callable[[Call[Any, Any]], Awaitable[Any]]


@dataclass(frozen=True)
class Endpoint:
    """One route: the single source of what is served, checked and documented."""

    method: str
    path: str
    act: Act
    since: str = ""
    """Empty for what works. Otherwise a sentence that names what is missing."""

    @cached_property
    def _shape(self) -> tuple[Any, Any]:
        hint = get_type_hints(self.act)["call"]
        return get_args(hint) if get_origin(hint) is Call else (RequestModel, None)

    @property
    def query(self) -> type[RequestModel]:
        return self._shape[0]

    @cached_property
    def body(self) -> type[RequestModel] | None:
        kind = self._shape[1]
        found = [one for one in get_args(kind) if one is not type(None)]
        kind = found[0] if found else kind
        return None if kind is None or kind is type(None) else kind

    @cached_property
    def body_optional(self) -> bool:
        return type(None) in get_args(self._shape[1])

    @cached_property
    def answers(self) -> Any:
        return get_type_hints(self.act).get("return")

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.answers)

    @property
    def summary(self) -> str:
        return (self.act.__doc__ or "").strip().partition("\n")[0]


def check_ids(path_params: Mapping[str, Any]) -> None:
    """Raises `Misshapen` for an id that cannot be one."""
    for name, value in path_params.items():
        kinds = KINDS.get(name)
        if kinds is None or (name == "conversation_id" and value == "default"):
            continue
        if not any(is_id(str(value), kind) for kind in kinds):  # type: ignore[arg-type]
            raise Misshapen(f"path.{name}: an id of the form {kinds[0]}-<uuid4> is needed")


def read_query(kind: type[K], request: Request) -> K:
    """The query as what the route expects; a name given several times is a list."""
    given: dict[str, Any] = {}
    params = request.query_params
    for name in params:
        field = kind.model_fields.get(name)
        if field is None:
            continue
        values = params.getlist(name)
        given[name] = values if _is_list(field.annotation) else values[-1]
    for name in [name for name, value in given.items() if value == "" and name in _CURSORS]:
        del given[name]
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise misshapen(error, "query") from None


_CURSORS = ("before", "after", "limit", "order", "order_by", "ascending")


def _is_list(annotation: Any) -> bool:
    return any(get_origin(one) in (tuple, list) for one in (annotation, *get_args(annotation)))


async def read_body(endpoint: Endpoint, request: Request) -> Any:
    """The body as what the route expects. Raises `Misshapen`."""
    if endpoint.body is None:
        return None
    raw = await request.body()
    if not raw.strip():
        if endpoint.body_optional:
            return None
        raw = b"{}"
    try:
        given = json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Misshapen("body: valid JSON is needed") from None
    if given is None and endpoint.body_optional:
        return None
    if _is_deep(given):
        raise Misshapen(f"body: it is nested too deeply, more than {DEEPEST} levels")
    try:
        return endpoint.body.model_validate(given)
    except ValidationError as error:
        raise misshapen(error, "body") from None


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
