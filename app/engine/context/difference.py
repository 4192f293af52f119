"""Pure: two requests compared part by part."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from app.domain.context import ContextPart, PartChange, RequestDiff

MOST_TEXT = 100_000
"""Characters of one side of one part that are shown."""


def difference(before: Sequence[ContextPart], after: Sequence[ContextPart]) -> RequestDiff:
    """What a request has otherwise than an earlier one."""
    old, new = [_content(part) for part in before], [_content(part) for part in after]
    changes: list[PartChange] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            changes.append(_same(after[c:d]))
        else:
            changes += _replaced(before[a:b], after[c:d])
    same = next(
        (n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )
    return RequestDiff(
        changes=tuple(changes),
        reused=sum(part.tokens for part in after[:same]),
        total=sum(part.tokens for part in after),
    )


def _content(part: ContextPart) -> tuple[str, str, str, str]:
    return part.kind, part.role, part.label, part.text


def _same(parts: Sequence[ContextPart]) -> PartChange:
    tokens = sum(part.tokens for part in parts)
    return PartChange(status="same", kind=parts[0].kind, label=parts[0].label, tokens=tokens, parts=len(parts))


def _replaced(before: Sequence[ContextPart], after: Sequence[ContextPart]) -> list[PartChange]:
    """A part that both have under one name was changed; the others went or came."""
    left = {_name(part): part for part in before if part.kind != "messages"}
    kept = {_name(part) for part in after} & left.keys()
    changes = [_one("removed", part, None) for part in before if _name(part) not in kept]
    changes += (
        _one("changed", left[name], part) if (name := _name(part)) in kept else _one("added", None, part)
        for part in after
    )
    return changes


def _name(part: ContextPart) -> tuple[str, str]:
    return part.kind, part.key


def _one(status: str, before: ContextPart | None, after: ContextPart | None) -> PartChange:
    shown = after or before
    assert shown is not None
    return PartChange.model_validate(
        {
            "status": status,
            "kind": shown.kind,
            "label": shown.label,
            "before": before.text[:MOST_TEXT] if before is not None else "",
            "after": after.text[:MOST_TEXT] if after is not None else "",
            "tokens": shown.tokens,
        }
    )
