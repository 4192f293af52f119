"""The sessions of an engine: started when a tool is first called, restarted with growing pauses, never waited for
longer than they may take. A server that is dead or slow costs its caller a sentence.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.domain.error import AppError, NotFound
from app.domain.event import Changed
from app.domain.mcp import (
    SIGN_IN_SECONDS,
    McpAnswer,
    McpError,
    McpGrant,
    McpHello,
    McpLine,
    McpOffer,
    McpPrompt,
    McpRefresh,
    McpResource,
    McpServer,
    McpStatus,
)
from app.engine.mcp.listing import Listing, store_offers
from app.engine.mcp.plain import plain_line
from app.ports.mcp import McpClient, McpEvent, McpTarget
from app.ports.storage import Repositories, Storage
from app.ports.system import Clock, IdFactory

log = logging.getLogger(__name__)

T = TypeVar("T")
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before each try after the last came to nothing; after so many it is left alone until somebody asks for it."""
STEADY = 60.0
"""Seconds; whoever ran as long starts with the shortest pause again."""
MOST_LINES, MOST_LINE = 300, 500
"""Of a log, and characters of a line."""
SECOND = 1_000_000

TargetOf = Callable[[McpServer], Awaitable[McpTarget]]
"""Puts the values from the secret store in."""
KeepGrant = Callable[[str, McpGrant | None], Awaitable[None]]
"""By the server's id; None: forgets it."""
OVER = ("mcp_exited", "mcp_unreachable", "mcp_garbage", "mcp_too_large", "mcp_gone", "mcp_unauthorized")
"""After these nothing more comes from a session."""


@dataclass
class _Connection:
    server_id: str
    status: McpStatus = field(default_factory=lambda: McpStatus(condition="idle"))
    session: str = ""
    """Empty while there is none."""
    trying: str = ""
    """The session that is being started."""
    quiet_until: int = 0
    """In ticks: whoever calls sooner is told what failed."""
    starting: "asyncio.Task[None] | None" = None
    timer: asyncio.TimerHandle | None = None
    lines: deque[McpLine] = field(default_factory=lambda: deque[McpLine](maxlen=MOST_LINES))


