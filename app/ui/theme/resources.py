"""Where the files shipped with Lares are: beside `app` in a checkout or wheel, in the bundle when frozen."""

import sys
from functools import cache
from pathlib import Path


@cache
def resources_dir() -> Path:
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        return Path(bundle) / "resources"
    return Path(__file__).resolve().parents[3] / "resources"


def resource(*parts: str) -> Path:
    return resources_dir().joinpath(*parts)


@cache
def read_resource(*parts: str) -> str:
    return resource(*parts).read_text(encoding="utf-8")
