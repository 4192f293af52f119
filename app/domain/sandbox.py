"""What holds a tool that is a program: its limits, and what of them this computer enforces."""

from typing import Any, Literal

from app.domain.base import Field, Frozen, Micros

MEGABYTE = 1_000_000
"""Bytes."""


class SandboxLimits(Frozen):
    """How much one call may use."""

    seconds: float = 180.0
    """Wall-clock time, and at most so much time of one processor."""
    memory: int = 1_024 * MEGABYTE
    """Bytes of each of its processes."""
    output: int = 1 * MEGABYTE
    """Bytes that it may print, both ways together; a call that prints more is ended."""
    result: int = 8 * MEGABYTE
    """Bytes of what it returns, as JSON."""
    processes: int = 64
    """Processes and threads at once."""
    file: int = 64 * MEGABYTE
    """Bytes of one file that it writes."""
    folder: int = 256 * MEGABYTE
    """Bytes of all files in its folder."""
    open_files: int = 256


class Enforced(Frozen):
    """What the system enforces here, as it was found out by trying."""

    level: Literal["bubblewrap", "own walls", "limits"]
    """`own walls`: what a process may ask of the kernel for itself; `limits`: of time, memory and size alone."""
    network: bool
    """Whether a tool that may not use the network cannot."""
    files: bool
    """Whether it sees no files but its own folder and Python's."""
    processes: bool
    """Whether all that it started ends with it, whatever it does."""
    why: str = ""
    """Why it is not more: a sentence for people; empty where all holds."""


class SandboxFile(Frozen):
    """A file that a call left in its folder."""

    name: str
    """Its path there."""
    size: int
    data: str | None = None
    """Its bytes in base64; None: too large to be given back."""


class SandboxResult(Frozen):
    """What came of a call."""

    ok: bool
    value: Any = None
    """As JSON has it."""
    error: str = ""
    """A sentence, or the error that the tool raised."""
    traceback: str = ""
    stdout: str = ""
    stderr: str = ""
    files: tuple[SandboxFile, ...] = ()
    milliseconds: int = 0


class SandboxVariable(Frozen):
    """A variable that every tool with a source of its own gets. Its value is in the secret store."""

    id: str
    name: str
    description: str = ""
    created_at: Micros
    updated_at: Micros


class SandboxConfig(Frozen):
    """The sandbox as programs know it: there is one."""

    id: str
    variables: tuple[SandboxVariable, ...] = ()
    given: dict[str, Any] = Field(default_factory=dict)
    """What a program said of it; told again, without effect."""
    created_at: Micros
    updated_at: Micros


class PackageState(Frozen):
    """How it stands with the packages that a tool requires."""

    python: str = ""
    """Version of the Python that would load them; empty: none was found."""
    installed: bool = False
