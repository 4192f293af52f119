"""The main path on a whole engine: a correction changes memory, is undone, redone, and survives."""

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import AgentDraft, AgentPatch
from app.domain.block import BlockDraft, BlockPatch
from app.domain.error import Conflict, Invalid
from app.domain.history import Actor, Origin
from app.domain.message import MessageDraft
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, events_of, say, transcript

pytestmark = pytest.mark.anyio


async def test_a_correction_is_a_real_tool_call_with_a_traceable_memory_change(services: Services):
    agent = await services.agents.create_demo()
    run = await say(services, agent, "By the way, my name is Brad, not Chad.")
    assert (run.status, run.stop_reason) == ("completed", "end_turn")
    assert await block_value(services, agent) == "Name: Brad.\nLikes short answers."
    messages = await transcript(services, agent)
    check_invariants(messages)
    assert [message.role for message in messages] == ["user", "assistant", "tool", "assistant"]
    call = messages[1].tool_calls[0]
    assert call.name == "memory_replace"
    event = (await services.history.of_agent(agent.id))[0]
    assert (event.before, event.after) == (
        {"value": "Name: Chad.\nLikes short answers."},
        {"value": "Name: Brad.\nLikes short answers."},
    )
    assert event.origin == Origin(
        actor=Actor(kind="agent", name=agent.name),
        run_id=run.id,
        step_id=messages[1].step_id,
        tool_call_id=call.tool_call_id,
        tool_name="memory_replace",
        message_id=messages[0].id,
    )
    assert event.cause == "By the way, my name is Brad, not Chad."


async def test_the_demo_may_say_the_same_to_two_messages_that_it_knows_nothing_of(services: Services):
    agent = await services.agents.create_demo()
    runs = [await say(services, agent, text) for text in ("/notes.md", "/list.csv")]
    assert [run.status for run in runs] == ["completed", "completed"]
    assert [step.repairs for step in await services.runs.steps(runs[1].id)] == [()]


async def test_an_undo_brings_the_old_text_back_and_can_itself_be_undone(services: Services):
    agent = await services.agents.create_demo()
    await say(services, agent, "my name is Brad, not Chad")
    change = (await services.history.of_agent(agent.id))[0]
    undo = await services.history.undo(change.seq)
    assert (await block_value(services, agent)).startswith("Name: Chad.")
    assert undo.undoes == change.seq
    assert (await services.history.of_agent(agent.id))[1].undone_by == undo.seq
    with pytest.raises(Conflict) as caught:
        await services.history.undo(change.seq)
    assert caught.value.code == "already_undone"
    await services.history.undo(undo.seq)
    assert (await block_value(services, agent)).startswith("Name: Brad.")
    rows = {event.seq: event for event in await services.history.of_agent(agent.id)}
    assert rows[change.seq].undone_by is None
    assert rows[undo.seq].undone_by is not None


async def test_an_undo_keeps_later_changes_of_other_lines_and_refuses_those_of_the_same(services: Services):
    agent = await services.agents.create_demo()
    await say(services, agent, "my name is Brad, not Chad")
    change = (await services.history.of_agent(agent.id))[0]
    human = next(b for b in await services.blocks.of_agent(agent.id) if b.label == "human")
    await services.blocks.update(human.id, BlockPatch(value=f"{human.value}\nHas a cat.\nHas a dog."))
    await services.history.undo(change.seq)
    assert await block_value(services, agent) == "Name: Chad.\nLikes short answers.\nHas a cat.\nHas a dog."
    await services.blocks.update(human.id, BlockPatch(value="Name: Zoë."))
    latest = (await services.history.of_block(human.id))[1]
    with pytest.raises(Conflict) as caught:
        await services.history.undo(latest.seq)
    assert caught.value.code == "changed_since"
    assert await block_value(services, agent) == "Name: Zoë."


async def test_everything_is_there_after_a_restart(engine: OpenEngine):
    services = engine.services
    agent = await services.agents.create_demo()
    await say(services, agent, "my name is Brad, not Chad")
    before = await transcript(services, agent)
    await engine.close()
    again = await open_engine(Config.load())
    try:
        assert await transcript(again.services, agent) == before
        assert await block_value(again.services, agent) == "Name: Brad.\nLikes short answers."
        assert (await again.services.agents.list())[0].agent == await again.services.agents.get(agent.id)
        assert len(await again.services.history.of_agent(agent.id)) > 3
    finally:
        await again.close()


