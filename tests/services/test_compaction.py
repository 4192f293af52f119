"""A full window is compacted: whatever is written as a summary, no turn fails, nothing is lost, all can be undone."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentExtras, ModelSettings
from app.domain.compaction import CompactionPreview, Summary, SummaryProgress
from app.domain.error import Conflict, Invalid
from app.domain.message import Member, Message
from tests.support.engine.filling import fill
from tests.support.engine.talking import check_invariants, events_of, say
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_replies import JsonObject, Refusal, Reply, Scripted, ToolCall, error_body
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

WINDOW = 4096
SUMMARY = (
    "Brad cooks risotto on Saturday for six guests; Mia brings the porcini, and the wine is in the cellar. He wants to "
    "scale the recipe by half and asked for a list for the market, which is still open. The oven is not to be used."
)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


def asks_for_summary(body: JsonObject) -> bool:
    return "memory of a conversation" in str(body["messages"][0]["content"])


def summing_up(answer: Callable[[], Scripted]) -> Callable[[JsonObject], Scripted | None]:
    return lambda body: answer() if asks_for_summary(body) else None


async def full_agent(engine: OpenEngine, server: OpenAIServer, count: int = 120, **fields: Any) -> Agent:
    given = {"context_window": WINDOW, "settings": ModelSettings(max_output_tokens=256), "tool_names": (), **fields}
    agent = await agent_on(engine.services, server, **given)
    thread = await thread_of(engine.services, agent)
    await fill(engine.storage, engine.clock, engine.ids, thread, count=count, keep=count + 1)
    return agent


async def window(engine: OpenEngine, agent: Agent) -> tuple[Member, ...]:
    thread = await thread_of(engine.services, agent)
    return await engine.storage.read(lambda repos: repos.messages.in_context(thread))


def summary_of(members: tuple[Member, ...]) -> Message | None:
    """It is the first of the window, and the only one."""
    roles = [member.message.role for member in members]
    assert "summary" not in roles[1:]
    assert [m.position for m in members[1:]] == sorted(m.position for m in members[1:])
    return members[0].message if roles[:1] == ["summary"] else None


async def test_a_summary_of_the_model_takes_the_place_of_what_leaves(engine: OpenEngine, server: OpenAIServer):
    server.rule = summing_up(lambda: Reply(text=SUMMARY))
    agent = await full_agent(engine, server)
    run = await say(engine.services, agent, "hello")
    assert run.stop_reason == "end_turn"
    shown = await window(engine, agent)
    summary = summary_of(shown)
    assert summary is not None
    assert summary.text == SUMMARY
    reply = server.chats[-1].body["messages"]
    assert SUMMARY in str(reply[1])
    assert "hello" in str(reply[-1])
    await say(engine.services, agent, "and now?")
    assert server.chats[-1].body["messages"][: len(reply)] == reply, "one re-read of the prompt, not one each turn"
    steps = await engine.storage.read(lambda repos: repos.runs.steps((run.id,)))
    assert [step.purpose for step in steps] == ["summary"] * (len(steps) - 1) + ["reply"]
    trace = await engine.storage.read(lambda repos: repos.runs.trace(steps[0].id))
    assert "memory of a conversation" in trace.request


@pytest.mark.parametrize(
    "answer",
    [
        Reply(text=""),
        Reply(reasoning="What do they want? Let me think."),
        Reply(text="Awaiting the user's next message."),
        Reply(text="ha ha " * 2_000),
        Reply(calls=(ToolCall("memory_insert", {"label": "human", "new_string": "x"}),)),
        Reply(text="Brad cooks", die_after=1),
        Refusal(500, error_body(500, "out of memory")),
        Refusal(400, error_body(400, "the request exceeds the available context size")),
    ],
)
async def test_rubbish_and_failures_are_replaced_by_extracts(
    engine: OpenEngine, server: OpenAIServer, answer: Scripted
):
    server.rule = summing_up(lambda: answer)
    agent = await full_agent(engine, server)
    run = await say(engine.services, agent, "My order is AB-2291-X.")
    assert run.stop_reason == "end_turn", run.failure
    summary = summary_of(await window(engine, agent))
    assert summary is not None
    assert summary.text.startswith("In extracts")
    event = next(one for one in await engine.services.history.of_agent(agent.id) if one.target_kind == "summary")
    assert (event.after or {})["by"] == "extract"
    assert (event.after or {})["why"]


async def test_a_server_that_is_gone_leaves_the_window_as_it_was(engine: OpenEngine):
    with OpenAIServer() as server:
        agent = await full_agent(engine, server)
    before = len(await window(engine, agent))
    run = await say(engine.services, agent, "hello")
    assert run.failure is not None
    assert run.failure.code == "server_down"
    assert len(await window(engine, agent)) == before + 1


async def test_a_compaction_is_undone_and_redone_and_undone(engine: OpenEngine, server: OpenAIServer):
    server.rule = summing_up(lambda: Reply(text=SUMMARY))
    agent = await full_agent(engine, server)
    before = [member.message.id for member in await window(engine, agent)]
    await say(engine.services, agent, "hello")
    after = [member.message.id for member in await window(engine, agent)]
    event = next(one for one in await engine.services.history.of_agent(agent.id) if one.target_kind == "summary")
    history = engine.services.history
    undone = await history.undo(event.seq)
    back = [member.message.id for member in await window(engine, agent)]
    assert back[: len(before)] == before
    assert undone is not None
    newest = max(one.seq for one in await history.of_agent(agent.id))
    await history.undo(newest)
    assert [member.message.id for member in await window(engine, agent)] == after
    newest = max(one.seq for one in await history.of_agent(agent.id))
    await history.undo(newest)
    assert [member.message.id for member in await window(engine, agent)] == back


async def test_the_next_summary_holds_the_one_before(engine: OpenEngine, server: OpenAIServer):
    told: list[str] = []

    def rule(body: JsonObject) -> Scripted | None:
        if not asks_for_summary(body):
            return None
        told.append(str(body["messages"][1]["content"]))
        return Reply(text=f"{SUMMARY} Number {len(told)}.")

    server.rule = rule
    agent = await full_agent(engine, server)
    await say(engine.services, agent, "hello")
    thread = await thread_of(engine.services, agent)
    first = len(told)
    await fill(engine.storage, engine.clock, engine.ids, thread, count=90, keep=10_000)
    await say(engine.services, agent, "and again")
    assert len(told) > first
    assert "Summary until then" in told[first]
    summary = summary_of(await window(engine, agent))
    assert summary is not None
    assert summary.text.endswith(f"Number {len(told)}.")


async def test_a_turn_that_fills_the_window_by_itself_goes_on_with_its_request(
    engine: OpenEngine, server: OpenAIServer
):
    calls = iter(range(40))

    def rule(body: JsonObject) -> Scripted | None:
        if asks_for_summary(body):
            return Reply(text="The agent searched the messages again and again and found the risotto.")
        number = next(calls)
        if number >= 30:
            return Reply(text="Found it at last.")
        return Reply(
            text=f"Search {number}. " + "thinking aloud " * 20,
            calls=(ToolCall("conversation_search", {"query": f"stir {number}"}),),
        )

    server.rule = rule
    agent = await full_agent(engine, server, count=60, tool_names=("conversation_search",))
    run = await say(engine.services, agent, "Find the recipe with the number 4711.")
    assert run.stop_reason == "end_turn", run.failure
    shown = await window(engine, agent)
    summary = summary_of(shown)
    assert summary is not None
    assert "4711" in summary.text or any("4711" in member.message.text for member in shown)
    page = (await engine.services.messages.page(await thread_of(engine.services, agent), limit=500)).messages
    check_invariants(tuple(message for message in page if message.role != "summary"))
    for chat in server.chats:
        assert OpenAIServer.count(chat.body) + 256 <= WINDOW


async def test_all_but_the_newest_turn_leaves_where_an_agent_is_set_so(engine: OpenEngine, server: OpenAIServer):
    server.rule = summing_up(lambda: Reply(text=SUMMARY))
    extras = AgentExtras(
        compaction_settings={"mode": "all", "clip_chars": 300, "prompt": "memory of a conversation, short"}
    )
    agent = await full_agent(engine, server, extras=extras)
    await say(engine.services, agent, "hello")
    assert [member.message.role for member in await window(engine, agent)] == ["summary", "user", "assistant"]
    asked = next(chat.body for chat in server.chats if asks_for_summary(chat.body))
    assert asked["messages"][0]["content"] == "memory of a conversation, short"


async def test_a_branch_from_before_has_what_left_and_one_from_after_the_summary(
    engine: OpenEngine, server: OpenAIServer
):
    server.rule = summing_up(lambda: Reply(text=SUMMARY))
    agent = await full_agent(engine, server)
    await say(engine.services, agent, "hello")
    thread = await thread_of(engine.services, agent)
    early = await engine.services.conversations.branch(thread, 60)
    members = await engine.storage.read(lambda repos: repos.messages.in_context(early.id))
    assert [member.position for member in members] == list(range(1, 60))
    late = await engine.services.conversations.branch(thread, 123)
    members = await engine.storage.read(lambda repos: repos.messages.in_context(late.id))
    assert summary_of(members) is not None


async def previewed(engine: OpenEngine, thread: str, **wanted: Any) -> tuple[CompactionPreview, list[str]]:
    told: list[str] = []
    async for news in engine.services.compaction.preview(thread, **wanted):
        if isinstance(news, CompactionPreview):
            return news, told
        told.append(news.text)
    raise AssertionError


async def test_what_would_leave_is_shown_without_a_model_and_cut_where_a_person_says(
    engine: OpenEngine, server: OpenAIServer
):
    server.rule = summing_up(lambda: Reply(text=SUMMARY))
    agent = await full_agent(engine, server, count=12)
    thread = await thread_of(engine.services, agent)
    before = await window(engine, agent)
    look = await engine.services.compaction.outlook(thread)
    assert [row.position for row in look.rows] == [member.position for member in before]
    assert not server.chats
    cuts = [row.position for row in look.rows if row.cut]
    assert look.leave_before in cuts
    preview, told = await previewed(engine, thread, leave_before=cuts[-1])
    assert told[-1] == "Summing up what leaves the context window."
    assert (preview.draft.leave_before, preview.draft.summary.text) == (cuts[-1], SUMMARY)
    assert await window(engine, agent) == before
    mine = preview.draft.model_copy(update={"summary": Summary(text="Roses, in March.", by="person")})
    result = await engine.services.compaction.now(thread, draft=mine)
    assert result.summary.by == "person"
    shown = await window(engine, agent)
    assert summary_of(shown) is not None
    assert shown[0].message.text == "Roses, in March."
    assert shown[1].position == cuts[-1]
    with pytest.raises(Conflict, match="More was said"):
        await engine.services.compaction.now(thread, draft=mine)


async def test_a_summary_on_request_is_a_run_whose_bytes_are_seen_and_a_failed_reply_can_still_be_tried_again(
    engine: OpenEngine, server: OpenAIServer
):
    services = engine.services
    server.rule = summing_up(lambda: Reply(text=SUMMARY))
    agent = await full_agent(engine, server, count=12)
    thread = await thread_of(engine.services, agent)
    await say(services, agent, "hello")
    counted = await engine.storage.write(lambda repos: repos.runs.last_step(agent.id, whole=True))
    server.queue(Refusal(400, error_body(400, "no")))
    failed = await say(services, agent, "hello")
    assert failed.status == "failed"
    await services.compaction.now(thread)
    run = (await services.runs.list(agent.id))[0]
    assert (run.purpose, run.status, run.started_by, run.usage.steps) == ("summary", "completed", "window", 1)
    (step,) = await services.runs.steps(run.id)
    assert (step.purpose, step.step_no) == ("summary", 1)
    trace = await services.runs.trace(step.id)
    assert "memory of a conversation" in trace.request
    assert "risotto" in trace.reply
    newest = await engine.storage.write(lambda repos: repos.runs.last_step(agent.id, whole=True))
    assert newest == counted, "a summary tells nothing of how the chat is counted"
    assert [event async for event in services.runs.subscribe(run.id)] == []
    with pytest.raises(Invalid, match="summary"):
        await services.runs.retry(run.id)
    again = await services.runs.retry(failed.id)
    await events_of(services, again.id)
    assert (await services.runs.get(again.id)).stop_reason == "end_turn"


async def test_a_preview_that_is_given_up_stops_the_model(engine: OpenEngine, server: OpenAIServer):
    server.rule = summing_up(lambda: Reply(text=SUMMARY, hold=True))
    agent = await full_agent(engine, server, count=12)
    thread = await thread_of(engine.services, agent)
    async with contextlib.aclosing(engine.services.compaction.preview(thread)) as news:
        first = await anext(news)
    assert isinstance(first, SummaryProgress)
    stopped = await engine.services.runs.list(agent.id)
    assert [(run.purpose, run.status) for run in stopped] in ([], [("summary", "cancelled")])
    run = await say(engine.services, agent, "hello")
    assert run.stop_reason == "end_turn"
