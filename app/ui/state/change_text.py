"""What a change of memory made, as text for a difference: what people wrote as it is, other fields one to a line."""

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QCoreApplication

from app.domain.history import MemoryEvent
from app.ui.kit.wording import full_time

UNTOLD = frozenset({"position", "nearly", "alikeness", "superseded_by"})
"""Fields that say nothing to people."""
AS_WRITTEN = frozenset({"text", "name", "system", "description"})


def text_of(fields: dict[str, object] | None) -> str:
    """One side of a change. Empty where it holds nothing that people are told."""
    if not fields:
        return ""
    if isinstance(fields.get("value"), str):
        return str(fields["value"])
    return "\n".join(line for name, value in fields.items() if name not in UNTOLD for line in _lines(name, value))


def told(changes: Sequence[MemoryEvent]) -> tuple[MemoryEvent, ...]:
    """Those of one call that people look at: the archive that its first passage needed goes without saying."""
    written = tuple(change for change in changes if change.target_kind not in ("archive", "attachment"))
    return written or tuple(changes)


def _lines(name: str, value: object) -> list[str]:
    tr = QCoreApplication.translate
    if value is None or value == "" or value == {} or (isinstance(value, list | tuple) and not value):
        return []
    times = {"valid_from": tr("Change", "True since {}"), "superseded_at": tr("Change", "No longer true since {}")}
    if name in times and isinstance(value, int):
        return [times[name].format(full_time(value))]
    if name == "tags" and isinstance(value, list | tuple):
        return [tr("Change", "Tags: {}").format(", ".join(map(str, cast("Sequence[object]", value))))]
    if name in AS_WRITTEN and isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple):
        return [str(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, dict):
        return [f"{key}: {inner}" for key, inner in cast("dict[str, object]", value).items()]
    return [f"{name}: {value}"]