async def test_a_stream_can_be_taken_up_at_any_number_without_gap_or_repeat(services: Services):
    agent = await services.agents.create_demo()
    run = await say(services, agent, "my name is Brad, not Chad")
    everything = await events_of(services, run.id)
    assert [event.seq_id for event in everything] == sorted({event.seq_id for event in everything})
    assert everything[-1].payload.message_type == "usage_statistics"
    for cut in range(0, len(everything), 7):
        assert await events_of(services, run.id, everything[cut].seq_id) == everything[cut + 1 :]


async def test_deltas_add_up_to_the_stored_text(services: Services):
    agent = await services.agents.create_demo()
    run = await say(services, agent, "/markdown")
    pieces: dict[str, str] = {}
    whole: dict[str, str] = {}
    for event in await events_of(services, run.id):
        if event.payload.message_type == "assistant_message":
            target = whole if event.whole else pieces
            target[event.payload.id] = target.get(event.payload.id, "") + str(event.payload.content)
    assert pieces == whole
    assert whole


async def test_the_bytes_of_each_step_are_kept(services: Services):
    agent = await services.agents.create_demo()
    run = await say(services, agent, "my name is Brad, not Chad")
    steps = await services.runs.steps(run.id)
    assert [step.step_no for step in steps] == [1, 2]
    first, second = [await services.runs.trace(step.id) for step in steps]
    assert "Name: Chad." in first.request
    assert "Name: Brad." in second.request
    assert "memory_replace" in first.reply
    assert all(step.usage.prompt_tokens > 0 for step in steps)


async def test_a_block_edited_meanwhile_is_a_conflict_that_names_the_version(services: Services):
    agent = await services.agents.create_demo()
    human = next(b for b in await services.blocks.of_agent(agent.id) if b.label == "human")
    await say(services, agent, "my name is Brad, not Chad")
    with pytest.raises(Conflict) as caught:
        await services.blocks.update(human.id, BlockPatch(value="mine"), expected_version=human.version)
    assert (caught.value.code, caught.value.details["version"]) == ("version_conflict", human.version + 1)


async def test_a_deleted_block_comes_back_where_it_was(services: Services):
    agent = await services.agents.create_demo()
    labels = [block.label for block in await services.blocks.of_agent(agent.id)]
    human = next(b for b in await services.blocks.of_agent(agent.id) if b.label == "human")
    await services.blocks.delete(human.id)
    assert "human" not in [block.label for block in await services.blocks.of_agent(agent.id)]
    deletion = next(event for event in await services.history.of_agent(agent.id) if event.op == "delete")
    await services.history.undo(deletion.seq)
    assert [block.label for block in await services.blocks.of_agent(agent.id)] == labels


async def test_a_block_is_restored_to_any_earlier_version(services: Services):
    agent = await services.agents.create_demo()
    block = await services.blocks.create(agent.id, BlockDraft(label="plans", value="one"))
    for value in ("two", "three", "four"):
        await services.blocks.update(block.id, BlockPatch(value=value))
    two = next(e for e in await services.history.of_block(block.id) if e.after == {"value": "two"})
    assert await services.history.value_at(block.id, two.seq) == "two"
    restored = await services.history.restore(block.id, two.seq)
    assert (restored.value, restored.version) == ("two", 5)
    last = (await services.history.of_block(block.id))[0]
    await services.history.undo(last.seq)
    assert (await services.blocks.get(block.id)).value == "four"


async def test_an_agent_s_settings_have_a_history_too(services: Services):
    agent = await services.agents.create_demo()
    await services.agents.update(agent.id, AgentPatch(system="You are terse."))
    event = (await services.history.of_agent(agent.id))[0]
    assert (event.target_kind, event.label) == ("agent", "system")
    await services.history.undo(event.seq)
    assert (await services.agents.get(agent.id)).system == agent.system


async def test_a_second_message_while_the_agent_replies_is_refused_with_the_run(services: Services):
    agent = await services.agents.create_demo()
    conversation = await services.conversations.default_of(agent.id)
    run = await services.runs.start(conversation.active_id, MessageDraft.of("/long 300"))
    with pytest.raises(Conflict) as caught:
        await services.runs.start(conversation.active_id, MessageDraft.of("hello?"))
    assert (caught.value.code, caught.value.details["run_id"]) == ("busy", run.id)
    await services.runs.cancel(run.id)


