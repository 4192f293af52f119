"""All figures in one table, beside the last committed ones: `python -m tests.benchmarks [name ...] [--save]`.

Each benchmark runs in a process of its own. `--save` writes the figures to `tests/results/benchmarks.json`, which is
committed. Compare ratios, not digits: two runs on one shared machine may differ by a third.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import NOTED_IN
from tests.support.guards.source import ROOT

RESULTS = ROOT / "tests" / "results" / "benchmarks.json"
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


def names() -> list[str]:
    files = (Path(__file__).parent).glob("*.py")
    return sorted(file.stem for file in files if file.stem not in ("__main__", "figures"))


def run(name: str) -> list[dict[str, Any]]:
    """The figures of one benchmark; what else it prints goes to standard error."""
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "figures"
        environment = {**OFFSCREEN, **os.environ, NOTED_IN: str(noted)}
        command = [sys.executable, "-m", f"tests.benchmarks.{name}"]
        subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=True)
        return [json.loads(line) for line in noted.read_text("utf-8").splitlines()] if noted.exists() else []


def about() -> dict[str, Any]:
    """Where the figures come from. `load`: more than the processors can do means that the machine was shared."""
    return {"processors": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 1)}


def main(arguments: list[str]) -> None:
    wanted = [name for name in arguments if not name.startswith("-")] or names()
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(names())}.")
    known: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    found = {name: {one["name"]: one for one in run(name)} for name in wanted}
    print(f"{'':68}{'now':>12}{'committed':>12}{'ratio':>8}")
    for name, figures in found.items():
        for one in figures.values():
            before = known.get(name, {}).get(one["name"], {}).get("value")
            beside = " " * 12 if before is None else f"{before:12,.2f}"
            ratio = f"{one['value'] / before:8.2f}" if before else " " * 8
            print(f"{name:12}{one['name']:56}{one['value']:12,.2f}{beside}{ratio}  {one['unit']}")
    if "--save" in arguments:
        RESULTS.write_text(json.dumps(known | found | {"about": about()}, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
