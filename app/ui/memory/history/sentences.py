"""A memory change as a short sentence: `Chad became Brad`, `1 line added`, `Model changed to qwen3:8b`."""

import difflib
import re
from collections.abc import Callable
from typing import Any, cast

from PySide6.QtCore import QCoreApplication

from app.domain.history import Actor, ActorKind, ChangeKind, MemoryEvent, TargetKind
from app.domain.ids import short
from app.ui.kit.actors import ACTOR_LOOK, AGENTS, actor_words
from app.ui.kit.text_diff import common_end, common_start, end_of_word, start_of_word
from app.ui.kit.wording import count, counted

WORDS_SHOWN = 28
COMPARED = 600
"""Characters of both sides together; what differs in more of them is told in lines."""


def tr(text: str) -> str:
    return QCoreApplication.translate("changes", text)


def sentence_of(event: MemoryEvent, *, redo: bool = False) -> str:
    """What changed, without who and when. `redo`: it undoes an undo."""
    if event.target_kind == "summary":
        return _summary(event)
    if event.op == "restore":
        return (tr("Restored block “{}”") if event.target_kind == "block" else tr("Restored “{}”")).format(event.label)
    if event.undoes is not None and event.op == "update":
        words = tr("Redid a change to “{}”") if redo else tr("Undid a change to “{}”")
        return words.format(place_name(event))
    return _DESCRIBED.get(event.target_kind, _any)(event)


def _attachment(event: MemoryEvent) -> str:
    made = tr("Attached “{}”") if event.op == "attach" else tr("Detached “{}”")
    return made.format(event.label)


def _agent(event: MemoryEvent) -> str:
    whole = {"create": tr("Created this agent"), "delete": tr("Deleted this agent")}
    return whole.get(event.op) or _setting(event)


def _block(event: MemoryEvent) -> str:
    if event.op == "create":
        return tr("Created block “{}”").format(event.label)
    if event.op == "delete":
        return tr("Deleted block “{}”").format(event.label)
    return _block_fields(event.before or {}, event.after or {})


def _summary(event: MemoryEvent) -> str:
    after = event.after or {}
    if event.op == "restore":
        put_back = tr("Put the messages back that a summary stood for")
        return tr("Put a summary in place of messages again") if "left_at" in after else put_back
    left = counted(
        after.get("left", 0), tr("{} message left the context window"), tr("{} messages left the context window")
    )
    return tr("{}, kept in extracts").format(left) if after.get("by") == "extract" else left


def _any(event: MemoryEvent) -> str:
    words = {"create": tr("Created “{}”"), "delete": tr("Deleted “{}”")}
    return words.get(event.op, tr("Changed “{}”")).format(event.label)


def _passage(event: MemoryEvent) -> str:
    before, after = event.before or {}, event.after or {}
    if event.op == "create":
        return tr("Stored a passage: “{}”").format(event.label)
    if event.op == "delete":
        return tr("Deleted a passage: “{}”").format(event.label)
    if "text" in after:
        return text_change(before.get("text") or "", after["text"] or "")
    if "superseded_at" in after:
        gone = tr("“{}” is true no longer") if after["superseded_at"] is not None else tr("“{}” is true again")
        return gone.format(event.label)
    if "tags" in after:
        return tr("Changed the tags of “{}”").format(event.label)
    return tr("Kept “{}” beside what resembles it").format(event.label) if "nearly" in after else _any(event)


def _archive(event: MemoryEvent) -> str:
    whole = {
        "create": tr("Created archive “{}”"),
        "delete": tr("Deleted archive “{}”"),
        "attach": tr("Attached archive “{}”"),
        "detach": tr("Detached archive “{}”"),
    }
    if event.op in whole:
        return whole[event.op].format(event.label)
    sides = [(side or {}).get("passages") for side in (event.before, event.after)]
    if sides[0] is None or sides[1] is None:
        return tr("Changed archive “{}”").format(event.label)
    came, left = len(sides[1].keys() - sides[0].keys()), len(sides[0].keys() - sides[1].keys())
    changed = len(sides[1].keys() & sides[0].keys())
    told = [
        counted(came, tr("{} passage stored"), tr("{} passages stored")) if came else "",
        counted(left, tr("{} passage deleted"), tr("{} passages deleted")) if left else "",
        counted(changed, tr("{} passage changed"), tr("{} passages changed")) if changed else "",
    ]
    return ", ".join(filter(None, told))


_DESCRIBED: dict[TargetKind, Callable[[MemoryEvent], str]] = {
    "attachment": _attachment,
    "agent": _agent,
    "block": _block,
    "passage": _passage,
    "archive": _archive,
}
"""What a change is called, by what was changed."""


