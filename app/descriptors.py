"""How many files and connections this process may hold open at once."""

import contextlib
import sys

UNKNOWN = 1_024
"""Where the system names no limit of its own. Windows has none below the ten thousands."""
WANTED = 16_384
"""More than Lares ever needs. Containers allow a billion, which makes programs slow that inherit it."""


def descriptor_limit() -> int:
    """What the process may hold open now."""
    if sys.platform == "win32":
        return UNKNOWN
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return WANTED if soft == resource.RLIM_INFINITY else min(soft, WANTED)


def raise_descriptor_limit() -> None:
    """Takes what the system allows without asking anybody; many systems begin with 1,024 or, as macOS, with 256."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # macOS names no hard limit and refuses more than the kernel's own.
        for most in (wanted, 10_240, 4_096):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, wanted), hard))
                return
