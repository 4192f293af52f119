"""Agents, conversations and servers that go away while a reply is under way."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.adapters.secrets.held import SecretsWithHeld
from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.error import AppError, Conflict, Invalid, NotFound
from app.domain.message import MessageDraft
from app.domain.model import ProviderDraft
from app.services import Services
from tests.support.engine.talking import check_invariants, events_of, say, transcript
from tests.support.engine.whole_engine import agent_on, started, thread_of
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


def all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_an_agent_that_replies_in_another_conversation_is_not_deleted_under_it(services: Services):
    agent = await services.agents.create_demo()
    second = await services.conversations.create(agent.id, "Second")
    run = await services.runs.start(second.id, MessageDraft.of("/long 800"))
    with pytest.raises(Conflict, match="still replying"):
        await services.agents.delete(agent.id)
    await services.runs.cancel(run.id)
    await services.agents.delete(agent.id)
    with pytest.raises(NotFound):
        await services.runs.start(second.id, MessageDraft.of("hello?"))
    with pytest.raises(NotFound):
        await services.context.overview(second.id)
    (deleted,) = await services.agents.deleted()
    assert (deleted.agent.id, deleted.agent.name) == (agent.id, agent.name)
    await services.agents.undelete(agent.id)
    assert await services.agents.deleted() == ()
    assert (await say(services, agent, "hello")).status == "completed"


async def test_deleted_conversations_of_living_agents_are_listed_and_come_back(services: Services):
    agent = await services.agents.create_demo()
    first = await services.conversations.create(agent.id, "First")
    second = await services.conversations.create(agent.id, "Second")
    run = await services.runs.start(second.id, MessageDraft.of("hello"))
    await events_of(services, run.id)
    branch = await services.conversations.branch(second.id, 1)
    await services.conversations.delete(first.id)
    await services.conversations.delete(second.id)
    deleted = await services.conversations.deleted()
    assert [one.conversation.id for one in deleted] == [second.id, first.id]
    assert [(one.conversation.title, one.agent_name) for one in deleted] == [
        ("Second", agent.name),
        ("First", agent.name),
    ]
    assert [one.messages for one in deleted] == [0, 0]
    await services.conversations.undelete(second.id)
    await services.conversations.show_branch(second.id)
    await services.conversations.delete(second.id)
    assert [one.messages for one in await services.conversations.deleted()] == [2, 0]
    await services.agents.delete(agent.id)
    assert await services.conversations.deleted() == ()
    await services.agents.undelete(agent.id)
    await services.conversations.undelete(second.id)
    assert [one.conversation.id for one in await services.conversations.deleted()] == [first.id]
    assert (await services.conversations.get(branch.id)).root_id == second.id


async def test_a_conversation_whose_branch_replies_is_not_deleted_under_it(services: Services):
    agent = await services.agents.create_demo()
    second = await services.conversations.create(agent.id, "Second")
    await events_of(services, (await services.runs.start(second.id, MessageDraft.of("hello"))).id)
    branch = await services.conversations.branch(second.id, 1)
    run = await services.runs.start(branch.id, MessageDraft.of("/long 800"))
    with pytest.raises(Conflict) as caught:
        await services.conversations.delete(second.id)
    assert caught.value.details == {"run_id": run.id}
    await services.runs.cancel(run.id)
    with pytest.raises(Invalid, match="branch"):
        await services.conversations.delete(branch.id)
    await services.conversations.delete(second.id)
    back = await services.conversations.undelete(second.id)
    assert (await services.conversations.get(back.active_id)).id == branch.id


async def test_a_server_that_is_removed_during_a_run_and_added_again(services: Services, server: OpenAIServer):
    agent = await agent_on(services, server)
    call = ToolCall("conversation_search", {"query": "hello"})
    server.queue(Reply(calls=(call,), hold=True), Reply(text="There."))
    run = await started(services, agent, "hello")
    (provider,) = [one for one in await services.providers.list() if one.name == "scripted"]
    await services.providers.delete(provider.id)
    server.release()
    await events_of(services, run.id)
    ended = await services.runs.get(run.id)
    assert ended.failure is not None
    assert ended.failure.code == "model_missing"
    check_invariants(await transcript(services, agent))
    await services.providers.add(ProviderDraft(name="scripted", base_url=server.url))
    again = await services.runs.retry(run.id)
    await events_of(services, again.id)
    assert (await services.runs.get(again.id)).stop_reason == "end_turn"


async def test_a_server_that_could_not_be_added_leaves_no_key_behind(
    services: Services, server: OpenAIServer, data_folder: Path
):
    await services.providers.add(ProviderDraft(name="mine", base_url=server.url, key="first-key"))
    with pytest.raises(Conflict):
        await services.providers.add(ProviderDraft(name="mine", base_url=server.url, key="second-key"))
    kept = all_bytes(data_folder)
    assert b"first-key" in kept
    assert b"second-key" not in kept


async def test_a_key_whose_server_was_lost_between_row_and_key_goes_at_the_next_start(
    engine: OpenEngine, services: Services, data_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """The engine is cut off where it would delete a key: what is stored then is what a kill leaves."""
    kept = await services.providers.add(ProviderDraft(name="kept", base_url="http://127.0.0.1:9/v1", key="kept-key"))
    gone = await services.providers.add(ProviderDraft(name="gone", base_url="http://127.0.0.1:8/v1", key="gone-key"))

    def dies(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(SecretsWithHeld, "delete", dies)
        with pytest.raises(asyncio.CancelledError):
            await services.providers.delete(gone.id)
        with pytest.raises(asyncio.CancelledError):  # its key is there before its row, which is refused
            await services.providers.add(ProviderDraft(name="kept", base_url="http://127.0.0.1:7/v1", key="new-key"))
    assert all(key in all_bytes(data_folder) for key in (b"kept-key", b"gone-key", b"new-key"))
    await engine.close()
    again = await open_engine(Config.load())
    try:
        left = all_bytes(data_folder)
        assert b"kept-key" in left
        assert b"gone-key" not in left
        assert b"new-key" not in left
        assert [one.id for one in await again.services.providers.list() if one.name == "kept"] == [kept.id]
    finally:
        await again.close()


async def test_watching_and_stopping_what_is_gone_are_sentences(services: Services):
    for attempt in (services.runs.cancel("run-gone"), services.runs.retry("run-gone"), services.messages.page("gone")):
        with pytest.raises(AppError) as caught:
            await attempt
        assert caught.value.code == "not_found"


async def test_a_conversation_of_a_run_stays_readable_after_its_agent_is_deleted(services: Services):
    agent = await services.agents.create_demo()
    await say(services, agent, "hello")
    thread = await thread_of(services, agent)
    await services.agents.delete(agent.id)
    assert len((await services.messages.page(thread)).messages) == 2


async def test_the_list_of_agents_tells_how_the_last_run_of_each_ended(services: Services):
    fine, failed, fresh = [await services.agents.create_demo() for _ in range(3)]
    await say(services, fine, "hello")
    await say(services, failed, "hello")
    await say(services, failed, "/fail")
    told = {row.agent.id: row.last_stop_reason for row in await services.agents.list()}
    assert told == {fine.id: "end_turn", failed.id: "llm_api_error", fresh.id: None}
