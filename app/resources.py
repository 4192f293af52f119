"""The files shipped with Lares: beside `app` in a checkout or wheel, in the bundle when frozen."""

import sys
from functools import cache
from pathlib import Path


def resource(*parts: str) -> Path:
    """The path of a file or folder below `resources/`."""
    return _folder().joinpath(*parts)


@cache
def read_resource(*parts: str) -> str:
    """The text of a file below `resources/`, read once per process."""
    return resource(*parts).read_text(encoding="utf-8")


@cache
def _folder() -> Path:
    bundle = getattr(sys, "_MEIPASS", None)
    return (Path(bundle) if bundle is not None else Path(__file__).resolve().parents[1]) / "resources"
