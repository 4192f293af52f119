"""Pure: a change without the text that it left alone, for lists that show thousands of them."""

from typing import Any

from app.domain.history import MemoryEvent

SHORT = 200
"""Characters of a text that is not worth cutting."""


def outlined(event: MemoryEvent) -> MemoryEvent:
    """The same change; of long texts only the lines that differ are left, and one equal line before them."""
    if event.before is None or event.after is None:
        return event
    before, after = dict(event.before), dict(event.after)
    for name, old in event.before.items():
        new = event.after.get(name)
        if isinstance(old, str) and isinstance(new, str) and len(old) + len(new) > SHORT:
            before[name], after[name] = _different(old, new)
    return event.model_copy(update={"before": before, "after": after})


def bare(event: MemoryEvent) -> MemoryEvent:
    """Who, when and why, without what."""
    none: dict[str, Any] = {}
    return event.model_copy(update={"before": none, "after": none})


def _different(old: str, new: str) -> tuple[str, str]:
    one, other = old.split("\n"), new.split("\n")
    shortest = min(len(one), len(other))
    head = 0
    while head < shortest and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < shortest - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    first = max(0, head - 1)
    return "\n".join(one[first : len(one) - tail]), "\n".join(other[first : len(other) - tail])
