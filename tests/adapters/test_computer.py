"""What this computer says of its memory and its disk."""

import pytest

from app.adapters.computer import ThisComputer, linux_memory, mac_memory, model_bytes_per_second, other_people
from app.ports.system import Computer
from tests.support.engine.small_computer import SmallComputer

MEMINFO = """MemTotal:       16384000 kB
MemFree:          512000 kB
MemAvailable:    8192000 kB
Buffers:          102400 kB
"""
VM_STAT = """Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               12345.
Pages active:                            200000.
Pages inactive:                          190000.
Pages wired down:                        100000.
"Translation faults":                 123456789.
Anonymous pages:                         300000.
Pages occupied by compressor:             50000.
"""


def test_people_with_accounts_are_told_from_services_and_from_oneself() -> None:
    services = [(0, "/bin/bash"), (33, "/usr/sbin/nologin"), (65534, "/usr/sbin/nologin"), (1500, "/bin/false")]
    assert not other_people([*services, (1000, "/bin/bash")], 1000)
    assert other_people([*services, (1000, "/bin/bash"), (1001, "/bin/zsh")], 1000)
    assert other_people([*services, (1000, "/bin/bash")], 0)


def test_linux_counts_what_can_be_had_as_free() -> None:
    assert linux_memory(MEMINFO) == (16384000 * 1024, 8192000 * 1024)


def test_a_container_has_what_it_was_given() -> None:
    assert linux_memory(MEMINFO, "4000000000\n", "anon 1500000000\nfile 7\n") == (4_000_000_000, 1_500_000_000)
    assert linux_memory(MEMINFO, "max\n") == (16384000 * 1024, 8192000 * 1024)


def test_mac_counts_what_programs_hold() -> None:
    assert mac_memory("17179869184\n", VM_STAT) == (17179869184, 450000 * 16384)
    assert mac_memory("17179869184\n", "") == (17179869184, None)


def test_a_system_that_says_nothing_is_unknown_and_not_zero() -> None:
    assert linux_memory("") == (None, None)
    assert linux_memory("MemTotal: 1000 kB\n") == (1024000, None)


@pytest.mark.parametrize("computer", [ThisComputer(), SmallComputer()])
def test_a_computer_answers(computer: Computer) -> None:
    total, used = computer.memory()
    assert total is not None
    assert used is not None
    assert 0 < used < total
    assert (computer.free_disk() or 0) > 0
    assert computer.has_other_users() in (True, False)
    read = computer.model_bytes_per_second()
    assert read is None or 10**9 <= read <= 40 * 10**9


@pytest.mark.parametrize(
    ("cores", "limit", "gigabytes"),
    [(2, "", 10), (4, "max 100000", 20), (32, "", 40), (8, "200000 100000", 10), (8, "50000 100000", 2.5), (1, "x", 5)],
)
def test_what_a_processor_reads_of_a_model_goes_by_its_cores_and_its_share(
    cores: int, limit: str, gigabytes: float
) -> None:
    assert model_bytes_per_second(cores, limit) == gigabytes * 10**9
