"""A tool's own environment variables: given to its calls and to nothing else, their values nowhere but in the store."""

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import AgentDraft
from app.domain.error import Invalid
from app.domain.tool import Requirement, ToolDraft, ToolPatch
from app.services.tool_variables import secret_of

pytestmark = pytest.mark.anyio
SOURCE = '''
def {}() -> str:
    """Looks."""
    import os
    return ",".join(sorted(f"{{name}}={{os.environ[name]}}" for name in ("KEY", "PLACE") if name in os.environ))
'''


async def test_the_calls_of_a_tool_get_its_variables_and_no_others_do(engine: OpenEngine):
    services = engine.services
    tool = await services.tools.write(ToolDraft(source_code=SOURCE.format("look")))
    other = await services.tools.write(ToolDraft(source_code=SOURCE.format("peek")))
    await services.tools.replace_variables(tool.id, {"KEY": "s3cret", "PLACE": "here"})
    draft = AgentDraft(name="Ada", model="demo/vesta", tool_names=("look", "peek"))
    agent = await services.agents.create(draft)
    await services.agent_secrets.replace(agent.id, {"PLACE": "hers"})

    async def seen(name: str) -> object:
        return (await services.tools.run(agent.id, name, {})).value

    assert (await seen("look"), await seen("peek")) == ("KEY=s3cret,PLACE=hers", "PLACE=hers")
    tried = ToolDraft(source_code=SOURCE.format("look"))
    assert (await services.tools.run_source(tried, {}, {}, tool.id)).value == "KEY=s3cret,PLACE=here"
    assert (await services.tools.run_source(tried, {}, {})).value == ""

    kept = await services.tools.replace_variables(tool.id, {"KEY": None})
    assert kept.secret_names == ("KEY",)
    renewed = await services.tools.update(tool.id, ToolPatch(description="Looks again."))
    assert (renewed.secret_names, await seen("look")) == (("KEY",), "KEY=s3cret,PLACE=hers")
    for wrong in ({"NEW": None}, {"A=B": "x"}, {"": "x"}):
        with pytest.raises(Invalid):
            await services.tools.replace_variables(other.id, wrong)
    needy = ToolPatch(pip_requirements=(Requirement(name="lares-sample"),))
    await services.tools.update(other.id, needy)
    with pytest.raises(Invalid, match="needs packages that are not installed yet: lares-sample"):
        await seen("peek")
    everything = (engine.storage.file).read_bytes()
    assert b"s3cret" not in everything
    store = services.tools.variables._secrets
    assert store.get(secret_of(tool.id, "KEY")) == "s3cret"
    await services.tools.delete(tool.id)
    assert store.get(secret_of(tool.id, "KEY")) is None


async def test_what_no_variable_can_be_is_refused_wherever_it_is_entered(engine: OpenEngine):
    services = engine.services
    tool = await services.tools.write(ToolDraft(source_code=SOURCE.format("look")))
    agent = await services.agents.create(AgentDraft(name="Ada", model="demo/vesta", tool_names=("look",)))
    for wrong in ({"A=B": "x"}, {"KEY": "a\0b"}, {"": "x"}):
        with pytest.raises(Invalid):
            await services.agent_secrets.replace(agent.id, wrong)
        with pytest.raises(Invalid):
            await services.tools.replace_variables(tool.id, wrong)
        with pytest.raises(Invalid):
            await services.sandbox_settings.add(*next(iter(wrong.items())))
    assert (await services.tools.run(agent.id, "look", {})).value == ""
