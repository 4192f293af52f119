"""Messages kept as they were parsed: never another's, never one that was rolled back, never more than the bound."""

import pytest

from app.adapters.database.parsed_messages import OVERHEAD, ParsedMessages
from app.domain.error import Invalid
from app.domain.message import Member
from app.ports.storage import Repositories
from tests.adapters.database.making import World, conversation
from tests.support.values import samples

pytestmark = pytest.mark.anyio


async def window(world: World, conversation_id: str) -> list[tuple[int, str]]:
    members = await world.storage.read(lambda repos: repos.messages.in_context(conversation_id))
    return [(member.position, member.message.text) for member in members]


async def test_a_window_read_again_is_the_same_and_takes_in_what_is_new(world: World) -> None:
    place = world.conversation.id
    for number in range(30):
        said = world.message(f"{number}", id=f"message-{number}")
        await world.storage.write(lambda repos, said=said: repos.messages.append(place, said))
        assert await window(world, place) == [(n + 1, f"{n}") for n in range(number + 1)]


async def test_a_message_that_was_rolled_back_is_never_seen_again(world: World) -> None:
    place = world.conversation.id

    def fails(repos: Repositories) -> None:
        repos.messages.append(place, world.message("rolled back", id="message-x"))
        assert [member.message.text for member in repos.messages.in_context(place)] == ["rolled back"]
        raise Invalid("on purpose")

    with pytest.raises(Invalid):
        await world.storage.write(fails)
    said = world.message("stored", id="message-x")
    await world.storage.write(lambda repos: repos.messages.append(place, said))
    assert await window(world, place) == [(1, "stored")]


async def test_a_fork_shows_the_same_message_in_its_own_place(world: World) -> None:
    place, fork = world.conversation.id, conversation(world.agent.id, id="conv-fork", root_id=world.conversation.id)
    for number in range(4):
        said = world.message(f"{number}", id=f"message-{number}")
        await world.storage.write(lambda repos, said=said: repos.messages.append(place, said))
    await window(world, place)

    def copy(repos: Repositories) -> None:
        repos.messages.leave_context(place, 2, 5)
        repos.conversations.add(fork)
        repos.conversations.copy_members(place, fork.id, 4)

    await world.storage.write(copy)
    assert await window(world, place) == [(2, "1"), (3, "2"), (4, "3")]
    assert await window(world, fork.id) == [(1, "0"), (2, "1"), (3, "2")]


def test_the_least_used_go_first_and_the_bound_holds() -> None:
    size = 500
    kept = ParsedMessages(most_bytes=10 * (size + OVERHEAD))
    for number in range(30):
        kept.keep({f"{number}": (_member(f"{number}"), size)})
        kept.find(["0"])
        assert kept.bytes <= 10 * (size + OVERHEAD)
    assert sorted(kept.find(f"{number}" for number in range(30)), key=int) == ["0", *map(str, range(21, 30))]
    kept.keep({"giant": (_member("giant"), 10**9)})
    assert "giant" not in kept.find(["giant"])
    kept.keep({"0": (_member("0"), size)})
    assert kept.bytes == 10 * (size + OVERHEAD)


def _member(text: str) -> Member:
    return Member(position=1, message=samples.message("user", text), left_seq=None)
