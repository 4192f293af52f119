"""The fit test on four scripted models over HTTP, what it leaves behind, and when it no longer holds."""

import asyncio
from collections.abc import Iterator

import pytest

from app.domain.agent import AgentDraft, AgentPatch
from app.domain.error import Invalid, ModelError, NotFound
from app.domain.fitness import FitProgress, FitReport
from app.domain.model import Provider, ProviderDraft
from app.services import Services
from tests.services.conftest import Reopen
from tests.support.engine.talking import events_of
from tests.support.engine.whole_engine import started
from tests.support.servers.able_ollama import COUNTED, AbleOllama, able, by_json
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.openai_replies import JsonObject, Refusal

pytestmark = pytest.mark.anyio

HANDLE = "Ollama/tiny:latest"


def babbling(asked: str, body: JsonObject) -> Answer:
    return Answer(text="Well, there are many ways to look at this, and each of them has something to it, I suppose.")


@pytest.fixture
def server() -> Iterator[AbleOllama]:
    with AbleOllama(installed=[Installed(capabilities=("tools", "completion"))]) as opened:
        yield opened


@pytest.fixture
async def provider(services: Services, server: AbleOllama) -> Provider:
    return await services.providers.add(ProviderDraft(name="Ollama", kind="ollama", base_url=server.url))


async def report_of(services: Services, handle: str = HANDLE) -> FitReport:
    last: FitProgress | None = None
    async for progress in services.fitness.test(handle):
        last = progress
    assert last is not None
    assert last.report is not None
    return last.report


def passed(report: FitReport) -> dict[str, bool]:
    return {task.name: task.passed for task in report.tasks}


async def test_a_good_model_is_good(services: Services, server: AbleOllama, provider: Provider) -> None:
    server.brain = able
    report = await report_of(services)
    assert all(passed(report).values()), report.tasks
    assert (report.verdict, report.passed, report.of) == ("good", 7, 7)
    assert report.digest == server.installed[0].digest
    assert report.context in (8192, 16_384)
    assert report.settings == {"context_window": report.context}
    assert AgentPatch.model_validate(report.settings).context_window == report.context
    assert (report.tokens_per_second or 0) > 5


async def test_a_model_without_tools_that_keeps_to_json_is_weak_and_told_to_use_it(
    services: Services, server: AbleOllama, provider: Provider
) -> None:
    server.brain = by_json
    report = await report_of(services)
    assert report.verdict == "weak", report.tasks
    assert passed(report) == {
        "speed": True,
        "tool call": False,
        "json": True,
        "memory edit": True,
        "two steps": True,
        "restraint": True,
        "context": True,
    }
    assert report.settings["settings"] == {"tool_calls": "json"}
    assert "did not call a tool" in report.sentence
    patch = AgentPatch.model_validate(report.settings)
    assert patch.settings is not None
    assert patch.settings.tool_calls == "json"


async def test_a_model_without_tools_that_does_not_keep_to_json_is_unfit(
    services: Services, server: AbleOllama, provider: Provider
) -> None:
    server.installed[:] = [Installed(capabilities=("completion",))]
    server.brain = lambda asked, body: Answer(text=COUNTED if "Count from" in asked else "5")
    report = await report_of(services)
    assert report.verdict == "unfit"
    assert "cannot keep a memory" in report.sentence
    assert passed(report)["speed"]


async def test_a_babbling_model_is_unfit(services: Services, server: AbleOllama, provider: Provider) -> None:
    server.brain = babbling
    report = await report_of(services)
    assert report.verdict == "unfit", report.tasks
    assert [one.passed for one in report.tasks].count(False) == 3, "after three failures there is no more to find out"
    assert len(report.tasks) < 7
    assert not any(passed(report)[name] for name in ("tool call", "json", "memory edit"))


