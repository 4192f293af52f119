"""Downloads of models over a scripted Ollama: progress, pause, resume, failure, disk, and the engine's restart."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.error import Invalid, ModelError
from app.domain.event import Changed
from app.domain.model import Provider, ProviderDraft, Pull
from app.services import Services
from app.services.models.cache import ModelCache
from app.services.models.pulls import Pulls, SpeedMeter
from app.services.models.service import Models
from tests.services.conftest import Reopen
from tests.support.engine.small_computer import SmallComputer
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

NAME, WHOLE = "qwen3:4b", 2_501_900
SECONDS = 10


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as opened:
        yield opened


@pytest.fixture
async def provider(services: Services, server: OllamaServer) -> Provider:
    return await services.providers.add(ProviderDraft(name="Ollama", kind="ollama", base_url=server.url))


@pytest.fixture
def computer() -> SmallComputer:
    return SmallComputer()


@pytest.fixture
async def models(engine: OpenEngine, computer: SmallComputer) -> AsyncIterator[Models]:
    """The service on a computer of which a test can say how it is."""

    async def nothing() -> tuple[()]:
        return ()

    deps = engine.services.blocks._deps
    cache = ModelCache(deps)
    pulls = Pulls(deps, computer, cache)
    yield Models(deps, cache, pulls, computer, nothing)
    await pulls.close()
    await cache.close()


async def until(models: Models, phase: str, completed: int = 0) -> Pull:
    """Polls until the only download is in a phase and has so much."""
    for _ in range(SECONDS * 100):
        pulls = await models.pulls()
        if pulls and pulls[0].phase == phase and pulls[0].completed >= completed:
            return pulls[0]
        await asyncio.sleep(0.01)
    raise TimeoutError(await models.pulls())


async def test_a_model_is_downloaded_and_listed(engine: OpenEngine, services: Services, provider: Provider) -> None:
    begun = await services.models.pull(provider.id, f" {NAME} ")
    assert (begun.phase, begun.completed) == ("waiting", 0)
    done = await until(services.models, "done")
    assert (done.completed, done.total, done.error) == (WHOLE, WHOLE, "")
    (found,) = [one for one in await services.models.list() if one.provider.id == provider.id]
    assert NAME in {model.name for model in found.models}
    assert not engine.busy()


async def test_progress_speed_and_what_is_left_are_told_four_times_a_second_at_most(
    services: Services, server: OllamaServer, provider: Provider
) -> None:
    server.pull_step, server.pull_seconds = 50_000, 0.01
    told: list[Pull] = []
    loop = asyncio.get_running_loop()
    begun = loop.time()
    events = services.events.subscribe()
    await services.models.pull(provider.id, NAME)
    async with asyncio.timeout(SECONDS):
        async for event in events:
            if isinstance(event, Changed) and event.kind == "model":
                assert event.ids == (provider.id,)
                told.extend(await services.models.pulls())
                if told and told[-1].phase == "done":
                    break
    await events.aclose()
    assert len(told) <= 4 * (loop.time() - begun) + 3
    figures = [pull for pull in told if pull.phase == "running" and pull.bytes_per_second]
    assert figures
    assert all((pull.seconds_left or 0) >= 0 for pull in figures)
    assert [pull.completed for pull in told] == sorted(pull.completed for pull in told)


async def test_pause_and_go_on_where_it_was(
    engine: OpenEngine, services: Services, server: OllamaServer, provider: Provider
) -> None:
    server.hold_pull_at = 750_000
    await services.models.pull(provider.id, NAME)
    running = await until(services.models, "running", 500_000)
    assert engine.busy(), "the engine stays for it"
    paused = await services.models.pause_pull(provider.id, NAME)
    assert paused.phase == "paused"
    assert paused.completed >= running.completed
    assert (paused.bytes_per_second, paused.seconds_left) == (None, None)
    assert not engine.busy()
    await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    server.hold_pull_at = None
    again = await services.models.pull(provider.id, NAME)
    assert again.completed == paused.completed, "what is there is shown at once"
    assert (await until(services.models, "done")).completed == WHOLE


async def test_begun_twice_it_runs_once(services: Services, server: OllamaServer, provider: Provider) -> None:
    server.hold_pull_at = 750_000
    await services.models.pull(provider.id, NAME)
    await until(services.models, "running", 250_000)
    await services.models.pull(provider.id, NAME)
    assert len(await services.models.pulls()) == 1
    assert len([one for one in server.requests if one.path == "/api/pull"]) == 1
    await services.models.cancel_pull(provider.id, NAME)


async def test_cancel_stops_and_forgets_it(services: Services, server: OllamaServer, provider: Provider) -> None:
    server.hold_pull_at = 750_000
    await services.models.pull(provider.id, NAME)
    await until(services.models, "running", 250_000)
    await services.models.cancel_pull(provider.id, NAME)
    assert await services.models.pulls() == ()
    await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    await services.models.cancel_pull(provider.id, NAME)
    with pytest.raises(Invalid, match="not being downloaded"):
        await services.models.pause_pull(provider.id, NAME)


async def test_a_download_that_fails_late_ends_in_a_sentence_and_can_go_on(
    services: Services, server: OllamaServer, provider: Provider
) -> None:
    server.fail_pull_at = 1_000_000
    await services.models.pull(provider.id, NAME)
    failed = await until(services.models, "failed")
    assert failed.completed >= 500_000
    assert NAME in failed.error
    assert failed.hint
    server.fail_pull_at = None
    await services.models.pull(provider.id, NAME)
    assert (await until(services.models, "done")).error == ""


async def test_offline_and_unknown_names_end_in_a_sentence(
    services: Services, server: OllamaServer, provider: Provider
) -> None:
    await services.models.pull(provider.id, "nobody-has-this")
    unknown = await until(services.models, "failed")
    assert "nobody-has-this" in unknown.error
    assert unknown.final
    await services.models.cancel_pull(provider.id, "nobody-has-this")
    server.offline = True
    await services.models.pull(provider.id, NAME)
    offline = await until(services.models, "failed")
    assert offline.error
    assert not offline.final


async def test_after_a_restart_it_is_paused_and_goes_on(
    services: Services, server: OllamaServer, provider: Provider, reopen: Reopen
) -> None:
    server.hold_pull_at = 1_000_000
    await services.models.pull(provider.id, NAME)
    await until(services.models, "running", 500_000)
    later = (await reopen(True)).services
    (pull,) = await later.models.pulls()
    assert pull.phase == "paused"
    assert pull.completed > 0
    assert pull.total
    server.hold_pull_at = None
    await later.models.pull(provider.id, NAME)
    assert (await until(later.models, "done")).completed == WHOLE


async def test_a_disk_that_is_too_full_is_told_before_anything_is_sent(
    models: Models, computer: SmallComputer, server: OllamaServer, provider: Provider
) -> None:
    computer.free = 2_000_000_000
    with pytest.raises(ModelError) as told:
        await models.pull(provider.id, "qwen3:8b")
    assert told.value.message == "“qwen3:8b” needs 5.2 GB more disk space, but only 2.0 GB is free."
    assert not [one for one in server.requests if one.path == "/api/pull"]
    assert await models.pulls() == ()


async def test_a_disk_that_is_too_small_for_what_the_server_names_stops_the_download(
    services: Services, models: Models, computer: SmallComputer, server: OllamaServer, provider: Provider
) -> None:
    server.library["huge"] = (3_000_000_000,)
    server.pull_step, server.pull_seconds, computer.free = 1_000_000, 0.01, 600_000_000
    await models.pull(provider.id, "huge")
    failed = await until(models, "failed")
    assert "needs 3.0 GB more disk space" in failed.error
    assert "what was downloaded is kept" in failed.hint
    await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)


async def test_a_disk_of_which_nothing_is_known_stops_nothing(
    services: Services, models: Models, computer: SmallComputer, provider: Provider
) -> None:
    computer.free = None
    await models.pull(provider.id, NAME)
    await until(models, "done")


async def test_servers_that_keep_their_models_themselves_say_so(services: Services) -> None:
    with OpenAIServer() as server:
        other = await services.providers.add(ProviderDraft(name="LM Studio", base_url=server.url))
        for attempt in (services.models.pull, services.models.delete, services.models.unload):
            with pytest.raises(Invalid, match="LM Studio manages its models with its own program"):
                await attempt(other.id, NAME)
    with pytest.raises(Invalid, match="name is empty"):
        await services.models.pull(other.id, "  ")


async def test_delete_and_unload_change_the_list(services: Services, server: OllamaServer, provider: Provider) -> None:
    await services.models.pull(provider.id, NAME)
    await until(services.models, "done")
    server.loaded[NAME] = 4096
    await services.models.list(refresh=True)
    assert (await services.models.memory()).loaded[0].name == NAME
    await services.models.unload(provider.id, NAME)
    assert (await services.models.memory()).loaded == ()
    await services.models.delete(provider.id, NAME)
    (found,) = [one for one in await services.models.list() if one.provider.id == provider.id]
    assert NAME not in {model.name for model in found.models}


def test_speed_does_not_count_what_was_there_before() -> None:
    meter = SpeedMeter()
    assert meter.note(0, 0, 0.0) is None
    assert meter.note(1_400_000, 2_000_000, 1.0) == 0, "a layer was named, with what is there of it"
    assert meter.note(1_500_000, 2_000_000, 2.0) == 50_000
    assert meter.note(1_700_000, 2_500_000, 3.0) == pytest.approx(100_000 / 3)
    for second in range(4, 14):
        speed = meter.note(1_700_000 + 100_000 * (second - 3), 2_500_000, float(second))
    assert speed == pytest.approx(100_000)
