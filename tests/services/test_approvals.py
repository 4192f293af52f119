"""Calls that wait for a person: answered one by one, over restarts, changed, always, too late, not at all."""

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentPatch
from app.domain.approval import Answer, ApprovalRequest
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.message import MessageDraft, ToolReturnPart
from app.domain.tool_rule import RULES, asked_about
from app.domain.turn import ClientTool, RunOptions
from app.services import Services
from tests.services.conftest import Reopen
from tests.support.engine.talking import block_value, check_invariants, events_of, say, transcript
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer
from tests.support.values import samples

pytestmark = pytest.mark.anyio


def insert(text: str) -> ToolCall:
    return ToolCall("memory_insert", {"label": "human", "new_string": text})


async def asking(services: Services, server: OpenAIServer, *calls: ToolCall, **fields: object) -> Agent:
    """An agent that has asked for these calls."""
    agent = await agent_on(services, server, **fields)
    await services.approvals.require(agent.id, "memory_insert", True)
    server.queue(Reply(text="May I?", calls=calls))
    run = await say(services, agent, "Remember this")
    assert (run.status, run.stop_reason) == ("completed", "requires_approval")
    return agent


async def request_of(services: Services, agent: Agent) -> ApprovalRequest:
    (found,) = await services.approvals.waiting(agent.id)
    return found


async def answered(services: Services, agent: Agent, *answers: Answer) -> str:
    run = await services.approvals.answer(await thread_of(services, agent), answers)
    await events_of(services, run.id)
    return (await services.runs.get(run.id)).stop_reason or ""


async def waiting(services: Services, agent: Agent) -> int:
    return next(row.waiting for row in await services.agents.list() if row.agent.id == agent.id)


@pytest.fixture
def server():
    with OpenAIServer() as opened:
        yield opened


async def test_three_calls_of_one_reply_are_answered_in_any_order_over_restarts(
    services: Services, server: OpenAIServer, reopen: Reopen
):
    agent = await asking(services, server, insert("one"), insert("two"), insert("three"))
    for number, (index, approve) in enumerate(((1, True), (2, False), (0, True))):
        services = (await reopen(True)).services
        request = await request_of(services, agent)
        assert len(request.open) == await waiting(services, agent) == 3 - number
        assert await block_value(services, agent) == "Name: Chad.\nLikes tea."
        answer = Answer(tool_call_id=request.calls[index].tool_call_id, approve=approve, reason="" if approve else "no")
        assert await answered(services, agent, answer) == ("end_turn" if number == 2 else "requires_approval")
    assert await block_value(services, agent) == "Name: Chad.\nLikes tea.\none\ntwo"
    assert await services.approvals.waiting() == ()
    assert await waiting(services, agent) == 0
    messages = await transcript(services, agent)
    check_invariants(messages)
    assert [message.role for message in messages] == ["user", "assistant", "approval", "tool", "assistant"]
    assert [part.status for part in messages[3].tool_returns] == ["success", "success", "error"]
    assert "Reason: no" in messages[3].tool_returns[2].text
    sent = server.chats[-1].body["messages"]
    assert [message["role"] for message in sent[-5:]] == ["user", "assistant", "tool", "tool", "tool"]


async def test_arguments_can_be_changed_and_the_model_is_told(services: Services, server: OpenAIServer):
    agent = await asking(services, server, insert("Likes coffee."))
    request = await request_of(services, agent)
    call = request.calls[0]
    assert call.preview is not None
    assert call.preview.after == "Name: Chad.\nLikes tea.\nLikes coffee."
    with pytest.raises(Invalid, match="do not fit"):
        await answered(services, agent, Answer(tool_call_id=call.tool_call_id, arguments={"label": "human"}))
    changed = {"label": "human", "new_string": "Likes cocoa."}
    assert await answered(services, agent, Answer(tool_call_id=call.tool_call_id, arguments=changed)) == "end_turn"
    assert await block_value(services, agent) == "Name: Chad.\nLikes tea.\nLikes cocoa."
    assert b"The user changed the arguments to" in server.chats[-1].raw


async def test_always_answers_the_others_of_that_tool_and_is_asked_no_more(services: Services, server: OpenAIServer):
    agent = await asking(services, server, insert("one"), insert("two"))
    first = (await request_of(services, agent)).calls[0]
    assert await answered(services, agent, Answer(tool_call_id=first.tool_call_id, always=True)) == "end_turn"
    assert asked_about((await services.agents.get(agent.id)).tool_rules) == frozenset()
    server.queue(Reply(calls=(insert("three"),)))
    assert (await say(services, agent, "And this")).stop_reason == "end_turn"
    assert (await block_value(services, agent)).endswith("one\ntwo\nthree")


