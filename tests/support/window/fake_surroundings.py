"""The fake services around agents: models, providers, tools, settings, blobs, backups, system, context, events."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from app.domain.api import ApiRequest, ApiStatus
from app.domain.context import ContextOverview, ContextPart
from app.domain.error import AppError, Invalid, NotFound
from app.domain.event import Changed, Progress
from app.domain.model import Model
from app.domain.proposal import MemoryProposal
from app.domain.system import Backup, Blob, EngineStatus
from app.domain.tool import Tool
from tests.support.window.fake_models import add_provider
from tests.support.window.fake_world import World, new_id, now

TOOLS = (
    ("memory_replace", "letta_core", "Replace a text in a memory block."),
    ("memory_insert", "letta_core", "Insert a line into a memory block."),
    ("memory_rethink", "letta_core", "Rewrite a memory block as a whole."),
    ("conversation_search", "letta_core", "Search earlier messages."),
    ("core_memory_append", "letta_memory_core", "Append to a memory block."),
    ("core_memory_replace", "letta_memory_core", "Replace a text in a memory block, older name."),
)


def furnish(world: World) -> None:
    """Give a new world what every engine has at its first start, and one local server."""
    for name, tool_type, description in TOOLS:
        schema = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}
        world.tools[name] = Tool(
            id=new_id("tool"),
            name=name,
            tool_type=tool_type,  # type: ignore[arg-type]
            description=description,
            parameters=schema,
            created_at=now(),
            updated_at=now(),
        )
    add_provider(world, "demo", "", (Model(handle="demo/vesta", provider="demo", name="vesta", scripted=True),))
    served = (
        Model(
            handle="llama/qwen3:8b",
            provider="llama",
            name="qwen3:8b",
            context_window=16384,
            tools=True,
            reasoning=True,
        ),
        Model(handle="llama/ministral-3:8b", provider="llama", name="ministral-3:8b", context_window=32768, tools=True),
        Model(
            handle="llama/nomic-embed-text",
            provider="llama",
            name="nomic-embed-text",
            unfit="Creates embeddings, cannot chat.",
        ),
    )
    add_provider(world, "llama", "http://127.0.0.1:8080/v1", served)
    world.backups.append(Backup(name="lares-2026-11-21.db", at=now() - 86_400_000_000, bytes=4_200_000, reason="daily"))


class Context:
    def __init__(self, world: World) -> None:
        self._world = world

    async def overview(self, conversation_id: str) -> ContextOverview:
        world = self._world
        conversation = world.conversations[conversation_id]
        agent = world.agent(conversation.agent_id)
        shown = world.messages[conversation.active_id]
        parts = [
            ContextPart(kind="system", label="System", text=agent.system, tokens=len(agent.system) // 4),
            ContextPart(kind="tools", label="Tools", text="", tokens=96 * len(agent.tool_names)),
        ]
        for block_id in agent.block_ids:
            block = world.blocks[block_id]
            tokens = len(block.value) // 4 + 12
            parts.append(
                ContextPart(kind="memory", label=block.label, text=block.value, tokens=tokens, block_id=block_id)
            )
        for position, message in shown:
            tokens = len(message.text) // 4 + 6
            parts.append(ContextPart(kind="messages", label=f"Message {position}", text=message.text, tokens=tokens))
        used = sum(part.tokens for part in parts)
        return ContextOverview(
            agent_id=agent.id,
            conversation_id=conversation_id,
            window=agent.context_window,
            served=None if agent.model.startswith("demo") else 16384,
            kept_for_reply=agent.settings.max_output_tokens,
            parts=tuple(parts),
            messages_in=len(shown),
            messages_out=0,
            last_estimate=used if shown else None,
            last_real=used - 21 if shown else None,
            alarm=world.alarm,
        )


class Tools:
    def __init__(self, world: World) -> None:
        self._world = world

    async def list(self) -> tuple[Tool, ...]:
        return tuple(self._world.tools.values())


class Settings:
    def __init__(self, world: World) -> None:
        self._world = world

    async def get(self, key: str) -> Any:
        return self._world.settings.get(key)

    async def all(self) -> dict[str, Any]:
        return dict(self._world.settings)

    async def set(self, key: str, value: Any) -> None:
        self._world.settings[key] = value
        self._world.publish("setting", key)


class Blobs:
    def __init__(self, world: World) -> None:
        self._world = world

    async def put(self, data_base64: str, media_type: str) -> Blob:
        if not media_type.startswith("image/"):
            raise Invalid("Only images can be attached.")
        sha256 = hashlib.sha256(data_base64.encode()).hexdigest()
        self._world.blobs[sha256] = (data_base64, media_type)
        return Blob(sha256=sha256, media_type=media_type, size=len(data_base64) * 3 // 4)

    async def get(self, sha256: str) -> str:
        if sha256 not in self._world.blobs:
            raise NotFound("This image is not there any more.")
        return self._world.blobs[sha256][0]


class Backups:
    def __init__(self, world: World) -> None:
        self._world = world

    async def list(self) -> tuple[Backup, ...]:
        return tuple(self._world.backups)

    async def create(self) -> Backup:
        name = f"lares-manual-{len(self._world.backups)}.db"
        backup = Backup(name=name, at=now(), bytes=4_300_000, reason="manual")
        self._world.backups.insert(0, backup)
        self._world.publish("backup", name)
        return backup

    async def restore(self, name: str) -> None:
        if name not in {backup.name for backup in self._world.backups}:
            raise NotFound("This backup is not there any more.")
        self._world.settings["restored"] = name


class System:
    def __init__(self, world: World) -> None:
        self._world = world
        self.stopped = False
        """Whether the window ended the engine with itself."""

    async def status(self) -> EngineStatus:
        return EngineStatus(
            version="0.1.0",
            pid=4711,
            data_folder="/home/you/.local/share/lares",
            started_at=now(),
            secrets="file",
        )


class Proposals:
    """A memory helper that proposes nothing."""

    async def open_in(self, conversation_id: str) -> tuple[MemoryProposal, ...]:
        return ()


class Api:
    """A local API that serves nobody."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._status = ApiStatus(enabled=False, running=False, host="127.0.0.1", port=8283)
        self._token: str | None = None
        self.asked: tuple[ApiRequest, ...] = ()
        self.refuse: AppError | None = None
        """What starting raises, while it is set."""

    async def status(self) -> ApiStatus:
        return self._status.model_copy(update={"has_token": self._token is not None})

    async def start(self, port: int | None = None) -> ApiStatus:
        port = port or self._status.port
        if self.refuse is not None:
            await self._set(error=self.refuse.message, hint=self.refuse.hint)
            raise self.refuse
        return await self._set(enabled=True, running=True, port=port, url=f"http://127.0.0.1:{port}", error="", hint="")

    async def stop(self) -> ApiStatus:
        return await self._set(enabled=False, running=False, url="")

    async def lose_token(self) -> ApiStatus:
        """As a key ring that is locked does."""
        self._token = None
        return await self._set(token_error="The token cannot be read.", token_hint="Make a new one.")

    async def move_to(self, host: str) -> ApiStatus:
        """As another `host` in settings.toml does."""
        return await self._set(host=host)

    async def requests(self) -> tuple[ApiRequest, ...]:
        return self.asked

    async def token(self) -> str | None:
        return self._token

    async def make_token(self) -> str:
        await self.set_token("a-token-of-twenty-characters")
        assert self._token is not None
        return self._token

    async def set_token(self, token: str | None) -> ApiStatus:
        self._token = token
        return await self._set(token_error="", token_hint="")

    async def _set(self, **fields: Any) -> ApiStatus:
        self._status = self._status.model_copy(update=fields)
        self._world.publish("setting", "api.enabled")
        return await self.status()


class Events:
    def __init__(self, world: World) -> None:
        self._world = world

    def subscribe(self) -> AsyncIterator[Changed | Progress]:
        return self._world.events()
