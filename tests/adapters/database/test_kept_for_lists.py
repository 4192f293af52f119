"""What lists are sorted and found by says what the rows say, whatever is changed, fails or is rolled back."""

import contextlib
import json
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from app.domain.error import AppError, Invalid
from app.domain.page import AgentFilter, BlockFilter, ConversationFilter, PageRequest
from app.ports.storage import Repositories
from tests.adapters.database.life import IDENTITIES, TAGS, Life
from tests.adapters.database.making import World

pytestmark = pytest.mark.anyio
Rows = list[dict[str, Any]]
LAST = "SELECT {column} FROM runs WHERE agent_id = agents.id AND completed_at IS NOT NULL ORDER BY seq DESC LIMIT 1"
AGENTS = f"""SELECT agents.*, coalesce((
        SELECT created_at FROM messages WHERE agent_id = agents.id AND EXISTS (
            SELECT 1 FROM conversation_messages AS place JOIN conversations AS c ON c.seq = place.conversation_seq
            WHERE place.message_seq = messages.seq AND c.deleted_at IS NULL
        ) ORDER BY seq DESC LIMIT 1
    ), created_at) AS spoken_at, coalesce(({LAST.format(column="completed_at")}), 0) AS ran_at,
    ({LAST.format(column="stop_reason")}) AS stopped FROM agents ORDER BY seq"""
CONVERSATIONS = """SELECT conversations.*, coalesce((
        SELECT messages.created_at FROM conversations AS shown
        JOIN conversation_messages AS place ON place.conversation_seq = shown.seq
        JOIN messages ON messages.seq = place.message_seq
        WHERE shown.id = conversations.active_id ORDER BY place.position DESC LIMIT 1
    ), 0) AS heard_at, coalesce((
        SELECT max(runs.completed_at) FROM conversations AS branch JOIN runs ON runs.conversation_id = branch.id
        WHERE branch.root_id = conversations.id
    ), 0) AS ran_at FROM conversations WHERE root_id = id ORDER BY seq"""


def rows(repos: Repositories, sql: str) -> Rows:
    return [dict(row) for row in repos.messages.db.exec_driver_sql(sql).mappings()]  # type: ignore[attr-defined]


def ids(found: Iterable[dict[str, Any]], *by: str) -> list[str]:
    """Newest first."""
    return [row["id"] for row in sorted(found, key=lambda row: [row[name] for name in (*by, "seq")], reverse=True)]


def expected(repos: Repositories) -> dict[object, list[str]]:
    """Every list, from what the rows themselves say."""
    agents = [row for row in rows(repos, AGENTS) if row["deleted_at"] is None and not row["hidden"]]
    blocks = [row for row in rows(repos, "SELECT * FROM blocks") if row["deleted_at"] is None]
    threads = [row for row in rows(repos, CONVERSATIONS) if row["deleted_at"] is None]
    gone = {row["id"] for row in rows(repos, "SELECT id FROM agents WHERE deleted_at IS NOT NULL")}
    threads = [row for row in threads if row["agent_id"] not in gone]
    owner = threads[0]["agent_id"] if threads else "none"
    own = [row for row in threads if row["agent_id"] == owner]

    def tagged(found: Rows, tag: str) -> Rows:
        return [row for row in found if tag in json.loads(row["tags"])]

    def of_identity(identity: str) -> Rows:
        return [row for row in agents if identity in json.loads(row["extras"]).get("identity_ids", ())]

    return {
        "created_at": ids(agents),
        "updated_at": ids(agents, "updated_at"),
        "activity": ids(agents, "pinned", "spoken_at"),
        "last_run_completion": ids(agents, "ran_at"),
        "ended in an error": ids(row for row in agents if row["stopped"] == "error"),
        **{("agents", tag): ids(tagged(agents, tag)) for tag in TAGS},
        **{("both", tag): ids(tagged(tagged(agents, TAGS[0]), tag)) for tag in TAGS},
        **{("blocks", tag): ids(tagged(blocks, tag)) for tag in TAGS},
        **{identity: ids(of_identity(identity)) for identity in IDENTITIES},
        "blocks": ids(blocks),
        "threads": ids(threads),
        "threads by message": ids(threads, "heard_at"),
        "threads by run": ids(threads, "ran_at"),
        "own by message": ids(own, "heard_at"),
        "own by run": ids(own, "ran_at"),
        "owner": [owner],
    }


