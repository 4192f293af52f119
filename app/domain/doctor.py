"""What a look through memory, without any model, finds to be mended."""

from typing import Literal

from app.domain.base import Frozen

FindingKind = Literal["secret", "date", "double", "echo", "full"]
"""In order of weight. `secret`: a password or key in plain text. `date`: a word that means another day tomorrow.
`double`: two lines that say nearly the same. `echo`: a search result that was stored again. `full`: a block near its
limit."""


class Evidence(Frozen):
    """A line that a finding speaks of."""

    block_id: str
    label: str
    line: int
    """From 1."""
    text: str
    span: tuple[int, int]
    """Which characters of it say so."""


class Mend(Frozen):
    """What one click would do: a line becomes another one, or goes."""

    block_id: str
    old: str
    new: str | None
    """None: the line goes."""


class Finding(Frozen):
    """Something to be mended, with the lines that show it."""

    kind: FindingKind
    evidence: tuple[Evidence, ...]
    mend: Mend | None = None
    """None where a person must choose."""
    used: int = 0
    """Of a block that is nearly full: its characters."""
    limit: int = 0


class Examination(Frozen):
    """What was found in one agent's memory."""

    findings: tuple[Finding, ...]
    """The weightiest first."""
    lines: int
    """How many were looked at."""
    blocks: int
