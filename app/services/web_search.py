"""How agents search the web: the engine that a person chose, its address and its key."""

import asyncio
from urllib.parse import urlsplit

from app.domain.error import Invalid
from app.domain.event import Changed
from app.domain.web import NEEDS_ADDRESS, NEEDS_KEY, SearchEngine, WebHit, WebQuery, WebSearchChoice
from app.engine.deps import EngineDeps
from app.ports.secrets import SecretStore
from app.ports.storage import Repositories
from app.ports.web import WebSearch as Engines

SETTING = "web_search"
NOT_CHOSEN = "No search engine has been chosen, so the web cannot be searched."
WHERE = "The person can choose one in Settings, Search."


class WebSearch:
    def __init__(self, deps: EngineDeps, secrets: SecretStore, engines: Engines) -> None:
        self._deps = deps
        self._secrets = secrets
        self._engines = engines

    async def choice(self) -> WebSearchChoice:
        """What was chosen. A setting that cannot be read counts as none."""
        stored = await self._deps.storage.read(lambda repos: repos.settings.get(SETTING))
        try:
            found = WebSearchChoice.model_validate(stored.value) if stored is not None else WebSearchChoice()
        except ValueError:
            return WebSearchChoice()
        if found.engine not in NEEDS_KEY:
            return found
        key = await asyncio.to_thread(self._secrets.get, secret_of(found.engine))
        return found.model_copy(update={"has_key": bool(key)})

    async def choose(self, engine: SearchEngine | None, address: str = "", key: str | None = None) -> WebSearchChoice:
        """`None` as an engine: agents do not search. `None` as a key: the one that is kept. Raises `Invalid`."""
        address = address.strip().rstrip("/") if engine in NEEDS_ADDRESS else ""
        if engine in NEEDS_ADDRESS:
            _check_address(address)
        if engine in NEEDS_KEY:
            await self._keep(engine, key)
        choice = WebSearchChoice(engine=engine, address=address)

        def work(repos: Repositories) -> None:
            repos.settings.set(SETTING, choice.model_dump(mode="json", exclude={"has_key"}))
            repos.changed(Changed(kind="setting", ids=(SETTING,)))

        await self._deps.storage.write(work)
        return await self.choice()

    async def search(self, query: WebQuery) -> tuple[WebHit, ...]:
        """Asks the engine that was chosen. Raises `Invalid` with a sentence, also where there is none."""
        choice = await self.choice()
        if choice.engine is None:
            raise Invalid(NOT_CHOSEN, hint=WHERE, code="no_search_engine")
        key = ""
        if choice.engine in NEEDS_KEY:
            key = await asyncio.to_thread(self._secrets.get, secret_of(choice.engine)) or ""
            if not key:
                raise Invalid("The key of the search engine is gone.", hint="Enter it in Settings, Search.")
        return await self._engines.search(choice.engine, choice.address, key, query)

    async def _keep(self, engine: SearchEngine | None, key: str | None) -> None:
        name = secret_of(engine)
        if key is None:
            if not await asyncio.to_thread(self._secrets.get, name):
                raise Invalid("This search engine needs a key.", hint="Enter the key that it gave you.")
            return
        key = key.strip()
        if not key or not (key.isascii() and key.isprintable()):
            raise Invalid("This is not a key that a search engine gives.", hint="Copy it again, without spaces.")
        await asyncio.to_thread(self._secrets.set, name, key)


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise Invalid(
            "SearXNG needs the address at which it runs.", hint="For example: http://127.0.0.1:8888 or https://…"
        )


def secret_of(engine: SearchEngine | None) -> str:
    """Under which name its key is kept."""
    return f"web_search/{engine}"
