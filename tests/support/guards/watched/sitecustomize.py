"""Python runs this at the start of every child process of a test, because the folder is on PYTHONPATH."""

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("lares_network_guard", Path(__file__).resolve().parents[1] / "network.py")
assert spec is not None
assert spec.loader is not None
guard = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = guard
spec.loader.exec_module(guard)
guard.install_guard()
