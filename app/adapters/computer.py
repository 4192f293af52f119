"""How much memory and disk this computer has, by the means of each system.

Not by psutil: two numbers do not earn a compiled dependency in every installer.
"""

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

_STORES = (Path.home() / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models"))
"""Where Ollama keeps its models: for a person, and as a service on Linux."""
_CGROUP = Path("/sys/fs/cgroup")

_BYTES_A_CORE, _BYTES_AT_MOST = 5_000_000_000, 40_000_000_000
"""What a core draws from memory in a second, and what common memory (two channels of DDR4) gives to all together."""
_CARDS = ("/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")
"""Where Linux shows a graphics card with memory of its own: NVIDIA's, AMD's, and those under Windows (WSL)."""


class ThisComputer:
    """See `app.ports.system.Computer`."""

    def memory(self) -> tuple[int | None, int | None]:
        try:
            if sys.platform == "win32":
                return _windows()
            if sys.platform == "darwin":
                return mac_memory(_output("/usr/sbin/sysctl", "-n", "hw.memsize"), _output("/usr/bin/vm_stat"))
            return linux_memory(Path("/proc/meminfo").read_text("ascii"), _cgroup("memory.max"), _cgroup("memory.stat"))
        except (OSError, ValueError, subprocess.SubprocessError):
            return None, None

    def has_other_users(self) -> bool:
        try:
            import pwd
        except ImportError:
            return False
        return other_people([(entry.pw_uid, entry.pw_shell) for entry in pwd.getpwall()], os.getuid())

    def model_bytes_per_second(self) -> int | None:
        return None if _has_graphics() else model_bytes_per_second(_cores(), _cgroup("cpu.max"))

    def free_disk(self) -> int | None:
        set_by_person = os.environ.get("OLLAMA_MODELS")
        for folder in (Path(set_by_person) if set_by_person else None, *_STORES, Path.home()):
            try:
                if folder is not None and folder.is_dir():
                    return shutil.disk_usage(folder).free
            except OSError:
                continue
        return None


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _has_graphics() -> bool:
    """Whether model servers may find a graphics card here. Elsewhere than on Linux that is not worth a program."""
    return sys.platform != "linux" or any(Path(place).exists() for place in _CARDS)


def model_bytes_per_second(cores: int, limit: str = "") -> int:
    """`limit`: that of the container, where there is one: processor time in a period, both in microseconds."""
    quota, _, period = limit.strip().partition(" ")
    share = int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else cores
    return min(round(min(cores, share) * _BYTES_A_CORE), _BYTES_AT_MOST)


def other_people(accounts: list[tuple[int, str]], own: int) -> bool:
    """`accounts`: user ids and login shells. People have the ids from 1000 on (macOS: 501), and a shell that is one."""
    first = 501 if sys.platform == "darwin" else 1000
    return any(
        first <= uid < 60_000 and uid != own and not shell.endswith(("nologin", "false")) for uid, shell in accounts
    )


def linux_memory(meminfo: str, limit: str = "", stat: str = "") -> tuple[int | None, int | None]:
    """`limit` and `stat`: those of the container, where there is one."""
    kilobytes = {name: int(number) for name, number in re.findall(r"^(\w+):\s+(\d+) kB", meminfo, re.MULTILINE)}
    total, available = kilobytes.get("MemTotal"), kilobytes.get("MemAvailable")
    if total is None:
        return None, None
    used = None if available is None else (total - available) * 1024
    if limit.strip().isdigit() and int(limit) < total * 1024:
        held = re.search(r"^anon (\d+)", stat, re.MULTILINE)
        return int(limit), int(held[1]) if held else used
    return total * 1024, used


def mac_memory(memsize: str, vm_stat: str) -> tuple[int | None, int | None]:
    """Used: what programs hold and what is compressed; files kept in memory for speed do not count."""
    page = re.search(r"page size of (\d+) bytes", vm_stat)
    pages = {name: int(number) for name, number in re.findall(r"^\"?([\w -]+)\"?:\s+(\d+)\.", vm_stat, re.MULTILINE)}
    total = int(memsize)
    if page is None or "Pages active" not in pages:
        return total, None
    held = ("Anonymous pages", "Pages wired down", "Pages occupied by compressor")
    return total, sum(pages.get(name, 0) for name in held) * int(page[1])


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load_percent", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("available", ctypes.c_uint64),
        ("total_page_file", ctypes.c_uint64),
        ("available_page_file", ctypes.c_uint64),
        ("total_virtual", ctypes.c_uint64),
        ("available_virtual", ctypes.c_uint64),
        ("available_extended_virtual", ctypes.c_uint64),
    )


def _windows() -> tuple[int | None, int | None]:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009
    if not kernel.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None, None
    return int(status.total), int(status.total - status.available)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout


def _cgroup(name: str) -> str:
    try:
        return (_CGROUP / name).read_text("ascii")
    except OSError:
        return ""
