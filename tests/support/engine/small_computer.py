"""A computer of the size that most people have, whose disk a test can fill: no test should depend on the real one."""

from dataclasses import dataclass, field


@dataclass
class SmallComputer:
    """See `app.ports.system.Computer`. `tests/adapters/test_computer.py` asks it what it asks the real one."""

    free: int | None = 10**12
    asked: list[int | None] = field(default_factory=list[int | None])
    """What was answered to each question for free disk space."""

    def memory(self) -> tuple[int | None, int | None]:
        return 16_000_000_000, 5_000_000_000

    def model_bytes_per_second(self) -> int | None:
        return None

    def free_disk(self) -> int | None:
        self.asked.append(self.free)
        return self.free

    def has_other_users(self) -> bool:
        return False
