"""The everyday work costs the same however long the history is: counted in steps of SQLite's machine, not in time."""

import pytest

from tests.adapters.database.making import World, branch, conversation, step

pytestmark = pytest.mark.anyio

FILL = """
WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})
INSERT INTO messages(id, agent_id, role, parts, note, created_at)
SELECT 'message-' || i, '{agent}', 'user', '[{{"type":"text","text":"filling"}}]', '', i FROM n
"""
PLACE = """
INSERT INTO conversation_messages(conversation_seq, position, message_seq, entered_seq, left_seq)
SELECT 1, row_number() OVER (ORDER BY seq), seq, 1, CASE WHEN seq <= {last} - 20 THEN 1 END FROM messages
"""


class Steps:
    def __init__(self, repos) -> None:
        self.connection = repos.messages.db.connection.driver_connection
        self.count = 0

    def _one(self) -> int:
        self.count += 1
        return 0

    def of(self, work) -> int:
        self.count = 0
        self.connection.set_progress_handler(self._one, 1)
        work()
        self.connection.set_progress_handler(None, 0)
        return self.count


async def fill(world: World, last: int) -> None:
    """Makes the conversation `last` messages long, the newest 20 in the context window."""

    def work(repos):
        db = repos.messages.db
        held = db.exec_driver_sql("SELECT count(*) FROM messages").scalar_one()
        db.exec_driver_sql("DELETE FROM conversation_messages")
        db.exec_driver_sql(FILL.format(first=held + 1, last=last, agent=world.agent.id))
        db.exec_driver_sql(PLACE.format(last=last))
        repos.messages.known.forget_all()  # what it holds was written past it

    await world.storage.write(work)


async def measure(world: World, last: int) -> dict[str, int]:
    place, messages = world.conversation.id, [world.message("x") for _ in range(3)]

    def read(repos):
        steps, rows = Steps(repos), repos.messages
        assert len(rows.in_context(place)) == 20
        assert rows.count(place) == last
        assert rows.first_in_context(place) == last - 19
        return {
            "in_context": steps.of(lambda: rows.in_context(place)),
            "first_in_context": steps.of(lambda: rows.first_in_context(place)),
            "newest page": steps.of(lambda: rows.page(place)),
            "earlier page": steps.of(lambda: rows.page(place, before=last // 2)),
            "later page": steps.of(lambda: rows.page(place, after=last // 2)),
            "count": steps.of(lambda: rows.count(place)),
            "last_of_agents": steps.of(lambda: rows.last_of_agents((world.agent.id,))),
        }

    def write(repos):
        steps = Steps(repos)
        for message in messages[:2]:
            repos.messages.append(place, message)
        append = steps.of(lambda: repos.messages.append(place, messages[2]))
        leave = steps.of(lambda: repos.messages.leave_context(place, last - 10, last))
        return {"append": append, "leave_context": leave}

    counted = await world.storage.read(read)
    return counted | await world.storage.write(write)


async def test_a_hundred_thousand_messages_cost_what_a_hundred_do(world: World) -> None:
    await world.say("the first words")
    await fill(world, 100)
    short = await measure(world, 100)
    await fill(world, 100_000)
    long = await measure(world, 100_000)
    assert {name: steps for name, steps in long.items() if steps > short[name] * 1.1 + 10} == {}
    assert short["in_context"] > 20


QUERIES = {
    "last counted step": lambda repos, world: repos.runs.last_step(world.agent.id),
    "active runs": lambda repos, world: repos.runs.active(),
    "active run of a conversation": lambda repos, world: repos.runs.active_in(world.conversation.id),
    "run by id": lambda repos, world: repos.runs.get(repos.runs.list(limit=1)[0].id),
    "newest runs of an agent": lambda repos, world: repos.runs.list(agent_id=world.agent.id, limit=3),
    "newest runs of a conversation": lambda repos, world: repos.runs.list(
        conversation_id=world.conversation.id, limit=3
    ),
    "history of a target": lambda repos, world: repos.history.of_target("block-1", limit=3),
    "history of an agent": lambda repos, world: repos.history.of_agent(world.agent.id, limit=3),
    "changes of a run": lambda repos, world: repos.history.of_runs(("run-5",)),
    "messages of a run": lambda repos, world: repos.messages.of_run("run-5"),
    "a repeated message": lambda repos, world: repos.messages.find_otid(world.agent.id, "none"),
    "last memory event": lambda repos, world: repos.history.last_seq(),
}
RUNS = """
WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})
INSERT INTO runs(id, agent_id, conversation_id, status, background, started_by, prompt_tokens, completion_tokens,
usage_steps, resumed, state, created_at)
SELECT 'run-' || i, '{agent}', '{conversation}', 'completed', 0, 'window', 1, 1, 1, 0, '', i FROM n
"""
LINKS = """
INSERT INTO memory_event_agents (agent_id, event_seq, at, kind, target_kind, target_id, op)
SELECT agent_id, seq, at, actor, target_kind, target_id, op FROM memory_events WHERE seq >= {first}
"""
EVENTS = """
INSERT INTO memory_events(id, at, agent_id, target_kind, target_id, label, op, before, after, version, actor, run_id,
client) SELECT 'event-' || seq, 1, agent_id, 'block', 'block-1', 'human', 'update', '{{}}', '{{}}', 1, 'agent', id, ''
FROM runs WHERE seq > {held}
"""


async def test_runs_and_history_are_found_by_index(world: World) -> None:
    async def grow(first: int, last: int) -> dict[str, int]:
        given = {"first": first, "last": last, "agent": world.agent.id, "conversation": world.conversation.id}

        def work(repos):
            db = repos.messages.db
            db.exec_driver_sql(RUNS.format(**given))
            db.exec_driver_sql(EVENTS.format(held=first - 1))
            db.exec_driver_sql(LINKS.format(**given))
            for number in range(3):
                repos.runs.add_step(step(repos.runs.get(f"run-{last}"), step_no=number + 1), (b"q",), b"r")

        await world.storage.write(work)
        return await world.storage.read(
            lambda repos: {
                name: Steps(repos).of(lambda query=query: query(repos, world)) for name, query in QUERIES.items()
            }
        )

    few, many = await grow(1, 20), await grow(21, 5000)
    assert {name: (few[name], steps) for name, steps in many.items() if steps > few[name] * 1.2 + 20} == {}


async def test_a_thread_is_read_without_the_other_threads_of_its_agent(world: World) -> None:
    own = branch(world.conversation, 1)

    def read(repos):
        thread: list[object] = []
        steps = Steps(repos).of(lambda: thread.extend(repos.conversations.of_thread(world.conversation.id)))
        assert thread == [world.conversation, own]
        return steps

    await world.storage.write(lambda repos: repos.conversations.add(own))
    alone = await world.storage.read(read)
    more = [conversation(world.agent.id) for _ in range(300)]
    await world.storage.write(lambda repos: [repos.conversations.add(one) for one in more])
    assert await world.storage.read(read) <= alone * 1.2 + 20
