"""A screen without a monitor (Xvfb), for the few tests that open a real X11 window in a child process."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Screen:
    display: str

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}


@contextmanager
def open_screen(size: str = "1920x1080x24") -> Iterator[Screen]:
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed (Debian: apt-get install xvfb xauth)")
    reading, writing = os.pipe()
    # The server picks a free number itself and writes it to the pipe once it accepts windows.
    server = subprocess.Popen(
        [program, "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=[writing],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            pytest.skip("Xvfb is installed but does not start here")
        yield Screen(f":{number}")
    finally:
        server.terminate()
        server.wait(10)
