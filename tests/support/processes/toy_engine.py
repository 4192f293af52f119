"""An engine process with toy services: `python -m tests.support.processes.toy_engine --data DIR [--behaviour WORD]`.

It appends to `life.txt` what happens to it, and is busy while a file `busy` exists in its data folder.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from app import __version__
from app.config import Config
from app.domain.error import StorageError
from app.link.engine_process import EnginePlan, run_engine
from app.link.spawn import Command, reporter
from tests.support.processes.toy_services import ToyServices


def toy_command(behaviour: str = "", version: str = __version__) -> Command:
    def command(config: Config) -> Sequence[str]:
        own = ["--data", str(config.folder), "--behaviour", behaviour, "--version", version]
        return [sys.executable, "-m", "tests.support.processes.toy_engine", *own]

    return command


def life_of(config: Config) -> list[str]:
    """What engines of this folder noted: `opened 123`, `recovered 123`, `closed 123`."""
    try:
        return (config.folder / "life.txt").read_text().splitlines()
    except FileNotFoundError:
        return []


def processes_of(config: Config) -> set[int]:
    return {int(line.split()[1]) for line in life_of(config)}


class ToyEngine:
    def __init__(self, config: Config) -> None:
        self._config = config
        self.services = ToyServices()
        self.exit_requested = asyncio.Event()

    def note(self, event: str) -> None:
        with (self._config.folder / "life.txt").open("a") as file:
            file.write(f"{event} {os.getpid()}\n")

    def busy(self) -> bool:
        return (self._config.folder / "busy").exists()

    async def recover(self) -> None:
        self.note("recovered")

    async def close(self) -> None:
        self.note("closed")


async def open_toy(behaviour: str, config: Config) -> Any:
    engine = ToyEngine(config)
    engine.note("opened")
    if behaviour == "newer_data":
        raise StorageError(
            "This was written by a newer Lares.", code="newer_data", hint="Get it.", details={"version": 9}
        )
    if behaviour == "fault":
        raise RuntimeError("a fault of its own")
    if behaviour == "dies" and not (config.folder / "mended").exists():
        os.abort()
    return engine


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("--data", "--behaviour", "--version"):
        parser.add_argument(name, default="")
    options = parser.parse_args()
    plan = EnginePlan(partial(open_toy, options.behaviour), reporter(), version=options.version)
    return run_engine(Config.load(options.data), plan)


if __name__ == "__main__":
    sys.exit(main())
