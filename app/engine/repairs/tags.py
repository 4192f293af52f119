"""Pure: takes leaked template tags out of text, also while it streams in pieces that split a tag anywhere.

What stands in code (between backticks) is left alone: there a tag is a subject, not a leak.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "thinking", "call", "before"]
"""`before`: everything said so far was thinking, because its end was marked and its beginning was not."""
Piece = tuple[Kind, str]
Mode = Literal["text", "thinking", "call", "header"]

LONGEST = 48
"""Characters held back at most while a tag may still be completed."""
_LONGEST_HEADER = 160

_THINK = r"(?:think|thinking|thought|reasoning|seed:think)"
_ANALYSIS = r"<\|channel\|?>\s?(?:analysis|thought)"
_END_THINK = rf"</{_THINK}>|\[/THINK\]|<\|END_THINKING\|>|<channel\|>"
_OPEN_CALL = (
    r"<\|?tool_calls?\|?>|<\|python_tag\|>|\[TOOL_CALLS\]|<function=|<(?:function|invoke) name=|to=functions\."
    r"|<[|｜]tool[▁_]calls?[▁_]begin[|｜]>"
)
_END_CALL = (
    r"</tool_calls?>|<tool_call\|>|<\|/tool_calls?\|?>|\[/TOOL_CALLS\]|</function>|</invoke>"
    r"|<\|(?:call|end|im_end|eot_id|eom_id)\|>|<[|｜]tool[▁_]calls?[▁_]end[|｜]>"
)
_ROLE = r"(?:<\|(?:im_start|start|start_header_id)\|>|<start_of_turn>)\s?(?:assistant|user|system|tool|model)?"
_MARK = (
    rf"{_ROLE}|<\|channel\|?>\s?(?:final)?|<[|｜][\w▁]{{1,32}}[|｜]>|<end_of_turn>|<eos>|<bos>|<pad>|</s>|\[/?INST\]"
    rf"|</?tool_response>|{_END_CALL}"
)
_TAGS = {
    "text": re.compile(
        rf"(?P<header><\|channel\|>\s?commentary)|(?P<analysis>{_ANALYSIS})"
        rf"|(?P<think><{_THINK}>|\[THINK\]|<\|START_THINKING\|>)|(?P<unthink>{_END_THINK})"
        rf"|(?P<call>{_OPEN_CALL})|(?P<mark>{_MARK})"
    ),
    "thinking": re.compile(
        rf"<\|message\|>|{_END_THINK}|<\|end\|>|<\|start\|>(?:assistant)?|<\|channel\|>\s?final|<\|return\|>"
    ),
    "call": re.compile(_END_CALL),
    "header": re.compile(r"<\|message\|>"),
}
_GROWING = re.compile(r"(?:<\|(?:im_start|start|start_header_id|channel)\|?>|<start_of_turn>)\s?[a-z]{0,12}\Z")
_UNFINISHED = re.compile(
    r"(?:<[|｜/]?[\w▁:=]{0,32}[|｜]?|<(?:function|invoke) ?(?:name|nam|na|n)?|\[/?[A-Z_]{0,12}"
    r"|to=?(?:functions|function|functio|functi|funct|func|fun|fu|f)?|`{1,3})\Z"
)
_NOT_PLAIN = re.compile(r"[<\[`=\n]|to\Z")
"""Without these no tag, no code and no line begins: most pieces are such, and there is one for each token."""
_TICKS = re.compile(r"`+|\n")


@dataclass(frozen=True)
class Cleaned:
    """A whole text without its tags. `thinking` was between tags; `tags` are those taken out."""

    text: str
    spoken: str
    """The text with the calls that stand between call tags, as they were written."""
    thinking: str = ""
    tags: tuple[str, ...] = ()
    unclosed: bool = False
    """Thinking began and did not end: nothing was said aloud after it."""
    open_call: bool = False
    """A call began and did not end."""


class TagStripper:
    """Sorts a stream of text into what is said, thought and called."""

    def __init__(self) -> None:
        self.tags: list[str] = []
        self.mode: Mode = "text"
        self._rest = ""
        self._header = ""
        self._at_line_start = True
        self._fenced = False
        self._quoted = False
        self._struck = False

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are certain now."""
        if self.mode == "text" and not self._rest and not _NOT_PLAIN.search(text):
            self._at_line_start = self._at_line_start and not text.strip()
            return [("text", text)] if text else []
        return self._sort(self._rest + text, final=False)

    def close(self) -> list[Piece]:
        """What was held back, at the end of the stream."""
        pieces = self._sort(self._rest, final=True)
        if self.mode == "header":
            pieces.append(("text", self._header))
        return pieces

    def _sort(self, text: str, *, final: bool) -> list[Piece]:
        pieces: list[Piece] = []
        at, end = 0, len(text)
        while (tag := _TAGS[self.mode].search(text, at)) is not None:
            if not final and _GROWING.match(text, tag.start()):
                end = tag.start()
                break
            self._take(text[at : tag.start()], pieces)
            self._meet(tag, pieces)
            at = tag.end()
        else:
            if not final and (held := _UNFINISHED.search(text, max(at, len(text) - LONGEST))):
                end = held.start()
        self._take(text[at:end], pieces)
        self._rest = text[end:]
        return pieces

    def _take(self, text: str, pieces: list[Piece]) -> None:
        if not text:
            return
        match self.mode:
            case "text":
                pieces.append(("text", text))
                self._note_code(text)
            case "header":
                self._header += text
                if len(self._header) > _LONGEST_HEADER:
                    pieces.append(("text", self._header))
                    self.mode, self._header = "text", ""
            case mode:
                pieces.append((mode, text))

    def _meet(self, tag: re.Match[str], pieces: list[Piece]) -> None:
        match self.mode:
            case "text":
                self._open(tag, pieces)
            case "thinking":
                self._drop(tag[0], "thinking" if tag[0] == "<|message|>" else "text")
            case "call":
                pieces.append(("call", tag[0]))
                self._drop(tag[0], "text")
            case "header":
                calls = "to=" in self._header
                if calls:
                    pieces.append(("call", self._header + tag[0]))
                self._header = ""
                self._drop(tag[0], "call" if calls else "text")

    def _open(self, tag: re.Match[str], pieces: list[Piece]) -> None:
        kind = tag.lastgroup
        subject = self._fenced or self._quoted or (kind == "think" and not self._at_line_start)
        if subject or (tag[0] == "</s>" and self._struck):
            self._take(tag[0], pieces)
        elif kind in ("think", "analysis"):
            self._drop(tag[0], "thinking")
        elif kind == "unthink":
            pieces.append(("before", ""))
            self._drop(tag[0], "text")
        elif kind == "call":
            pieces.append(("call", tag[0]))
            self._drop(tag[0], "call")
        else:
            self._drop(tag[0], "header" if kind == "header" else "text")

    def _drop(self, tag: str, mode: Mode) -> None:
        self.tags.append(tag)
        self.mode = mode
        self._at_line_start = True

    def _note_code(self, text: str) -> None:
        for sign in _TICKS.finditer(text):
            if sign[0] == "\n":
                self._quoted = False
            elif len(sign[0]) >= 3 and not self._quoted:
                self._fenced = not self._fenced
            elif not self._fenced:
                self._quoted = not self._quoted
        self._struck = self._struck or "<s>" in text
        _, newline, last = text.rpartition("\n")
        self._at_line_start = not last.strip() and (bool(newline) or self._at_line_start)


def clean(text: str) -> Cleaned:
    """A whole text without tags, its thinking apart. Calls between call tags are taken out too."""
    stripper = TagStripper()
    said: list[Piece] = []
    thought: list[str] = []
    for kind, piece in [*stripper.feed(text), *stripper.close()]:
        if kind == "thinking":
            thought.append(piece)
        elif kind == "before":
            thought, said = [*(before for _, before in said), *thought], []
        else:
            said.append((kind, piece))
    tags = list(stripper.tags)
    left = "".join(piece for kind, piece in said if kind == "text")
    if not tags:
        return Cleaned(text, text)
    spoken = "".join(piece for _, piece in said)
    mode = stripper.mode
    return Cleaned(left.strip(), spoken, "".join(thought).strip(), tuple(tags), mode == "thinking", mode == "call")
