"""Bytes on the wire: frames, packets and the mutual proof of the token. Knows nothing of services.

A frame is a 4-byte big-endian length and that many bytes. The length's highest bit says that the next frame goes on
with the same packet, so that no frame is larger than 16 MB. A packet is one JSON object:

| k       | from   | fields                                        | means                                        |
|---------|--------|-----------------------------------------------|----------------------------------------------|
| hello   | both   | protocol, version, nonce, kind / proof        | first words; the engine proves the token     |
| proof   | client | proof                                         | the client proves the token                  |
| welcome | engine | methods                                       | calls may begin                              |
| call    | client | id, service, method, args, kwargs             | do this (service "": the host itself)        |
| cancel  | client | id                                            | nobody waits for this any more               |
| reply   | engine | id, value                                     | what the call gave                           |
| error   | engine | id, error                                     | how the call or stream failed                |
| item    | engine | id, value                                     | the next item of a stream                    |
| end     | engine | id                                            | the stream's last item was sent              |
| credit  | client | id, n                                         | n more items of this stream may be sent      |
| notice  | engine | name                                          | something for every client of a kind         |

hello, proof, welcome and the calls to the host itself stay the same in all protocol versions: through them a newer
Lares asks an older engine to end.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
import struct
from typing import Any, cast

from app.domain.error import LinkError

PROTOCOL = 1
FRAME_LIMIT = 16 * 1024 * 1024
PACKET_LIMIT = 512 * 1024 * 1024
OPENING_LIMIT = 4096
"""Largest packet before the other side has proven the token."""
CREDIT = 64
"""Items a stream may be ahead of its consumer."""
THREAD_FROM = 1024 * 1024
"""Bytes of JSON that are decoded in a thread, because they would hold the loop for 10 ms and more."""

Packet = dict[str, Any]

_MORE = 1 << 31
_HEAD = struct.Struct(">I")


class Wire:
    """Sends and receives packets over one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, packet: Packet) -> None:
        """Puts a packet in line; never waits. Raises TypeError or ValueError if it cannot be JSON."""
        self._write(encode(packet))

    async def post(self, packet: Packet, weight: int = 0) -> None:
        """Like `send`, and waits while the other side is behind. Encodes in a thread if `weight` is large.

        That the other side is gone is for `receive` to tell.
        """
        self._write(await asyncio.to_thread(encode, packet) if weight >= THREAD_FROM else encode(packet))
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    def _write(self, body: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.writelines(framed(body))

    async def receive(self, limit: int = PACKET_LIMIT) -> Packet:
        """The next packet. Raises `LinkError` `engine_gone` at the end of the connection and `protocol` for garbage."""
        try:
            body = await self._body(limit)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise LinkError("The other side closed the link.", code="engine_gone") from error
        return await asyncio.to_thread(decode, body) if len(body) >= THREAD_FROM else decode(body)

    async def _body(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        total, more = 0, True
        while more:
            (head,) = _HEAD.unpack(await self._reader.readexactly(4))
            size, more = head & ~_MORE, bool(head & _MORE)
            total += size
            if size > FRAME_LIMIT or total > limit:
                raise garbage("a frame is too large")
            pieces.append(await self._reader.readexactly(size))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def closing(self) -> bool:
        return self._writer.is_closing()

    def abort(self) -> None:
        """Drops the connection and what was not sent yet."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Sends what is in line and closes."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            # The other side was faster; closed is what was wanted.
            return


def encode(packet: Packet) -> bytes:
    # Escaped ASCII, because a text may hold lone surrogates, which UTF-8 refuses.
    return json.dumps(packet, separators=(",", ":")).encode("ascii")


def decode(body: bytes) -> Packet:
    try:
        packet: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise garbage("a frame is not JSON") from error
    if not isinstance(packet, dict) or not isinstance(cast(Packet, packet).get("k"), str):
        raise garbage("a frame is no packet")
    return cast(Packet, packet)


def framed(body: bytes) -> list[bytes]:
    """The body as one or more frames, heads included."""
    pieces: list[bytes] = []
    for start in range(0, max(len(body), 1), FRAME_LIMIT):
        piece = body[start : start + FRAME_LIMIT]
        more = _MORE if start + FRAME_LIMIT < len(body) else 0
        pieces += [_HEAD.pack(len(piece) | more), piece]
    return pieces


def garbage(reason: str) -> LinkError:
    return LinkError(
        "Something that is not Lares answered on the link.",
        code="protocol",
        hint="Close Lares and start it again.",
        details={"reason": reason},
    )


async def prove_as_client(wire: Wire, token: str, version: str, kind: str) -> Packet:
    """Opens a link from the client's side: the engine's hello, after it has proven that it knows the token."""
    nonce = secrets.token_hex(16)
    wire.send({"k": "hello", "protocol": PROTOCOL, "version": version, "nonce": nonce, "kind": kind})
    hello = await _opening(wire, "hello")
    theirs = _nonce_of(hello)
    if not _proves(hello.get("proof"), token, "engine", nonce, theirs):
        raise garbage("the listener does not know the token")
    wire.send({"k": "proof", "proof": proof_of(token, "client", nonce, theirs)})
    return hello


async def prove_as_engine(wire: Wire, token: str, version: str) -> Packet:
    """Opens a link from the engine's side: the client's hello, after it has proven that it knows the token."""
    hello = await _opening(wire, "hello")
    theirs, ours = _nonce_of(hello), secrets.token_hex(16)
    proof = proof_of(token, "engine", theirs, ours)
    wire.send({"k": "hello", "protocol": PROTOCOL, "version": version, "nonce": ours, "proof": proof})
    answer = await _opening(wire, "proof")
    if not _proves(answer.get("proof"), token, "client", theirs, ours):
        raise garbage("the client does not know the token")
    return hello


async def _opening(wire: Wire, kind: str) -> Packet:
    packet = await wire.receive(OPENING_LIMIT)
    if packet["k"] != kind:
        raise garbage(f"expected {kind}")
    return packet


def _nonce_of(hello: Packet) -> str:
    nonce = hello.get("nonce")
    if not isinstance(nonce, str) or not nonce.isascii():
        raise garbage("a nonce is plain text")
    return nonce


def proof_of(token: str, role: str, client_nonce: str, engine_nonce: str) -> str:
    """Knowing the token without showing it. The role keeps one side's proof from serving as the other's."""
    words = f"{role}\0{client_nonce}\0{engine_nonce}"
    return hmac.new(token.encode(), words.encode(), hashlib.sha256).hexdigest()


def _proves(proof: object, token: str, role: str, client_nonce: str, engine_nonce: str) -> bool:
    expected = proof_of(token, role, client_nonce, engine_nonce)
    return isinstance(proof, str) and proof.isascii() and hmac.compare_digest(proof, expected)
