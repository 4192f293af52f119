"""The two sets of questions: passages in four languages, and one agent's long life."""

import datetime
import json
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Question(NamedTuple):
    kind: str
    lang: str
    text: str
    gold: frozenset[int]
    """Numbers of the entries that answer it: any of them is right."""
    half: str
    """`dev`: rules are tuned on these. `test`: these are reported."""


class Entry(NamedTuple):
    """What can be found: a passage, or a message of the life."""

    text: str
    minute: int
    """When it was said, in minutes; messages far apart are no neighbours."""


class Set(NamedTuple):
    name: str
    entries: tuple[Entry, ...]
    questions: tuple[Question, ...]


def passages() -> Set:
    given = json.loads((HERE / "passages" / "eval.json").read_text("utf-8"))
    entries = tuple(Entry(passage["text"], 0) for passage in given["passages"])
    seen: dict[str, int] = {}
    questions: list[Question] = []
    for one in given["queries"]:
        kind = one["subset"]
        seen[kind] = seen.get(kind, 0) + 1
        half = "dev" if seen[kind] % 2 else "test"
        questions.append(Question(kind, one["lang"], one["text"], frozenset((one["gold"],)), half))
    return Set("passages", entries, tuple(questions))


def life() -> Set:
    """A turn is two entries; either of them answers the turn's question."""
    folder = HERE / "recall_set"
    entries: list[Entry] = []
    for turn in _lines(folder / "turns.jsonl"):
        minute = int(datetime.datetime.fromisoformat(turn["date"]).replace(tzinfo=datetime.UTC).timestamp()) // 60
        entries += (Entry(turn["user"], minute), Entry(turn["assistant"], minute))
    questions = tuple(
        Question(
            one["kind"],
            one["lang"],
            one["question"],
            frozenset(entry for turn in one["gold"] for entry in (2 * turn - 2, 2 * turn - 1)),
            one["half"],
        )
        for one in _lines(folder / "questions.jsonl")
    )
    return Set("life", tuple(entries), questions)


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
