"""How processes are started that outlive this one. Imports little: a window uses it before anything else is loaded."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")


def detached() -> dict[str, Any]:
    """What `subprocess.Popen` is told, so that the process has no window and gets no signal of ours."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def child_environment(own: Mapping[str, str]) -> dict[str, str]:
    """The same; in a frozen build with the library paths as they were before its loader changed them."""
    environment = dict(own)
    if getattr(sys, "frozen", False):
        for name in _LIBRARY_PATHS:
            original = environment.pop(f"{name}_ORIG", None)
            environment.pop(name, None)
            if original:
                environment[name] = original
        environment["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    return environment
