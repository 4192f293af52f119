"""The strips of the context view: one for each part of a request, or for each difference of two."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from app.domain.context import ContextAlarm, PartChange, PartKind, RequestDiff, RequestOutline, RequestPart
from app.ui.kit.wording import count, counted, full_time

LOST_KINDS: dict[str, PartKind] = {"instructions": "system", "memory": "memory", "tools": "tools"}
"""What an alarm says was lost, as kinds of parts; the oldest messages are found by their tokens."""
ROLES = {"user": "user", "system": "system", "assistant": "agent", "tool": "tool", "summary": "reasoning"}
"""Icons of messages by their role."""


def tr(text: str) -> str:
    return QCoreApplication.translate("context", text)


@dataclass(frozen=True)
class StripRow:
    key: str
    kind: str
    """A part's kind, or `kept`, `free`."""
    title: str
    note: str
    tokens: int
    hatched: bool = False
    """It was not read, or leaves next."""
    part: RequestPart | None = None
    change: PartChange | None = None

    @property
    def opens(self) -> bool:
        return self.part is not None or self.change is not None


def rows_of(outline: RequestOutline, alarm: ContextAlarm | None) -> tuple[StripRow, ...]:
    """A request as strips, and what is left of the window. `alarm`: what the server did not read of the last one."""
    lost = _lost(outline.parts, alarm) if alarm is not None else frozenset[str]()
    rows = [*_fixed(outline.parts)]
    rows += (_message(part) for part in outline.parts if part.kind in ("summary", "messages"))
    rows = [replace(row, hatched=row.hatched or row.key in lost) for row in rows]
    if outline.step_id:
        return tuple(rows)
    rows.append(StripRow("kept", "kept", tr("Kept for the reply"), tr("the longest answer"), outline.kept_for_reply))
    free = outline.window - outline.used - outline.kept_for_reply
    if free > 0:
        begins = tr("compaction starts at {}").format(count(outline.full_at))
        rows.append(StripRow("free", "free", tr("Free"), begins, free))
    return tuple(rows)


def _fixed(parts: Iterable[RequestPart]) -> list[StripRow]:
    rows: list[StripRow] = []
    tools = [part for part in parts if part.kind == "tools"]
    for part in parts:
        if part.kind == "tools" and part is tools[0]:
            largest = max(tools, key=lambda one: one.tokens)
            note = counted(len(tools), tr("{0} schema"), tr("{0} schemas, largest is {1}"), largest.label)
            tokens = sum(one.tokens for one in tools)
            rows.append(StripRow("tools", "tools", tr("Tools"), note, tokens, part=part))
        elif part.kind not in ("tools", "summary", "messages"):
            rows.append(
                StripRow(part.key, part.kind, title_of(part.kind, part.label, part.key), "", part.tokens, part=part)
            )
    return rows


def title_of(kind: str, label: str, key: str = "") -> str:
    """A part's name for people."""
    if kind == "memory":
        if not label:
            return {"archival": tr("About the archive"), "memory:rest": tr("After the blocks")}.get(
                key, tr("About memory")
            )
        return tr("Block: {}").format(label)
    if kind in ("messages", "tools") and label:
        return label
    rules = {"rules": tr("Rules of calls"), "order": tr("Tool rules")}
    names = {
        "system": tr("System instructions"),
        "tools": tr("Tools"),
        "tool_rules": rules.get(key, tr("Form of answers")),
        "summary": tr("Summary"),
        "messages": tr("Message without words"),
    }
    return names.get(kind, kind)


def who_of(part: RequestPart) -> str:
    """Who said a message."""
    names = {"user": tr("You"), "system": tr("Event"), "tool": tr("Tool"), "assistant": tr("Agent")}
    return names.get(part.role, "")


def _message(part: RequestPart) -> StripRow:
    said = [who_of(part), full_time(part.at) if part.at is not None else ""]
    words = [", ".join(filter(None, said)), tr("leaves next") if part.leaves else ""]
    note = " · ".join(filter(None, words))
    return StripRow(part.key, part.kind, title_of(part.kind, part.label), note, part.tokens, part.leaves, part)


def _lost(parts: Sequence[RequestPart], alarm: ContextAlarm) -> frozenset[str]:
    kinds = {LOST_KINDS[word] for word in alarm.lost if word in LOST_KINDS}
    keys = {("tools" if part.kind == "tools" else part.key) for part in parts if part.kind in kinds}
    left = alarm.sent - alarm.read - sum(part.tokens for part in parts if part.kind in kinds)
    for part in parts:
        if part.kind in ("summary", "messages") and left > 0:
            keys.add(part.key)
            left -= part.tokens
    return frozenset(keys)


def difference_rows(diff: RequestDiff) -> tuple[StripRow, ...]:
    """What differs between two requests, and how much in a row does not."""
    return tuple(_changed(number, change) for number, change in enumerate(diff.changes))


def _changed(number: int, change: PartChange) -> StripRow:
    key = f"change:{number}"
    if change.status == "same":
        title = counted(change.parts, tr("{0} part, no difference"), tr("{0} parts, no difference"))
        return StripRow(key, change.kind, title, "", change.tokens)
    words = {"changed": tr("changed"), "added": tr("added"), "removed": tr("removed")}
    return StripRow(
        key, change.kind, title_of(change.kind, change.label, key), words[change.status], change.tokens, change=change
    )
