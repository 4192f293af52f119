"""The routes of the HTTP interface, and the rule who may ask: programs on this computer, addressing it as such."""

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")


class LocalHostOnly:
    """Refuses requests whose Host is another name: a web page could have its own name point to this computer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_local(Headers(scope=scope).getlist("host")):
            refusal = JSONResponse({"detail": "Lares answers only to 127.0.0.1 and localhost."}, status_code=403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_local(hosts: list[str]) -> bool:
    if len(hosts) != 1:
        return False
    name, colon, port = hosts[0].rpartition(":")
    if not colon or hosts[0].endswith("]"):
        return hosts[0].lower() in LOCAL_NAMES
    return name.lower() in LOCAL_NAMES and port.isdecimal()


async def health(request: Request) -> JSONResponse:
    return JSONResponse({"version": __version__, "status": "ok"})


def build_app() -> ASGIApp:
    # Both spellings, because a redirect loses the body of a POST in some clients.
    routes = [Route(path, health, methods=["GET"]) for path in ("/v1/health/", "/v1/health")]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return LocalHostOnly(app)
