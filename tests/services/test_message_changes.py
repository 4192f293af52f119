"""Deleting one message and editing a reply: a branch shows it, the old one keeps everything, the window stays true."""

import pytest

from app.bootstrap import OpenEngine
from app.domain.conversation import Conversation
from app.domain.error import Invalid, NotFound
from app.domain.message import Message, ReasoningPart, TextPart, ToolCallPart, ToolReturnPart
from app.ports.storage import Repositories
from app.services import Services
from tests.support.engine.talking import check_invariants, say

pytestmark = pytest.mark.anyio


async def talk(engine: OpenEngine, services: Services) -> Conversation:
    """user, reply with a call, return, reply, user, reply; the first two turns' beginnings have left the window."""
    agent = await services.agents.create_demo()
    made = await services.conversations.create(agent.id)
    call = ToolCallPart(tool_call_id="c1", name="lookup", arguments="{}")
    returned = ToolReturnPart(tool_call_id="c1", name="lookup", status="success", text="found")
    said = (
        ("user", (TextPart(text="one"),)),
        ("assistant", (ReasoningPart(text="hm"), TextPart(text="two"), call)),
        ("tool", (returned,)),
        ("assistant", (TextPart(text="four"),)),
        ("user", (TextPart(text="five"),)),
        ("assistant", (TextPart(text="six"),)),
    )

    def work(repos: Repositories) -> None:
        for number, (role, parts) in enumerate(said, 1):
            values = {
                "id": f"message-{number}",
                "agent_id": agent.id,
                "role": role,
                "parts": parts,
                "created_at": number,
            }
            repos.messages.append(made.id, Message.model_validate({**values, "created_at": number}))
        repos.messages.leave_context(made.id, 4, 7)

    await engine.storage.write(work)
    return made


async def shown(services: Services, thread_id: str) -> list[tuple[int, str]]:
    thread = await services.conversations.get(thread_id)
    page = await services.messages.page(thread.active_id)
    check_invariants(page.messages)
    texts = [message.text or message.role for message in page.messages]
    return list(zip(page.positions, texts, strict=True))


async def in_window(engine: OpenEngine, conversation_id: str) -> list[str]:
    members = await engine.storage.read(lambda repos: repos.messages.in_context(conversation_id))
    return [member.message.text for member in members]


ALL = [(1, "one"), (2, "two"), (3, "tool"), (4, "four"), (5, "five"), (6, "six")]


async def test_a_message_is_left_out_of_a_branch_and_stays_in_the_old_one(engine: OpenEngine, services: Services):
    thread = await talk(engine, services)
    branch = await services.conversations.leave_out(thread.id, 5)
    assert await shown(services, thread.id) == [*ALL[:4], (5, "six")]
    assert await in_window(engine, branch.id) == ["four", "six"]
    fork = (await services.messages.page(branch.id)).forks[0]
    assert (fork.position, fork.branch_ids, fork.current) == (5, (thread.id, branch.id), 1)
    await services.conversations.show_branch(thread.id)
    assert await shown(services, thread.id) == ALL
    assert await in_window(engine, thread.id) == ["four", "five", "six"]


async def test_a_call_goes_with_its_return(engine: OpenEngine, services: Services):
    thread = await talk(engine, services)
    branch = await services.conversations.leave_out(thread.id, 2)
    assert await shown(services, thread.id) == [(1, "one"), (2, "four"), (3, "five"), (4, "six")]
    assert await in_window(engine, branch.id) == ["four", "five", "six"]
    with pytest.raises(Invalid, match="cannot be deleted alone"):
        await services.conversations.leave_out(thread.id, 3)
    with pytest.raises(NotFound):
        await services.conversations.leave_out(thread.id, 7)


async def test_a_reply_is_edited_in_a_branch_and_all_that_follows_stays(engine: OpenEngine, services: Services):
    thread = await talk(engine, services)
    branch = await services.conversations.edit_reply(thread.id, 2, " changed ")
    assert await shown(services, thread.id) == [(1, "one"), (2, "changed"), *ALL[2:]]
    page = await services.messages.page(branch.id)
    edited = page.messages[1]
    assert (edited.note, edited.run_id) == ("edited", None)
    assert [part.type for part in edited.parts] == ["reasoning", "text", "tool_call"]
    assert await in_window(engine, branch.id) == ["four", "five", "six"]
    assert [hit.message.id for hit in await services.messages.search("changed")] == [edited.id]
    again = await services.conversations.edit_reply(branch.id, 6, "last")
    assert await in_window(engine, again.id) == ["four", "five", "last"]
    await services.conversations.show_branch(thread.id)
    assert await shown(services, thread.id) == ALL
    for position, text in ((1, "words"), (4, "  ")):
        with pytest.raises(Invalid):
            await services.conversations.edit_reply(thread.id, position, text)


async def test_a_turn_goes_on_after_both(services: Services):
    """What the model reads and where the next message goes follow the branch, not what was known of the old one."""
    agent = await services.agents.create_demo()
    for text in ("What did I say about tea?", "What do you know about me?"):
        await say(services, agent, text)
    thread = await services.conversations.default_of(agent.id)
    count = len(await shown(services, thread.id))
    branch = await services.conversations.leave_out(thread.active_id, count - 1)
    await services.conversations.edit_reply(branch.id, count - 1, "another reply")
    run = await say(services, agent, "Hello")
    assert run.status == "completed", run.failure
    after = await shown(services, thread.id)
    assert [position for position, _ in after] == list(range(1, count + 2))
    assert [text for _, text in after[count - 2 : count]] == ["another reply", "Hello"]
    await services.conversations.leave_out((await services.conversations.get(thread.id)).active_id, 1)
    assert len(await shown(services, thread.id)) == count