async def test_a_slow_model_is_weak_and_not_made_to_think(
    services: Services, server: AbleOllama, provider: Provider
) -> None:
    server.installed[:] = [Installed(capabilities=("tools", "thinking", "completion"))]
    server.brain = able
    server.pace = 4
    report = await report_of(services)
    assert report.verdict == "weak", report.tasks
    assert [name for name, well in passed(report).items() if not well] == ["speed"]
    assert report.tokens_per_second == pytest.approx(4, abs=1)
    assert "slower than people read" in report.sentence
    assert report.settings["settings"] == {"reasoning": "off"}


async def test_progress_tells_each_task_when_it_begins_and_ends(
    services: Services, server: AbleOllama, provider: Provider
) -> None:
    told = [progress async for progress in services.fitness.test(HANDLE)]
    assert (told[0].task, told[0].index, told[0].of) == (None, 0, 7)
    assert [one.index for one in told[1:-1]] == [number for number in range(1, 8) for _ in range(2)]
    assert all(one.passed is None for one in told[1:-1:2])
    assert all(one.passed is not None and one.sentence for one in told[2:-1:2])
    assert told[-1].report is not None


async def test_it_leaves_nothing_in_the_persons_history(
    services: Services, server: AbleOllama, provider: Provider
) -> None:
    agent = await services.agents.create(AgentDraft(name="Juno", model=HANDLE, context_window=8192))
    before, history = await services.agents.list(), await services.history.of_agent(agent.id)
    await report_of(services)
    assert await services.agents.list() == before
    assert await services.runs.list() == ()
    assert await services.messages.search("Brad") == ()
    assert await services.history.of_agent(agent.id) == history
    assert await services.models.pulls() == ()
    sizes = {one.body["options"]["num_ctx"] for one in server.chats}
    assert sizes == {8192}, "it asks for the size that agents on this model get, so nothing is loaded anew"


async def test_a_changed_digest_invalidates_it(
    services: Services, server: AbleOllama, provider: Provider, reopen: Reopen
) -> None:
    report = await report_of(services)
    assert await services.fitness.known() == (report,)
    later = (await reopen(True)).services
    await later.models.list()
    assert await later.fitness.known() == (report,), "it is kept over a restart"
    server.installed[:] = [Installed(capabilities=("tools", "completion"), revision=2)]
    await later.models.list(refresh=True)
    assert await later.fitness.known() == ()


async def test_whoever_stops_listening_stops_the_test(
    services: Services, server: AbleOllama, provider: Provider
) -> None:
    server.brain = lambda asked, body: Answer(text="never", hold=True)
    test = services.fitness.test(HANDLE)
    assert (await anext(test)).task is None
    assert (await anext(test)).task == "speed"
    waiting = asyncio.ensure_future(anext(test))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    await test.aclose()
    await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    assert await services.fitness.known() == ()
    server.release()


async def test_a_person_does_not_wait_for_the_test(services: Services, server: AbleOllama, provider: Provider) -> None:
    agent = await services.agents.create(AgentDraft(name="Juno", model=HANDLE))
    testing = asyncio.ensure_future(report_of(services))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)
    run = await started(services, agent, "hello there")
    await events_of(services, run.id)
    assert not testing.done()
    said = [str(one.body["messages"][-1].get("content")) for one in server.chats]
    assert next(place for place, text in enumerate(said) if "hello there" in text) <= 2
    assert (await testing).verdict


async def test_what_cannot_be_tested_is_said_at_once(
    services: Services, server: AbleOllama, provider: Provider
) -> None:
    server.installed.append(Installed("embed:latest", capabilities=("embedding",)))
    with pytest.raises(Invalid, match="scripted"):
        await report_of(services, "demo/vesta")
    with pytest.raises(Invalid, match="not a chat model"):
        await report_of(services, "Ollama/embed:latest")
    with pytest.raises(NotFound):
        await report_of(services, "Ollama/nobody")


async def test_a_server_at_fault_is_no_verdict(services: Services, server: AbleOllama, provider: Provider) -> None:
    server.answers["/api/chat"] = Refusal(401, {"error": "unauthorized", "signin_url": "https://ollama.com/connect"})
    with pytest.raises(ModelError) as told:
        await report_of(services)
    assert told.value.code == "unauthorized"
    assert await services.fitness.known() == ()
