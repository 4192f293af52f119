"""`memory` and `memory_apply_patch`: blocks that an agent makes, renames and deletes; each is undone like a change."""

import pytest

from app.bootstrap import OpenEngine
from app.domain.block import BlockDraft
from tests.support.engine.talking import events_of, transcript
from tests.support.engine.whole_engine import agent_on, started
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio
PATCH = "*** Update Block: ideas\n-A boat.\n+A ship.\n*** Move to: dreams\n*** Delete Block: human"


async def test_an_agent_makes_renames_and_deletes_its_blocks(engine: OpenEngine):
    services = engine.services
    with OpenAIServer() as server:
        agent = await agent_on(services, server, tool_names=("memory", "memory_apply_patch"))
        other = await agent_on(services, server)
        shared = await services.blocks.create(agent.id, BlockDraft(label="shared", value="Chad."))
        await services.blocks.attach(other.id, shared.id)
        taken = await services.blocks.create(other.id, BlockDraft(label="plans"))
        calls = (
            {"command": "create", "path": "ideas", "file_text": "A boat.", "description": "What may come."},
            {"command": "rename", "old_path": "shared", "new_path": "plans"},
            {"command": "create", "path": "bad\nlabel"},
            {"command": "delete", "path": "shared"},
        )
        server.queue(
            Reply(calls=tuple(ToolCall("memory", one) for one in calls)),
            Reply(calls=(ToolCall("memory_apply_patch", {"label": "", "patch": PATCH}),)),
            Reply(text="Done."),
        )
        run = await started(services, agent, "tidy up")
        await events_of(services, run.id)
        returns = [part for message in await transcript(services, agent) for part in message.tool_returns]
    assert [part.status for part in returns] == ["success", "error", "error", "success", "success"]
    assert "already has a block “plans”" in returns[1].text
    assert "needs a label of" in returns[2].text
    blocks = await services.blocks.of_agent(agent.id)
    assert [(one.label, one.value, one.description) for one in blocks] == [("dreams", "A ship.", "What may come.")]
    assert [one.label for one in await services.blocks.of_agent(other.id)] == ["human", "shared", taken.label]
    made = {event.origin.tool_name for event in await services.history.of_agent(agent.id) if event.origin.run_id}
    assert made == {"memory", "memory_apply_patch"}
    for event in [one for one in await services.history.of_agent(agent.id) if one.origin.run_id == run.id]:
        await services.history.undo(event.seq)
    assert sorted(one.label for one in await services.blocks.of_agent(agent.id)) == ["human", "shared"]
