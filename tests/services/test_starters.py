"""Starters: six files that make agents at once, with any model."""

import re

import pytest

from app.domain.agent import AgentDraft
from app.domain.starter import Starter
from app.engine.tools.builtin import DEFAULT_TOOLS, builtin_tools
from app.resources import resource
from app.services import Services
from app.services.starters import read_starters
from tests.support.engine.talking import say

STARTERS = read_starters()


def test_all_six_are_there_in_order() -> None:
    assert [one.id for one in STARTERS] == ["companion", "research", "coach", "reader", "tools", "blank"]


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one.id)
def test_a_starter_is_complete_and_names_only_what_exists(starter: Starter) -> None:
    assert resource("icons", f"{starter.icon}.svg").exists()
    assert starter.description.endswith(".")
    assert starter.blocks
    assert all(block.description and len(block.value) <= block.limit for block in starter.blocks)
    assert len({block.label for block in starter.blocks}) == len(starter.blocks)
    known = {tool.name for tool in builtin_tools(_Ids(), 0)}
    assert set(starter.tool_names or DEFAULT_TOOLS) <= known
    for block in starter.blocks:
        assert starter.system is None or f"block {block.label}" in starter.system, "its instructions explain its blocks"
    told = set(re.findall(r"[a-z]+(?:_[a-z]+)+", starter.system or ""))  # `memory` is a word of its own, too
    named = told & known
    assert named <= set(starter.tool_names or ()), "it is not told of tools that it does not have"


class _Ids:
    def new(self, kind: str) -> str:
        return f"{kind}-1"


@pytest.mark.anyio
@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one.id)
async def test_a_starter_becomes_an_agent_that_answers(services: Services, starter: Starter) -> None:
    draft = AgentDraft(
        name=starter.name,
        model="demo/vesta",
        system=starter.system,
        tool_names=starter.tool_names,
        blocks=starter.blocks,
    )
    agent = await services.agents.create(draft)
    assert (await say(services, agent, "hello")).stop_reason == "end_turn"
    assert len(await services.blocks.of_agent(agent.id)) == len(starter.blocks)


@pytest.mark.anyio
async def test_a_starter_that_lives_on_what_does_not_exist_is_not_offered(services: Services) -> None:
    offered = await services.starters.list()
    assert [one.id for one in offered] == ["companion", "research", "coach", "blank"]
    runnable = {tool.name for tool in await services.tools.list() if tool.set_up}
    assert all(set(one.tool_names or ()) <= runnable for one in offered)
