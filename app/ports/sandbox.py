"""Where tools run that are programs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from app.domain.base import Field, Frozen
from app.domain.json_value import JsonObject
from app.domain.sandbox import Enforced, SandboxLimits, SandboxResult
from app.domain.tool import Requirement, ToolFolder


class FoundPython(Frozen):
    """A Python of this computer."""

    program: Path
    version: str
    """Of three numbers."""
    home: Path
    """The folder that it needs to run."""
    pip: Path
    """Where its pip is: a folder or a wheel."""
    is_own: bool
    """It is the one that runs Lares, so it can load Lares's pydantic."""


class ReadyPackages(Frozen):
    """A set of packages that is installed."""

    python: FoundPython
    folder: Path


class SandboxCall(Frozen):
    """What is to be run."""

    source: str
    """Python."""
    function: str
    """Name of the function in it."""
    arguments: JsonObject
    converts: bool = False
    """Models, enums and dates are to be made of the arguments first, by the function's own types."""
    environment: Mapping[str, str] = Field(default_factory=dict)
    """Variables that it gets besides the usual few; nothing of the engine's."""
    network: bool = False
    """Python's connections go to public addresses, never to this computer or its network."""
    folders: tuple[ToolFolder, ...] = ()
    """Of this computer, besides its own."""
    packages: Sequence[Path] = ()
    """Folders with packages that it requires."""
    python: FoundPython | None = None
    """What runs it; None: the one that runs Lares."""
    target: Path | None = None
    """A folder of Lares itself that it fills."""
    limits: SandboxLimits | None = None
    """None: those of every call."""
    modules: tuple[str, ...] = ()
    """Of Lares's own libraries, those that it may load besides pydantic."""
    node: bool = False
    """It starts Node.js (`Sandbox.node`)."""


Answers = Callable[[JsonObject], Awaitable[JsonObject]]
"""What a call asks of Lares, and what it is told; an `error` in it is a sentence. Never raises."""


class Sandbox(Protocol):
    """Runs tools that are programs, each call apart from the engine and from every other."""

    async def run(
        self,
        call: SandboxCall,
        on_output: Callable[[str], None] = lambda text: None,
        answers: Answers | None = None,
    ) -> SandboxResult:
        """Runs it to its end, in a process of its own. Never raises for what the tool does.

        `on_output` is told what it prints, as it comes. `answers`: for a tool that may ask Lares for something, one
        request at a time. Cancelled, it is killed with all that it started.
        """
        ...

    async def why_closed(self, folders: Sequence[ToolFolder]) -> str:
        """Why one of these folders cannot be shown to a tool, as a sentence; empty: all can."""
        ...

    async def node(self) -> Path | None:
        """The program of Node.js, where it is found here."""
        ...

    async def enforced(self) -> Enforced:
        """What holds here, found out by trying, once."""
        ...


class Packages(Protocol):
    """Packages that tools require: names and versions, from wheels alone. All raise `Invalid` where there is no Python
    that could load them.
    """

    async def python(self) -> FoundPython | None:
        """What runs tools with packages here; None: there is none."""
        ...

    async def ready(self, wanted: tuple[Requirement, ...]) -> ReadyPackages | None:
        """The set, where it was installed."""
        ...

    async def agree(self, wanted: tuple[Requirement, ...]) -> None:
        """Notes that a person, or a program that may, wants it installed."""
        ...

    async def agreed(self, wanted: tuple[Requirement, ...]) -> bool:
        """Whether somebody did."""
        ...

    async def install(self, wanted: tuple[Requirement, ...]) -> ReadyPackages:
        """Installs it, once. Raises `Invalid` with what went wrong, as that this computer is offline."""
        ...
