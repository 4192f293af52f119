"""`kill -9` at each named point of a run: taken up again, it ends with the same transcript, memory and window."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.bootstrap import open_engine
from app.config import Config
from app.domain.agent import Agent
from app.domain.approval import Answer
from app.domain.error import LinkError
from app.domain.message import MessageDraft
from app.domain.run import Run
from app.engine.compaction.question import INSTRUCTION
from app.engine.run.rows import MAYBE_DONE
from app.services import Services
from tests.support.engine.filling import fill
from tests.support.engine.new_folder import lay
from tests.support.engine.talking import block_value, check_invariants, events_of, transcript
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.processes.crash_points import ANSWER_POINTS, FOLDER, LETTER_POINTS, LETTERS, POINTS, VARIABLE
from tests.support.processes.engine_child import EngineChild
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer
from tests.support.values import samples

pytestmark = pytest.mark.anyio
TOLD = MessageDraft.of("my name is Brad, not Chad").model_copy(update={"otid": "told-once"})
SEARCHED = MessageDraft.of('my name is Brad, not Chad\n/tool conversation_search {"query": "tea"}').model_copy(
    update={"otid": "told-once"}
)
"""Memory tools alone act in the transaction of the reply; with a tool that is run, all are answered in a later one."""
FILLED = 120


@pytest.fixture(scope="module")
def shared_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
def server(shared_server: OpenAIServer) -> OpenAIServer:
    shared_server.requests.clear()
    return shared_server


@pytest.fixture(scope="module")
def filled(shared_server: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Agent, str]:
    """A data folder with an agent and its long thread, as each of its tests finds it."""
    folder = tmp_path_factory.mktemp("filled") / "data"

    async def make() -> tuple[Agent, str]:
        engine = await open_engine(Config.load(folder))
        settings = {"max_output_tokens": 256}
        agent = await agent_on(engine.services, shared_server, context_window=4096, settings=settings)
        thread = await thread_of(engine.services, agent)
        await fill(engine.storage, engine.clock, engine.ids, thread, count=FILLED, keep=FILLED)
        await engine.close()
        return agent, thread

    return folder, *asyncio.run(make())


@pytest.fixture
def crash_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Engine processes that start from now on kill themselves at a point; at none with an empty name."""
    path = os.environ.get("PYTHONPATH", "")

    def at(point: str) -> None:
        monkeypatch.setenv(VARIABLE, point)
        monkeypatch.setenv("PYTHONPATH", f"{FOLDER}{os.pathsep}{path}" if point else path)

    return at


async def test_a_run_killed_at_any_named_point_ends_as_if_nothing_had_been(
    server: OpenAIServer,
    filled: tuple[Path, Agent, str],
    data_folder: Path,
    crash_at: Callable[[str], None],
    point: str,
):
    made, agent, thread = filled
    lay(made, data_folder)
    said = SEARCHED if point.startswith("tools.") else TOLD
    child = await _killed_at(point, crash_at, thread, said)
    async with child as again:
        run = await again.services.runs.start(thread, said)
        await events_of(again.services, run.id)
        await _check(again.services, run, thread)
        messages = (await transcript(again.services, agent))[FILLED:]
        check_invariants(messages)
        assert [message.role for message in messages] == ["user", "summary", "assistant", "tool", "assistant"]
        assert await block_value(again.services, agent) == "Name: Brad.\nLikes tea."
        changes = await again.services.history.of_agent(agent.id, limit=500)
        made = [event.target_kind for event in changes if event.origin.run_id == run.id]
        assert sorted(made) == ["block", "summary"], "each once"
        systems = {chat.body["messages"][0]["content"] for chat in server.chats} - {INSTRUCTION}
        assert len(systems) == 1, "the blocks are those of the run's beginning, after a restart too"
        assert "Name: Chad." in systems.pop()


@pytest.mark.parametrize(("letter_point", "sent"), [(LETTER_POINTS[0], 0), (LETTER_POINTS[1], 1)])
async def test_a_tool_that_may_not_be_repeated_never_runs_twice(
    server: OpenAIServer,
    crash_at: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    letter_point: str,
    sent: int,
):
    letters = tmp_path / "letters"
    letters.touch()
    monkeypatch.setenv(LETTERS, str(letters))
    engine = await open_engine(Config.load())
    await engine.storage.write(
        lambda repos: repos.tools.upsert(
            samples.tool("send_letter", tool_type="custom", source_code="def send_letter(): ...", idempotent=False)
        )
    )
    agent = await agent_on(engine.services, server, tool_names=("send_letter",))
    thread = await thread_of(engine.services, agent)
    await engine.close()
    letter = MessageDraft.of("/tool send_letter").model_copy(update={"otid": "told-once"})
    child = await _killed_at(letter_point, crash_at, thread, letter)
    crash_at("letter.never")
    async with child as again:
        run = await again.services.runs.start(thread, letter)
        await events_of(again.services, run.id)
        assert (await again.services.runs.get(run.id)).status == "completed"
        messages = await transcript(again.services, agent)
        check_invariants(messages)
        assert [part.text for part in messages[2].tool_returns] == [MAYBE_DONE]
    assert len(letters.read_text("utf-8").splitlines()) == sent


