"""What a call over the link costs, over a real socket in one process: `python -m tests.benchmarks.link`."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from app.config import Config
from app.link.client import connect
from tests.benchmarks.figures import figure
from tests.support.processes.hosting import hosting
from tests.support.processes.toy_services import ToyServices

CALLS = 2_000


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Config.load(Path(folder))
        async with hosting(config, ToyServices()):
            client = await connect(config)
            for size in (0, 10_000, 1_000_000):
                times = sorted([await _time(client, "x" * size) for _ in range(CALLS if size < 100_000 else 50)])
                figure(f"a call with {size:,} characters, median", statistics.median(times), "ms")
                figure(f"a call with {size:,} characters, p95", times[int(len(times) * 0.95)], "ms")
            await client.close()


async def _time(client: object, text: str) -> float:
    begun = time.perf_counter()
    await client.services.echo.any(text)  # type: ignore[attr-defined]
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    asyncio.run(main())
