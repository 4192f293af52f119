"""Starters: agents to begin with, each a file in resources/starters."""

import asyncio
import tomllib

from app.domain.starter import Starter
from app.resources import resource


class Starters:
    def __init__(self) -> None:
        self._all: tuple[Starter, ...] = ()

    async def list(self) -> tuple[Starter, ...]:
        """In the order in which they are offered; none whose promise cannot be kept yet."""
        if not self._all:
            self._all = await asyncio.to_thread(read_starters)
        return tuple(starter for starter in self._all if starter.waits_for is None)


def read_starters() -> tuple[Starter, ...]:
    """Reads all files; `order` is the only field that is not the starter's own."""
    tables = {file.stem: tomllib.loads(file.read_text("utf-8")) for file in resource("starters").glob("*.toml")}
    ordered = sorted(tables.items(), key=lambda entry: entry[1].pop("order"))
    return tuple(Starter.model_validate({"id": name, **table}) for name, table in ordered)
