"""The OpenAPI document, made from the table of routes and the models of their bodies."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from app import __version__
from app.rest.call import KINDS, Endpoint
from app.rest.wire.base import ResponseModel

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_REF = "#/components/schemas/{model}"
_STREAMS = ("send", "send_streaming", "resume")


class ErrorAnswer(ResponseModel):
    detail: Any = None
    """A sentence that says what happened and what to do."""
    error: dict[str, Any] | None = None
    trace_id: str | None = None
    examples: list[Any] | None = None


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    listed = list(endpoints)
    schemas = _Schemas(listed)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        path = re.sub(r":path}", "}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lares local API",
            "version": __version__,
            "description": "The Letta V1 API, served by Lares on this computer.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    def __init__(self, endpoints: list[Endpoint]) -> None:
        asked = [endpoint.body for endpoint in endpoints if endpoint.body is not None]
        inputs: Any = [(model, "validation") for model in {*asked}]
        _, found = models_json_schema([*inputs, (ErrorAnswer, "serialization")], ref_template=_REF)
        self.definitions: dict[str, Any] = found["$defs"]

    def answer(self, endpoint: Endpoint) -> dict[str, Any]:
        schema = endpoint.adapter.json_schema(mode="serialization", ref_template=_REF)
        for name, definition in schema.pop("$defs", {}).items():
            self.definitions.setdefault(name, definition)
        return schema


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', endpoint.path.lower()).strip('_')}",
        "summary": endpoint.summary,
        "tags": [endpoint.path.split("/")[2]],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.body is not None:
        content = {"application/json": {"schema": {"$ref": _REF.format(model=endpoint.body.__name__)}}}
        operation["requestBody"] = {"required": not endpoint.body_optional, "content": content}
    return operation


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name)}
        for name in re.findall(r"{(\w+)(?::path)?}", endpoint.path)
    ]


def _path_schema(name: str) -> dict[str, Any]:
    kinds = KINDS.get(name)
    if kinds is None:
        return {"type": "string", "minLength": 1}
    words = "|".join((*kinds,))
    pattern = f"^(default|({words})-{UUID})$" if name == "conversation_id" else f"^({words})-{UUID}$"
    return {"type": "string", "pattern": pattern}


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    schema = endpoint.query.model_json_schema(mode="validation", ref_template=_REF)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema.get("properties", {}).items()
    ]


def _responses(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    error = {"content": {"application/json": {"schema": {"$ref": _REF.format(model="ErrorAnswer")}}}}
    described = {
        "400": "It cannot be done with what was given.",
        "401": "The token is missing or wrong.",
        "403": "Not addressed as this computer, or asked by a web page.",
        "404": "Something named does not exist.",
        "405": "What is addressed takes other methods only.",
        "408": "The body did not arrive in time.",
        "409": "Something is busy, or a name is taken.",
        "413": "The body is too large.",
        "422": "The request has another shape than documented.",
        "500": "The model server or Lares failed.",
        "501": endpoint.since or "A part that this version does not have.",
    }
    refusals: dict[str, Any] = {status: {"description": text, **error} for status, text in described.items()}
    if endpoint.since:
        return refusals
    content: dict[str, Any] = {"application/json": {"schema": schemas.answer(endpoint)}}
    if endpoint.act.__name__ in _STREAMS:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    return {"200": {"description": "Done.", "content": content}, **refusals}
