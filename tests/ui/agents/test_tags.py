"""Tags of agents: what is offered for one or several, what becomes of them, and a list that costs what it shows."""

from collections import Counter

from PySide6.QtTest import QSignalSpy

from app.domain.agent import Agent, AgentRow
from app.ui.agents.list_view import AgentListView
from app.ui.agents.tag_popup import TagChoice, tag_choices, tag_of, with_tag
from app.ui.state.agent_list import AgentFilter, AgentList
from app.ui.theme import Theme

MANY = 3_000


def agent(name: str, *tags: str, created_at: int = 1) -> Agent:
    return Agent(
        id=f"agent-{name}", name=name, tags=tags, system="", model="demo/vesta", created_at=created_at, updated_at=1
    )


def test_tags_that_the_agents_have_come_first_and_what_is_typed_can_be_made() -> None:
    both = (agent("a", "home", "red"), agent("b", "home"))
    known = Counter({"home": 2, "red": 1, "work": 7})
    assert tag_choices(both, known, "") == (
        TagChoice("home", "all", 2),
        TagChoice("red", "some", 1),
        TagChoice("work", "none", 7),
    )
    assert tag_choices(both, known, " #WOR ") == (TagChoice("work", "none", 7), TagChoice("WOR", "none", 0, new=True))
    assert tag_choices(both, known, "Home")[-1] == TagChoice("home", "all", 2), "the same word twice is one tag"
    assert tag_of("  #two\n words ") == "two words"
    assert tag_of("#") == ""


def test_only_agents_that_change_get_other_tags() -> None:
    both = (agent("a", "home", "red"), agent("b", "home"))
    assert with_tag(both, "red", wanted=True) == {"agent-b": ("home", "red")}
    assert with_tag(both, "red", wanted=False) == {"agent-a": ("home",)}
    assert with_tag(both, "home", wanted=True) == {}


def test_agents_are_filtered_by_all_of_some_tags_and_by_words(qapp: object) -> None:
    agents = AgentList()
    agents.show([AgentRow(agent=one) for one in (agent("a", "home", "red"), agent("b", "home"), agent("c"))])
    found = AgentFilter(agents)

    def names() -> list[str]:
        return [str(found.index(place, 0).data()) for place in range(found.rowCount())]

    found.set_tags(("home",))
    assert names() == ["a", "b"]
    found.set_tags(("home", "red"))
    assert names() == ["a"]
    found.set_tags(())
    found.set_text("red")
    assert names() == ["a"]
    assert found.place_of("agent-a").row() == 0
    assert not found.place_of("agent-b").isValid()
    agents.put([AgentRow(agent=agent("b", "red"))])
    assert names() == ["a", "b"], "a row that changed is looked at again"


def test_thousands_of_agents_cost_what_is_shown(qapp: object, theme: Theme) -> None:
    asked: list[int] = []

    class Watched(AgentList):
        def value(self, row: AgentRow, role: int) -> object:
            asked.append(role)
            return super().value(row, role)

    agents = Watched()
    view = AgentListView(theme, agents, {})
    view.resize(260, 400)
    view.show()
    agents.show([AgentRow(agent=agent(str(number), created_at=number)) for number in range(MANY)])
    view.grab()
    asked.clear()
    changed, others = QSignalSpy(agents.dataChanged), QSignalSpy(agents.rowsInserted)
    agents.put([AgentRow(agent=agent("7", created_at=7), last_text="new words")], ("agent-7",))
    view.select("agent-2500")
    view.grab()
    assert (changed.count(), others.count()) == (1, 0)
    assert len(asked) < 100, "rows that nobody sees are read"
    assert [row.agent.name for row in view.list.rows] == ["2500"]
    view.list.selectAll()
    assert len(view.list.rows) == MANY
    view.deleteLater()
