"""Machines of the fake services: with nothing installed, and with an Ollama that has some models."""

from app.domain.model import FoundServer, Provider
from tests.support.window.fake_models import GB, PRESETS, a_report, add_provider, ollama_models
from tests.support.window.fake_services import FakeServices

MODELS = ("qwen3:8b", "ministral-3:8b", "gemma4:e4b", "mistral-small3.2:24b", "nomic-embed-text")


def clear(services: FakeServices) -> None:
    """Only the demo is there."""
    world = services.world
    for key in [key for key, provider in world.providers.items() if provider.name != "demo"]:
        del world.providers[key], world.models[key]


def start_ollama(services: FakeServices, *names: str) -> None:
    """An Ollama begins to answer on its usual port; nobody has connected it yet."""
    services.world.found.append(FoundServer(preset=PRESETS[0], version="0.32.15", models=len(names)))
    services.world.to_offer[PRESETS[0].base_url] = names
    services.world.publish("provider")


def connect_ollama(services: FakeServices, *names: str) -> Provider:
    """An Ollama that is connected already, with what was found out about its models."""
    world = services.world
    world.reports["ollama/qwen3:8b"] = a_report("ollama/qwen3:8b")
    world.reports["ollama/ministral-3:8b"] = a_report("ollama/ministral-3:8b", 5, "weak")
    world.loaded["ollama/ministral-3:8b"] = round(7.9 * GB)
    return add_provider(world, "ollama", PRESETS[0].base_url, ollama_models(*(names or MODELS)), "ollama")


def finish_pull(services: FakeServices, provider: Provider, name: str) -> None:
    """The download ends well and the model is there."""
    world = services.world
    world.models[provider.id] = (*world.models[provider.id], *ollama_models(name))
    total = world.pulls[provider.id, name].total or 1
    world.note_pull(provider.id, name, "done", total)
