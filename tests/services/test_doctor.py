"""The doctor of memory: looks through an agent's blocks, mends a line, and one undo takes all back."""

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import AgentDraft
from app.domain.block import BlockDraft, BlockPatch
from app.domain.error import Conflict
from app.domain.history import Actor, Origin

pytestmark = pytest.mark.anyio
DOCTOR = Origin(actor=Actor(kind="user"), tool_name="memory doctor")


async def test_what_is_found_is_mended_and_one_undo_takes_all_back(engine: OpenEngine):
    services = engine.services
    value = "Likes tea.\nCall Mia tomorrow.\n5 found: Mia eats no meat\nLikes tea."
    draft = AgentDraft(name="Juno", model="demo/vesta", blocks=(BlockDraft(label="human", value=value),))
    agent = await services.agents.create(draft)
    seen = await services.doctor.examine(agent.id)
    assert [finding.kind for finding in seen.findings] == ["date", "double", "echo"]
    assert (seen.blocks, seen.lines) == (1, 4)
    mends = tuple(finding.mend for finding in seen.findings if finding.mend is not None)
    assert len(mends) == 3
    made = await services.doctor.mend(agent.id, mends, origin=DOCTOR)
    assert len(made) == 3
    (block,) = await services.blocks.of_agent(agent.id)
    first, second = block.value.split("\n")
    assert first == "Likes tea."
    assert second.startswith("Call Mia on 20")
    assert (await services.doctor.examine(agent.id)).findings == ()
    await services.history.undo_all(made)
    assert (await services.blocks.get(block.id)).value == value


async def test_a_line_that_changed_meanwhile_is_left_alone(engine: OpenEngine):
    services = engine.services
    draft = AgentDraft(name="Juno", model="demo/vesta", blocks=(BlockDraft(label="a", value="Dinner tomorrow.\nx"),))
    agent = await services.agents.create(draft)
    (finding,) = (await services.doctor.examine(agent.id)).findings
    assert finding.mend is not None
    await services.blocks.update(agent.block_ids[0], BlockPatch(value="Dinner on Monday.\nx"))
    with pytest.raises(Conflict):
        await services.doctor.mend(agent.id, (finding.mend,))
    assert (await services.blocks.get(agent.block_ids[0])).value == "Dinner on Monday.\nx"
