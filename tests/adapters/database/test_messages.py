"""Messages and their places."""

import pytest

from app.domain.error import NotFound, StorageError
from app.domain.message import ImagePart, ReasoningPart
from tests.adapters.database.making import World, conversation
from tests.support.values import samples
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio


async def test_every_kind_of_part_comes_back(world: World) -> None:
    message = samples.message(
        "assistant",
        ReasoningPart(text="hm\x00 \U0001f914", signature="s"),
        "Straße \u202e done",
        ImagePart(sha256="ab", media_type="image/png", width=3, height=4),
        samples.call(arguments='{"a":"\\ud83d\\ude00"}'),
        samples.returned(),
        agent_id=world.agent.id,
        run_id="run-1",
        step_id="step-1",
        otid="o1",
        name="n",
        sender_id="s1",
        note="stopped",
    )
    position = await world.storage.write(lambda repos: repos.messages.append(world.conversation.id, message))
    assert position == 1
    assert await world.storage.read(lambda repos: repos.messages.get(message.id)) == message
    assert await world.storage.read(lambda repos: repos.messages.of_run("run-1")) == (message,)
    assert await world.storage.read(lambda repos: repos.messages.find_otid(world.agent.id, "o1")) == message
    assert await world.storage.read(lambda repos: repos.messages.find_otid("agent-other", "o1")) is None


async def test_positions_run_from_one_without_gaps_in_each_conversation(world: World) -> None:
    other = conversation(world.agent.id)
    await world.storage.write(lambda repos: repos.conversations.add(other))

    def append(repos):
        places = (world.conversation.id, other.id, world.conversation.id, world.conversation.id, other.id)
        return [repos.messages.append(place, world.message("x")) for place in places]

    assert await world.storage.write(append) == [1, 1, 2, 3, 2]
    assert await world.storage.read(lambda repos: repos.messages.count(world.conversation.id)) == 3
    assert await world.storage.read(lambda repos: repos.messages.count("conv-none")) == 0


async def test_pages_go_back_and_forth_without_overlap(world: World) -> None:
    said = await world.say(*[f"message {number}" for number in range(1, 26)])
    place = world.conversation.id

    async def page(**where: int) -> list[int]:
        members = await world.storage.read(lambda repos: repos.messages.page(place, **where))
        assert all(member.message == said[member.position - 1] for member in members)
        return [member.position for member in members]

    assert await page(limit=10) == list(range(16, 26))
    assert await page(before=16, limit=10) == list(range(6, 16))
    assert await page(before=6, limit=10) == [1, 2, 3, 4, 5]
    assert await page(before=1, limit=10) == []
    assert await page(after=0, limit=3) == [1, 2, 3]
    assert await page(after=24, limit=3) == [25]
    assert await page(after=25, limit=3) == []


async def test_what_left_the_window_stays_in_the_conversation(world: World) -> None:
    said = await world.say("a", "b", "c", "d")
    place = world.conversation.id
    assert await world.storage.write(lambda repos: repos.messages.leave_context(place, 3, 5)) == 2
    assert await world.storage.write(lambda repos: repos.messages.leave_context(place, 3, 5)) == 0
    seen = await world.storage.read(lambda repos: repos.messages.in_context(place))
    assert [member.message for member in seen] == said[2:]
    page = await world.storage.read(lambda repos: repos.messages.page(place))
    assert [(member.message, member.left_seq) for member in page] == list(zip(said, (5, 5, None, None), strict=True))


async def test_the_last_words_of_an_agent_are_the_newest_text_of_person_or_agent(world: World) -> None:
    quiet = samples.agent()
    words = world.message("And so it is.", role="assistant")

    def talk(repos):
        repos.agents.add(quiet)
        silent = samples.message("assistant", samples.call(), agent_id=world.agent.id)
        for message in (world.message("Is it?"), words, silent, world.message("event", role="system")):
            repos.messages.append(world.conversation.id, message)

    await world.storage.write(talk)

    def last(repos):
        return repos.messages.last_of_agents((world.agent.id,))

    assert await world.storage.read(last) == {world.agent.id: words}
    await world.storage.write(lambda repos: repos.agents.save(world.agent.model_copy(update={"name": "New"})))
    assert await world.storage.read(last) == {world.agent.id: words}
    await world.storage.write(lambda repos: repos.agents.delete(world.agent.id, NOON))
    assert await world.storage.read(last) == {}


async def test_a_message_in_no_conversation_is_refused_and_leaves_nothing(world: World) -> None:
    message = world.message("lost")
    with pytest.raises(NotFound):
        await world.storage.write(lambda repos: repos.messages.append("conv-none", message))
    with pytest.raises(NotFound):
        await world.storage.read(lambda repos: repos.messages.get(message.id))


async def test_a_message_cannot_be_stored_twice(world: World) -> None:
    message = (await world.say("once"))[0]
    with pytest.raises(StorageError):
        await world.storage.write(lambda repos: repos.messages.append(world.conversation.id, message))
    assert await world.storage.read(lambda repos: repos.messages.count(world.conversation.id)) == 1
