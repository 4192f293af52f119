"""MCP over streamable HTTP: one message a request, each answered at once as JSON. Nothing is ever sent unasked, so
there is no stream to open, and no session that could be lost: its id only tells the connections of a client apart.
"""

import secrets

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.domain.error import AppError, Invalid
from app.engine.memory_server.protocol import REFUSED, VERSIONS
from app.rest.context import RestContext
from app.rest.errors import answer_of

SESSION, VERSION = "mcp-session-id", "mcp-protocol-version"
LONGEST_SESSION = 100


class McpDoor:
    def __init__(self, context: RestContext) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            answer = await self._answer(request)
        except ClientDisconnect:
            return
        except AppError as error:
            status, body = answer_of(error)
            answer = JSONResponse(body, status)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        if request.method == "DELETE":
            return Response(status_code=204)
        if request.method != "POST":
            return JSONResponse(
                _refusal("Lares opens no streams here: send messages by POST."), 405, headers={"Allow": "POST, DELETE"}
            )
        version = request.headers.get(VERSION)
        if version is not None and version not in VERSIONS:
            return JSONResponse(_refusal(f"Lares speaks these versions of MCP: {', '.join(VERSIONS)}."), 400)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        session = request.headers.get(SESSION, "")[:LONGEST_SESSION] or secrets.token_hex(16)
        try:
            told = await self._context.services.memory_server.answer(
                token if kind.lower() == "bearer" else "", body.decode(errors="replace"), session
            )
        except Invalid as error:
            if error.code != "unknown_client":
                raise
            said = _refusal(f"{error.message} {error.hint}")
            return JSONResponse(said, 401, headers={"WWW-Authenticate": "Bearer"})
        headers = {SESSION: session}
        return Response(told, media_type="application/json", headers=headers) if told else Response(None, 202, headers)


def _refusal(sentence: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": None, "error": {"code": REFUSED, "message": sentence}}
