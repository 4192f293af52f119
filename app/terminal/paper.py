"""What a terminal shows: colours where they are wanted, and texts of others without control characters."""

import os
import re
import sys
from collections.abc import Mapping
from typing import TextIO

from app.domain.error import AppError
from app.domain.history import MemoryEvent
from app.domain.merge import edits

DIM, RED, GREEN, CYAN, BOLD = "2", "31", "32", "36", "1"

# A model's text could otherwise move the cursor, set the title or type into the terminal.
_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """A text of somebody else without what would steer the terminal."""
    return _CONTROLS.sub("", text)


class Paper:
    def __init__(self, out: TextIO, coloured: bool) -> None:
        self._out = out
        self.coloured = coloured
        self._column = 0
        self._style = ""

    def line(self, text: str = "", style: str = "") -> None:
        """A line of its own."""
        self.end_line()
        self.piece(text, style)
        self._set("")
        self._write("\n")

    def piece(self, text: str, style: str = "") -> None:
        """The next piece of a text that streams."""
        text = plain(text)
        if text:
            self._set(style)
            self._write(text)

    def end_line(self) -> None:
        """Begins a new line unless nothing stands on this one."""
        self._set("")
        if self._column:
            self._write("\n")

    def error(self, error: AppError) -> None:
        self.line(f"{error.message} {error.hint}".strip(), RED)

    def change(self, event: MemoryEvent) -> None:
        """A memory change as a small diff."""
        self.line(f"  {event.label} · {_WORDS.get(event.op, event.op)}", DIM)
        for line in differences(_value(event.before), _value(event.after)):
            self.line(f"  {line}", in_colour(line))

    def _set(self, style: str) -> None:
        if self.coloured and style != self._style:
            self._out.write("\x1b[0m" if not style else f"\x1b[0;{style}m")
        self._style = style

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
        self._column = 0 if text.endswith("\n") else 1


_WORDS = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "restore": "restored",
    "attach": "attached",
    "detach": "detached",
}


def _value(fields: Mapping[str, object] | None) -> str:
    value = (fields or {}).get("value", "")
    return value if isinstance(value, str) else str(value)


def in_colour(difference: str) -> str:
    """The style of one of `differences`."""
    return GREEN if difference.startswith("+") else RED


def differences(before: str, after: str) -> list[str]:
    """The lines that went (-) and came (+)."""
    old = before.splitlines()
    return [
        line
        for start, end, new in edits(old, after.splitlines())
        for line in (*(f"- {gone}" for gone in old[start:end]), *(f"+ {come}" for come in new))
    ]


def open_paper() -> Paper:
    """Standard output; coloured on a terminal unless NO_COLOR is set (https://no-color.org)."""
    out = sys.stdout
    if sys.platform == "win32":
        # Turns on the interpretation of colours in old consoles.
        os.system("")  # pyright: ignore[reportDeprecated]  only the C library's own shell call does it
    reconfigure = getattr(out, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    coloured = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Paper(out, coloured)


def give_up_output(error: OSError) -> None:
    """For when it cannot be written to any more. A reader of a pipe that had enough is no fault."""
    # What is still held back would be tried again, and fail again, when Python ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    if not isinstance(error, BrokenPipeError):
        print(f"The conversation cannot be shown here: {error.strerror}.", file=sys.stderr)