async def test_a_message_sent_twice_with_the_same_otid_runs_once(services: Services):
    agent = await services.agents.create_demo()
    conversation = await services.conversations.default_of(agent.id)
    draft = MessageDraft.of("hello").model_copy(update={"otid": "otid-1"})
    first = await services.runs.start(conversation.active_id, draft)
    await events_of(services, first.id)
    second = await services.runs.start(conversation.active_id, draft)
    assert second.id == first.id
    assert len(await transcript(services, agent)) == 2


async def test_stopping_keeps_what_was_written_and_the_agent_answers_the_next_message(services: Services):
    agent = await services.agents.create_demo()
    conversation = await services.conversations.default_of(agent.id)
    run = await services.runs.start(conversation.active_id, MessageDraft.of("/long 2000"))
    async for event in services.runs.subscribe(run.id):
        if not event.whole:
            break
    stopped = await services.runs.cancel(run.id)
    assert (stopped.status, stopped.stop_reason) == ("cancelled", "cancelled")
    assert (await transcript(services, agent))[-1].note == "stopped"
    assert (await say(services, agent, "hello")).status == "completed"


async def test_a_reply_that_breaks_off_is_kept_said_and_can_be_tried_again(services: Services):
    agent = await services.agents.create_demo()
    run = await say(services, agent, "/fail")
    assert (run.status, run.stop_reason) == ("failed", "llm_api_error")
    assert run.failure is not None
    assert run.failure.code == "server_died"
    assert "words it had written are kept" in run.failure.message
    again = await services.runs.retry(run.id)
    await events_of(services, again.id)
    assert [m.role for m in await transcript(services, agent)].count("user") == 1


async def test_a_branch_keeps_the_old_messages_and_takes_the_memory_back(services: Services):
    agent = await services.agents.create_demo()
    await say(services, agent, "hello")
    await say(services, agent, "my name is Brad, not Chad")
    thread = await services.conversations.default_of(agent.id)
    old = await services.messages.page(thread.active_id)
    third = old.positions[2]
    assert len(await services.conversations.changes_since(thread.id, third)) == 1
    branch = await services.conversations.branch(thread.active_id, third, undo_memory=True)
    assert await block_value(services, agent) == "Name: Chad.\nLikes short answers."
    run = await say(services, agent, "my name is Zoë, not Chad")
    assert run.conversation_id == branch.id
    page = await services.messages.page(branch.id)
    assert page.messages[:2] == old.messages[:2]
    assert page.messages[2].text == "my name is Zoë, not Chad"
    fork = page.forks[0]
    assert (fork.position, fork.branch_ids, fork.current) == (third, (thread.id, branch.id), 1)
    await services.conversations.show_branch(thread.id)
    shown = (await services.conversations.default_of(agent.id)).active_id
    assert (await services.messages.page(shown)).messages == old.messages


async def test_a_reset_empties_the_window_but_not_the_history(services: Services):
    agent = await services.agents.create_demo()
    await say(services, agent, "hello")
    thread = await services.conversations.default_of(agent.id)
    await services.conversations.reset(thread.active_id)
    overview = await services.context.overview(thread.active_id)
    assert (overview.messages_in, overview.messages_out) == (0, 2)
    assert len(await transcript(services, agent)) == 2
    assert (await services.messages.search("hello"))[0].message.text == "hello"


async def test_a_full_window_lets_the_oldest_turns_go_and_still_answers(services: Services):
    agent = await services.agents.create_demo()
    await services.agents.update(
        agent.id, AgentPatch(context_window=4096, settings=agent.settings.model_copy(update={"max_output_tokens": 512}))
    )
    for _ in range(6):
        assert (await say(services, agent, "/long 400")).status == "completed"
    assert (await say(services, agent, "my name is Brad, not Chad")).status == "completed"
    assert (await block_value(services, agent)).startswith("Name: Brad.")
    thread = await services.conversations.default_of(agent.id)
    overview = await services.context.overview(thread.active_id)
    assert overview.messages_out > 0
    assert overview.used + overview.kept_for_reply <= 4096


