"""The report that is shown after an unexpected error of the window."""

import platform
import traceback
from pathlib import Path

from PySide6.QtCore import qVersion


def report_of(error: BaseException) -> str:
    """What a developer needs. The home folder is written as ~, so that a pasted report tells no user name."""
    about = f"Lares, Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}"
    trace = "".join(traceback.format_exception(error))
    return f"{about}\n\n{trace}".replace(str(Path.home()), "~")
