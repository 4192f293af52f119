"""Time and ids, so that tests can fix them."""

from typing import Protocol

from app.domain.base import Micros
from app.domain.ids import Kind


class Clock(Protocol):
    """The time, and time that passes."""

    def now(self) -> Micros:
        """UTC, microseconds since 1970: what is stored and shown. A computer's clock may be wrong, or set."""
        ...

    def ticks(self) -> Micros:
        """Microseconds since some moment, going on evenly whatever becomes of the computer's clock: for every wait."""
        ...


class IdFactory(Protocol):
    """Makes ids that no other thing has, in this data folder or any other."""

    def new(self, kind: Kind) -> str:
        """A fresh `<kind>-<uuid4>`."""
        ...


class Computer(Protocol):
    """The computer that the engine runs on. Methods may block for some milliseconds: call them in a thread."""

    def memory(self) -> tuple[int | None, int | None]:
        """Bytes of memory, and how many of them are in use; None where the system does not say."""
        ...

    def model_bytes_per_second(self) -> int | None:
        """Bytes of a model that its processor can read in a second, roughly: each token takes all of them once. None
        where a graphics card does that, whose speed only a test tells.
        """
        ...

    def free_disk(self) -> int | None:
        """Free bytes where a model server on this computer keeps its models; None when that cannot be told."""
        ...

    def has_other_users(self) -> bool:
        """Whether people beside this one have accounts here, as far as the system's own list says."""
        ...


class StartedProgram(Protocol):
    """A program that was started, and lives on when Lares ends."""

    def last_words(self) -> str | None:
        """None while it runs; then the last line that it wrote, empty where there is none."""
        ...


class ServerPrograms(Protocol):
    """Model servers that are installed on this computer. Methods block for some milliseconds: call them in a thread."""

    def installed(self) -> tuple[str, ...]:
        """Names of the presets whose program is here and can be started without a question."""
        ...

    def start(self, name: str, host: str, port: int) -> StartedProgram:
        """Starts the program of a preset detached, to listen there. Raises `NotFound` where there is none, and
        `ModelError` (`server_down`) where the system refuses.
        """
        ...
