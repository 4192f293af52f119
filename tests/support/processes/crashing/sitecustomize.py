"""Python runs this at the start of every child process of a test with a crash point: see crash_points.py beside it."""

import runpy
import sys
from pathlib import Path

SUPPORT = Path(__file__).resolve().parents[2]
runpy.run_path(str(SUPPORT / "guards" / "watched" / "sitecustomize.py"))
sys.path.insert(0, str(SUPPORT.parents[1]))
from tests.support.processes.crash_points import install  # noqa: E402

install()