def by_pages(read: Callable[[PageRequest], Iterable[Any]], order: str = "created_at") -> list[str]:
    """A list read in pages of three, forwards; backwards and from the other end it must be the same."""
    found: dict[bool, list[str]] = {}
    for descending in (True, False):
        page, all_ids = PageRequest.model_validate({"limit": 3, "descending": descending, "order": order}), list[str]()
        while read_now := [row.id for row in read(page)]:
            all_ids += read_now
            page = page.model_copy(update={"after": all_ids[-1]})
        if all_ids:
            back = page.model_copy(update={"after": None, "before": all_ids[-1], "limit": 100})
            assert [row.id for row in read(back)] == all_ids[:-1]
        found[descending] = all_ids
    assert found[True] == found[False][::-1]
    return found[True]


def listed(repos: Repositories, owner: str) -> dict[object, list[str]]:
    def agents(order: str = "created_at", **wanted: object) -> list[str]:
        given = AgentFilter.model_validate(wanted)
        found = by_pages(lambda page: repos.agents.list(given, page), order)
        assert repos.agents.count(given) == len(found)
        return found

    def blocks(**wanted: object) -> list[str]:
        given = BlockFilter.model_validate({"hidden": None, **wanted})
        return by_pages(lambda page: repos.blocks.list(given, page))

    def threads(order: str = "created_at", **wanted: object) -> list[str]:
        given = ConversationFilter.model_validate(wanted)
        return by_pages(lambda page: repos.conversations.list(given, page), order)

    return {
        **{order: agents(order) for order in ("created_at", "updated_at", "activity", "last_run_completion")},
        "ended in an error": agents(last_stop_reason="error"),
        **{("agents", tag): agents(tags=(tag,)) for tag in TAGS},
        **{("both", tag): agents(tags=(TAGS[0], tag), all_tags=True) for tag in TAGS},
        **{("blocks", tag): blocks(tags=(tag,)) for tag in TAGS},
        **{identity: agents(identity_id=identity) for identity in IDENTITIES},
        "blocks": blocks(),
        "threads": threads(),
        "threads by message": threads("last_message_at"),
        "threads by run": threads("last_run_completion"),
        "own by message": threads("last_message_at", agent_id=owner),
        "own by run": threads("last_run_completion", agent_id=owner),
        "owner": [owner],
    }


@pytest.mark.parametrize("seed", range(4))
async def test_lists_find_what_the_rows_say(world: World, seed: int, times: Callable[[int, int], int]) -> None:
    life = Life(world, seed)
    dice = random.Random(seed)

    def look(repos: Repositories) -> None:
        told = expected(repos)
        assert listed(repos, told["owner"][0]) == told
        said = {tag for kind in ("agents", "blocks") for tag in TAGS if told[kind, tag]}
        hidden = [row for row in rows(repos, AGENTS) if row["deleted_at"] is None and row["hidden"]]
        said |= {tag for row in hidden for tag in json.loads(row["tags"])}
        assert repos.pages.tags("", PageRequest(descending=False)) == tuple(sorted(said))

    for number in range(times(20, 100)):
        fails = number % 4 == 0

        def work(repos: Repositories, fails: bool = fails) -> None:
            for _ in range(dice.randint(1, 3)):
                life.change(repos)
                if dice.random() < 0.5:
                    life.seen(repos)
            if fails:
                raise Invalid("on purpose")

        with contextlib.suppress(AppError):  # what cannot be done is refused, which is part of the life
            await world.storage.write(work)
        if number % 5 == 0:
            await world.storage.write(look)
            await world.storage.read(look)
