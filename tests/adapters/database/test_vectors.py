"""Vectors: each text has one at most in a space, and none when the text is gone or another one."""

import pytest

from app.domain.embedding import EmbeddingModel
from app.domain.vector import Vector
from app.ports.storage import OwnVector, Repositories
from tests.adapters.database.making import World
from tests.adapters.database.test_archives import archive, filled, passage
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio
MODEL = EmbeddingModel(handle="lares/built-in", dimension=2, digest="abc")
VECTOR = Vector(1.0, b"\x01\x02")


def waiting(repos: Repositories, world: World, space: int | None) -> list[str]:
    found = repos.vectors.waiting_messages(space, (world.agent.id,), 0, repos.vectors.last_message(), 10)
    return [one.text for one in found]


def stored(repos: Repositories, table: str) -> list[tuple[int, ...]]:
    rows = repos.vectors.db.exec_driver_sql(f"SELECT space_seq, kind, owner_seq FROM {table} ORDER BY seq")
    return [tuple(row) for row in rows]


async def test_what_has_no_vector_waits_newest_first_with_its_neighbours(world: World) -> None:
    await world.say("one", "two", "", "four")

    def look(repos: Repositories) -> None:
        assert waiting(repos, world, None) == ["four", "", "two", "one"]
        space = repos.vectors.space(MODEL, NOON)
        assert repos.vectors.space(MODEL, NOON) == space == repos.vectors.known_space(MODEL.space)
        repos.vectors.add(space, [OwnVector("message", 4, 1, VECTOR), OwnVector("neighbours", 2, 1, VECTOR)])
        assert waiting(repos, world, space) == ["", "two", "one"]
        assert waiting(repos, world, repos.vectors.space(MODEL.model_copy(update={"digest": "b"}), NOON))[0] == "four"
        four = repos.vectors.waiting_messages(None, (world.agent.id,), 3, 4, 10)[0]
        assert (four.before, four.after, four.previous_seq) == ("two", "", 2)
        two = repos.vectors.waiting_messages(None, (world.agent.id,), 1, 2, 10)[0]
        assert (two.before, two.after) == ("one", "four")
        assert repos.vectors.waiting_messages(None, ("agent-else",), 0, 9, 10) == ()

    await world.storage.write(look)


async def test_what_was_said_long_before_is_no_neighbour(world: World) -> None:
    hour = 3600 * 1_000_000

    def talk(repos: Repositories) -> None:
        repos.messages.append(world.conversation.id, world.message("old"))
        repos.messages.append(world.conversation.id, world.message("new", created_at=NOON + 2 * hour))
        assert repos.vectors.waiting_messages(None, (world.agent.id,), 1, 2, 1)[0].before == ""

    await world.storage.write(talk)


async def test_a_new_vector_takes_the_place_of_the_old_one(world: World) -> None:
    await world.say("one")

    def put(repos: Repositories) -> None:
        space = repos.vectors.space(MODEL, NOON)
        for _ in range(2):
            repos.vectors.add(space, [OwnVector("message", 1, 1, VECTOR)])
        repos.vectors.add(space, [OwnVector("message", 99, 1, VECTOR), OwnVector("passage", 1, 1, VECTOR)])
        assert stored(repos, "vectors") == [(space, 2, 1)]

    await world.storage.write(put)


async def test_vectors_of_passages_go_with_their_text(world: World) -> None:
    notes = archive()
    one, two, three = (passage(text, notes) for text in ("one", "two", "three"))
    await filled(world, one, two, three, of=notes)

    def change(repos: Repositories) -> None:
        space = repos.vectors.space(MODEL, NOON)
        repos.vectors.add(space, [OwnVector("passage", seq, 1, VECTOR) for seq in (1, 2, 3)])
        assert repos.vectors.waiting_passages(space, (notes.id,), 0, 9, 10) == ()
        repos.passages.save(one.model_copy(update={"text": "other"}), two.model_copy(update={"tags": ("a",)}))
        repos.passages.delete((three.id,), NOON)
        assert stored(repos, "vectors") == [(space, 1, 2)]
        assert stored(repos, "vectors_gone") == [(space, 1, 1), (space, 1, 3)]
        found = repos.vectors.waiting_passages(space, (notes.id,), 0, repos.vectors.last_passage(), 10)
        assert [one.text for one in found] == ["other"]

    await world.storage.write(change)


async def test_vectors_of_forgotten_messages_go_and_those_of_other_spaces_can(world: World) -> None:
    await world.say("one", "two")

    def change(repos: Repositories) -> None:
        old = repos.vectors.space(MODEL, NOON)
        new = repos.vectors.space(MODEL.model_copy(update={"digest": "b"}), NOON)
        for space in (old, new):
            repos.vectors.add(space, [OwnVector(of, 1, 1, VECTOR) for of in ("message", "neighbours")])
        assert repos.vectors.drop_spaces_but((new,), 10) == 2
        repos.agents.delete(world.agent.id, NOON)
        while repos.deleted.forget(NOON + 1).more:
            pass
        assert stored(repos, "vectors") == []
        assert sorted(stored(repos, "vectors_gone")) == [(new, 2, 1), (new, 3, 1)]

    await world.storage.write(change)
