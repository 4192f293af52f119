"""A Python of this computer that runs tools with packages of their own: found by trying, never a frozen Lares."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from app.adapters.tools.sandbox.launch import own_python
from app.ports.sandbox import FoundPython

NAMES = ("python3.13", "python3.12", "python3.11", "python3.10", "python3", "python")
OLDEST = (3, 10)
PROBE_SECONDS = 10
PROBE = """
import glob, importlib.util, json, os, sys
spec = importlib.util.find_spec("pip")
pip = os.path.dirname(os.path.dirname(spec.origin)) if spec and spec.origin else ""
try:
    import ensurepip
    wheels = glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "pip-*.whl"))
except ImportError:
    wheels = []
print(json.dumps([os.path.realpath(sys.executable), sys.version_info[:3], sys.base_prefix, pip or "".join(wheels[:1])]))
"""


def find_python() -> FoundPython | None:
    """The one that runs Lares, if it can; else the first on the path that has pip. Takes some tens of milliseconds."""
    names = (() if getattr(sys, "frozen", False) else (own_python(),)) + tuple(filter(None, map(shutil.which, NAMES)))
    for program in dict.fromkeys(names):
        found = _tried(program)
        if found is not None:
            return found
    return None


def _tried(program: str) -> FoundPython | None:
    try:
        command = [program, "-I", "-c", PROBE]
        done = subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS, check=False, cwd=os.path.sep)
        where, version, home, pip = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    if tuple(version[:2]) < OLDEST or not pip:
        return None
    own = not getattr(sys, "frozen", False) and Path(home) == Path(sys.base_prefix)
    return FoundPython(
        program=Path(where), version=".".join(map(str, version)), home=Path(home), pip=Path(pip), is_own=own
    )
