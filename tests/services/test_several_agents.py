"""What is done to several agents is done to all of them or to none, and one undo takes it back."""

import pytest

from app.domain.agent import Agent, AgentDraft
from app.domain.error import AppError, NotFound
from app.services import Services

pytestmark = pytest.mark.anyio


async def three(services: Services) -> tuple[Agent, ...]:
    drafts = (AgentDraft(name=name, model="demo/vesta", tags=("old",)) for name in "abc")
    return tuple([await services.agents.create(draft) for draft in drafts])


async def names(services: Services) -> set[str]:
    return {row.agent.name for row in await services.agents.list()}


async def test_several_are_deleted_and_restored_together(services: Services) -> None:
    a, b, _ = await three(services)
    await services.agents.delete_several((a.id, b.id))
    assert await names(services) == {"c"}
    await services.agents.undelete_several((a.id, b.id))
    assert await names(services) == {"a", "b", "c"}
    assert (await services.agents.get(a.id)).tags == ("old",)


async def test_one_that_cannot_be_deleted_leaves_the_others(services: Services) -> None:
    a, b, _ = await three(services)
    with pytest.raises(NotFound):
        await services.agents.delete_several((a.id, b.id, "agent-none"))
    assert await names(services) == {"a", "b", "c"}


async def test_tags_are_set_together_and_given_back_as_they_were(services: Services) -> None:
    a, b, c = await three(services)
    before = await services.agents.set_tags({a.id: ("new",), b.id: ("old", "new")})
    assert before == {a.id: ("old",), b.id: ("old",)}
    assert [(await services.agents.get(one.id)).tags for one in (a, b, c)] == [("new",), ("old", "new"), ("old",)]
    await services.agents.set_tags(before)
    assert {(await services.agents.get(one.id)).tags for one in (a, b, c)} == {("old",)}
    with pytest.raises(AppError):
        await services.agents.set_tags({a.id: (), "agent-none": ()})
    assert (await services.agents.get(a.id)).tags == ("old",)
