"""The times of engine starts that did not end in an orderly way: three within five minutes are a crash loop."""

import contextlib
import json
import time
from typing import Any, cast

from app.config import Config

MOST = 3
WITHIN_SECONDS = 300.0


def recent_starts(config: Config) -> tuple[float, ...]:
    try:
        times: Any = json.loads(config.starts_file.read_bytes())
    except (OSError, ValueError):
        return ()
    if not isinstance(times, list):
        return ()
    since = time.time() - WITHIN_SECONDS
    return tuple(at for at in cast(list[Any], times) if isinstance(at, float) and since < at <= time.time())


def note_start(config: Config) -> None:
    """Called by an engine that holds the lock, so nobody writes at the same time."""
    config.starts_file.write_text(json.dumps([*recent_starts(config), time.time()]), encoding="utf-8")


def forget_starts(config: Config) -> None:
    """After an orderly end, or when a person decides to try again."""
    with contextlib.suppress(OSError):
        config.starts_file.unlink()
