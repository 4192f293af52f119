"""Where the files shipped with Lares are: beside `app` in a checkout or wheel, in the bundle when frozen."""

import sys
from functools import cache
from pathlib import Path


@cache
def resources_folder() -> Path:
    bundle = getattr(sys, "_MEIPASS", None)
    return (Path(bundle) if bundle is not None else Path(__file__).resolve().parents[1]) / "resources"
