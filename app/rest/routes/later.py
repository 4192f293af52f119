"""The one table of what this version does not have: routes that answer 501 with a sentence instead of a fake."""

from collections.abc import Iterator
from typing import Any

from app.rest.call import Call, Endpoint
from app.rest.errors import NotYet
from app.rest.wire.base import Nothing

FOLDERS = "Folders and files are not part of this version of Lares."
GROUPS = "Groups and sleep-time agents are not part of this version of Lares."
FILES = "Importing and exporting agent files is not part of this version of Lares."
BATCHES = "Batches are not part of this version of Lares."
GENERATE = "Asking an agent's model without its memory is not part of this version of Lares."
COMPLETIONS = "Agents as models of an OpenAI-compatible server are not part of this version of Lares."
CLOUD = "This belongs to a hosted service and has no meaning on your own computer."

_AGENT = "/v1/agents/{agent_id}"


def _all_of(path: str, one: str) -> tuple[str, ...]:
    """The usual routes of a list and of one of its items."""
    listed = (f"GET {path}", f"POST {path}", f"GET {path}/count")
    return (*listed, *(f"{method} {path}/{one}" for method in ("GET", "PATCH", "DELETE")))


ROUTES: dict[str, tuple[str, ...]] = {
    FOLDERS: (
        f"GET {_AGENT}/files",
        f"PATCH {_AGENT}/files/close-all",
        f"PATCH {_AGENT}/files/{{file_id}}/open",
        f"PATCH {_AGENT}/files/{{file_id}}/close",
        f"GET {_AGENT}/folders",
        f"PATCH {_AGENT}/folders/attach/{{folder_id}}",
        f"PATCH {_AGENT}/folders/detach/{{folder_id}}",
        "GET /v1/folders",
        "POST /v1/folders",
        "GET /v1/folders/count",
        "GET /v1/folders/name/{folder_name}",
        "GET /v1/folders/{folder_id}",
        "PATCH /v1/folders/{folder_id}",
        "DELETE /v1/folders/{folder_id}",
        "POST /v1/folders/{folder_id}/upload",
        "GET /v1/folders/{folder_id}/agents",
        "GET /v1/folders/{folder_id}/passages",
        "GET /v1/folders/{folder_id}/files",
        "GET /v1/folders/{folder_id}/files/{file_id}",
        "DELETE /v1/folders/{folder_id}/{file_id}",
        *_all_of("/v1/sources", "{source_id}"),
        "GET /v1/sources/name/{source_name}",
        "GET /v1/sources/metadata",
        "POST /v1/sources/{source_id}/upload",
        "GET /v1/sources/{source_id}/agents",
        "GET /v1/sources/{source_id}/passages",
        "GET /v1/sources/{source_id}/files",
        "GET /v1/sources/{source_id}/files/{file_id}",
        "DELETE /v1/sources/{source_id}/{file_id}",
        f"GET {_AGENT}/sources",
        f"PATCH {_AGENT}/sources/attach/{{source_id}}",
        f"PATCH {_AGENT}/sources/detach/{{source_id}}",
    ),
    GROUPS: (
        f"GET {_AGENT}/groups",
        *_all_of("/v1/groups", "{group_id}"),
        "POST /v1/groups/{group_id}/messages",
        "POST /v1/groups/{group_id}/messages/stream",
        "GET /v1/groups/{group_id}/messages",
        "PATCH /v1/groups/{group_id}/messages/{message_id}",
        "PATCH /v1/groups/{group_id}/reset-messages",
    ),
    FILES: ("POST /v1/agents/import", f"GET {_AGENT}/export"),
    GENERATE: (f"POST {_AGENT}/generate",),
    COMPLETIONS: ("POST /v1/chat/completions", f"POST {_AGENT}/chat/completions"),
    BATCHES: (
        "GET /v1/messages/batches",
        "POST /v1/messages/batches",
        "GET /v1/messages/batches/{batch_id}",
        "GET /v1/messages/batches/{batch_id}/messages",
        "PATCH /v1/messages/batches/{batch_id}/cancel",
    ),
    CLOUD: (
        "GET /v1/templates",
        "POST /v1/templates",
        "GET /v1/client-side-access-tokens",
        "POST /v1/client-side-access-tokens",
        "GET /v1/environments",
        "GET /v1/projects",
        f"GET {_AGENT}/schedule",
        f"POST {_AGENT}/schedule",
    ),
}


def _endpoints() -> Iterator[Endpoint]:
    for sentence, routes in ROUTES.items():
        for route in routes:
            method, _, path = route.partition(" ")
            yield Endpoint(method, path, _refusing(sentence), since=sentence)


def _refusing(sentence: str) -> Any:
    async def refuse(call: Call[Nothing, None]) -> None:
        raise NotYet(sentence, code="cloud_only" if sentence is CLOUD else "not_yet")

    refuse.__doc__ = f"Not in this version. {sentence}"
    return refuse


ENDPOINTS = tuple(_endpoints())
