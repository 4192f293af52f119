"""What a look through memory, without any model, finds to be mended."""

import hashlib
from typing import Literal

from app.domain.base import Frozen

FindingKind = Literal["secret", "contradiction", "date", "double", "echo", "full", "unused"]
"""In order of weight. `secret`: a password or key in plain text. `contradiction`: two lines that cannot both be true.
`date`: a word that means another day tomorrow. `double`: two lines that say nearly the same. `echo`: a search result
that was stored again. `full`: a block near its limit. `unused`: old passages that no search has ever found."""


def kept_as(name: str) -> str:
    """What stands in memory for a secret that was moved to the keyring."""
    return f"(in the keyring as “{name}”)"


class Evidence(Frozen):
    """A line that a finding speaks of."""

    block_id: str
    label: str
    line: int
    """From 1."""
    text: str
    span: tuple[int, int]
    """Which characters of it say so."""
    passage_id: str = ""
    """Of a passage; its `block_id` is empty then."""


class Mend(Frozen):
    """What one click would do: a line becomes another one, or goes."""

    block_id: str
    """Empty: of a passage."""
    old: str
    new: str | None
    """None: the line goes, or the passage."""
    passage_id: str = ""


class Finding(Frozen):
    """Something to be mended, with the lines that show it."""

    kind: FindingKind
    evidence: tuple[Evidence, ...]
    mend: Mend | None = None
    """None where a person must choose."""
    used: int = 0
    """Of a block that is nearly full: its characters; how many passages were never found."""
    limit: int = 0

    @property
    def sign(self) -> str:
        """By which a person's word that it is none is remembered, without its text."""
        texts = sorted(line.text or line.label for line in self.evidence)
        return hashlib.sha256("\n".join((self.kind, *texts)).encode()).hexdigest()[:24]


class Examination(Frozen):
    """What was found in one agent's memory."""

    findings: tuple[Finding, ...]
    """The weightiest first."""
    lines: int
    """How many were looked at."""
    blocks: int
    passages: int = 0
