"""Addresses of servers: which are on this computer, and which are the same. Pure functions."""

import ipaddress
from urllib.parse import urlsplit


def is_here(address: str) -> bool:
    """Whether an address leads to this computer itself."""
    host = _host(address)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def place_of(address: str) -> tuple[str, int] | None:
    """Host and port, the same for all ways to write this computer; None for what is no address."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    host = _host(address)
    return ("127.0.0.1" if is_here(address) and host != "::1" else host, port) if host else None


def _host(address: str) -> str:
    try:
        return urlsplit(address if "://" in address else f"http://{address}").hostname or ""
    except ValueError:
        return ""