async def test_a_prompt_larger_than_the_window_ends_in_a_sentence_and_changes_nothing(services: Services):
    agent = await services.agents.create_demo()
    await services.agents.update(agent.id, AgentPatch(system="word " * 20_000))
    run = await say(services, agent, "hello")
    assert run.stop_reason == "context_window_overflow_in_system_prompt"
    assert run.failure is not None
    assert "Increase the context size" in run.failure.hint
    await services.agents.update(agent.id, AgentPatch(system="Short."))
    assert (await say(services, agent, "hello")).status == "completed"


async def test_an_agent_with_a_model_nobody_serves_says_so_and_works_again_with_another(services: Services):
    agent = await services.agents.create(AgentDraft(name="Juno", model="nowhere/x"))
    run = await say(services, agent, "hello")
    assert run.failure is not None
    assert run.failure.code == "model_missing"
    await services.agents.update(agent.id, AgentPatch(model="demo/vesta"))
    assert (await say(services, agent, "hello")).status == "completed"


async def test_a_duplicate_has_its_own_memory(services: Services):
    agent = await services.agents.create_demo()
    twin = await services.agents.duplicate(agent.id)
    await say(services, twin, "my name is Brad, not Chad")
    assert (await block_value(services, twin)).startswith("Name: Brad.")
    assert (await block_value(services, agent)).startswith("Name: Chad.")


async def test_a_duplicate_takes_a_text_over_its_limit_as_it_is_and_no_secrets(services: Services):
    agent = await services.agents.create_demo()
    human = (await services.blocks.of_agent(agent.id))[0]
    await services.blocks.update(human.id, BlockPatch(value="x" * 3000), may_overflow=True)
    await services.agent_secrets.replace(agent.id, {"API_KEY": "secret"})
    twin = await services.agents.duplicate(agent.id)
    of_twin = await services.blocks.of_agent(twin.id)
    assert [(block.label, block.value) for block in of_twin] == [
        (block.label, block.value) for block in await services.blocks.of_agent(agent.id)
    ]
    assert [block.version for block in of_twin] == [1, 1]
    assert twin.extras.secret_names == ()


async def test_a_number_that_cannot_be_stored_is_a_sentence(services: Services):
    agent = await services.agents.create_demo()
    thread = await services.conversations.default_of(agent.id)
    for asked in (
        services.agents.update(agent.id, AgentPatch(context_window=10**30)),
        services.messages.page(thread.id, before=2**70),
    ):
        with pytest.raises(Invalid, match="too large to be stored"):
            await asked


async def test_a_shared_block_is_seen_by_both_agents(services: Services):
    agent = await services.agents.create_demo()
    other = await services.agents.create(AgentDraft(name="Zoë Müller", model="demo/vesta"))
    human = next(b for b in await services.blocks.of_agent(agent.id) if b.label == "human")
    await services.blocks.attach(other.id, human.id)
    await say(services, other, "my name is Brad, not Chad")
    assert (await block_value(services, agent)).startswith("Name: Brad.")


@pytest.mark.parametrize(
    "draft",
    [
        AgentDraft(name="", model="demo/vesta"),
        AgentDraft(name="x", model="vesta"),
        AgentDraft(name="x", model="demo/vesta", context_window=10),
        AgentDraft(name="x", model="demo/vesta", blocks=(BlockDraft(label="a<b"),)),
        AgentDraft(name="x", model="demo/vesta", blocks=(BlockDraft(label="a", value="xx", limit=1),)),
    ],
)
async def test_a_draft_that_cannot_be_is_refused_and_leaves_nothing(services: Services, draft: AgentDraft):
    with pytest.raises(Invalid):
        await services.agents.create(draft)
    assert await services.agents.list() == ()
    assert await services.blocks.list() == ()


async def test_another_conversation_shares_the_memory_but_not_the_messages(services: Services):
    agent = await services.agents.create_demo()
    await say(services, agent, "my name is Brad, not Chad")
    second = await services.conversations.create(agent.id, "Second")
    run = await services.runs.start(second.id, MessageDraft.of("what is my name?"))
    await events_of(services, run.id)
    page = await services.messages.page(second.id)
    assert len(page.messages) == 2
    assert "Brad" in page.messages[-1].text
