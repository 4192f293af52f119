"""The local API as a switch: on, off, since when by whom used. Its state lasts; the server itself is a port."""

import asyncio
import contextlib
import secrets as randomness
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.config import ApiSettings
from app.domain.api import ApiRequest, ApiStatus
from app.domain.error import AppError, Invalid, StorageError
from app.domain.event import Changed
from app.domain.token import token_flaw
from app.engine.deps import EngineDeps
from app.ports.api import ApiPlan, ApiServer
from app.ports.secrets import SecretStore
from app.ports.storage import Repositories

SETTING = "api.enabled"
PORT = "api.port"
"""The port that was chosen in the window; without it the one of `settings.toml`."""
TOKEN = "api/token"
"""The name of the token in the secret store."""
TOKEN_WANTED = "api.token_wanted"
"""Setting: whether the window asked for a token (true) or for none (false). It stands apart from the token, so that a
key ring that is locked or gone never looks like the wish to be open. Absent in databases that never knew of a token."""

ADDS_PROGRAMS = "api.adds_programs"
"""Setting: whether programs may add programs. It holds only as long as a token is asked for."""


@dataclass(frozen=True)
class TokenState:
    """What programs must prove; a `problem` means that nobody can."""

    token: str | None = None
    problem: AppError | None = None


class Api:
    """Switches the server of the local API, and says how it stands. Its wish to be on outlives the engine."""

    def __init__(
        self,
        deps: EngineDeps,
        secrets: SecretStore,
        settings: ApiSettings,
        make_server: Callable[[], ApiServer],
        has_other_users: Callable[[], bool],
    ) -> None:
        """`make_server` is called at the first start: a server takes time to load that most engines never need."""
        self._deps = deps
        self._secrets = secrets
        self._settings = settings
        self._make_server = make_server
        self._has_other_users = has_other_users
        self._server: ApiServer | None = None
        self._place = (settings.host, settings.port)
        self._failure: AppError | None = None
        self._lock = asyncio.Lock()

    @property
    def url(self) -> str:
        """Where it serves; empty while it does not."""
        return self._server.url if self._server else ""

    @property
    def running(self) -> bool:
        return bool(self.url)

    async def status(self) -> ApiStatus:
        setting = await self._deps.storage.read(lambda repos: repos.settings.get(SETTING))
        host, port = self._place if self.running else (self._settings.host, await self._port())
        state = await self._token_state()
        return ApiStatus(
            enabled=bool(setting and setting.value),
            running=self.running,
            host=host,
            port=port,
            url=self.url,
            has_token=state.token is not None,
            token_error=state.problem.message if state.problem else "",
            token_hint=state.problem.hint if state.problem else "",
            adds_programs=await self.adds_programs(),
            shared=state.token is None and await asyncio.to_thread(self._has_other_users),
            origins=tuple(self._settings.origins),
            error=self._failure.message if self._failure else "",
            hint=self._failure.hint if self._failure else "",
        )

    async def start(self, port: int | None = None) -> ApiStatus:
        """Serves from now on and at every later start of the engine, on this port, else on the one chosen before.

        Raises `AppError` when it cannot.
        """
        async with self._lock:
            chosen = await self._port() if port is None else port
            if not self.running:
                await self._serve(self._settings.host, chosen)
            elif chosen not in (0, self._place[1]):
                await self._move(chosen)
            await self._remember({SETTING: True} if port is None else {SETTING: True, PORT: port})
        return await self.status()

    async def stop(self) -> ApiStatus:
        """Serves no more, also not after a restart. Runs that programs began go on."""
        async with self._lock:
            await self._stop()
            await self._remember({SETTING: False})
        return await self.status()

    async def requests(self) -> tuple[ApiRequest, ...]:
        """What was asked last, newest first."""
        return self._server.requests() if self._server else ()

    async def token(self) -> str | None:
        """What programs must prove; None when they need not. Raises `AppError` when it is wanted and cannot be read."""
        state = await self._token_state()
        if state.problem is not None:
            raise state.problem
        return state.token

    async def set_token(self, token: str | None) -> ApiStatus:
        """Asks programs for this token from now on; None asks for none. A server that runs is started again."""
        if token is not None and (flaw := token_flaw(token)):
            raise Invalid(flaw, hint="Let Lares create one.")
        async with self._lock:
            if token is None:
                # Open because that was said, whether or not the key ring lets go of the old one.
                await self._remember({TOKEN_WANTED: False})
                with contextlib.suppress(StorageError):
                    await asyncio.to_thread(self._secrets.delete, TOKEN)
            else:
                await asyncio.to_thread(self._secrets.set, TOKEN, token)
                await self._remember({TOKEN_WANTED: True})
            await self._serve_again()
            await self._remember({})
        return await self.status()

    async def make_token(self) -> str:
        """A new token, already in force."""
        token = randomness.token_urlsafe(32)
        await self.set_token(token)
        return token

    async def adds_programs(self) -> bool:
        """Whether programs may add programs."""
        setting = await self._deps.storage.read(lambda repos: repos.settings.get(ADDS_PROGRAMS))
        return bool(setting and setting.value) and (await self._token_state()).token is not None

    async def set_adds_programs(self, allowed: bool) -> ApiStatus:
        """Lets programs add programs, or no more. Raises `Invalid` (`needs_token`) while no token is asked for."""
        if allowed and (await self._token_state()).token is None:
            raise Invalid(
                "Programs may add programs only where each must prove a token.",
                code="needs_token",
                hint="Create a token first.",
            )
        await self._remember({ADDS_PROGRAMS: allowed})
        return await self.status()

    async def restore(self) -> None:
        """Serves if it did when the last engine ended. A failure is kept for `status`, it does not stop the engine."""
        setting = await self._deps.storage.read(lambda repos: repos.settings.get(SETTING))
        if setting and setting.value and not self.running:
            with contextlib.suppress(AppError):
                await self._serve(self._settings.host, await self._port())
            # Windows may have asked before: they come as soon as the link listens.
            self._deps.publish(Changed(kind="setting", ids=(SETTING,)))

    async def close(self) -> None:
        async with self._lock:
            await self._stop()

    def serving(
        self,
        host: str,
        port: int,
        say: Callable[[str], None],
        *,
        new_token: bool = False,
        allow_programs: bool = False,
    ) -> AbstractAsyncContextManager[None]:
        """Serves while the block runs, whatever the switch says. `say` is told what a person at a terminal must know.

        `new_token`: makes one first, and says it. `allow_programs`: programs may add programs from now on; raises
        `Invalid` without a token.
        """

        @contextlib.asynccontextmanager
        async def block() -> AsyncGenerator[None]:
            if new_token:
                say(f"The new token of the local API: {await self.make_token()}")
            if allow_programs:
                await self.set_adds_programs(True)
            await self._serve(host, port)
            problem = (await self._token_state()).problem
            if problem is not None:
                say(f"{problem.message} {problem.hint}")
            try:
                yield
            finally:
                await self.close()

        return block()

    async def _serve(self, host: str, port: int) -> None:
        self._place, self._failure = (host, port), None
        server = self._server = self._server or await asyncio.to_thread(self._make_server)
        state = await self._token_state()
        locked = state.problem.message if state.problem else ""
        plan = ApiPlan(host, port, token=state.token, origins=tuple(self._settings.origins), locked=locked)
        try:
            await server.start(plan)
        except AppError as error:
            self._failure = error
            raise
        self._place = (host, urlsplit(server.url).port or port)

    async def _serve_again(self) -> None:
        if self.running:
            host, port = self._place
            await self._stop()
            await self._serve(host, port)

    async def _move(self, port: int) -> None:
        """To another port; where that cannot be had, it goes on at the old one."""
        host, before = self._place
        await self._stop()
        try:
            await self._serve(host, port)
        except AppError:
            with contextlib.suppress(AppError):
                await self._serve(host, before)
            raise

    async def _stop(self) -> None:
        if self._server is not None:
            await self._server.stop()

    async def _token_state(self) -> TokenState:
        """From the window's token, else that of the settings. What was asked for and cannot be read is a problem."""
        configured = self._settings.token or None
        setting = await self._deps.storage.read(lambda repos: repos.settings.get(TOKEN_WANTED))
        if setting is not None and not setting.value:
            return TokenState(configured)
        try:
            kept = await asyncio.to_thread(self._secrets.get, TOKEN)
        except StorageError as error:
            return TokenState(configured) if configured else TokenState(problem=_unreadable(error))
        if kept is not None and not token_flaw(kept):
            if setting is None:
                # Made before the wish was kept beside it.
                await self._deps.storage.write(lambda repos: repos.settings.set(TOKEN_WANTED, True))
            return TokenState(kept)
        if configured or (setting is None and kept is None):
            return TokenState(configured)
        return TokenState(problem=_unreadable(None))

    async def _port(self) -> int:
        chosen = await self._deps.storage.read(lambda repos: repos.settings.get(PORT))
        return int(chosen.value) if chosen else self._settings.port

    async def _remember(self, settings: dict[str, bool | int]) -> None:
        """Stores these and tells everyone who shows the API that it is not as it was."""

        def work(repos: Repositories) -> None:
            for key, value in settings.items():
                repos.settings.set(key, value)
            repos.changed(Changed(kind="setting", ids=(SETTING,)))

        await self._deps.storage.write(work)


def _unreadable(cause: StorageError | None) -> StorageError:
    return StorageError(
        "The local API asks for a token, and that cannot be read from where your keys are kept, so every request is "
        "refused.",
        code="token_unreadable",
        hint="Unlock the key ring and start Lares again, or make a new token: on the page Local API of the settings, "
        "or with lares serve --new-token.",
        details=cause.details if cause else {"reason": "not there"},
    )
