"""The fake services of models: servers, lists, downloads that a test moves on, fit tests, starters."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from app.domain.block import BlockDraft
from app.domain.error import Conflict, ModelError
from app.domain.fitness import FitProgress, FitReport, FitTask, FitTaskName
from app.domain.model import (
    ComputerMemory,
    FoundServer,
    LoadedModel,
    Model,
    Provider,
    ProviderDraft,
    ProviderKind,
    ProviderModels,
    Pull,
    RecommendedModel,
    ServerPreset,
)
from app.domain.starter import Starter
from tests.support.window.fake_world import World, new_id, now

GB = 1_000_000_000
TASKS: tuple[FitTaskName, ...] = ("tool call", "two steps", "memory edit", "restraint", "json", "speed", "context")
PRESETS = tuple(
    ServerPreset(name=name, label=label, kind=kind, base_url=url, local=local, page=page)
    for name, label, kind, url, local, page in (
        ("ollama", "Ollama", "ollama", "http://127.0.0.1:11434", True, "https://ollama.com/download"),
        ("lmstudio", "LM Studio", "openai", "http://127.0.0.1:1234/v1", True, "https://lmstudio.ai/download"),
        ("llamacpp", "llama.cpp", "openai", "http://127.0.0.1:8080/v1", True, "https://github.com/ggml-org/llama.cpp"),
        ("jan", "Jan", "openai", "http://127.0.0.1:1337/v1", True, "https://jan.ai/download"),
        ("vllm", "vLLM", "openai", "http://127.0.0.1:8000/v1", True, "https://docs.vllm.ai"),
        ("openai", "OpenAI", "openai", "https://api.openai.com/v1", False, "https://platform.openai.com/api-keys"),
        ("openrouter", "OpenRouter", "openai", "https://openrouter.ai/api/v1", False, "https://openrouter.ai/keys"),
    )
)
LISTED = (
    ("qwen3:8b", 5.2, 7.1, "fits", "Reliable with tools and memory.", True),
    ("qwen3:4b", 2.5, 4.0, "fits", "Small and quick.", False),
    ("granite4:3b", 2.1, 3.0, "fits", "Very small; makes mistakes with several steps.", False),
    ("gpt-oss:20b", 14.0, 14.9, "tight", "Strong, but leaves little room.", False),
    ("mistral-small3.2:24b", 15.0, 17.2, "too_big", "Strong.", False),
)


def add_provider(
    world: World, name: str, url: str, models: tuple[Model, ...], kind: ProviderKind = "openai"
) -> Provider:
    provider = Provider(
        id=new_id("provider"),
        name=name,
        kind=kind if url else "demo",
        base_url=url,
        created_at=now(),
        updated_at=now(),
    )
    world.providers[provider.id] = provider
    world.models[provider.id] = models
    return provider


def ollama_models(*names: str) -> tuple[Model, ...]:
    """Models as an Ollama of the household would list them."""
    every = (
        _model("qwen3:8b", 5.2, tools=True, reasoning=True, trained_context=40960),
        _model("ministral-3:8b", 6.0, tools=True, vision=True, trained_context=262144),
        _model("gemma4:e4b", 3.3, tools=True, vision=True, trained_context=131072),
        _model("mistral-small3.2:24b", 15.0, tools=True, trained_context=131072),
        _model("nomic-embed-text", 0.274, embedding=True, unfit="Creates embeddings, cannot chat."),
        _model("gpt-oss:120b-cloud", None, tools=True, cloud=True),
        _model("qwen3:4b", 2.5, tools=True, reasoning=True, trained_context=40960),
    )
    return tuple(model for model in every if model.name in names)


def _model(name: str, size: float | None, **fields: Any) -> Model:
    bytes_ = None if size is None else round(size * GB)
    return Model(
        handle=f"ollama/{name}",
        provider="ollama",
        name=name,
        size_bytes=bytes_,
        quantization="Q4_K_M" if size else "",
        digest=f"digest of {name}",
        **fields,
    )


def a_report(handle: str, passed: int = 7, verdict: str = "good", **fields: Any) -> FitReport:
    tasks = tuple(
        FitTask(name=name, passed=at < passed, sentence=f"It {'did' if at < passed else 'did not do'} the {name}.")
        for at, name in enumerate(TASKS)
    )
    given = {
        "handle": handle,
        "passed": passed,
        "of": len(TASKS),
        "tasks": tasks,
        "tokens_per_second": 34.2,
        "verdict": verdict,
        "sentence": "It keeps a memory." if verdict == "good" else "It forgets what it should write down.",
        "tested_at": now(),
        **fields,
    }
    return FitReport.model_validate(given)


class Models:
    def __init__(self, world: World) -> None:
        self._world = world

    async def list(self, refresh: bool = False) -> tuple[ProviderModels, ...]:
        world = self._world
        return tuple(
            ProviderModels(
                provider=provider,
                models=() if world.model_errors.get(provider.id) else world.models.get(provider.id, ()),
                error=world.model_errors.get(provider.id, ""),
                hint="Start the server and look again." if world.model_errors.get(provider.id) else "",
                checked_at=now(),
            )
            for provider in world.providers.values()
        )

    async def recommended(self) -> tuple[RecommendedModel, ...]:
        world = self._world
        every = [model for models in world.models.values() for model in models]
        handles = {model.name: model.handle for model in every if model.provider == "ollama"}
        rows: list[RecommendedModel] = []
        for name, size, need, fits, note, best in LISTED:
            handle = handles.get(name, "")
            rows.append(
                RecommendedModel.model_validate(
                    {
                        "name": name,
                        "size_bytes": round(size * GB),
                        "need_bytes": round(need * GB),
                        "context_window": 16384,
                        "note": note,
                        "fits": fits,
                        "installed": bool(handle),
                        "handle": handle,
                        "best": best,
                        "fitness": world.reports.get(handle),
                    }
                )
            )
        return tuple(rows)

    async def memory(self) -> ComputerMemory:
        world = self._world
        loaded = tuple(
            LoadedModel(provider_id=provider_id, handle=model.handle, name=model.name, bytes=world.loaded[model.handle])
            for provider_id, models in world.models.items()
            for model in models
            if model.handle in world.loaded
        )
        used = round(4.8 * GB) + sum(one.bytes for one in loaded)
        return ComputerMemory(total_bytes=16 * GB, used_bytes=used, loaded=loaded, free_disk_bytes=120 * GB)

    async def pull(self, provider_id: str, name: str) -> Pull:
        old = self._world.pulls.get((provider_id, name))
        done = old.completed if old is not None else 0
        return self._world.note_pull(provider_id, name, "running" if done else "waiting", done)

    async def pulls(self) -> tuple[Pull, ...]:
        return tuple(self._world.pulls.values())

    async def pause_pull(self, provider_id: str, name: str) -> Pull:
        return self._world.note_pull(provider_id, name, "paused", self._world.pulls[provider_id, name].completed)

    async def cancel_pull(self, provider_id: str, name: str) -> None:
        del self._world.pulls[provider_id, name]
        self._world.publish("model", provider_id)

    async def delete(self, provider_id: str, name: str) -> None:
        world = self._world
        world.models[provider_id] = tuple(model for model in world.models[provider_id] if model.name != name)
        world.publish("model", provider_id)

    async def unload(self, provider_id: str, name: str) -> None:
        handle = next(model.handle for model in self._world.models[provider_id] if model.name == name)
        self._world.loaded.pop(handle, None)
        self._world.publish("model", provider_id)


class Servers:
    def __init__(self, world: World) -> None:
        self._world = world

    async def found(self) -> tuple[FoundServer, ...]:
        return tuple(self._world.found)

    async def presets(self) -> tuple[ServerPreset, ...]:
        return PRESETS

    async def adopt(self, found: FoundServer) -> Provider:
        world, preset = self._world, found.preset
        for provider in world.providers.values():
            if provider.base_url == preset.base_url:
                return provider
        names = world.to_offer.get(preset.base_url, ())
        provider = add_provider(world, preset.name, preset.base_url, ollama_models(*names), preset.kind)
        world.publish("provider", provider.id)
        return provider

    async def adopt_found(self) -> tuple[Provider, ...]:
        return tuple([await self.adopt(found) for found in await self.found() if not found.needs_key])


class Fitness:
    def __init__(self, world: World) -> None:
        self._world = world

    async def known(self) -> tuple[FitReport, ...]:
        return tuple(self._world.reports.values())

    async def test(self, handle: str) -> AsyncIterator[FitProgress]:
        world = self._world
        yield FitProgress(of=len(TASKS))
        for number, name in enumerate(TASKS, 1):
            yield FitProgress(task=name, index=number, of=len(TASKS))
            if world.test_gate is not None:
                await world.test_gate.wait()
            await asyncio.sleep(0)
            yield FitProgress(task=name, index=number, of=len(TASKS), passed=True, sentence=f"Did the {name}.")
        report = world.reports[handle] = a_report(handle)
        world.publish("model", handle)
        yield FitProgress(of=len(TASKS), report=report)


class Starters:
    def __init__(self, world: World) -> None:
        self._world = world

    async def list(self) -> tuple[Starter, ...]:
        return tuple(
            Starter(
                id=id,
                name=name,
                icon=icon,
                description=text,
                blocks=(
                    BlockDraft(label="persona", value=f"I am a {name.lower()}.", limit=2000),
                    BlockDraft(label="human", value="", limit=2000),
                    *(
                        (BlockDraft(label="plans", value="Nothing planned yet.", limit=1200),)
                        if id == "companion"
                        else ()
                    ),
                ),
                system=f"You are a {name.lower()}." if id == "coach" else None,
            )
            for id, name, icon, text in (
                ("companion", "Companion", "agent", "Remembers you and what you plan, and corrects what is wrong."),
                (
                    "research",
                    "Research assistant",
                    "search",
                    "Collects what it finds on a question, with where it is from.",
                ),
                ("coach", "Writing coach", "edit", "Learns how you write and helps you to write better."),
                ("reader", "Document reader", "file", "Reads long texts with you and keeps what matters."),
                ("tools", "Tool user", "tool", "Solves tasks with tools and notes what worked."),
                ("blank", "Blank", "plus", "An empty persona and an empty human block."),
            )
        )


class Providers:
    def __init__(self, world: World) -> None:
        self._world = world

    async def list(self) -> tuple[Provider, ...]:
        return tuple(self._world.providers.values())

    async def add(self, draft: ProviderDraft) -> Provider:
        if any(provider.name == draft.name for provider in self._world.providers.values()):
            raise Conflict(f"There is already a server named “{draft.name}”.", code="name_taken")
        provider = add_provider(self._world, draft.name, draft.base_url, self._served(draft), draft.kind)
        self._world.providers[provider.id] = provider.model_copy(update={"has_key": bool(draft.key)})
        self._world.publish("provider", provider.id)
        return self._world.providers[provider.id]

    async def update(self, provider_id: str, draft: ProviderDraft) -> Provider:
        old = self._world.providers[provider_id]
        has_key = old.has_key if draft.key is None else bool(draft.key)
        changed = old.model_copy(update={"name": draft.name, "base_url": draft.base_url, "has_key": has_key})
        self._world.providers[provider_id] = changed
        self._world.publish("provider", provider_id)
        return changed

    async def delete(self, provider_id: str) -> None:
        del self._world.providers[provider_id]
        self._world.publish("provider", provider_id)

    async def test(self, draft: ProviderDraft, provider_id: str | None = None) -> ProviderModels:
        if "9999" in draft.base_url:
            raise ModelError(
                "Nothing answers on 127.0.0.1:9999.", code="server_down", hint="Start the server and test again."
            )
        provider = Provider(
            id=provider_id or "provider-test", name=draft.name, kind="openai", created_at=now(), updated_at=now()
        )
        return ProviderModels(provider=provider, models=self._served(draft), checked_at=now())

    def _served(self, draft: ProviderDraft) -> tuple[Model, ...]:
        return (Model(handle=f"{draft.name}/small", provider=draft.name, name="small", context_window=8192),)
