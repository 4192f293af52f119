"""The list of tools: which are listed, in which order, and what each says of itself."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.domain.tool import ToolUse
from app.ui.tools.tool_list import GroupRow, Order, ToolList, Wanted
from tests.support.values.samples import tool

TOOLS = (
    ToolUse(tool=tool("dice", tool_type="custom", source_code="pass"), agents=1, tokens=40),
    ToolUse(tool=tool("adder", tool_type="custom", source_code="pass"), agents=3, tokens=1),
    ToolUse(tool=tool("memory_replace"), agents=2, tokens=300),
    ToolUse(tool=tool("web_search", tool_type="letta_builtin"), agents=0, tokens=200),
    ToolUse(tool=tool("weather", tool_type="external_mcp"), agents=0, tokens=90),
)


@pytest.fixture
def rows(qapp: QApplication) -> ToolList:
    made = ToolList()
    made.load(TOOLS, ("adder", "weather"))
    return made


def named(rows: ToolList) -> list[str]:
    return [row.title if isinstance(row, GroupRow) else row.use.tool.name for row in rows.rows]


@pytest.mark.parametrize(
    ("wanted", "listed"),
    [
        ("own", ["Yours", "adder", "dice"]),
        ("memory", ["Memory and search", "memory_replace"]),
        ("built_in", ["Built in", "web_search"]),
        ("mcp", ["From MCP servers", "weather"]),
        ("given", ["Yours", "adder", "From MCP servers", "weather"]),
        ("not_set_up", ["From MCP servers", "weather"]),
    ],
)
def test_the_list_is_narrowed_to_what_is_wanted_and_shows_all_again(rows: ToolList, wanted: Wanted, listed: list[str]):
    everything = named(rows)
    rows.narrow(wanted)
    assert named(rows) == listed
    rows.narrow("all")
    assert named(rows) == everything


def test_a_search_holds_within_what_is_wanted(rows: ToolList):
    rows.narrow("own")
    rows.find("e")
    assert named(rows) == ["Yours", "adder", "dice"]
    rows.find("we")
    assert named(rows) == []


@pytest.mark.parametrize(
    ("order", "own", "note"),
    [
        ("name", ["adder", "dice"], "3 agents"),
        ("tokens", ["dice", "adder"], "1 token"),
        ("agents", ["adder", "dice"], "3 agents"),
    ],
)
def test_tools_stand_by_name_cost_or_use_and_say_what_they_are_sorted_by(
    rows: ToolList, order: Order, own: list[str], note: str
):
    rows.sort_by(order)
    assert named(rows)[1:3] == own
    place = named(rows).index("adder")
    row = rows.tool_at(place)
    assert row is not None
    assert rows.note_of(row) == note
    assert rows.index(place).data(Qt.ItemDataRole.ToolTipRole).endswith("1 token")
