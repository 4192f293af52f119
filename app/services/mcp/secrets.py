"""Values of servers' variables, headers, placeholders and tokens: in the secret store, by server, kind and name."""

import asyncio
from collections.abc import Iterator, Mapping

from app.domain.error import Invalid
from app.domain.mcp import McpDraft, McpGrant, McpServer
from app.ports.mcp import McpTarget
from app.ports.secrets import SecretStore

KINDS = ("env", "headers", "inputs")
TOKEN = "token"
GRANT = "grant"
"""Of a person who has signed in: `McpGrant` as JSON."""
AUTHORIZATION = "Authorization"
Named = dict[str, dict[str, str]]
"""Values by kind and name."""


class McpSecrets:
    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets

    async def keep(self, server_id: str, draft: McpDraft, before: McpServer | None) -> None:
        """Stores what the draft gives, and forgets what it names no longer."""
        gone = [name for name in names_of(before) if name not in names_of_draft(draft)] if before is not None else []

        def work() -> None:
            for kind in KINDS:
                for name, value in _given(draft, kind).items():
                    if value is not None:
                        self._secrets.set(_key(server_id, f"{kind}/{name}"), value)
            if draft.token:
                self._secrets.set(_key(server_id, TOKEN), draft.token.strip())
            elif draft.token == "":
                self._secrets.delete(_key(server_id, TOKEN))
            for name in gone:
                self._secrets.delete(_key(server_id, name))

        await asyncio.to_thread(work)

    async def forget(self, server: McpServer) -> None:
        def work() -> None:
            for name in (*names_of(server), TOKEN, GRANT):
                self._secrets.delete(_key(server.id, name))

        await asyncio.to_thread(work)

    async def keep_grant(self, server_id: str, grant: McpGrant | None) -> None:
        """None: forgets it."""

        def work() -> None:
            key = _key(server_id, GRANT)
            self._secrets.delete(key) if grant is None else self._secrets.set(key, grant.model_dump_json())

        await asyncio.to_thread(work)

    async def grant(self, server: McpServer) -> McpGrant | None:
        """None where nobody has signed in."""
        if not server.signed_in:
            return None
        text = await asyncio.to_thread(self._secrets.get, _key(server.id, GRANT))
        return None if text is None else McpGrant.model_validate_json(text)

    async def values(self, server: McpServer) -> tuple[Named, str]:
        """All of them, and the token; what the store has lost is left out."""

        def work() -> tuple[Named, str]:
            found: Named = {kind: {} for kind in KINDS}
            for name in names_of(server):
                value = self._secrets.get(_key(server.id, name))
                if value is not None:
                    kind, _, own = name.partition("/")
                    found[kind][own] = value
            token = self._secrets.get(_key(server.id, TOKEN)) if server.has_token else None
            return found, token or ""

        return await asyncio.to_thread(work)

    async def target(self, server: McpServer) -> McpTarget:
        """What is started or asked."""
        found, token = await self.values(server)
        target, grant = target_of(server, found, token), await self.grant(server)
        # A token is sent only to the address that it was made for.
        fits = grant is not None and grant.address == target.url
        return target.model_copy(update={"grant": grant}) if fits else target

    async def trial_target(self, server: McpServer, draft: McpDraft, known: McpServer | None) -> McpTarget:
        """The same of a draft, whose values go before those that are stored."""
        nothing: tuple[Named, str] = ({kind: {} for kind in KINDS}, "")
        stored, stored_token = nothing if known is None else await self.values(known)
        found: Named = {}
        for kind in KINDS:
            given = _given(draft, kind)
            found[kind] = {name: stored[kind].get(name, "") if one is None else one for name, one in given.items()}
        return target_of(server, found, stored_token if draft.token is None else draft.token)


def target_of(server: McpServer, found: Named, token: str) -> McpTarget:
    """Raises `Invalid` where a placeholder has no value."""
    launch, inputs = server.launch, found["inputs"]
    for name in launch.input_names:
        if not inputs.get(name):
            raise Invalid(f"“{server.name}” needs a value for {name}.", hint="Enter it in Tools, then start it.")
    headers = {name: _filled(value, inputs) for name, value in found["headers"].items()}
    if token:
        filled = _filled(token, inputs)
        name = server.auth_header or AUTHORIZATION
        headers[name] = f"Bearer {filled}" if name == AUTHORIZATION and " " not in filled else filled
    return McpTarget(
        transport=launch.transport,
        command=_filled(launch.command, inputs),
        args=tuple(_filled(one, inputs) for one in launch.args),
        folder=_filled(launch.folder, inputs),
        env={name: _filled(value, inputs) for name, value in found["env"].items()},
        url=_filled(launch.url, inputs),
        headers=headers,
        start_seconds=server.start_seconds,
    )


def names_of(server: McpServer) -> tuple[str, ...]:
    """Of all its values but the token."""
    launch = server.launch
    named = zip(KINDS, (launch.env_names, launch.header_names, launch.input_names), strict=True)
    return tuple(f"{kind}/{name}" for kind, names in named for name in names)


def names_of_draft(draft: McpDraft) -> tuple[str, ...]:
    return tuple(f"{kind}/{name}" for kind in KINDS for name in _given(draft, kind))


def _given(draft: McpDraft, kind: str) -> Mapping[str, str | None]:
    return {"env": draft.env, "headers": draft.headers, "inputs": draft.inputs}[kind]


def _key(server_id: str, name: str) -> str:
    return f"mcp/{server_id}/{name}"


def _filled(text: str, inputs: Mapping[str, str]) -> str:
    for name, value in _longest_first(inputs):
        text = text.replace(name, value)
    return text


def _longest_first(inputs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from sorted(inputs.items(), key=lambda one: -len(one[0]))
