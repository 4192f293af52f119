"""Pure: did a server cut a request without saying so, what of it was lost, and what would help?

The only sign is the server's own count of the prompt. It is compared with ours, calibrated by earlier counts; a
shorter prompt alone proves nothing, so the count must also lie where a cut leaves it: just below a usual context size.
"""

from dataclasses import dataclass

from app.domain.context import ContextAlarm

CLEARLY = 0.7
"""A server that read less than this share of what was sent did not only count otherwise."""
BELOW, ABOVE = 0.75, 1.02
"""Whole messages are dropped, so up to a quarter of the size stays empty."""
SLIGHTLY = 0.985
"""Enough where the request was larger than what the server is known to serve."""
GROWTH = 100
"""Tokens; less tells nothing."""
STILL = 0.45
"""Dropping one message for the newest turn leaves about half of the growth."""
USUAL_SIZES = tuple(2**power for power in range(11, 19))
"""Tokens, 2,048 to 262,144: the powers of two that servers are started with."""
ROUND_SIZES = tuple(2**power for power in range(13, 19))
"""Offered as a context size that would be enough."""


@dataclass(frozen=True)
class Count:
    """What the server counted."""

    read: int
    """0: it said nothing."""
    cached: int = 0
    """Tokens it did not have to read again, where it counts them apart."""
    before: int = 0
    """Its count of the request from which our estimates were calibrated; 0: there is none."""


def was_cut(count: Count, sent: int, served: int | None = None) -> bool:
    """`sent`: our calibrated count. `served`: the context size that the server says it serves."""
    read = count.read
    if read <= 0:
        return False
    if served is not None and sent > served and read + count.cached < sent * SLIGHTLY and _is_near(read, served):
        return True
    sizes = USUAL_SIZES if served is None else (*USUAL_SIZES, served)
    if read + count.cached < sent * CLEARLY:
        return any(_is_near(read, size) for size in sizes)
    return served is None and any(_stands_still(count, sent, size) for size in sizes)


def _stands_still(count: Count, sent: int, size: int) -> bool:
    """A request grows beyond a usual size and the count does not follow: calibrating by it would hide every cut."""
    growth, follows = sent - count.before, count.read + count.cached - count.before
    if not count.before or growth < GROWTH or follows >= growth * STILL:
        return False
    return sent > size and _is_near(count.read, size)


def _is_near(read: int, size: int) -> bool:
    return size * BELOW <= read <= size * ABOVE


def size_of_cut(read: int, sizes: tuple[int, ...] = ()) -> int:
    """The context size that such a count shows. Some servers cut to half of it."""
    halved = (size for size in sizes if abs(read * 2 - size) <= size * (ABOVE - 1))
    held = (size for size in (*sizes, *USUAL_SIZES) if size * ABOVE >= read)
    return next(halved, None) or min(held, default=read)


@dataclass(frozen=True)
class Request:
    """What a request was made of, in calibrated tokens."""

    instructions: int
    memory: int
    tools: int
    newest: int
    """The newest message."""
    sent: int
    reply: int
    """Kept for the reply."""


@dataclass(frozen=True)
class Cutter:
    """The server that cut it."""

    name: str
    keeps_system: bool
    """Ollama keeps system messages and drops the oldest others, unless even that is too much."""
    takes_size: bool
    """Whether it serves the context size it is asked for."""
    wanted: int
    trained: int | None = None


def alarm(read: int, request: Request, cutter: Cutter) -> ContextAlarm:
    """What people are told of a request that was cut: what was lost, and a size with which it would not have been."""
    lost = lost_parts(read, request, keeps_system=cutter.keeps_system)
    sentence = (
        f"{cutter.name} cut the last request without saying so. "
        f"It read {read:,} of {request.sent:,} tokens; {_listed(lost)} were lost."
    )
    return ContextAlarm(read=read, sent=request.sent, lost=lost, sentence=sentence, fix_window=_enough(request, cutter))


def lost_parts(read: int, request: Request, *, keeps_system: bool) -> tuple[str, ...]:
    """What the model did not see, in the order of the prompt."""
    fixed = request.instructions + request.memory + request.tools
    if keeps_system and fixed + request.newest <= read:
        return ("the oldest messages",)
    missing = request.sent - read
    lost = ["instructions"]
    if request.memory and missing > request.instructions:
        lost.append("memory")
    if request.tools and missing > request.instructions + request.memory:
        lost.append("tools")
    if missing > fixed and request.sent > fixed + request.newest:
        lost.append("the oldest messages")
    return tuple(lost)


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _enough(request: Request, cutter: Cutter) -> int | None:
    """A size that holds request and reply, where the server can be told one and was not told it already."""
    needed = request.sent + request.reply
    size = next((size for size in ROUND_SIZES if size >= needed), None)
    if size is None or not cutter.takes_size or size <= cutter.wanted:
        return None
    return size if cutter.trained is None or size <= cutter.trained else None
