"""Whether a window can be opened here, and what to do when it cannot."""

import os
import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

NO_DISPLAY = """\
Lares found no screen to open its window on.
You can use it without one:
  lares chat              talk to an agent in this terminal
  lares serve             run Lares for other programs on this computer
  xvfb-run -a lares       open the window on a screen in memory (package xvfb)"""
"""What is said instead of opening a window."""

# Qt's platforms that need no server.
_SCREENLESS = ("offscreen", "minimal", "vnc", "eglfs", "linuxfb", "vkkhrdisplay")


def can_open_window(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """False on Linux and BSD when neither an X11 nor a Wayland server answers."""
    if platform in ("win32", "darwin"):
        return True
    if environment.get("QT_QPA_PLATFORM", "").partition(":")[0] in _SCREENLESS:
        return True
    return _wayland_answers(environment) or _x11_answers(environment.get("DISPLAY", ""))


def _wayland_answers(environment: Mapping[str, str]) -> bool:
    name = environment.get("WAYLAND_DISPLAY", "")
    if not name:
        return False
    return _answers(Path(environment.get("XDG_RUNTIME_DIR", "/"), name))


def _x11_answers(display: str) -> bool:
    found = re.fullmatch(r"(?P<host>.*?):(?P<number>\d+)(\.\d+)?", display)
    if found is None:
        # Some systems (XQuartz) name the socket's path.
        return display.startswith("/")
    host, number = found["host"].removesuffix("/unix"), int(found["number"])
    if host in ("", "unix"):
        return _answers(Path(f"/tmp/.X11-unix/X{number}")) or _answers(Path(f"\0/tmp/.X11-unix/X{number}"))
    try:
        socket.create_connection((host.strip("[]"), 6000 + number), timeout=2).close()
    except OSError:
        return False
    return True


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
