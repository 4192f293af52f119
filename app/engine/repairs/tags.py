"""Pure: takes leaked template tags out of text, also while it streams in pieces that split a tag anywhere.

What a tag is, `tag_verdicts` decides by what stands around it. Nothing vanishes: what was cut for a call and is none
goes back into the text.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from app.engine.repairs.calls_in_text import find_calls, only_marks_follow
from app.engine.repairs.markdown_place import MarkdownPlace
from app.engine.repairs.tag_signs import ENDS_OF_CALLS, ENDS_OF_THINKING, NOT_PLAIN, RUN, TAG, UNFINISHED
from app.engine.repairs.tag_verdicts import Scene, closes_thoughts, is_leaked_mark, opens_call, opens_thoughts

Kind = Literal["text", "thinking", "call", "before"]
"""`before`: everything said so far was thinking, because its end was marked and its beginning was not."""
Piece = tuple[Kind, str]
Mode = Literal["text", "thinking", "call"]

LOOK = 320
"""Characters from the beginning of a tag that decide what it is; so many are held back meanwhile."""
LONGEST = LOOK + 140
"""Characters held back at most, but for a call: a tag that may still be completed, and what decides about it."""


@dataclass(frozen=True)
class Cleaned:
    """A whole text without its tags. `thinking` was between tags; `tags` are those taken out."""

    text: str
    spoken: str
    """The text with what stands between call tags, as it was written."""
    thinking: str = ""
    tags: tuple[str, ...] = ()
    unclosed: bool = False
    """Thinking began and did not end: nothing was said aloud after it."""
    open_call: bool = False
    """A call began and did not end."""
    has_call: bool = False
    """Something between call tags was cut out of `text`."""
    subjects: frozenset[int] = frozenset()
    """Where in `spoken` call tags stand that are spoken of."""


class TagStripper:
    """Sorts a stream of text into what is said, thought and called."""

    def __init__(self, known: Collection[str] = (), *, thinks: bool = False) -> None:
        """`known`: names of the tools offered. `thinks`: the model showed thoughts before."""
        self.tags: list[str] = []
        self.mode: Mode = "text"
        self.subjects: list[int] = []
        """Characters of text and calls before each call tag that is spoken of."""
        self._scene = Scene(MarkdownPlace(), tuple(known), thinks)
        self._given = 0
        self._rest = ""
        self._region: list[str] = []
        self._ends_of_thinking = ENDS_OF_THINKING["think"]

    def note_thoughts(self) -> None:
        """The thoughts of this reply come apart from its text."""
        self._scene.native = True

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are certain now."""
        if self.mode == "text" and not self._rest and not NOT_PLAIN.search(text):
            return self._said(text) if text else []
        return self._sort(self._rest + text, final=False)

    def close(self) -> list[Piece]:
        """What was held back, at the end of the stream."""
        pieces = self._sort(self._rest, final=True)
        if self.mode == "call":
            pieces += self._judged("", ends=True)
        return pieces

    def _sort(self, text: str, *, final: bool) -> list[Piece]:
        pieces: list[Piece] = []
        at, waits = 0, False
        while at < len(text) and not waits:
            match self.mode:
                case "text":
                    at, waits = self._text(text, at, pieces, final=final)
                case "thinking":
                    at, waits = self._thinking(text, at, pieces, final=final)
                case "call":
                    at, waits = self._call(text, at, pieces, final=final)
        self._rest = text[at:]
        return pieces

    def _text(self, text: str, at: int, pieces: list[Piece], *, final: bool) -> tuple[int, bool]:
        """Takes what is certain from here on: how far it came, and whether it waits for more."""
        tag = TAG.search(text, at)
        if tag is None:
            end = self._certain(text, at, final=final)
            pieces += self._said(text[at:end])
            return end, True
        pieces += self._said(text[at : tag.start()])
        if not final and len(text) - tag.start() < LOOK:
            return tag.start(), True
        window = text[tag.start() : tag.start() + LOOK]
        return tag.start() + self._meet(window, pieces, ends=final and tag.start() + LOOK >= len(text)), False

    def _certain(self, text: str, at: int, *, final: bool) -> int:
        held = None if final else UNFINISHED.search(text, max(at, len(text) - (LONGEST - LOOK)))
        return held.start() if held else len(text)

    def _meet(self, window: str, pieces: list[Piece], *, ends: bool) -> int:
        """What becomes of the tag that a window begins with; how much of the window that takes."""
        tag = TAG.match(window)
        assert tag is not None
        scene, rest = self._scene, window[tag.end() :]
        kind = tag.lastgroup if tag.lastgroup in ("think", "unthink", "call", "mark") else "header"
        channel = tag["channel"] if kind == "header" else ""
        if kind == "think" or channel in ("analysis", "thought"):
            if opens_thoughts(scene, rest, ends=ends):
                self._ends_of_thinking = ENDS_OF_THINKING["header" if channel else "think"]
                return self._drop(tag[0], "thinking")
        elif kind == "unthink":
            if closes_thoughts(scene, rest, ends=ends):
                pieces.append(("before", ""))
                self.subjects.clear()
                return self._drop(tag[0], "text")
        elif kind == "call" or (channel == "commentary" and "to=" in tag["to"]):
            if kind == "header" or opens_call(scene, tag[0], rest):
                self.tags.append(tag[0])
                self.mode, self._region = "call", [tag[0]]
                return tag.end()
        else:
            run = RUN.match(window)
            if run is None or run.end() < tag.end():
                run = tag
            if is_leaked_mark(scene, run[0], window[run.end() :], ends=ends):
                return self._drop(run[0], "text")
        return self._keep(tag, window, pieces)

    def _keep(self, tag: re.Match[str], window: str, pieces: list[Piece]) -> int:
        """The tag is spoken of."""
        if not self._scene.place.in_code(window[tag.end() :]):
            self._scene.topic = True
        if tag["call"]:
            self.subjects.append(self._given)
        pieces += self._said(tag[0])
        return tag.end()

    def _drop(self, tag: str, mode: Mode) -> int:
        self.tags.append(tag)
        self.mode = mode
        self._scene.place.begin_line()
        return len(tag)

    def _thinking(self, text: str, at: int, pieces: list[Piece], *, final: bool) -> tuple[int, bool]:
        tag = self._ends_of_thinking.search(text, at)
        while tag is not None and text[tag.start() - 1 : tag.start()] == "`" == text[tag.end() : tag.end() + 1]:
            tag = self._ends_of_thinking.search(text, tag.end())  # thoughts about tags
        if tag is None:
            end = self._certain(text, at, final=final)
            if at < end:
                pieces.append(("thinking", text[at:end]))
            return end, True
        if not final and len(text) - tag.start() < LOOK:
            if at < tag.start():
                pieces.append(("thinking", text[at : tag.start()]))
            return tag.start(), True
        if at < tag.start():
            pieces.append(("thinking", text[at : tag.start()]))
        self._drop(tag[0], "text")
        return tag.end(), False

    def _call(self, text: str, at: int, pieces: list[Piece], *, final: bool) -> tuple[int, bool]:
        tag = ENDS_OF_CALLS.search(text, at)
        if tag is None:
            end = self._certain(text, at, final=final)
            self._region.append(text[at:end])
            return end, True
        self._region.append(text[at : tag.start()])
        if not final and len(text) - tag.start() < LOOK:
            return tag.start(), True
        self._region.append(tag[0])
        window = text[tag.end() : tag.start() + LOOK]
        self.mode = "text"
        pieces += self._judged(window, ends=final and tag.start() + LOOK >= len(text))
        return tag.end(), False

    def _judged(self, rest: str, *, ends: bool) -> list[Piece]:
        """What was cut for a call: as one, or as text where it is none or more text follows."""
        region = "".join(self._region)
        self._region = []
        scene = self._scene
        is_whole = not scene.place.said and only_marks_follow(rest, ends=ends)
        is_call = is_whole or any(call.name for call in find_calls(region, scene.known).calls)
        sample = scene.place.announces and not _names_known(region, scene)
        if is_call and not sample and only_marks_follow(rest, ends=ends):
            self._given += len(region)
            scene.place.begin_line()
            scene.after_call = True
            return [("call", region)]
        self.tags.pop()
        scene.topic = True
        if not is_call or sample:
            self.subjects.append(self._given)
        return self._said(region)

    def _said(self, text: str) -> list[Piece]:
        if not text:
            return []
        self._given += len(text)
        self._scene.place.feed(text)
        self._scene.after_call = self._scene.after_call and not text.strip()
        self._scene.struck = self._scene.struck or "<s>" in text
        return [("text", text)]


