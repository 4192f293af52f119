"""The application: all routes from their tables, every failure as the SDKs know it."""

import json
import logging
from collections.abc import Iterable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.error import AppError
from app.rest.call import Call, Endpoint, check_ids, read_body, read_query
from app.rest.constants import MCP_PATH
from app.rest.context import RestContext
from app.rest.errors import answer_of
from app.rest.guard import Guard
from app.rest.limits import Crowded, Limits, come_again
from app.rest.mcp import McpDoor
from app.rest.openapi import document
from app.rest.requests.turns import RunFailed
from app.rest.routes import ENDPOINTS

log = logging.getLogger(__name__)


def build_app(context: RestContext) -> ASGIApp:
    own = [Route("/openapi.json", _Documentation()), Route(MCP_PATH, McpDoor(context))]
    routes = [*_routes(ENDPOINTS, context), *own]
    return Limits(Guard(_routed(routes), context.plan), context)


def _routed(routes: list[Route]) -> ASGIApp:
    """By their fixed words: trying a hundred patterns in turn took longer than many an answer."""
    by_words: dict[_Words, Route] = {}
    shapes: dict[int, dict[_Shape, None]] = {}
    for route in routes:
        parts = route.path.split("/")
        shape = tuple(place for place, part in enumerate(parts) if not part.startswith("{"))
        shapes.setdefault(len(parts), {})[shape] = None
        by_words[len(parts), shape, tuple(parts[place] for place in shape)] = route
    # The last part of these may hold slashes, as labels of blocks do.
    longer = Router([one for one in routes if one.path.endswith(":path}")], redirect_slashes=False, default=_unrouted)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        parts = scope["path"].split("/")
        for shape in shapes.get(len(parts), ()):
            route = by_words.get((len(parts), shape, tuple(parts[place] for place in shape)))
            if route is not None:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found)
                    await route.handle(scope, receive, send)
                    return
        await longer(scope, receive, send)

    return app


_Shape = tuple[int, ...]
"""The places of the words that are fixed in a path."""
_Words = tuple[int, _Shape, tuple[str, ...]]
"""The parts of a path, and which of them are fixed to what."""


def _routes(endpoints: Iterable[Endpoint], context: RestContext) -> list[Route]:
    """One route per path, so that a wrong method is told from a wrong path. Fixed words before ids."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    ordered = sorted(by_path.items(), key=lambda entry: [part.startswith("{") for part in entry[0].split("/")])
    return [Route(path, _Dispatch(methods, context)) for path, methods in ordered]


class _Dispatch:
    """Answers the requests to one path."""

    def __init__(self, methods: dict[str, Endpoint], context: RestContext) -> None:
        self._methods = methods
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        endpoint = self._methods.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            await _not_taken(", ".join(sorted(self._methods)))(scope, receive, send)
            return
        try:
            answer = await _answer(endpoint, request, self._context)
        except ClientDisconnect:
            return
        except Crowded as error:
            answer = come_again(f"{error.message} {error.hint}")
        except RunFailed as error:
            answer = refused(*error.answer, again=False)
        except AppError as error:
            answer = refused(*answer_of(error))
        except Exception:  # the boundary of a request: whatever happens, the asker gets an answer
            log.exception("%s %s failed", endpoint.method, endpoint.path)
            answer = refused(500, {"detail": "Something went wrong in Lares. Its log has the details."})
        await answer(scope, receive, send)


async def _answer(endpoint: Endpoint, request: Request, context: RestContext) -> Response:
    # Also where none is expected: an answer before the body is taken in would be lost with the connection.
    await request.body()
    check_ids(request.path_params)
    query = read_query(endpoint.query, request)
    body = await read_body(endpoint, request)
    told = await endpoint.act(Call(request, context, query, body))
    if isinstance(told, Response):
        return told
    return Response(endpoint.adapter.dump_json(told, by_alias=True, warnings=False), media_type="application/json")


def _not_taken(allowed: str) -> Response:
    said = f"Method Not Allowed: this address takes {allowed}."
    return JSONResponse({"detail": said}, 405, headers={"Allow": allowed})


def refused(status: int, body: Any, again: bool | None = None) -> Response:
    """An error. Clients that try again by themselves are told when that makes no sense."""
    again = status < 500 if again is None else again
    return JSONResponse(body, status, headers={} if again else {"x-should-retry": "false"})


async def _unrouted(scope: Scope, receive: Receive, send: Send) -> None:
    answer = JSONResponse({"detail": "Not Found: GET /openapi.json lists what is served."}, 404)
    await answer(scope, receive, send)


class _Documentation:
    """The document of all routes, made when it is first asked for."""

    def __init__(self) -> None:
        self._text = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in ("GET", "HEAD"):
            self._text = self._text or json.dumps(document(ENDPOINTS)).encode()
            answer = Response(self._text, media_type="application/json")
        else:
            answer = _not_taken("GET")
        await answer(scope, receive, send)
