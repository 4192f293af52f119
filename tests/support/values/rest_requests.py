"""Requests that no program should send, from a table: wrong ids, types, sizes, encodings, cut bodies, huge headers."""

import contextlib
import json
import random
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.rest.call import Endpoint

UNKNOWN = "00000000-0000-4000-8000-000000000000"
ODD_IDS = (
    "1",
    "agent-1",
    "%00",
    "..%2f..%2fetc",
    "ägent",
    "a" * 3000,
    "agent-" + "g" * 36,
    "%F0%9F%92%A9",
    "' OR 1=1 --",
)
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 10**400, 1.5, "", "x" * 70_000, "\x00", "\ud800", "💩" * 50, [], [[]], {},
    {"a": {"b": []}},
    "not-an-id", "2020-13-45", ["agent-1", 7, None],
)  # fmt: skip
ODD_BODIES = (
    b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe{\x00}\x00", b'{"a":NaN}', b"[" * 50_000, b'{"a":' * 5_000,
    b'{"name": "' + b"x" * 200_000 + b'"}', b"\x1f\x8b\x08\x00", b'{"messages":[{"role":"user","content":"x"',
)  # fmt: skip
ODD_QUERIES = (
    "limit=-1", "limit=0", "limit=x", "limit=99999999999999999999", "order=up", "after=x", "before=%00",
    "after=agent-1",
    f"after=block-{UNKNOWN}", "active=maybe", "statuses=nothing", "=", "&&&", "%FF=%FF", "name=" + "x" * 3000,
    "start_date=yesterday", "order_by=secret", "include=everything", "tags=" + "&tags=".join("x" * 40),
)  # fmt: skip
ODD_HEADERS = (
    ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Type", "multipart/form-data; boundary=x"),
    ("Content-Encoding", "gzip"), ("Accept", "image/png"), ("User-Agent", "\xe4" * 100), ("X-Long", "x" * 60_000),
    ("Expect", "200-maybe"), ("Authorization", "Basic " + "x" * 5_000), ("Cookie", "a=b; " * 500),
)  # fmt: skip


@dataclass(frozen=True)
class BadRequest:
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: bool = False
    """The body ends before its announced length, and the connection with it."""

    def raw(self, host: str) -> bytes:
        length = len(self.body) + (100 if self.cut else 0)
        lines = [
            f"{self.method} {self.target} HTTP/1.1",
            f"Host: {host}",
            f"Content-Length: {length}",
            "Connection: close",
        ]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.body


def bad_requests(
    endpoints: Iterable[Endpoint], known: dict[str, str], count: int, chance: random.Random
) -> list[BadRequest]:
    """So many requests over all routes, each with at least one thing wrong."""
    routes = [endpoint for endpoint in endpoints if not endpoint.since]
    makers: tuple[Callable[..., BadRequest], ...] = (_odd_id, _odd_field, _odd_body, _odd_query, _odd_header, _cut)
    return [chance.choice(makers)(chance.choice(routes), known, chance) for _ in range(count)]


def path_of(endpoint: Endpoint, known: dict[str, str], odd: str | None = None) -> str:
    return re.sub(r"{(\w+)(?::path)?}", lambda m: odd or known.get(m[1], UNKNOWN), endpoint.path)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _body(endpoint: Endpoint, chance: random.Random) -> dict[str, Any]:
    """Every field of the body with a value that is odd for it."""
    fields = list(endpoint.body.model_fields) if endpoint.body else ["x"]
    chosen = chance.sample(fields, min(len(fields), chance.randint(1, 4)))
    body = {name: chance.choice(ODD_VALUES) for name in chosen}
    if isinstance(body.get("input"), str):
        body["input"] = 7  # any text can be said
    return body


def _odd_id(endpoint: Endpoint, known: dict[str, str], chance: random.Random) -> BadRequest:
    odd = chance.choice(ODD_IDS).replace(" ", "%20")
    target = path_of(endpoint, known, odd).encode("utf-8").decode("latin-1")
    if "{" not in endpoint.path:
        target += f"/{odd}".encode().decode("latin-1")
    return BadRequest(endpoint.method, target, (), b"{}")


def _odd_field(endpoint: Endpoint, known: dict[str, str], chance: random.Random) -> BadRequest:
    body = {**_body(endpoint, chance), "limit": -1, "role": "nobody", "model": chance.choice((7, [], "x", "no/such"))}
    return _unrun(endpoint, path_of(endpoint, known), _json(body), chance)


def _odd_body(endpoint: Endpoint, known: dict[str, str], chance: random.Random) -> BadRequest:
    return _unrun(endpoint, path_of(endpoint, known), chance.choice(ODD_BODIES), chance)


def _unrun(endpoint: Endpoint, target: str, body: bytes, chance: random.Random) -> BadRequest:
    """What deletes or changes without a body is given an id that does not exist, so that nothing is to be written."""
    if endpoint.method != "GET" and (endpoint.body is None or endpoint.body_optional or endpoint.method == "PATCH"):
        target = path_of(endpoint, {})
        target = re.sub(UNKNOWN, lambda _: chance.choice((UNKNOWN, "x")), target)
    return BadRequest(endpoint.method, target, (("Content-Type", "application/json"),), body)


def _odd_query(endpoint: Endpoint, known: dict[str, str], chance: random.Random) -> BadRequest:
    query = "&".join(chance.sample(ODD_QUERIES, 2))
    base = _unrun(endpoint, path_of(endpoint, known), b"[", chance)
    return BadRequest(base.method, f"{base.target}?{query}", (), base.body)


def _odd_header(endpoint: Endpoint, known: dict[str, str], chance: random.Random) -> BadRequest:
    base = _unrun(endpoint, path_of(endpoint, known), b"[", chance)
    return BadRequest(base.method, base.target, (chance.choice(ODD_HEADERS),), base.body)


def _cut(endpoint: Endpoint, known: dict[str, str], chance: random.Random) -> BadRequest:
    base = _unrun(endpoint, path_of(endpoint, known), b'{"mess', chance)
    return BadRequest(base.method, base.target, (), base.body, cut=True)


def ask_raw(host: str, port: int, request: BadRequest, seconds: float = 10.0) -> int:
    """The status of the answer; 0 when the server closed the connection without one."""
    with socket.create_connection((host, port), timeout=seconds) as connection:
        answer = b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(request.raw(f"{host}:{port}"))
            if request.cut:
                connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while piece := connection.recv(65_536):
                answer += piece
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return int(found[1]) if found else 0