LATER_POINTS = ("finish.stored", "finish.committed", *ANSWER_POINTS[:2], *LETTER_POINTS, "tools.stored")
APPROVAL_POINTS = [ANSWER_POINTS[2], *(pytest.param(point, marks=pytest.mark.long) for point in LATER_POINTS)]


@pytest.mark.parametrize("approval_point", APPROVAL_POINTS)
async def test_calls_that_were_asked_about_run_once_and_only_those_that_were_approved(
    server: OpenAIServer,
    crash_at: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    approval_point: str,
):
    """Three letters in one reply, of which the second is refused; the engine dies once on the way."""
    letters = tmp_path / "letters"
    letters.touch()
    monkeypatch.setenv(LETTERS, str(letters))
    engine = await open_engine(Config.load())
    letter = samples.tool("send_letter", tool_type="custom", source_code="def send_letter(): ...", idempotent=False)
    asking = letter.model_copy(update={"requires_approval": True})
    await engine.storage.write(lambda repos: repos.tools.upsert(asking))
    agent = await agent_on(engine.services, server, tool_names=("send_letter",))
    thread = await thread_of(engine.services, agent)
    await engine.close()
    asks = Reply(calls=tuple(ToolCall("send_letter", {"to": name}) for name in ("Ada", "Bo", "Cy")))
    server.queue(*(asks,) * (2 if approval_point == "finish.stored" else 1))
    told = MessageDraft.of("Write to all three").model_copy(update={"otid": "told-once"})
    child = EngineChild(Config.load())
    crash_at(approval_point)
    await child.start()
    with pytest.raises(LinkError):
        await _answered(child.services, thread, told)
    assert child.client is not None
    await child.client.wait_closed()
    await child.client.close()
    crash_at("none.never")
    async with child as again:
        await _answered(again.services, thread, told)
        messages = await transcript(again.services, agent)
        check_invariants(messages)
        returns = [part for message in messages for part in message.tool_returns]
        first, last = approval_point in (*LETTER_POINTS, "tools.stored"), approval_point == "tools.stored"
        assert [part.text == MAYBE_DONE for part in returns] == [first, False, last], "whether they ran is not known"
        assert "refused" in returns[1].text
    sent = letters.read_text("utf-8").splitlines()
    assert len(sent) == (1 if approval_point == "letter.noted" else 2)


async def _answered(services: Services, thread: str, told: MessageDraft) -> None:
    """The message sent, and its calls answered: the second, the third, the first; whatever of it was done before."""
    run = await services.runs.start(thread, told)
    await events_of(services, run.id)
    request = await services.approvals.in_conversation(thread)
    for number in (1, 2, 0) if request is not None else ():
        assert request is not None
        answer = Answer(tool_call_id=request.calls[number].tool_call_id, approve=number != 1)
        run = await services.approvals.answer(thread, (answer,))
    await events_of(services, run.id)
    newest = (await services.runs.list(conversation_id=thread, limit=1))[0]
    await events_of(services, newest.id)
    await services.system.status()


async def _killed_at(point: str, crash_at: Callable[[str], None], thread: str, said: MessageDraft) -> EngineChild:
    """An engine process that was sent this, and has killed itself at this point."""
    child = EngineChild(Config.load())
    crash_at(point)
    await child.start()
    with pytest.raises(LinkError):
        await _run_to_its_end(child.services, thread, said)
    assert child.client is not None
    await child.client.wait_closed()
    await child.client.close()
    crash_at("")
    return child


async def _run_to_its_end(services: Services, thread: str, said: MessageDraft) -> None:
    run = await services.runs.start(thread, said)
    await events_of(services, run.id)
    await services.system.status()


async def _check(services: Services, run: Run, thread: str) -> None:
    ended = await services.runs.get(run.id)
    assert (ended.status, ended.stop_reason, ended.usage.steps) == ("completed", "end_turn", 2), ended.failure
    events = await events_of(services, run.id)
    numbers = [event.seq_id for event in events]
    assert numbers == sorted(set(numbers))
    assert sum(event.payload.message_type == "stop_reason" for event in events) == 1


@pytest.fixture(params=POINTS)
def point(request: pytest.FixtureRequest) -> str:
    return request.param