def _names_known(region: str, scene: Scene) -> bool:
    return any(call.name in scene.known for call in find_calls(region, scene.known).calls)


def clean(text: str, known: Collection[str] = (), *, thinks: bool = False, native: bool = False) -> Cleaned:
    """A whole text without tags, its thinking apart. `native`: thoughts came apart from the text already."""
    stripper = TagStripper(known, thinks=thinks)
    if native:
        stripper.note_thoughts()
    said: list[Piece] = []
    thought: list[str] = []
    for kind, piece in [*stripper.feed(text), *stripper.close()]:
        if kind == "thinking":
            thought.append(piece)
        elif kind == "before":
            thought, said = [*(before for _, before in said), *thought], []
        else:
            said.append((kind, piece))
    tags, subjects = tuple(stripper.tags), frozenset(stripper.subjects)
    if not tags:
        return Cleaned(text, text, subjects=subjects)
    left = "".join(piece for kind, piece in said if kind == "text")
    spoken = "".join(piece for _, piece in said)
    return Cleaned(
        text=left.strip(),
        spoken=spoken,
        thinking="".join(thought).strip(),
        tags=tags,
        unclosed=stripper.mode == "thinking",
        open_call=stripper.mode == "call",
        has_call=any(kind == "call" for kind, _ in said),
        subjects=subjects,
    )
