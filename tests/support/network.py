"""A guard that refuses and remembers every attempt of this process to reach another computer."""

import ipaddress
import sys
from typing import Any

_attempts: list[str] = []
_installed: list[bool] = []


class OutsideNetworkRefused(OSError):
    """A test tried to leave this computer."""


def install_guard() -> None:
    """Audit hooks cannot be taken off again, so this does its work once per process."""
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_watch)


def take_attempts() -> list[str]:
    """The addresses tried since the last call."""
    taken = list(_attempts)
    _attempts.clear()
    return taken


def is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("utf-8", "replace")
    if host is None or host in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        # Unix sockets have a path for an address, connected sockets none.
        host = address[0] if isinstance(address, tuple) and address else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not is_local(host):
        _attempts.append(f"{event} {host}")
        raise OutsideNetworkRefused(f"tests may not reach {host}")
