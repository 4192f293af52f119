"""Small disks for tests: a few megabytes of memory, mounted as root or in a namespace of one's own."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def _mount(*arguments: str) -> bool:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _unmount(folder: Path) -> None:
    """Lazily: a process that another test starts may hold a copy of our files until it has become its program."""
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=True)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of this size at `folder`; skips the test where mounting is not allowed."""
    folder.mkdir(parents=True)
    if not _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)):
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        _unmount(folder)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Makes a folder read-only: by its permissions, or for root, whom they do not stop, by mounting it so."""
    if os.geteuid():
        folder.chmod(0o555)
        try:
            yield
        finally:
            folder.chmod(0o755)
        return
    mounted = _mount("--bind", str(folder), str(folder)) and _mount("-o", "remount,ro,bind", str(folder))
    if not mounted:
        pytest.skip("root writes everywhere, and mounting is not allowed here")
    try:
        yield
    finally:
        _unmount(folder)
