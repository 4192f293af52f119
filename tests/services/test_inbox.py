"""The inbox of memory: what agents wrote waits until a person keeps, edits or undoes it."""

import pytest

from app.bootstrap import OpenEngine
from app.domain.block import BlockPatch
from app.domain.error import Conflict, Invalid
from app.domain.history import Actor, Origin
from tests.support.engine.talking import block_value, say

pytestmark = pytest.mark.anyio
AGENT = Origin(actor=Actor(kind="agent", name="Juno"), run_id="run-1")


async def test_what_an_agent_wrote_waits_and_what_a_person_wrote_does_not(engine: OpenEngine):
    services = engine.services
    agent = await services.agents.create_demo()
    await say(services, agent, "By the way, my name is Brad, not Chad.")
    (block_id,) = agent.block_ids[:1]
    await services.blocks.update(block_id, BlockPatch(description="About you"))
    seen = await services.inbox.look(agent.id)
    assert [one.event.after for one in seen.waiting] == [{"value": "Name: Brad.\nLikes short answers."}]
    card = seen.waiting[0]
    assert (card.agent_name, card.superseded, seen.total, seen.agents) == (agent.name, False, 1, 1)
    kept = await services.inbox.keep((card.event.seq,))
    assert await services.inbox.count() == 0
    assert [one.outcome for one in (await services.inbox.look(agent.id)).looked] == ["kept"]
    await services.inbox.wait_again(kept)
    assert await services.inbox.count(agent.id) == 1
    made = await services.inbox.undo(card.event.seq)
    assert made is not None
    assert (await block_value(services, agent)).startswith("Name: Chad.")
    assert await services.inbox.count() == 0


async def test_an_undo_that_meets_a_later_change_says_so_and_leaves_all_waiting(engine: OpenEngine):
    services = engine.services
    agent = await services.agents.create_demo()
    (block_id,) = agent.block_ids[:1]
    await services.blocks.update(block_id, BlockPatch(value="Name: Brad."), origin=AGENT)
    await services.blocks.update(block_id, BlockPatch(value="Name: Bernd."))
    (card,) = (await services.inbox.look()).waiting
    assert card.superseded
    assert card.now == "Name: Bernd."
    with pytest.raises(Conflict):
        await services.inbox.undo(card.event.seq)
    assert await services.inbox.count() == 1
    await services.inbox.edit(card.event.seq, "Name: Brad or Bernd.")
    assert await block_value(services, agent) == "Name: Brad or Bernd."
    assert [one.outcome for one in (await services.inbox.look()).looked] == ["edited"]


async def test_a_run_and_everything_are_kept_at_once(engine: OpenEngine):
    services = engine.services
    agent, other = await services.agents.create_demo(), await services.agents.create_demo()
    for holder, run in ((agent, "run-1"), (agent, "run-1"), (agent, "run-2"), (other, "run-3")):
        origin = AGENT.model_copy(update={"run_id": run})
        value = await block_value(services, holder)
        await services.blocks.update(holder.block_ids[0], BlockPatch(value=f"{value}\nmore"), origin=origin)
    assert (await services.inbox.count(), await services.inbox.count(agent.id)) == (4, 3)
    assert len(await services.inbox.keep_run("run-1")) == 2
    assert await services.inbox.count() == 2
    await services.inbox.keep_all(agent.id)
    assert await services.inbox.count() == 1
    await services.agents.delete(other.id)
    assert await services.inbox.count() == 0


async def test_a_rule_of_a_person_stands_in_a_block_that_the_agent_only_reads(engine: OpenEngine):
    services = engine.services
    agent = await services.agents.create_demo()
    before = await services.blocks.of_agent(agent.id)
    made = await services.inbox.forbid(agent.id, "Never store\nphone numbers.")
    await services.inbox.forbid(agent.id, "Never store birthdays.")
    rules = (await services.blocks.of_agent(agent.id))[-1]
    assert (rules.label, rules.read_only) == ("memory_rules", True)
    assert rules.value == "- Never store phone numbers.\n- Never store birthdays."
    with pytest.raises(Invalid):
        await services.inbox.forbid(agent.id, " \n")
    await services.history.undo((await services.history.of_block(rules.id, limit=1))[0].seq)
    await services.history.undo_all(made)
    assert [block.id for block in await services.blocks.of_agent(agent.id)] == [block.id for block in before]
