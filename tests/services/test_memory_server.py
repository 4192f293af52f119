"""Lares as an MCP server, message by message: who comes in, what is offered, what waits for the person."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentPatch
from app.domain.approval import Answer
from app.domain.archive import PassageDraft
from app.domain.block import BlockPatch
from app.domain.error import Invalid
from app.domain.history import Actor
from app.domain.memory_client import MemoryClientDraft, MemoryRight, NewMemoryClient
from app.domain.page import ConversationFilter
from app.domain.tool import ToolDraft
from app.domain.tool_rule import with_approval
from app.engine.memory_server.protocol import MOST_CHARACTERS, VERSIONS
from app.services import Services
from app.services.memory_server import acts
from app.services.memory_server.clients import CLIENTS
from tests.support.engine.talking import block_value
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_replies import Refusal, Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

EVERYTHING: tuple[MemoryRight, ...] = ("read", "propose", "write", "ask")
SHOUT = 'def shout(text: str) -> str:\n    """Shouts.\n\n    Args:\n        text: What.\n    """\n    return text\n'
CHAD = "Name: Chad.\nLikes tea."


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def agent(services: Services, server: OpenAIServer) -> Agent:
    return await agent_on(services, server)


async def client_for(services: Services, agent: Agent, *rights: str, name: str = "Claude Desktop") -> NewMemoryClient:
    await services.memory_server.switch(agent.id, True)
    draft = MemoryClientDraft.model_validate({"name": name, "agent_ids": (agent.id,), "rights": rights})
    return await services.memory_server.add_client(draft)


async def sent(services: Services, token: str, message: object, session: str = "one") -> Any:
    text = message if isinstance(message, str) else json.dumps(message)
    told = await services.memory_server.answer(token, text, session)
    return json.loads(told) if told else None


def request(method: str, number: int = 1, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


async def called(services: Services, token: str, tool: str, number: int = 1, **arguments: Any) -> tuple[str, bool]:
    """What a tool said, and whether that was a failure."""
    told = (await sent(services, token, request("tools/call", number, name=tool, arguments=arguments)))["result"]
    return told["content"][0]["text"], told["isError"]


async def names(services: Services, token: str) -> list[str]:
    return [tool["name"] for tool in (await sent(services, token, request("tools/list")))["result"]["tools"]]


async def test_nothing_is_reached_before_the_person_has_switched_it_on(services: Services, agent: Agent) -> None:
    draft = MemoryClientDraft(name="Cursor", agent_ids=(agent.id,), rights=EVERYTHING)
    token = (await services.memory_server.add_client(draft)).token
    assert await names(services, token) == []
    text, failed = await called(services, token, "read_memory")
    assert failed
    assert "No agent may be reached" in text
    await services.memory_server.switch(agent.id, True)
    assert await names(services, token) == ["search_memory", "read_memory", "remember", "correct", "ask_agent"]
    await services.memory_server.switch(agent.id, False)
    assert (await called(services, token, "read_memory"))[1]


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(services: Services, agent: Agent) -> None:
    made = await client_for(services, agent, "read")
    assert made.token not in json.dumps(await services.settings.all())
    assert made.client.id in json.dumps(await services.settings.get(CLIENTS))
    await sent(services, made.token, request("ping"))
    for wrong in ("", made.token[:-1], made.token + "x", made.client.id):
        with pytest.raises(Invalid) as refused:
            await sent(services, wrong, request("ping"))
        assert refused.value.code == "unknown_client"
    await services.memory_server.revoke(made.client.id)
    with pytest.raises(Invalid):
        await sent(services, made.token, request("ping"))


async def test_rights_and_names_hold_from_the_next_call_on(services: Services, agent: Agent) -> None:
    made = await client_for(services, agent, "read")
    assert await names(services, made.token) == ["search_memory", "read_memory"]
    assert await called(services, made.token, "remember", fact="Likes coffee.") == (
        "“Claude Desktop” may not do this. The person can allow it in Lares.",
        True,
    )
    draft = MemoryClientDraft(name="  Claude   at work ", agent_ids=(agent.id,), rights=("ask",))
    changed = await services.memory_server.change_client(made.client.id, draft)
    assert (changed.name, changed.id) == ("Claude at work", made.client.id)
    assert await names(services, made.token) == ["ask_agent"]
    for wrong in (draft.model_copy(update={"name": " "}), draft.model_copy(update={"rights": ()})):
        with pytest.raises(Invalid):
            await services.memory_server.change_client(made.client.id, wrong)
    await client_for(services, agent, "read", name="Cursor")
    with pytest.raises(Invalid, match="There is a client “Cursor” already"):
        await services.memory_server.change_client(made.client.id, draft.model_copy(update={"name": "cursor"}))


async def test_memory_is_read_and_searched(services: Services, agent: Agent) -> None:
    token = (await client_for(services, agent, "read")).token
    await services.archives.insert_for(agent.id, PassageDraft(text="The tea shop is in Gent."))
    text, failed = await called(services, token, "read_memory")
    assert not failed
    assert "## human" in text
    assert CHAD in text
    assert (
        "There is no block “humans”. The blocks are: “human”."
        in (await called(services, token, "read_memory", block="humans"))[0]
    )
    text, _ = await called(services, token, "search_memory", query="Where is tea from?")
    assert "human: Likes tea." in text
    assert "The tea shop is in Gent." in text
    assert (await called(services, token, "search_memory", query="xyzzy"))[0].startswith("Nothing")


async def test_what_is_written_waits_for_the_person_and_can_be_undone(services: Services, agent: Agent) -> None:
    token = (await client_for(services, agent, "propose")).token
    assert await called(services, token, "remember", fact="Has a\n dog.") == (acts.WAITS, False)
    assert await called(services, token, "correct", block="human", old="Chad", new="Brad") == (acts.WAITS, False)
    assert await block_value(services, agent) == CHAD
    first, second = await services.proposals.open_in(await thread_of(services, agent))
    assert (first.new, first.client, second.old, second.new) == (
        "Has a dog.",
        "Claude Desktop",
        "Name: Chad.",
        "Name: Brad.",
    )
    accepted = await services.proposals.accept(first.id)
    assert await block_value(services, agent) == CHAD + "\nHas a dog."
    change = (await services.history.of_agent(agent.id))[0]
    assert change.seq == accepted.change_seq
    assert change.origin.actor == Actor(kind="mcp", name="Claude Desktop")
    await services.history.undo(change.seq)
    await services.proposals.decline(second.id)
    assert await block_value(services, agent) == CHAD


async def test_a_client_that_may_write_stands_in_the_history(services: Services, agent: Agent) -> None:
    token = (await client_for(services, agent, "write")).token
    assert (await called(services, token, "remember", fact="Has a dog."))[1] is False
    assert (await called(services, token, "correct", block="human", old="Likes tea.", new=""))[1] is False
    assert await block_value(services, agent) == "Name: Chad.\nHas a dog."
    change = (await services.history.of_agent(agent.id))[0]
    assert change.origin.actor == Actor(kind="mcp", name="Claude Desktop")
    assert (await services.inbox.look(agent.id)).waiting[0].event.seq == change.seq
    await services.inbox.undo(change.seq)
    assert await block_value(services, agent) == CHAD + "\nHas a dog."
    assert "says so already" in (await called(services, token, "remember", fact="Has a dog."))[0]


async def test_what_cannot_be_written_is_said(services: Services, agent: Agent) -> None:
    token = (await client_for(services, agent, "write")).token
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"fact": " "}, "“fact” is empty"),
        ({"fact": 7}, "“fact” must be a text"),
        ({"fact": "x" * 2_001}, "2,001 characters"),
        ({"fact": "x", "block": "nope"}, "There is no block “nope”"),
        ({"fact": "x", "agent": "nobody"}, "Say whose memory is meant"),
    )
    for arguments, words in cases:
        text, failed = await called(services, token, "remember", **arguments)
        assert failed
        assert words in text
    text, failed = await called(services, token, "correct", block="human", old="Nobody", new="x")
    assert failed
    assert "does not stand in one line" in text
    block = (await services.blocks.of_agent(agent.id))[0]
    await services.blocks.update(block.id, BlockPatch(read_only=True))
    assert "read only" in (await called(services, token, "remember", fact="Has a dog.", block="human"))[0]
    assert await block_value(services, agent) == CHAD
    calls = (await services.memory_server.status()).calls
    assert {one.problem for one in calls} & {""} == set()
    assert calls[0].tool == "remember"


async def test_an_asked_agent_has_its_memory_and_no_other_tool(
    services: Services, agent: Agent, server: OpenAIServer
) -> None:
    tool = await services.tools.write(ToolDraft(source_code=SHOUT))
    await services.agents.update(agent.id, AgentPatch(tool_names=(*agent.tool_names, tool.name, "memory_insert")))
    made = await client_for(services, agent, "ask")
    server.queue(Reply(calls=(ToolCall("shout", '{"text": "no"}'),)), Reply(text="Tea, I believe."))
    assert await called(services, made.token, "ask_agent", question="What do I drink?") == ("Tea, I believe.", False)
    offered, second = (request.body for request in server.chats)
    assert "shout" not in {one["function"]["name"] for one in offered["tools"]}
    assert "memory_insert" in {one["function"]["name"] for one in offered["tools"]}
    assert "There is no tool" in json.dumps(second["messages"])
    threads = await services.conversations.list(ConversationFilter(agent_id=agent.id))
    assert "Claude Desktop" in {one.title for one in threads}
    (run, *_) = await services.runs.list(agent.id)
    assert run.started_by == "mcp"
    server.queue(Reply(text="Still tea."))
    assert (await called(services, made.token, "ask_agent", question="And now?"))[0] == "Still tea."
    assert len(await services.conversations.list(ConversationFilter(agent_id=agent.id))) == len(threads)


async def test_what_needs_the_person_waits_and_the_program_is_told(
    services: Services, agent: Agent, server: OpenAIServer
) -> None:
    rules = with_approval((), "memory_insert", True)
    tool = await services.tools.write(ToolDraft(source_code=SHOUT))
    names = ("memory_insert", tool.name)
    await services.agents.update(agent.id, AgentPatch(tool_names=names, tool_rules=rules))
    token = (await client_for(services, agent, "ask")).token
    server.queue(Reply(calls=(ToolCall("memory_insert", {"label": "human", "new_str": "Has a dog."}),)))
    for _ in range(2):
        text, failed = await called(services, token, "ask_agent", question="Note that I have a dog.")
        assert failed
        assert "waits for the person" in text
    assert await block_value(services, agent) == CHAD
    (run, *_) = await services.runs.list(agent.id)
    waiting = await services.approvals.in_conversation(run.conversation_id)
    assert waiting is not None
    (call,) = waiting.calls
    server.queue(Reply(calls=(ToolCall("shout", {"text": "no"}),)), Reply(text="Noted."))
    answer = Answer(tool_call_id=call.tool_call_id, approve=True)
    going_on = await services.runs.answer(run.conversation_id, (answer,))
    async for _ in services.runs.subscribe(going_on.id):
        pass
    assert "Has a dog." in await block_value(services, agent)
    # The turn that the person let go on is bound as it was.
    assert "There is no tool" in json.dumps(server.chats[-1].body["messages"])


async def test_a_question_that_is_tried_again_is_bound_as_before(
    services: Services, agent: Agent, server: OpenAIServer
) -> None:
    tool = await services.tools.write(ToolDraft(source_code=SHOUT))
    await services.agents.update(agent.id, AgentPatch(tool_names=(tool.name, "memory_insert")))
    token = (await client_for(services, agent, "ask")).token
    server.queue(Refusal(400, {"error": {"message": "not today"}}))
    assert (await called(services, token, "ask_agent", question="Well?"))[1]
    (run, *_) = await services.runs.list(agent.id)
    server.queue(Reply(text="Well."))
    again = await services.runs.retry(run.id)
    async for _ in services.runs.subscribe(again.id):
        pass
    assert {one["function"]["name"] for one in server.chats[-1].body["tools"]} == {"memory_insert"}


async def test_a_question_that_is_cancelled_ends_its_run(
    services: Services, agent: Agent, server: OpenAIServer
) -> None:
    token = (await client_for(services, agent, "ask")).token
    server.queue(Reply(text="Slowly.", hang_after=0))
    asking = asyncio.create_task(
        services.memory_server.answer(
            token, json.dumps(request("tools/call", 7, name="ask_agent", arguments={"question": "Well?"})), "one"
        )
    )
    async with asyncio.timeout(5):
        while not server.chats:  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.005)
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
    assert await sent(services, token, cancelled, "another connection") is None
    assert not asking.done()
    assert await sent(services, token, cancelled, "one") is None
    assert await asking == ""
    (run, *_) = await services.runs.list(agent.id)
    assert run.stop_reason == "cancelled"


async def test_an_agent_that_takes_too_long_is_stopped(
    engine: OpenEngine, agent: Agent, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "ASK_SECONDS", 0.2)
    services = engine.services
    token = (await client_for(services, agent, "ask")).token
    server.queue(Reply(text="Slowly.", hang_after=0))
    text, failed = await called(services, token, "ask_agent", question="Well?")
    assert failed
    assert "did not answer within" in text
    assert not await services.runs.active()


async def test_the_words_of_the_protocol(services: Services, agent: Agent) -> None:
    token = (await client_for(services, agent, "read")).token
    for wanted, spoken in ((VERSIONS[-1], VERSIONS[-1]), ("1999-01-01", VERSIONS[0]), (None, VERSIONS[0])):
        hello = await sent(services, token, request("initialize", protocolVersion=wanted))
        assert hello["result"]["protocolVersion"] == spoken
    for text, code in (
        ("{", -32700),
        ("[" * 5_000, -32700),
        ("[]", -32600),
        ("7", -32600),
        ('{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
        ('{"jsonrpc": "1.0", "id": 1, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": 7}', -32600),
        ('"' + "x" * MOST_CHARACTERS + '"', -32600),
        (json.dumps(request("resources/list")), -32601),
        (json.dumps(request("tools/call", name="rm")), -32602),
        (json.dumps(request("tools/call")), -32602),
    ):
        assert (await sent(services, token, text))["error"]["code"] == code
    assert await sent(services, token, {"jsonrpc": "2.0", "method": "notifications/initialized"}) is None
    assert await sent(services, token, {"jsonrpc": "2.0", "id": 3, "result": {}}) is None
    both = await sent(services, token, [request("ping", 1), request("nope", 2)])
    assert [one["id"] for one in both] == [1, 2]


async def test_a_lares_that_is_its_own_client_is_told_so(services: Services, agent: Agent) -> None:
    token = (await client_for(services, agent, "read")).token
    own = services.memory_server._instance  # pyright: ignore[reportPrivateUsage]
    told = await sent(services, token, request("initialize", clientInfo={"name": "lares", "version": f"1.0+{own}"}))
    assert "This is the Lares that asks" in told["error"]["message"]
    other = await sent(services, token, request("initialize", clientInfo={"name": "lares", "version": "1.0+abc"}))
    assert "result" in other
