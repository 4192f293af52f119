"""An MCP server at an address that wants to know who asks, and the server where that is settled (OAuth), in one.

Checks what a client must do right: the proof of its code (PKCE), where it comes back to, whom a token is for.
"""

import base64
import hashlib
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit


class OAuthMcp:
    """`tokens`: those that are taken now. `told`: what each metadata address says, to be changed by a test."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Requests,), {"mcp": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self.address = f"{self.base}/mcp"
        self.tokens: set[str] = set()
        self.refresh_tokens: set[str] = set()
        self.revoked: list[str] = []
        self.renewals = 0
        self.asked: list[tuple[str, str]] = []
        """Method and path of each request but those to the MCP server itself."""
        self.authorized: list[str] = []
        """The header of each request to it."""
        self.expires_in: int | None = 3600
        self.lets_in = True
        """Whether the person agrees at `/authorize`."""
        self.codes: dict[str, dict[str, str]] = {}
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.told: dict[str, Any] = {
            "/.well-known/oauth-protected-resource/mcp": {
                "resource": self.address,
                "authorization_servers": [self.base],
                "scopes_supported": ["notes"],
            },
            "/.well-known/oauth-authorization-server": {
                "issuer": self.base,
                "authorization_endpoint": f"{self.base}/authorize",
                "token_endpoint": f"{self.base}/token",
                "registration_endpoint": f"{self.base}/register",
                "revocation_endpoint": f"{self.base}/revoke",
                "code_challenge_methods_supported": ["S256"],
            },
        }

    def __enter__(self) -> "OAuthMcp":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def made(self) -> dict[str, Any]:
        """A new pair of tokens."""
        number = next(self.numbers)
        access, refresh = f"access-{number}", f"refresh-{number}"
        self.tokens.add(access)
        self.refresh_tokens.add(refresh)
        more = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return {"access_token": access, "token_type": "bearer", "refresh_token": refresh, **more}


class _Requests(BaseHTTPRequestHandler):
    mcp: OAuthMcp
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/mcp":
            self._answer(405)
            return
        self.mcp.asked.append(("GET", path))
        if path == "/authorize":
            self._authorize({name: one[0] for name, one in parse_qs(urlsplit(self.path).query).items()})
        elif path in self.mcp.told:
            self._answer(200, self.mcp.told[path])
        else:
            self._answer(404, {})

    def do_DELETE(self) -> None:
        self._answer(200, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/mcp":
            self._speak(json.loads(body))
            return
        self.mcp.asked.append(("POST", self.path))
        with self.mcp.lock:
            if self.path == "/register":
                told = json.loads(body)
                self._answer(201, {**told, "client_id": "lares-1"})
            elif self.path in ("/token", "/revoke"):
                form = {name: one[0] for name, one in parse_qs(body.decode()).items()}
                self._token(form) if self.path == "/token" else self._revoke(form)
            else:
                self._answer(404, {})

    def _authorize(self, asked: dict[str, str]) -> None:
        assert asked["response_type"] == "code"
        assert asked["client_id"] == "lares-1"
        assert asked["code_challenge_method"] == "S256"
        assert asked["resource"] == self.mcp.address
        back: dict[str, str] = {"state": asked["state"]}
        if self.mcp.lets_in:
            code = f"code-{next(self.mcp.numbers)}"
            self.mcp.codes[code] = asked
            back["code"] = code
        else:
            back |= {"error": "access_denied", "error_description": "The person said no"}
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(back)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _token(self, form: dict[str, str]) -> None:
        if form["grant_type"] == "refresh_token":
            self.mcp.renewals += 1
            known = form["refresh_token"] in self.mcp.refresh_tokens
            self.mcp.refresh_tokens.discard(form["refresh_token"])
            self._answer(*((200, self.mcp.made()) if known else (400, {"error": "invalid_grant"})))
            return
        asked = self.mcp.codes.pop(form["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        right = asked is not None and asked["code_challenge"] == proof and asked["redirect_uri"] == form["redirect_uri"]
        self._answer(*((200, self.mcp.made()) if right else (400, {"error": "invalid_grant"})))

    def _revoke(self, form: dict[str, str]) -> None:
        self.mcp.revoked.append(form["token"])
        self.mcp.tokens.discard(form["token"])
        self.mcp.refresh_tokens.discard(form["token"])
        self._answer(200, {})

    def _speak(self, asked: Any) -> None:
        header = self.headers.get("Authorization", "")
        self.mcp.authorized.append(header)
        if header.removeprefix("Bearer ") not in self.mcp.tokens:
            place = f"{self.mcp.base}/.well-known/oauth-protected-resource/mcp"
            self._answer(401, {}, **{"WWW-Authenticate": f'Bearer resource_metadata="{place}"'})
            return
        results: dict[str, Any] = {
            "initialize": {
                "protocolVersion": (asked.get("params") or {}).get("protocolVersion"),
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "closed", "version": "1"},
            },
            "tools/list": {"tools": [{"name": "whoami", "inputSchema": {"type": "object"}}]},
            "tools/call": {"content": [{"type": "text", "text": header}]},
        }
        if "id" not in asked:
            self._answer(202)
        else:
            self._answer(200, {"jsonrpc": "2.0", "id": asked["id"], "result": results.get(asked["method"], {})})

    def _answer(self, status: int, told: Any = None, **headers: str) -> None:
        body = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if told is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