async def test_an_answer_that_is_late_or_means_nothing_is_told(services: Services, server: OpenAIServer):
    agent = await asking(services, server, insert("one"), insert("two"))
    thread = await thread_of(services, agent)
    with pytest.raises(Conflict) as pending:
        await services.runs.start(thread, MessageDraft.of("hello?"))
    assert pending.value.code == "pending_approval"
    with pytest.raises(Conflict):
        await services.conversations.reset(thread)
    first, second = (await request_of(services, agent)).calls
    with pytest.raises(Invalid):
        await answered(services, agent, Answer(tool_call_id="call_other"))
    yes = Answer(tool_call_id=first.tool_call_id)
    assert await answered(services, agent, yes) == "requires_approval"
    assert await answered(services, agent, yes) == "requires_approval", "the same once more changes nothing"
    with pytest.raises(Conflict, match="already approved"):
        await answered(services, agent, Answer(tool_call_id=first.tool_call_id, approve=False))
    await answered(services, agent, Answer(tool_call_id=second.tool_call_id, approve=False))
    with pytest.raises(Conflict, match="already refused"):
        await answered(services, agent, Answer(tool_call_id=second.tool_call_id))
    await say(services, agent, "hello")
    with pytest.raises(Invalid, match="nothing to approve"):
        await answered(services, agent, yes)


async def test_a_program_runs_its_own_tool_and_nobody_else_can_answer(services: Services, server: OpenAIServer):
    agent = await agent_on(services, server)
    thread = await thread_of(services, agent)
    weather = ClientTool(name="weather", parameters={"type": "object", "properties": {}})
    server.queue(Reply(calls=(ToolCall("weather", {}), insert("one"))))
    run = await services.runs.start(thread, MessageDraft.of("Well?"), options=RunOptions(client_tools=(weather,)))
    await events_of(services, run.id)
    request = await request_of(services, agent)
    assert [(call.name, call.client_side) for call in request.calls] == [("weather", True)]
    call_id = request.calls[0].tool_call_id
    with pytest.raises(Invalid, match="run by the program"):
        await answered(services, agent, Answer(tool_call_id=call_id))
    assert await block_value(services, agent) == "Name: Chad.\nLikes tea.", "what needs no answer waits for what does"
    returned = ToolReturnPart(tool_call_id=call_id, name="", status="success", text="Sunny.")
    assert await answered(services, agent, Answer(tool_call_id=call_id, returned=returned)) == "end_turn"
    returns = (await transcript(services, agent))[3].tool_returns
    assert [(part.name, part.status) for part in returns] == [("weather", "success"), ("memory_insert", "success")]
    assert [tool["function"]["name"] for tool in server.chats[-1].body["tools"]][-1] == "weather", "for the whole turn"


async def test_tools_that_reach_outside_ask_first_when_a_person_attaches_them(engine: OpenEngine, server: OpenAIServer):
    services = engine.services
    source = {"tool_type": "custom", "source_code": "def f(): ..."}
    shy = samples.tool("shy", **source).model_copy(update={"requires_approval": True})
    await engine.storage.write(lambda repos: repos.tools.upsert(samples.tool("letter", **source)))
    await engine.storage.write(lambda repos: repos.tools.upsert(shy))
    agent = await agent_on(services, server)
    names = (*agent.tool_names, "letter", "archival_memory_search")
    by_hand = await services.agents.update(agent.id, AgentPatch(tool_names=names), ask_first=True)
    assert asked_about(by_hand.tool_rules) == {"letter"}
    other = await agent_on(services, server, tool_names=("letter", "shy"))
    assert asked_about(other.tool_rules) == {"shy"}, "over the API as the tool says"
    with pytest.raises(NotFound):
        await services.approvals.require(agent.id, "shy", True)


async def test_rules_are_undone_and_copied_as_they_are_even_where_a_tool_is_gone(
    services: Services, server: OpenAIServer
):
    agent = await agent_on(services, server)
    before = agent.tool_rules
    rules = RULES.validate_python([{"type": "max_count_per_step", "tool_name": "memory_insert", "max_count_limit": 2}])
    await services.agents.update(agent.id, AgentPatch(tool_rules=rules))
    without = tuple(name for name in agent.tool_names if name != "memory_insert")
    await services.agents.update(agent.id, AgentPatch(tool_names=without))
    copy = await services.agents.duplicate(agent.id)
    assert copy.tool_rules == rules
    events = await services.history.of_agent(agent.id, limit=10)
    changed = next(event for event in events if event.label == "extras")
    await services.history.undo(changed.seq)
    assert (await services.agents.get(agent.id)).tool_rules == before
