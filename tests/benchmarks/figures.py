"""What a benchmark measured: printed as one line, and noted where `python -m tests.benchmarks` collects it."""

import json
import os
from pathlib import Path

NOTED_IN = "LARES_FIGURES"
"""Environment variable: the file to which each figure is appended as a line of JSON."""


def figure(name: str, value: float, unit: str, budget: float | None = None) -> None:
    """One figure. `name` is unique within its benchmark; `budget`: the most (for rates: the least) it should be."""
    limit = "" if budget is None else f"   budget {budget:g}"
    print(f"{name:56}{value:12,.2f} {unit:12}{limit}", flush=True)
    if noted := os.environ.get(NOTED_IN):
        with Path(noted).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name, "value": round(value, 3), "unit": unit}) + "\n")
