"""The window: PySide6 clients of the engine. Knows the domain's words and the link's client, nothing of the engine."""

import contextlib
import importlib
from typing import Any


def _never(_module: object) -> bool:
    return False


def _leave_sources_alone() -> None:
    """Keeps Qt's binding from reading the source text of every module that is imported after it.

    It looks for a switch of its own that Lares does not use. The texts would stay in memory (7 MB), and looking into
    half-loaded modules breaks pydantic's import.
    """
    importlib.import_module("PySide6.QtCore")  # makes the next one importable
    with contextlib.suppress(ImportError):
        feature: Any = importlib.import_module("shibokensupport.feature")
        if hasattr(feature, "_mod_uses_pyside"):
            feature._mod_uses_pyside = _never


_leave_sources_alone()
