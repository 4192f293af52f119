"""A guard that refuses and remembers every attempt to reach another computer: of this process and of its children."""

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

LOG_VARIABLE = "LARES_TEST_NETWORK_LOG"
"""Names the file where child processes note their attempts."""
WATCHED = Path(__file__).resolve().parent / "watched"
"""On PYTHONPATH, this folder makes every Python child install the guard at its start."""

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


def childrens_attempts(log: Path) -> list[str]:
    return log.read_text("utf-8").splitlines() if log.exists() else []


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
        _remember(f"{event} {host}")
        raise OutsideNetworkRefused(f"tests may not reach {host}")


def _remember(attempt: str) -> None:
    _attempts.append(attempt)
    log = os.environ.get(LOG_VARIABLE)
    if log and _CHILD in sys.modules:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{attempt} (process {os.getpid()}, {' '.join(sys.orig_argv[1:4])})\n")


_CHILD = "lares_network_guard"
"""The name under which a child process loads this module."""
