"""Tools that people and programs write: one of a name."""

import pytest

from app.bootstrap import OpenEngine
from app.domain.error import Conflict
from app.domain.tool import ToolDraft

pytestmark = pytest.mark.anyio
SOURCE = '''
def greet() -> str:
    """Greets."""
    return "{}"
'''


async def test_a_new_tool_never_takes_the_place_of_another(engine: OpenEngine):
    tools = engine.services.tools
    first = await tools.write(ToolDraft(source_code=SOURCE.format("hello")), new=True)
    with pytest.raises(Conflict) as refused:
        await tools.write(ToolDraft(source_code=SOURCE.format("good morning")), new=True)
    assert (refused.value.code, refused.value.message) == ("name_taken", "There is a tool named greet already.")
    assert (await tools.get(first.id)).source_code == SOURCE.format("hello")
    program = await tools.write(ToolDraft(source_code=SOURCE.format("good evening")))  # as the API has it
    assert (program.id, program.version) == (first.id, 2)
