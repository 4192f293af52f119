"""What an agent writes into its memory is stored where it is needed, not once more for all that tell of it."""

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from string import ascii_lowercase
from typing import Any

import pytest

from app.adapters.database.backups import FILE
from app.domain.block import BlockDraft
from app.services import Services
from tests.support.engine.talking import events_of, say
from tests.support.engine.whole_engine import agent_on, started
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

PAGES = ("page_count", "freelist_count", "page_size")
LINES = "\n".join(f"Line {number} of what is known." for number in range(20))
EDITS = {
    "memory_replace": {"old_string": "Line 3 of", "new_string": "MARK-memory_replace"},
    "memory_insert": {"new_string": "MARK-memory_insert"},
    "memory_rethink": {"new_memory": f"MARK-memory_rethink\n{LINES}"},
    "core_memory_append": {"content": "MARK-core_memory_append"},
    "core_memory_replace": {"old_content": "Line 4 of", "new_content": "MARK-core_memory_replace"},
}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(context=131_072) as opened:
        yield opened


def texts_of(value: Any) -> bytes:
    if isinstance(value, bytes):
        try:
            return zlib.decompress(value)
        except zlib.error:
            return value
    return str(value).encode()


def places(file: Path, words: str) -> Counter[str]:
    """In which columns of which tables these words stand, compressed or not, and how often."""
    found: Counter[str] = Counter()
    db = sqlite3.connect(file)
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        cursor = db.execute(f'SELECT * FROM "{table}"')
        columns = [one[0] for one in cursor.description]
        for row in cursor:
            for column, value in zip(columns, row, strict=True):
                found[f"{table}.{column}"] += texts_of(value).count(words.encode())
    db.close()
    return +found


def size_of(file: Path) -> int:
    """Bytes of all that is stored, without what SQLite leaves free."""
    db = sqlite3.connect(file)
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in PAGES)
    db.close()
    return (pages - free) * size


async def test_an_edit_is_stored_where_it_is_needed(
    services: Services, server: OpenAIServer, data_folder: Path
) -> None:
    block = BlockDraft(label="human", value=LINES, limit=5000)
    agent = await agent_on(services, server, blocks=(block,), tool_names=tuple(EDITS))
    for tool, arguments in EDITS.items():
        call = ToolCall(tool, {"label": "human", **arguments})
        server.queue(Reply(calls=(call,), whole_calls=True), Reply(text="Done."))
        run = await say(services, agent, "Note it.")
        said = [event.payload.message_type for event in await events_of(services, run.id) if event.whole]
        assert said[:3] == ["user_message", "tool_call_message", "tool_return_message"]
        await say(services, agent, "And now?")
        found = places(data_folder / FILE, f"MARK-{tool}")
        # The call and its return; the block; its history. Compressed: the reply, both in a request, the next prompt.
        assert found.pop("run_events.payload", 0) <= 2, "pieces of the call, which are forgotten after a week"
        assert found.pop("request_parts.content") <= 3
        assert found.pop("steps.reply", 0) <= 1
        assert found == {"messages.parts": 2, "blocks.value": 1, "memory_events.after": 1}, tool


async def test_an_edit_of_a_large_block_is_stored_in_three_places(
    services: Services, server: OpenAIServer, data_folder: Path
) -> None:
    chance = Random(1)
    words = ["".join(chance.choices(ascii_lowercase, k=chance.randrange(2, 9))) for _ in range(3000)]
    text = "\n".join(" ".join(chance.choices(words, k=12)) for _ in range(720))
    block = BlockDraft(label="human", value=text, limit=60_000)
    agent = await agent_on(services, server, blocks=(block,), tool_names=tuple(EDITS), context_window=200_000)
    await say(services, agent, "Hello.")
    file = data_folder / FILE
    before = size_of(file)
    call = ToolCall("memory_replace", {"label": "human", "old_string": text[2000:2020], "new_string": "MARK"})
    server.queue(Reply(calls=(call,), whole_calls=True), Reply(text="Done."))
    run = await say(services, agent, "Note it.")
    last = await say(services, agent, "And now?")
    # The block's own row was there before, so what is added: the return, the history, and little else.
    assert size_of(file) - before <= 2.6 * len(text)
    steps = [*await services.runs.steps(run.id), *await services.runs.steps(last.id)]
    sent = [(await services.runs.trace(step.id)).request for step in steps]
    assert [json.loads(one) for one in sent] == [chat.body for chat in server.chats[-3:]]
    change = (await services.history.of_agent(agent.id))[0]
    assert change.before == {"value": text}
    await services.history.undo(change.seq)
    assert [one.value for one in await services.blocks.of_agent(agent.id)] == [text]


async def test_what_a_log_does_not_hold_itself_reads_as_it_was_told(services: Services, server: OpenAIServer) -> None:
    agent = await agent_on(services, server)
    calls = (ToolCall("memory_insert", {"label": "human", "new_string": "Likes tea."}), ToolCall("unheard_of", {}))
    replies = (
        Reply(reasoning="I think.", text="I say.", calls=calls),
        Reply(text="Zürich 🙂"),
        Reply(reasoning="Only thoughts."),
        Reply(text="At last."),
    )
    server.queue(*replies)
    run = await started(services, agent, "Hello <b>&amp;")
    told = [event.payload.model_dump_json() for event in await events_of(services, run.id)]
    logged = await events_of(services, run.id)
    assert [event.payload.model_dump_json() for event in logged] == told
    assert sum(event.whole and event.message is not None for event in logged) > 5
