"""Inside the process of a call: Python's connections, made by the engine to addresses that it has checked.

The process itself has no network. A socket is a stand-in until it is connected; then it is the connection that the
engine made and handed over. Programs that a tool starts know nothing of this and stay without network.
"""

import _socket
import ipaddress
import os
import socket
from typing import Any

KINDS = (_socket.AF_INET, _socket.AF_INET6)
LONGEST = 60.0
"""Seconds that a connection may take."""
Found = list[tuple[int, int, int, str, tuple[Any, ...]]]


def install(door: Any) -> None:
    """From here on sockets and names go through the door (`child_door.Door`)."""
    _Relayed.door = door
    socket.socket = _Relayed
    socket.SocketType = _Relayed

    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Found:
        name = host.decode("ascii") if isinstance(host, bytes) else host
        number = _port(port)
        found: Found = []
        for place in _places(door, name, number):
            kind = _socket.AF_INET6 if ":" in place else _socket.AF_INET
            if family in (0, kind) and type in (0, _socket.SOCK_STREAM):
                address = (place, number, 0, 0) if ":" in place else (place, number)
                found.append((kind, _socket.SOCK_STREAM, _socket.IPPROTO_TCP, "", address))
        if not found:
            raise socket.gaierror(_socket.EAI_NONAME, f"{name} has no such address")
        return found

    def gethostbyname(name: str) -> str:
        return getaddrinfo(name, 0, _socket.AF_INET)[0][4][0]

    socket.getaddrinfo = getaddrinfo
    socket.gethostbyname = gethostbyname


def _port(port: Any) -> int:
    if port is None or port == "":
        return 0
    try:
        return int(port)
    except ValueError:
        return {"http": 80, "https": 443}.get(str(port)) or _socket.getservbyname(str(port))


def _places(door: Any, host: "str | None", port: int) -> "list[str]":
    try:
        return [str(ipaddress.ip_address(str(host)))]
    except ValueError:
        reply = door.ask({"ask": "resolve", "host": str(host), "port": port})
    if "error" in reply:
        raise socket.gaierror(_socket.EAI_NONAME, reply["error"])
    return [str(one) for one in reply["places"]]


class _Relayed(socket.socket):
    door: Any

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: "int | None" = None) -> None:
        self._other: Any = None
        """The other end of the stand-in; None: it is connected, or something else."""
        self._options: list[tuple[Any, ...]] = []
        kind = _socket.AF_INET if family == -1 else int(family)
        stream = _socket.SOCK_STREAM if type == -1 else int(type)
        if fileno is None and kind in KINDS and stream & 0xF == _socket.SOCK_STREAM:
            mine, self._other = _socket.socketpair()
            super().__init__(kind, stream, max(proto, 0), mine.detach())
        else:
            super().__init__(family, type, proto, fileno)

    def connect(self, address: Any) -> None:
        if self._other is None:
            return super().connect(address)
        timeout = self.gettimeout()
        place = _places(self.door, address[0], int(address[1]))[0]
        asked = {"ask": "connect", "host": place, "port": int(address[1])}
        reply, number = self.door.ask_for_descriptor(asked | {"seconds": min(timeout or LONGEST, LONGEST)})
        if number is None:
            raise OSError(int(reply.get("errno", 5)), str(reply.get("error")))
        os.dup2(number, self.fileno(), inheritable=False)
        os.close(number)
        self._other.close()
        self._other = None
        self.settimeout(timeout)
        for option in self._options:
            super().setsockopt(*option)
        return None

    def connect_ex(self, address: Any) -> int:
        try:
            self.connect(address)
        except OSError as error:
            return error.errno or 5
        return 0

    def setsockopt(self, *option: Any) -> None:
        """What a stand-in cannot have it gets when it is connected."""
        if self._other is None:
            super().setsockopt(*option)
        else:
            self._options.append(option)

    def bind(self, address: Any) -> None:
        if self._other is not None:
            raise PermissionError(1, "A tool may connect to others; nobody connects to it")
        super().bind(address)

    def listen(self, *most: Any) -> None:
        if self._other is not None:
            raise PermissionError(1, "A tool may connect to others; nobody connects to it")
        super().listen(*most)

    def close(self) -> None:
        if self._other is not None:
            self._other.close()
        super().close()
