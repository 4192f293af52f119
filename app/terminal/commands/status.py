"""`lares status`: whether an engine runs on this folder, and what it has. Starts nothing."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.config import Config
from app.domain.error import LinkError
from app.link.client import connect
from app.terminal.commands.columns import print_columns
from app.terminal.commands.over_link import DONE, NOT_RUNNING

if TYPE_CHECKING:
    from app.link.client import Services


def status(config: Config) -> int:
    """0 when an engine runs, 3 when none does."""
    return asyncio.run(_status(config))


async def _status(config: Config) -> int:
    try:
        client = await connect(config, "terminal")
    except LinkError as error:
        if error.code != "engine_gone":
            raise
        print_columns([("folder", str(config.folder)), ("engine", "not running")])
        return NOT_RUNNING
    try:
        print_columns([("folder", str(config.folder)), *await _rows(client.services)])
    finally:
        await client.close()
    return DONE


async def _rows(services: "Services") -> list[tuple[str, str]]:
    engine, api = await services.system.status(), await services.api.status()
    agents, busy = await services.agents.count(), {run.agent_id for run in await services.runs.active()}
    started = datetime.fromtimestamp(engine.started_at / 1e6, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    token = "asks for its token" if api.has_token else "asks for no token"
    rows = [
        ("engine", f"{engine.version}, process {engine.pid}, since {started}"),
        ("api", f"{api.url}, {token}" if api.running else "off"),
        ("agents", f"{agents}, {len(busy)} replying"),
    ]
    for offer in await services.models.list():
        provider = offer.provider
        origin = f" from {provider.variable}" if provider.variable else ""
        number = len(offer.models)
        said = offer.error or ("1 model" if number == 1 else f"{number} models")
        rows.append(("server", f"{provider.name}{origin}: {said}"))
    rows += [("download", f"{pull.name}: {pull.phase}") for pull in await services.models.pulls()]
    rows += [("notice", notice) for notice in engine.notices]
    return rows
