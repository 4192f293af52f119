"""Inside the process of a call: its one way to ask the engine for something. Standard library alone, nothing of Lares.

A request and its reply are frames of four bytes of length and JSON, one at a time; a reply may bring a descriptor.
"""

import _socket
import array
import json
import os
import threading
from typing import Any

FRAME = 4
CLOSED = "Lares no longer answers this call."
Json = dict[str, Any]


class Door:
    def __init__(self, number: int) -> None:
        self._end = _socket.socket(fileno=number)
        self._end.setblocking(True)
        self._one = threading.Lock()

    def ask(self, request: Json) -> Json:
        """Raises `OSError` where nobody answers."""
        reply, number = self.ask_for_descriptor(request)
        if number is not None:
            os.close(number)
        return reply

    def ask_for_descriptor(self, request: Json) -> "tuple[Json, int | None]":
        body = json.dumps(request).encode("utf-8", "surrogatepass")
        with self._one:
            self._end.sendall(len(body).to_bytes(FRAME, "big") + body)
            head, number = self._head()
            return json.loads(self._read(int.from_bytes(head, "big"))), number

    def _head(self) -> "tuple[bytes, int | None]":
        numbers = array.array("i")
        head, more, _, _ = self._end.recvmsg(FRAME, _socket.CMSG_SPACE(numbers.itemsize))
        for level, kind, data in more:
            if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                numbers.frombytes(data[: numbers.itemsize])
        if not head:
            raise ConnectionError(CLOSED)
        return head + self._read(FRAME - len(head)), numbers[0] if numbers else None

    def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            piece = self._end.recv(min(size - len(found), 1 << 20))
            if not piece:
                raise ConnectionError(CLOSED)
            found += piece
        return bytes(found)
