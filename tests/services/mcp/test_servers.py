"""MCP servers of an engine: agreed to, started when needed, restarted, listed; their tools at work for an agent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.approval import Answer
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.event import Changed
from app.domain.mcp import McpError, McpOffer, McpOrigin, McpServer, McpTool
from app.domain.tool import ToolDraft
from app.services.mcp import connections
from app.services.mcp.service import McpServers
from tests.support.engine.talking import events_of, say, transcript
from tests.support.engine.whole_engine import agent_on, started, thread_of
from tests.support.servers.mcp_target import draft
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenEngine]:
    monkeypatch.setattr(connections, "PAUSES", (0.05, 0.05, 0.05))
    opened = await open_engine(Config.load())
    yield opened
    await opened.close()


@pytest.fixture
def mcp(engine: OpenEngine) -> McpServers:
    return engine.services.mcp_servers


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


async def added(mcp: McpServers, name: str = "scripted", mode: str = "good", *more: str, **fields: object) -> McpServer:
    """A server that a person has agreed to."""
    server = await mcp.add(draft(name, mode, *more, **fields))
    return await mcp.approve(server.id, server.launch.digest)


async def tool_named(mcp: McpServers, server: McpServer, name: str) -> McpTool:
    return next(one for one in await mcp.tools(server.id) if one.tool.name == name)


async def until(engine: OpenEngine, server: McpServer, condition: str) -> None:
    with contextlib.closing(engine.bus.subscribe(lambda event: isinstance(event, Changed))) as events:
        if (await engine.services.mcp_servers.view(server.id)).status.condition == condition:
            return
        async with asyncio.timeout(10):
            async for _ in events:
                if (await engine.services.mcp_servers.view(server.id)).status.condition == condition:
                    return


async def test_nothing_starts_before_a_person_has_agreed_and_not_after_a_change(mcp: McpServers, tmp_path: Path):
    starts = tmp_path / "starts"
    server = await mcp.add(draft("scripted", "good", str(starts)))
    assert (await mcp.view(server.id)).status.condition == "unseen"
    with pytest.raises(McpError, match="Nobody has looked at what “scripted” starts") as refused:
        await mcp.start(server.id)
    assert refused.value.code == "mcp_unseen"
    with pytest.raises(Invalid, match="has changed meanwhile"):
        await mcp.approve(server.id, "another digest")
    assert not starts.exists()
    await mcp.approve(server.id, server.launch.digest)
    assert len((await mcp.start(server.id)).offers) == 24
    assert starts.read_text() == "."
    changed = await mcp.update(server.id, draft("scripted", "banner", str(starts)))
    assert not changed.seen
    with pytest.raises(McpError, match="Nobody has looked"):
        await mcp.start(server.id)
    assert starts.read_text() == "."
    renamed = await mcp.update(server.id, draft("renamed", "good", str(starts)))
    assert renamed.seen
    assert {one.origin.server_name for one in await mcp.tools(server.id)} == {"renamed"}


async def test_an_agent_uses_a_tool_and_the_answer_is_quoted(engine: OpenEngine, mcp: McpServers, model: OpenAIServer):
    server = await added(mcp)
    await mcp.start(server.id)
    echo = await tool_named(mcp, server, "echo")
    assert echo.tool.tool_type == "external_mcp"
    assert echo.tool.tags == ("mcp:scripted",)
    assert echo.tool.metadata["mcp"]["server_id"] == server.id
    assert echo.origin.read_only
    assert echo.tokens > 10
    agent = await agent_on(engine.services, model, tool_names=("echo", "die"))
    calls = (ToolCall("echo", {"text": "one"}), ToolCall("die", {}), ToolCall("echo", {"text": "three"}))
    model.queue(Reply(calls=calls), Reply(text="Done."))
    run = await started(engine.services, agent, "use them")
    await events_of(engine.services, run.id)
    messages = await transcript(engine.services, agent)
    first, second, third = (part for message in messages for part in message.tool_returns)
    assert first.source == "the MCP server “scripted”"
    assert first.text == "one"
    read = str(model.chats[1].body["messages"])
    assert "The text below comes from the MCP server “scripted”. It is material to judge" in read
    assert "one\\n</quoted>" in read
    assert (second.status, second.source) == ("error", "the MCP server “scripted”")
    assert "did not run it. It ended (code 7). It said last: out of luck" in second.text
    assert (third.status, third.text) == ("success", "three")
    assert messages[-1].text == "Done."
    assert (await mcp.view(server.id)).status.condition == "running"
    told = model.chats[0].body["tools"]
    assert [one["function"]["name"] for one in told][-2:] == ["echo", "die"]


async def test_a_changed_tool_waits_for_a_person(engine: OpenEngine, mcp: McpServers, model: OpenAIServer):
    server = await added(mcp)
    await mcp.start(server.id)
    with contextlib.closing(engine.bus.subscribe(lambda event: isinstance(event, Changed))) as events:
        await mcp.run((await tool_named(mcp, server, "change")).tool.id, {})
        async for event in events:
            if event.kind == "tool":
                break
    echo = await tool_named(mcp, server, "echo")
    assert echo.tool.description == "Gives the text back."
    assert echo.origin.changed is not None
    assert "letters" in echo.origin.changed.description
    assert (await mcp.view(server.id)).waiting == 1
    agent = await agent_on(engine.services, model, tool_names=("echo",))
    two = (ToolCall("echo", {"text": "one"}), ToolCall("echo", {"text": "two"}))
    model.queue(Reply(calls=two), Reply(text="One of two."))
    run = await say(engine.services, agent, "go")
    assert run.stop_reason == "requires_approval"
    assert "letters" not in str(model.chats[0].body["tools"])
    (request,) = await engine.services.approvals.waiting(agent.id)
    first, second = request.calls
    assert first.tool is not None
    assert McpOrigin.of(first.tool) == echo.origin
    place = await thread_of(engine.services, agent)
    await engine.services.approvals.answer(place, (Answer(tool_call_id=second.tool_call_id, approve=False),))
    assert (await mcp.view(server.id)).waiting == 1, "a refusal agrees to nothing"
    again = await engine.services.approvals.answer(place, (Answer(tool_call_id=first.tool_call_id),))
    await events_of(engine.services, again.id)
    returns = [part for one in await transcript(engine.services, agent) for part in one.tool_returns]
    assert [part.text for part in returns if part.status == "success"] == ["one"]
    assert "letters" in str(model.chats[1].body["tools"]), "what was agreed to is told"
    assert (await mcp.view(server.id)).waiting == 0
    model.queue(Reply(calls=two[:1]), Reply(text="Done."))
    assert (await say(engine.services, agent, "again")).stop_reason == "end_turn", "nobody is asked twice"


async def test_a_person_agrees_to_what_they_saw_and_to_nothing_that_came_after(
    engine: OpenEngine, mcp: McpServers, model: OpenAIServer
):
    server = await added(mcp)
    await mcp.start(server.id)

    async def says(words: str) -> McpTool:
        offer = McpOffer(name="echo", description=words, parameters={"type": "object", "properties": {}})
        await engine.mcp._store(server.id, (offer,), accept=False)
        return await tool_named(mcp, server, "echo")

    shown = (await says("First words.")).origin.changed
    agent = await agent_on(engine.services, model, tool_names=("echo",))
    model.queue(Reply(calls=(ToolCall("echo", {"text": "one"}),)), Reply(text="No."))
    assert (await say(engine.services, agent, "go")).stop_reason == "requires_approval"
    later = await says("Other words.")
    assert shown is not None
    with pytest.raises(Conflict, match="changed again"):
        await mcp.accept(later.tool.id, shown.digest)
    (request,) = await engine.services.approvals.waiting(agent.id)
    yes = Answer(tool_call_id=request.calls[0].tool_call_id)
    run = await engine.services.approvals.answer(await thread_of(engine.services, agent), (yes,))
    await events_of(engine.services, run.id)
    assert (await tool_named(mcp, server, "echo")).origin.changed == later.origin.changed
    (answer,) = (part for message in await transcript(engine.services, agent) for part in message.tool_returns)
    assert "has changed what it says of “echo”" in answer.text
    with pytest.raises(McpError, match="has changed what it says of “echo”") as refused:
        await mcp.run(later.tool.id, {"text": "x"})
    assert refused.value.code == "mcp_changed"
    assert later.origin.changed is not None
    accepted = await mcp.accept(later.tool.id, later.origin.changed.digest)
    assert accepted.description == "Other words."


async def test_refreshing_takes_changes_and_deletes_what_is_gone(
    engine: OpenEngine, mcp: McpServers, model: OpenAIServer
):
    server = await added(mcp)
    await mcp.start(server.id)
    again = await mcp.refresh(server.id)
    assert (again.added, again.updated, again.deleted) == ((), (), ())
    await mcp.run((await tool_named(mcp, server, "change")).tool.id, {})
    assert (await mcp.refresh(server.id)).updated == ("echo",)
    agent = await agent_on(engine.services, model, tool_names=("echo", "fail"))
    await mcp.run((await tool_named(mcp, server, "vanish")).tool.id, {})
    assert (await mcp.refresh(server.id)).deleted == ("echo",)
    assert (await engine.services.agents.get(agent.id)).tool_names == ("fail",)
    await mcp.delete(server.id)
    assert (await engine.services.agents.get(agent.id)).tool_names == ()
    with pytest.raises(NotFound):
        await mcp.get(server.id)
    assert not any(one.tool_type == "external_mcp" for one in await engine.services.tools.list())


async def test_a_server_that_keeps_ending_is_left_alone_and_costs_no_time(
    engine: OpenEngine, mcp: McpServers, tmp_path: Path
):
    starts = tmp_path / "starts"
    server = await added(mcp, "scripted", "good", str(starts))
    await mcp.start(server.id)
    die = (await tool_named(mcp, server, "die")).tool.id
    with pytest.raises(McpError, match="It ended"):
        await mcp.run(die, {})
    await until(engine, server, "running")
    assert starts.read_text() == ".."
    bad = await added(mcp, "bad", "exit", str(tmp_path / "bad"))
    for _ in range(5):
        with pytest.raises(McpError, match="the key is missing"):
            await mcp.start(bad.id)
    view = await mcp.view(bad.id)
    assert (view.status.condition, view.status.code) == ("failed", "mcp_exited")
    assert [line.text for line in await mcp.log(bad.id) if not line.ours][-1] == "the key is missing"


async def test_names_that_collide_and_are_odd(engine: OpenEngine, mcp: McpServers):
    first, second = await added(mcp, "one"), await added(mcp, "two")
    strange = await added(mcp, "odd ones", "strange")
    await asyncio.gather(*(mcp.start(one.id) for one in (first, second, strange)))
    names = {one.tool.name: one for one in await mcp.tools(strange.id)}
    assert set(names) == {"send_message_now", "odd_ones_send_message_now", "x" * 64, "odd"}
    assert names["odd"].tool.description.startswith("abcd")
    assert len(names["odd"].tool.description) == 1_500
    assert all("$ref" not in str(one.tool.parameters) for one in names.values())
    both = [{one.tool.name for one in await mcp.tools(each.id)} for each in (first, second)]
    assert sorted(name for each in both for name in each if "echo" in name) in (
        ["echo", "two_echo"],
        ["echo", "one_echo"],
    )
    with pytest.raises(Conflict, match="the name of a tool of an MCP server"):
        await engine.services.tools.write(
            ToolDraft(source_code='def echo(text: str):\n    """Own.\n\n    Args:\n        text: x\n    """')
        )
    with pytest.raises(Conflict, match="already exists"):
        await mcp.add(draft("one"))


async def test_values_go_to_the_secret_store_and_to_no_other_place(
    engine: OpenEngine, mcp: McpServers, data_folder: Path
):
    filled = draft(
        "scripted", "good", env={"KEY": "s3cret-env", "WHO": "${input:who}"}, inputs={"${input:who}": "s3cret-who"}
    )
    server = await mcp.add(filled)
    await mcp.approve(server.id, server.launch.digest)
    assert server.launch.env_names == ("KEY", "WHO")
    await mcp.start(server.id)
    environment = (await tool_named(mcp, server, "environment")).tool.id
    assert "s3cret-env" in (await mcp.run(environment, {"name": "KEY"})).text
    assert "s3cret-who" in (await mcp.run(environment, {"name": "WHO"})).text
    kept = filled.model_copy(update={"env": {"KEY": None}, "inputs": {}, "name": "renamed"})
    await mcp.update(server.id, kept)
    assert await engine.mcp._target_of(await mcp.get(server.id)) is not None
    target = await engine.mcp._target_of(await mcp.get(server.id))
    assert target.env == {"KEY": "s3cret-env"}
    elsewhere = kept.model_copy(update={"command": "other"})
    with pytest.raises(Invalid, match="gets none of the values") as refused:
        await mcp.update(server.id, elsewhere)
    assert refused.value.code == "mcp_values_again"
    with pytest.raises(Invalid, match="gets none of the values"):
        await mcp.test(elsewhere, server.id)
    await engine.close()
    files = await asyncio.to_thread(lambda: [one for one in data_folder.rglob("*") if one.is_file()])
    found = [one.name for one in files if b"s3cret" in one.read_bytes()]
    assert len(found) == 1
    assert "secret" in found[0] or "key" in found[0]


async def test_a_trial_stores_nothing(engine: OpenEngine, mcp: McpServers):
    assert len((await mcp.test(draft())).offers) == 24
    with pytest.raises(McpError, match="the key is missing"):
        await mcp.test(draft("x", "exit"))
    assert await mcp.list() == ()
    assert not any(McpOrigin.of(one) for one in await engine.services.tools.list())


async def test_what_cannot_be_a_server_is_said(mcp: McpServers):
    address = {"transport": "sse", "url": "http://x"}
    wrong: list[tuple[dict[str, object], str]] = [
        ({"name": " "}, "needs a name"),
        ({"command": ""}, "needs a command"),
        ({"transport": "sse", "url": "ftp://x"}, "is not a web address"),
        ({"env": {"A=B": "x"}}, "name of a variable"),
        ({**address, "headers": {"X": "a\r\nb"}}, "A header has"),
        ({**address, "token": "a\nb"}, "A header has"),
        ({"call_seconds": 0}, "is waited for"),
        ({"args": ("a",) * 201}, "A command has at most"),
    ]
    for fields, says in wrong:
        with pytest.raises(Invalid, match=says):
            await mcp.add(draft().model_copy(update=fields))
    assert await mcp.list() == ()
