"""Addresses of servers: what is one, which are on this computer, and which are the same. Pure functions."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

_HOUSE_NAMES = (".local", ".lan", ".internal", ".home.arpa")
"""Endings of names that lead nowhere outside (RFC 6762, 8375, and what routers and containers use)."""
_HOUSE_NETWORKS = tuple(
    ipaddress.ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
"""Private networks (RFC 1918 and 4193)."""


def web_address(typed: str) -> str | None:
    """What a person typed as an address with its scheme; None for what is none. A port alone means this computer."""
    address = typed.strip()
    if address.removeprefix(":").isdecimal():
        address = f"127.0.0.1:{address.removeprefix(':')}"
    if "://" not in address:
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        usable = parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return None
    if not usable or parts.scheme not in ("http", "https") or not all(sign >= "!" for sign in address):
        return None
    return address.rstrip("/") if address.isprintable() else None


def shown(address: str) -> str:
    """An address as it may be shown: without user, password and query, in which keys may stand."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@lru_cache(256)
def is_here(address: str) -> bool:
    """Whether an address, or a host alone, leads to this computer itself."""
    host = _host(address)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(256)
def is_nearby(address: str) -> bool:
    """Whether an address leads to this computer or to one in the same house: a private network, or a name in it."""
    host = _host(address)
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return is_here(address) or (bool(host) and ("." not in host or host.endswith(_HOUSE_NAMES)))
    return found.is_loopback or found.is_link_local or any(found in network for network in _HOUSE_NETWORKS)


def place_of(address: str) -> tuple[str, int] | None:
    """Host and port, the same for all ways to write this computer; None for what is no address."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
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