def _setting(event: MemoryEvent) -> str:
    after = event.after or {}
    if "model" in after:
        return tr("Model changed to {}").format(after["model"])
    if "system" in after:
        return tr("System instructions edited")
    if "name" in after:
        return tr("Renamed to {}").format(after["name"])
    if "context_window" in after:
        return tr("Context size set to {:,}").format(after["context_window"])
    if "tool_names" in after:
        return tr("Tools changed")
    if "max_steps" in after:
        return tr("Step limit set to {:,}").format(after["max_steps"])
    if "description" in after:
        return tr("Description changed")
    if "extras" in after:
        return _extra((event.before or {}).get("extras"), after["extras"])
    return _reply_setting((event.before or {}).get("settings"), after.get("settings"))


def _extra(before: object, after: object) -> str:
    """What programs asked for, by the name that it has in the window where it has one."""
    form = _form_in(after)
    if _rules_in(before) != _rules_in(after):
        return tr("Tool rules changed")
    if form == _form_in(before):
        return tr("Settings for programs changed")
    kind = str(form.get("type")) if form is not None else "text"
    names = {"json_object": tr("JSON"), "json_schema": tr("JSON by a schema")}
    return tr("Form of answers set to {}").format(names.get(kind, tr("text")))


def _reply_setting(before: object, after: object) -> str:
    """The one setting of replies that is another one now, if it is one."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return tr("Settings changed")
    before, after = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
    changed = [name for name, value in after.items() if value != before.get(name)]
    if changed == ["temperature"]:
        warmth = after["temperature"]
        return tr("Temperature left to the server") if warmth is None else tr("Temperature set to {}").format(warmth)
    if changed == ["max_output_tokens"]:
        return tr("Output limit set to {:,} tokens").format(after["max_output_tokens"])
    if changed == ["reasoning"]:
        return tr("Reasoning set to {}").format(after["reasoning"])
    return tr("Settings changed")


def place_name(event: MemoryEvent) -> str:
    """Where it changed something: the label of a block, or what the settings of the agent call it."""
    names = {
        "model": tr("model"),
        "system": tr("system instructions"),
        "name": tr("name"),
        "description": tr("description"),
        "context_window": tr("context size"),
        "tool_names": tr("tools"),
        "max_steps": tr("step limit"),
        "settings": tr("reply and reasoning"),
        "extras": _extra_name(event),
    }
    if event.target_kind == "summary":
        return event.label or tr("summary of the conversation")
    if event.target_kind != "agent":
        return event.label
    return ", ".join(names.get(name, name) for name in event.label.split(", "))


def _form_in(extras: object) -> dict[str, Any] | None:
    """The form of answers, as what programs asked for has it."""
    form = cast("dict[str, Any]", extras).get("response_format") if isinstance(extras, dict) else None
    return cast("dict[str, Any]", form) if isinstance(form, dict) else None


def _rules_in(extras: object) -> object:
    """The rules of its tools, in the same place."""
    return cast("dict[str, Any]", extras).get("tool_rules") or [] if isinstance(extras, dict) else []


def _extra_name(event: MemoryEvent) -> str:
    before, after = ((side or {}).get("extras") for side in (event.before, event.after))
    if _rules_in(before) != _rules_in(after):
        return tr("tool rules")
    forms = [_form_in(before), _form_in(after)]
    return tr("settings for programs") if forms[0] == forms[1] else tr("form of answers")


def _block_fields(before: dict[str, Any], after: dict[str, Any]) -> str:
    if "value" in after:
        return text_change(before.get("value") or "", after.get("value") or "")
    if "label" in after:
        return tr("Renamed from “{}” to “{}”").format(before.get("label"), after["label"])
    if "limit" in after:
        return tr("Limit set to {:,} characters").format(after["limit"])
    if "read_only" in after:
        return tr("Made read-only for agents") if after["read_only"] else tr("Agents may write again")
    if "description" in after:
        return tr("Description changed")
    return tr("Changed")


def text_change(before: str, after: str) -> str:
    """The one replaced word if it is one, else how many lines came and went.

    Only what lies between the common beginning and the common end is compared: a block is long and its changes short.
    """
    if not after:
        return tr("Emptied")
    if (middle := _words_between(before, after)) is not None:
        gone, come = (part.strip() for part in middle)
        if gone and come and "\n" not in gone + come and len(gone) + len(come) <= 2 * WORDS_SHOWN:
            return tr("{} became {}").format(_cut(gone), _cut(come))
        if come and not gone and "\n" not in come:
            return tr("Added “{}”").format(_cut(come))
        if gone and not come and "\n" not in gone:
            return tr("Removed “{}”").format(_cut(gone))
    return _lines(before.splitlines(), after.splitlines())


def _words_between(before: str, after: str) -> tuple[str, str] | None:
    """The words that went and those that came, when that was in one place; None where it was in several, or long."""
    head = start_of_word(before, common_start(before, after))
    tail = end_of_word(before, common_end(before[head:], after[head:]))
    gone, come = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(gone) + len(come) > COMPARED:
        return None
    old, new = re.findall(r"\w+|\W", gone), re.findall(r"\w+|\W", come)
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    edits = [edit for edit in codes if edit[0] != "equal"]
    if len(edits) != 1:
        return None
    _, a, b, c, d = edits[0]
    return "".join(old[a:b]), "".join(new[c:d])


def _lines(old: list[str], new: list[str]) -> str:
    added = removed = 0
    head = common_start(old, new)
    tail = common_end(old[head:], new[head:])
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            removed += b - a
            added += d - c
    if added and not removed:
        return counted(added, tr("{} line added"), tr("{} lines added"))
    if removed and not added:
        return counted(removed, tr("{} line removed"), tr("{} lines removed"))
    if added == removed == 1:
        return tr("1 line rewritten")
    return counted(removed, tr("{} line replaced by {}"), tr("{} lines replaced by {}"), count(added))


def _cut(text: str) -> str:
    return text if len(text) <= WORDS_SHOWN else f"{text[: WORDS_SHOWN - 1]}…"


def actor_name(event: MemoryEvent, agent_name: str) -> str:
    """Who made it, at the beginning of a line. `agent_name`: of the open agent, for changes that name nobody."""
    return actor_words(event.origin.actor, agent_name)


def actor_in_sentence(event: MemoryEvent, agent_name: str) -> str:
    """Who made it, in the middle of a sentence."""
    kinds: dict[ActorKind, str] = {
        "user": tr("you"),
        "agent": agent_name or tr("the agent"),
        "sleep-time": tr("the sleep-time agent"),
        "api": tr("the API"),
        "import": tr("an import"),
        "helper": tr("the memory helper"),
        "mcp": tr("an MCP client"),
        "schedule": tr("a schedule"),
        "rescue": "Lares",
    }
    actor = event.origin.actor
    if not actor.name or actor.kind == "user":
        return kinds[actor.kind]
    return actor.name if actor.kind in AGENTS else tr("{} ({})").format(kinds[actor.kind], actor.name)


KIND_LOOK: dict[ChangeKind, tuple[str, str]] = {**ACTOR_LOOK, "undo": ("undo", "text2")}
"""Icon and colour token of each kind of change, in the order of lanes and filters."""


def by_kind(kind: ChangeKind) -> str:
    """Changes of one kind, as a filter."""
    kinds: dict[ChangeKind, str] = {
        "user": tr("By you"),
        "agent": tr("By the agent"),
        "sleep-time": tr("By sleep-time"),
        "api": tr("By the API"),
        "import": tr("By an import"),
        "helper": tr("By the memory helper"),
        "mcp": tr("By MCP clients"),
        "schedule": tr("By schedules"),
        "rescue": tr("By Lares"),
        "undo": tr("Undone and redone"),
    }
    return kinds[kind]


def kind_words(kind: ChangeKind, agent_name: str) -> str:
    """Whose changes stand in a lane."""
    return tr("Undo") if kind == "undo" else actor_words(Actor(kind=kind), agent_name)


def counts_in_words(counts: dict[ChangeKind, int], agent_name: str) -> str:
    """`2 changes by Juno, 1 by you`: of all kinds of which there are some."""
    parts = [
        tr("{} by {}").format(count(number), tr("you") if kind == "user" else kind_words(kind, agent_name))
        for kind in KIND_LOOK
        if (number := counts.get(kind, 0))
    ]
    return ", ".join(parts) if parts else tr("no change")


def place_of(event: MemoryEvent, first: MemoryEvent | None = None, *, redo: bool = False) -> str:
    """Where it came from in small print: `run 7f3a`, `undo of v3`, `edited here`. `first`: what is undone or redone."""
    if event.undoes is not None and first is not None:
        return (tr("redo of v{}") if redo else tr("undo of v{}")).format(first.version)
    if event.undoes is not None:
        return tr("redo of an earlier change") if redo else tr("undo of an earlier change")
    if event.origin.run_id:
        return tr("run {}").format(short(event.origin.run_id))
    places: dict[ActorKind, str] = {
        "user": tr("edited here"),
        "api": tr("through the API"),
        "import": tr("from a file"),
        "mcp": tr("through MCP"),
        "schedule": tr("on a schedule"),
    }
    return places.get(event.origin.actor.kind, tr("by itself"))
