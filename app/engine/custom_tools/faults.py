"""What is wrong with the source of a tool, by line."""

from dataclasses import dataclass

from app.domain.error import Invalid


@dataclass(frozen=True)
class Fault:
    """One thing to put right."""

    line: int
    """Counted from 1."""
    text: str
    """A sentence."""


class SourceError(Invalid):
    """The source of a tool cannot be used; `details["faults"]` lists what is wrong, as `line` and `text`."""

    def __init__(self, *faults: Fault) -> None:
        first, more = faults[0], len(faults) - 1
        words = f"Line {first.line}: {first.text}"
        if more:
            words += f" ({more} more {'thing' if more == 1 else 'things'} to put right.)"
        details = {"faults": [{"line": fault.line, "text": fault.text} for fault in faults]}
        super().__init__(words, code="tool_source", hint="Change the source, then try again.", details=details)
        self.faults = faults
