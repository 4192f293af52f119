"""The rule form and its picture: a rule is added, what contradicts is said and cannot be saved, drafts stay."""

import pytest
from PySide6.QtWidgets import QApplication

from app.domain.agent import Agent, AgentExtras
from app.domain.tool_rule import RULES, Rules
from app.ui.tools.rule_graph import BEGIN, END, Edge, graph_of
from app.ui.tools.rules import RulesPane
from tests.support.values.samples import agent
from tests.support.window.looks import nameless, plain_theme

TOOLS = ("search", "write", "check")
EACH: Rules = RULES.validate_python(
    [
        {"type": "run_first", "tool_name": "search", "args": {"query": "x"}},
        {"type": "constrain_child_tools", "tool_name": "search", "children": ["write", "check"]},
        {"type": "parent_last_tool", "tool_name": "write", "children": ["check"]},
        {
            "type": "conditional",
            "tool_name": "check",
            "child_output_mapping": {"bad": "write"},
            "default_child": "check",
        },
        {"type": "max_count_per_step", "tool_name": "write", "max_count_limit": 3},
        {"type": "required_before_exit", "tool_name": "write", "prompt_template": "Do write."},
        {"type": "exit_loop", "tool_name": "write"},
        {"type": "continue_loop", "tool_name": "search"},
        {"type": "requires_approval", "tool_name": "check"},
    ]
)


def with_rules(rules: Rules, **fields: object) -> Agent:
    return agent(id="agent-1").model_copy(
        update={"tool_names": TOOLS, "extras": AgentExtras(tool_rules=rules), **fields}
    )


@pytest.fixture
def pane(qapp: QApplication) -> RulesPane:
    return RulesPane(plain_theme(qapp))


def test_the_form_gives_back_every_kind_as_it_was(pane: RulesPane):
    pane.show_agent(with_rules(EACH))
    assert pane.rules == EACH
    assert not pane.changed
    assert nameless(pane) == []


def test_a_contradiction_is_said_and_not_saved(pane: RulesPane):
    saved: list[Rules] = []
    pane.save_wanted.connect(saved.append)
    pane.show_agent(with_rules(()))
    pane.add.click()
    row = pane._rows[0]
    row.kind.setCurrentIndex(row.kind.findData("constrain_child_tools"))
    assert "names no tool" in pane.faults.text()
    assert not pane.save.isEnabled()
    row._menu.actions()[1].setChecked(True)
    assert (pane.faults.text(), pane.save.isEnabled()) == ("", True)
    pane.save.click()
    assert saved == [RULES.validate_python([{**EACH[1].model_dump(), "children": ["write"]}])]
    pane.show_agent(with_rules((), id="agent-2", name="Other"))
    assert pane.rules == ()
    pane.show_agent(with_rules(()))
    assert pane.rules == saved[0], "what was not saved is still there"
    row = pane._rows[0]
    row.remove.click()
    assert pane.rules == ()


def test_the_picture_goes_from_the_beginning_to_the_end(pane: RulesPane):
    graph = graph_of(EACH, TOOLS)
    assert graph.columns == ((BEGIN,), ("search",), ("write", "check"), (END,))
    assert Edge("write", "check", dashed=True) in graph.edges
    assert Edge("check", "write", "bad") in graph.edges
    assert (graph.required, graph.asked) == ({"write"}, {"check"})
    pane.show_agent(with_rules(EACH))
    assert "search → write" in pane.graph.accessibleDescription()
    assert pane.graph.grab().width() > 100