class McpConnections:
    def __init__(
        self,
        storage: Storage,
        client: McpClient,
        target_of: TargetOf,
        keep_grant: KeepGrant,
        clock: Clock,
        ids: IdFactory,
        publish: Callable[[Changed], None],
    ) -> None:
        self._storage = storage
        self._client = client
        self._target_of = target_of
        self._keep_grant = keep_grant
        self._clock = clock
        self._ids = ids
        self._publish = publish
        self._connections: dict[str, _Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self._closed = False
        client.listen(self._hear)

    def status(self, server: McpServer) -> McpStatus:
        found = self._connections.get(server.id)
        if not server.seen:
            return McpStatus(condition="unseen")
        return found.status if found is not None else McpStatus(condition="idle")

    def log(self, server_id: str) -> tuple[McpLine, ...]:
        """Oldest first."""
        found = self._connections.get(server_id)
        return tuple(found.lines) if found is not None else ()

    async def start(self, server_id: str) -> McpHello:
        """Starts it now, whatever was before; one that runs stays. Raises `McpError`, `NotFound`."""
        one = self._of(server_id)
        if one.status.condition != "running":
            self._forget_failures(one)
        await self._ready(one)
        assert one.status.hello is not None
        return one.status.hello

    async def stop(self, server_id: str, why: str = "Stopped.") -> None:
        """Ends its session; it starts again when it is needed."""
        one = self._of(server_id)
        self._forget_failures(one)
        session, one.session = one.session, ""
        if one.starting is not None:
            one.starting.cancel()
            await asyncio.wait([one.starting])
        if session:
            self._say(one, why)
            await self._client.stop(session)
        self._become(one, McpStatus(condition="idle"))

    async def sign_in(self, server_id: str) -> None:
        """Begins to: `McpStatus.sign_in` has the address as soon as the server has told it, and the session starts when
        the person has come back from there. Raises `McpError` and `NotFound`.
        """
        one, server = self._of(server_id), await self._server(server_id)
        if not server.seen:
            raise _unseen(server)
        await self.stop(server_id)
        one.starting = asyncio.get_running_loop().create_task(self._sign_in(one, server))
        one.starting.add_done_callback(lambda task: self._begun(one))

    async def sign_out(self, server_id: str, grant: McpGrant | None) -> None:
        """Forgets the tokens, and has the server forget them where it answers. Raises `NotFound`."""
        one = self._of(server_id)
        await self.stop(server_id, "Signed out.")
        await self._keep(server_id, None)
        if grant is not None:
            try:
                await self._client.sign_out(grant)
            except McpError as error:
                self._say(one, f"The server was not told that the tokens are over. {error.message}")

    def forget(self, server_id: str) -> None:
        """It was deleted. Its session must have ended before."""
        self._connections.pop(server_id, None)

    async def call(self, server_id: str, name: str, arguments: dict[str, Any]) -> McpAnswer:
        """Runs a tool, in a session that is started first where there is none. Raises `McpError`, `NotFound`."""
        return await self._use(server_id, lambda session, s: self._client.call(session, name, arguments, s))

    async def refresh(self, server_id: str) -> McpRefresh:
        """Lists its tools again; what changed is taken as it is."""
        offers = await self._use(server_id, self._client.offers)
        return await self._store(server_id, offers, accept=True)

    async def resources(self, server_id: str) -> tuple[McpResource, ...]:
        return await self._use(server_id, self._client.resources)

    async def read(self, server_id: str, uri: str) -> McpAnswer:
        return await self._use(server_id, lambda session, s: self._client.read(session, uri, s))

    async def prompts(self, server_id: str) -> tuple[McpPrompt, ...]:
        return await self._use(server_id, self._client.prompts)

    async def prompt(self, server_id: str, name: str, arguments: dict[str, str]) -> McpAnswer:
        return await self._use(server_id, lambda session, s: self._client.prompt(session, name, arguments, s))

    async def trial(self, server: McpServer, target: McpTarget) -> McpHello:
        """Starts what no row holds, and ends it again."""
        session = self._new_session()
        try:
            return await self._client.start(session, target)
        finally:
            await asyncio.shield(self._client.stop(session))

    async def close(self) -> None:
        self._closed = True
        for one in self._connections.values():
            if one.timer is not None:
                one.timer.cancel()
        open_tasks = [one.starting for one in self._connections.values() if one.starting is not None]
        for task in (*open_tasks, *self._tasks):
            task.cancel()
        if waiting := (*open_tasks, *self._tasks):
            await asyncio.wait(waiting)
        await self._client.close()

    async def _use(self, server_id: str, work: Callable[[str, float], Awaitable[T]]) -> T:
        one = self._of(server_id)
        await self._ready(one)
        server = await self._server(server_id)
        begun = self._clock.ticks()
        try:
            found = await work(one.session, server.call_seconds)
        except McpError as error:
            if error.code in OVER and one.session:
                await self._broke(one, error)
            raise
        took = (self._clock.ticks() - begun) // 1000
        one.status = one.status.model_copy(update={"milliseconds": took})
        return found

    async def _ready(self, one: _Connection) -> None:
        """Returns with a session. Whoever else waits for it waits for the same start."""
        if one.session and one.starting is None:
            return
        if one.status.condition == "signing_in":
            raise McpError(
                "It waits for the person to sign in.",
                code="mcp_unauthorized",
                hint="That is done in Tools, MCP servers.",
            )
        if one.starting is None:
            self._refuse_too_soon(one)
            self._start(one)
        assert one.starting is not None
        # Not cancelled with one of those who wait.
        await asyncio.wait([one.starting])
        if not one.session:
            raise self._failure(one)

    def _refuse_too_soon(self, one: _Connection) -> None:
        """A tool that is called must not wait for a server that just came to nothing, but for the first new try."""
        if one.status.tries > 1 and self._clock.ticks() < one.quiet_until:
            raise self._failure(one)

    def _failure(self, one: _Connection) -> McpError:
        status = one.status
        hint = status.hint
        if status.condition == "waiting":
            seconds = max(1, round((one.quiet_until - self._clock.ticks()) / SECOND))
            hint = f"{hint} It is started again in {seconds} s.".strip()
        return McpError(status.error or "The server was stopped.", code=status.code or "mcp_exited", hint=hint)

    def _start(self, one: _Connection) -> None:
        if one.timer is not None:
            one.timer.cancel()
            one.timer = None
        one.starting = asyncio.get_running_loop().create_task(self._begin(one))
        one.starting.add_done_callback(lambda task: self._begun(one))

    def _begun(self, one: _Connection) -> None:
        one.starting, one.trying = None, ""

    async def _begin(self, one: _Connection) -> None:
        """Never raises but for a cancellation: what failed stands in the status."""
        tries = one.status.tries
        session = one.trying = self._new_session()
        try:
            server = await self._server(one.server_id)
            if not server.seen:
                raise _unseen(server)
            self._become(one, McpStatus(condition="starting", tries=tries))
            self._say(one, f"Starting: {server.launch.written}")
            hello = await self._client.start(session, await self._target_of(server))
            one.session = session
            self._become(
                one,
                McpStatus(
                    condition="running",
                    tries=tries,
                    since=self._clock.now(),
                    milliseconds=hello.milliseconds,
                    hello=hello,
                ),
            )
            self._say(one, f"Started in {hello.milliseconds} ms, offers {len(hello.offers)} tools.")
            await self._store(one.server_id, hello.offers, accept=False)
        except asyncio.CancelledError:
            one.session = ""
            await asyncio.shield(self._client.stop(session))
            raise
        except AppError as error:
            one.session = ""
            await self._client.stop(session)
            self._fail(one, error, tries + 1, again=False)

    async def _sign_in(self, one: _Connection, server: McpServer) -> None:
        """Never raises but for a cancellation: what failed stands in the status."""
        session = one.trying = self._new_session()
        try:
            self._become(one, McpStatus(condition="signing_in"))
            self._say(one, "Signing in.")
            grant = await self._client.sign_in(session, await self._target_of(server), SIGN_IN_SECONDS)
            await self._keep(server.id, grant)
        except AppError as error:
            self._fail(one, error, 1, again=False)
            return
        await self._begin(one)

    async def _keep(self, server_id: str, grant: McpGrant | None) -> None:
        """Tokens go to the secret store; the row says that there are some."""
        await self._keep_grant(server_id, grant)

        def work(repos: Repositories) -> None:
            server = repos.mcp_servers.get(server_id)
            if server.signed_in != (grant is not None):
                repos.mcp_servers.save(server.model_copy(update={"signed_in": grant is not None}))
                repos.changed(Changed(kind="mcp_server", ids=(server_id,)))

        await self._storage.write(work)

    def _fail(self, one: _Connection, error: AppError, tries: int, *, again: bool) -> None:
        """`again`: it is started once more by itself, unless it failed too often."""
        again = again and tries <= len(PAUSES) and not self._closed
        pause = PAUSES[min(tries, len(PAUSES)) - 1]
        one.quiet_until = self._clock.ticks() + int(pause * SECOND)
        status = McpStatus(
            condition="waiting" if again else "failed",
            error=error.message,
            hint=error.hint,
            code=error.code,
            tries=tries,
            retry_at=self._clock.now() + int(pause * SECOND),
        )
        self._say(one, error.message)
        self._become(one, status)
        if again:
            one.timer = asyncio.get_running_loop().call_later(pause, self._start, one)

    async def _broke(self, one: _Connection, error: AppError) -> None:
        """What comes of a session that is of no use any more."""
        session, one.session = one.session, ""
        since, now = one.status.since, self._clock.now()
        steady = since is not None and now - since > STEADY * SECOND
        again = error.code != "mcp_unauthorized"  # which only a person can help
        self._fail(one, error, 1 if steady else one.status.tries + 1, again=again)
        await self._client.stop(session)

    def _hear(self, event: McpEvent) -> None:
        every = self._connections.values()
        one = next((each for each in every if event.session in (each.session, each.trying)), None)
        if one is None or self._closed:
            return
        if event.kind == "log":
            for line in event.lines:
                self._say(one, line, ours=False)
        elif event.kind == "sign_in":
            self._become(one, one.status.model_copy(update={"sign_in": event.address}))
        elif event.kind == "grant":
            self._spawn(self._keep(one.server_id, event.grant))
        elif event.session != one.session:
            return
        elif event.kind == "ended":
            self._spawn(self._broke(one, McpError(event.error, code=event.code or "mcp_exited", hint=event.hint)))
        else:
            self._spawn(self._relist(one))

    async def _relist(self, one: _Connection) -> None:
        """It says that it offers others now. A tool that it changed waits for a person."""
        try:
            server = await self._server(one.server_id)
            offers = await self._client.offers(one.session, server.call_seconds)
            await self._store(one.server_id, offers, accept=False)
        except AppError as error:
            self._say(one, error.message)

    async def _store(self, server_id: str, offers: Sequence[McpOffer], *, accept: bool) -> McpRefresh:
        once = {offer.name: offer for offer in reversed(offers)}
        listings = await asyncio.to_thread(lambda: [Listing.of(offer) for offer in reversed(list(once.values()))])
        now = self._clock.now()

        def work(repos: Repositories) -> McpRefresh:
            server = repos.mcp_servers.get(server_id)
            return store_offers(repos, self._ids, now, server, listings, accept=accept)

        return await self._storage.write(work)

    async def _server(self, server_id: str) -> McpServer:
        return await self._storage.read(lambda repos: repos.mcp_servers.get(server_id))

    def _of(self, server_id: str) -> _Connection:
        if self._closed:
            raise NotFound("Lares is closing.", code="mcp_gone")
        return self._connections.setdefault(server_id, _Connection(server_id))

    def _forget_failures(self, one: _Connection) -> None:
        if one.timer is not None:
            one.timer.cancel()
            one.timer = None
        if one.status.condition in ("waiting", "failed"):
            one.status = McpStatus(condition="idle")

    def _become(self, one: _Connection, status: McpStatus) -> None:
        one.status = status
        self._publish(Changed(kind="mcp_server", ids=(one.server_id,)))

    def _say(self, one: _Connection, text: str, *, ours: bool = True) -> None:
        one.lines.append(McpLine(at=self._clock.now(), text=plain_line(text, MOST_LINE), ours=ours))

    def _new_session(self) -> str:
        self._count += 1
        return f"s{self._count}"

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _unseen(server: McpServer) -> McpError:
    return McpError(
        f"Nobody has looked at what “{server.name}” starts, so Lares does not start it.",
        code="mcp_unseen",
        hint="Look at its command in Tools and press Start.",
    )
