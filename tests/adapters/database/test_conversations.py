"""Threads, branches and their membership."""

import pytest

from app.domain.error import NotFound
from app.domain.page import OLDEST_FIRST, ConversationFilter
from tests.adapters.database.making import World, branch, conversation
from tests.support.values.samples import NOON, some_id

pytestmark = pytest.mark.anyio


async def test_a_conversation_comes_back_as_it_was_stored(world: World) -> None:
    thread = conversation(world.agent.id, title="Plans", pending_request_id="message-1")
    await world.storage.write(lambda repos: repos.conversations.add(thread))
    renamed = thread.model_copy(update={"title": "Travel", "version": 2})
    await world.storage.write(lambda repos: repos.conversations.save(renamed))
    assert await world.storage.read(lambda repos: repos.conversations.get(thread.id)) == renamed
    own = ConversationFilter(agent_id=world.agent.id)
    found = await world.storage.read(lambda repos: repos.conversations.list(own, OLDEST_FIRST))
    assert found == (world.conversation, renamed)
    assert await world.storage.read(lambda repos: repos.conversations.default_of(world.agent.id)) == world.conversation


async def test_the_default_of_an_unknown_agent_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await world.storage.read(lambda repos: repos.conversations.default_of("agent-none"))
    with pytest.raises(NotFound):
        await world.storage.read(lambda repos: repos.conversations.get("conv-none"))


async def test_deleting_a_thread_takes_its_branches_and_brings_back_only_those(world: World) -> None:
    thread = conversation(world.agent.id)
    early, late = branch(thread, 3), branch(thread, 5)

    def prepare(repos):
        for each in (thread, early, late):
            repos.conversations.add(each)
        repos.conversations.delete(early.id, NOON)
        repos.conversations.delete(thread.id, NOON + 1)

    await world.storage.write(prepare)
    assert await world.storage.read(lambda repos: repos.conversations.of_thread(thread.id)) == ()
    await world.storage.write(lambda repos: repos.conversations.undelete(thread.id))
    assert await world.storage.read(lambda repos: repos.conversations.of_thread(thread.id)) == (thread, late)


async def test_a_branch_shares_what_came_before_and_goes_its_own_way(world: World) -> None:
    first = await world.say("one", "two", "three", "four")
    other = branch(world.conversation, 3)
    instead = world.message("drei")

    def make(repos):
        repos.conversations.add(other)
        copied = repos.conversations.copy_members(world.conversation.id, other.id, 3)
        return copied, repos.messages.append(other.id, instead)

    assert await world.storage.write(make) == (2, 3)
    in_branch = await world.storage.read(lambda repos: repos.messages.in_context(other.id))
    assert [member.message for member in in_branch] == [first[0], first[1], instead]
    in_thread = await world.storage.read(lambda repos: repos.messages.in_context(world.conversation.id))
    assert [member.message for member in in_thread] == first


async def test_a_branch_sees_the_window_of_its_time(world: World) -> None:
    await world.say(*"abcdefgh")
    other = branch(world.conversation, 5)

    def make(repos):
        repos.messages.leave_context(world.conversation.id, 3, 4)  # a and b left before d was said
        repos.messages.leave_context(world.conversation.id, 5, 8)  # c and d left before h was said
        repos.conversations.add(other)
        repos.conversations.copy_members(world.conversation.id, other.id, 5)

    await world.storage.write(make)
    seen = await world.storage.read(lambda repos: repos.messages.in_context(other.id))
    assert [(member.position, member.message.text) for member in seen] == [(3, "c"), (4, "d")]


async def test_copying_from_or_to_nowhere_is_not_found(world: World) -> None:
    for source, target in ((some_id("conv"), world.conversation.id), (world.conversation.id, some_id("conv"))):
        with pytest.raises(NotFound):
            await world.storage.write(
                lambda repos, source=source, target=target: repos.conversations.copy_members(source, target, 9)
            )
