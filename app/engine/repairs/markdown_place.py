"""Pure: where in a Markdown text one stands while it is written: in code, in a list, at the start of a line.

Only as much of Markdown as tells whether a tag is a subject. Costs the same however long a line is.
"""

import re
from dataclasses import dataclass

HEAD, TAIL = 200, 60
"""Characters kept of the beginning and the end of the line being written."""

_FENCE = re.compile(r"[ \t]*(?:(?:[-*+>]|\d{1,3}[.)])[ \t]+)*(?P<sign>`{3,}|~{3,})(?P<info>.*)\Z", re.DOTALL)
_STRUCTURE = re.compile(r"[ \t]*(?:[-*+•–][ \t]|\d{1,3}[.)][ \t]|[a-z]\)[ \t]|>|\||#{1,6}[ \t])")
_INDENTED = re.compile(r"(?: {4}| {0,3}\t)")
_TICKS = re.compile(r"`+")


@dataclass
class MarkdownPlace:
    """Follows a text piece by piece. Backticks of one run must come in one piece."""

    said: bool = False
    """Anything but white space was written."""
    last_line: str = ""
    """The end of the last line that was not blank."""
    _head: str = ""
    _tail: str = ""
    _ticks: int = 0
    """Length of the run of backticks that is open in this line."""
    _fence: str = ""
    _after_blank: bool = True
    _in_indented: bool = False

    def feed(self, text: str) -> None:
        first, *others = text.split("\n")
        self._add(first)
        for line in others:
            self._end_line()
            self._add(line)

    def begin_line(self) -> None:
        """As if a line began here: what stood before was a tag."""
        self._head = self._tail = ""
        self._ticks = 0

    @property
    def line(self) -> str:
        """The end of the line so far."""
        return self._tail

    @property
    def is_line_start(self) -> bool:
        return not self._head.strip()

    @property
    def last_sign(self) -> str:
        """The last character that is no white space, also of an earlier line; empty at the beginning."""
        return (self._tail.rstrip() or self.last_line)[-1:]

    @property
    def announces(self) -> bool:
        """Whether the last line said that something comes now."""
        return self.is_line_start and self.last_sign in (":", "：")

    @property
    def is_structure(self) -> bool:
        """A list, a quotation, a table, a heading."""
        return _STRUCTURE.match(self._head) is not None

    def in_code(self, rest: str) -> bool:
        """Whether here is code. `rest`: what follows, as far as it is known."""
        if self._fence or _FENCE.match(self._head):
            return True
        if self._is_indented:
            return True
        if not self._ticks:
            return False
        line = rest.partition("\n")[0]
        return any(len(run[0]) == self._ticks for run in _TICKS.finditer(line))

    @property
    def _is_indented(self) -> bool:
        return _INDENTED.match(self._head) is not None and (self._after_blank or self._in_indented)

    def _add(self, text: str) -> None:
        if not text:
            return
        if len(self._head) < HEAD:
            self._head = (self._head + text)[:HEAD]
        self._tail = (self._tail + text)[-TAIL:]
        if "`" in text:
            for run in _TICKS.finditer(text):
                if not self._ticks:
                    self._ticks = len(run[0])
                elif self._ticks == len(run[0]):
                    self._ticks = 0
        if not self.said:
            self.said = bool(text.strip())

    def _end_line(self) -> None:
        fence = _FENCE.match(self._head)
        if self._fence:
            closes = fence is not None and not fence["info"].strip() and fence["sign"].startswith(self._fence)
            self._fence = "" if closes else self._fence
        elif fence is not None and (fence["sign"][0] == "~" or "`" not in fence["info"]):
            self._fence = fence["sign"]
        self._in_indented = self._is_indented
        self._after_blank = not self._head.strip()
        if not self._after_blank:
            self.last_line = self._tail.rstrip()
        self.begin_line()
