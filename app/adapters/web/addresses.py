"""Pure: which addresses of the internet are everybody's, and which belong to this computer, its network or its host."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last four bytes are an IPv4 address."""
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
"""RFC 8215: translated as its own network likes."""
NEVER_MEANT = ipaddress.IPv4Network("192.0.0.0/24")
"""RFC 6890: for protocols; older versions of Python call some of it everybody's."""
OF_HOSTS = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Public by their number, and a cloud's own service to each of its machines."""


def is_public(text: str) -> bool:
    """Whether anybody may be there but this computer, its network and the one who hosts it."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inside(address)
        if inner is not None:
            return _is_public(inner)
        if address in LOCAL_NAT64 or address.teredo is not None or address.is_site_local:
            return False
    elif address in NEVER_MEANT:
        return False
    closed = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    return not (closed or address.is_reserved or address.is_unspecified or address in OF_HOSTS) and address.is_global


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that is meant by it."""
    if address in NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
