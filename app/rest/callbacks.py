"""Word of a run's end to the address that its asker named. Sent once; what became of it is told with the run."""

import asyncio
import importlib
import logging
import re
import ssl

from app.domain.error import AppError
from app.domain.turn import RunRequest
from app.domain.wire_message import iso
from app.rest.context import RestContext
from app.rest.requests.turns import ended

log = logging.getLogger(__name__)
SECONDS = 10.0
_LOGIN = re.compile(r"^(\s*(?:[a-z][a-z0-9+.-]*:)?[/\\]*)[^/\\?#]*@", re.I)


def without_login(url: str) -> str:
    """The address without a name and a password in it: those are never stored."""
    return _LOGIN.sub(r"\1", url, count=1)


async def call_back(context: RestContext, request: RunRequest, address: str | None = None) -> None:
    """Waiting for the end of the run, then sends. `address`: with what the stored one lacks; after a restart nobody
    knows it any more, and the receiver's refusal is told with the run.
    """
    services = context.services
    try:
        await ended(services, request.run_id)
        run = await services.runs.get(request.run_id)
        if run.active or request.callback_url is None:
            return  # the engine is ending: the next one sends it
        word = {
            "run_id": run.id,
            "agent_id": run.agent_id,
            "status": run.status,
            "stop_reason": run.stop_reason,
            "completed_at": iso(run.completed_at) if run.completed_at else None,
        }
        status, error = await _post(address or request.callback_url, word)
        await services.turns.note_call(run.id, status, error)
    except AppError as error:
        log.info("word of run %s was not sent: %s", request.run_id, error.message)


async def _post(url: str, word: dict[str, str | None]) -> tuple[int | None, str | None]:
    if not url.lower().startswith(("http://", "https://")):
        return None, "InvalidURL: a callback needs an address that begins with http:// or https://"
    trusted = await asyncio.to_thread(_prepared, url)
    import aiohttp

    try:
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(ssl=trusted)) as client,
            client.post(url, json=word, allow_redirects=False) as answer,
        ):
            return answer.status, None
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        return None, f"{type(error).__name__}: the address could not be reached"


def _prepared(url: str) -> ssl.SSLContext | bool:
    """Imports what is needed; for https also whom to trust, which is not left to the system's OpenSSL."""
    import certifi

    importlib.import_module("aiohttp")

    return ssl.create_default_context(cafile=certifi.where()) if url.lower().startswith("https://") else False
