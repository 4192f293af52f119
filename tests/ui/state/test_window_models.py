"""The models of agents, blocks and history: right rows, the smallest signals, sentences for people."""

from typing import get_args

import pytest
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy

from app.domain.agent import Agent, AgentRow
from app.domain.history import Actor, ActorKind, ChangeKind, MemoryEvent, Origin, TargetKind
from app.ui.kit.actors import ACTOR_LOOK
from app.ui.memory.history.change_list import ChangeList, ChangeRow, DayRow
from app.ui.memory.history.sentences import (
    KIND_LOOK,
    actor_in_sentence,
    actor_name,
    by_kind,
    kind_words,
    place_name,
    place_of,
    sentence_of,
    text_change,
)
from app.ui.memory.history.view import with_newer
from app.ui.state.agent_list import AgentFilter, AgentList, plain
from app.ui.theme import Theme
from app.ui.window.undo import newest_change

DAY = 86_400_000_000


def row(name: str, text: str = "", pinned: bool = False) -> AgentRow:
    agent = Agent(
        id=f"agent-{name}", name=name, system="", model="demo/vesta", pinned=pinned, created_at=1, updated_at=1
    )
    return AgentRow(agent=agent, last_text=text, last_at=1)


def event(seq: int, **fields: object) -> MemoryEvent:
    common = {
        "seq": seq,
        "id": f"event-{seq}",
        "at": 1_700_000_000_000_000 + seq * DAY,
        "agent_id": "agent-1",
        "target_kind": "block",
        "target_id": "block-1",
        "label": "human",
        "op": "update",
        "before": {"value": "Name: Chad."},
        "after": {"value": "Name: Brad."},
        "version": seq,
        "origin": Origin(actor="agent"),
    }
    return MemoryEvent.model_validate({**common, **fields})


def test_the_agent_list_passes_qts_own_checks_while_it_changes(qapp: object) -> None:
    model = AgentList()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for names in (("a", "b", "c"), ("c", "a"), (), ("x",), ("b", "x", "a", "c")):
        model.show([row(name) for name in names])
        assert [shown.agent.name for shown in model.rows] == list(names)


def test_only_the_row_that_changed_is_told(qapp: object) -> None:
    model = AgentList()
    model.show([row("a"), row("b")])
    changed, inserted = QSignalSpy(model.dataChanged), QSignalSpy(model.rowsInserted)
    model.show([row("a"), row("b", "new words")])
    assert (changed.count(), inserted.count()) == (1, 0)
    assert changed.at(0)[0].row() == 1


def test_pinned_agents_come_first_and_the_filter_looks_at_the_last_text(qapp: object) -> None:
    model = AgentList()
    model.show([row("a", "about risotto"), row("b", pinned=True)])
    assert [shown.agent.name for shown in model.rows] == ["b", "a"]
    found = AgentFilter(model)
    found.set_text("RISO")
    assert found.rowCount() == 1


def test_markdown_is_plain_in_the_list() -> None:
    assert plain("Sorry, **Brad**.\n`x` is _it_") == "Sorry, Brad. x is it"
    assert plain("# A heading ## A list - one") == "A heading A list - one"
    assert plain("- 3 - 2") == "3 - 2"
    assert plain("`memory_insert` was __refused__") == "memory_insert was refused"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("Name: Chad.", "Name: Brad.", "Chad became Brad"),
        ("a\nb", "a\nb\nc", "Added “c”"),
        ("a\nb\nc", "a", "2 lines removed"),
        ("one two", "one", "Removed “two”"),
        ("a", "", "Emptied"),
        ("a b\nc d", "x b\ny d", "2 lines replaced by 2"),
    ],
)
def test_a_change_of_text_is_said_in_a_few_words(before: str, after: str, words: str) -> None:
    assert text_change(before, after) == words


def test_settings_undos_and_attachments_are_said_too() -> None:
    assert sentence_of(event(1, target_kind="agent", after={"model": "demo/vesta"})) == "Model changed to demo/vesta"
    made = event(4, target_kind="agent", op="create", after={"model": "demo/vesta", "name": "Vesta"})
    assert sentence_of(made) == "Created this agent"
    assert sentence_of(event(2, undoes=1)) == "Undid a change to “human”"
    assert sentence_of(event(3, target_kind="attachment", op="detach")) == "Detached “human”"


def test_changes_of_archival_memory_are_told_by_what_they_did() -> None:
    def of(kind: str, op: str, before: object, after: object) -> str:
        return sentence_of(event(1, target_kind=kind, op=op, label="Notes", before=before, after=after))

    assert of("passage", "create", None, {"text": "x"}) == "Stored a passage: “Notes”"
    assert of("passage", "update", {"text": "by Kruse"}, {"text": "by Brandt"}) == "Kruse became Brandt"
    assert of("passage", "update", {"superseded_at": None}, {"superseded_at": 1}) == "“Notes” is true no longer"
    assert of("passage", "update", {"tags": []}, {"tags": ["a"]}) == "Changed the tags of “Notes”"
    assert of("archive", "attach", None, {"position": 0}) == "Attached archive “Notes”"
    assert of("archive", "update", {"name": "x"}, {"name": "y"}) == "Changed archive “Notes”"
    assert of("archive", "update", {"passages": {}}, {"passages": {"a": {}, "b": {}}}) == "2 passages stored"
    some = {"passages": {"a": {"text": "x"}, "b": {"tags": []}}}
    assert of("archive", "update", some, {"passages": {"b": {"tags": ["t"]}}}) == "1 passage deleted, 1 passage changed"


def test_undos_and_redos_are_told_apart_and_name_the_version(qapp: object) -> None:
    made = event(1, op="create", before=None, after={"value": "Name: Chad."})
    deleted = event(5, op="delete", before={"value": "Name: Chad."}, after=None, undoes=1)
    changed, undone = event(2), event(3, undoes=2)
    redone, lost = event(4, undoes=3), event(9, undoes=8)
    model = ChangeList()
    model.load((made, changed, undone, redone, deleted, lost), "Juno")
    said = [(one.sentence, one.place, one.redo) for one in model.rows if isinstance(one, ChangeRow)]
    assert said == [
        ("Undid a change to “human”", "undo of an earlier change", False),
        ("Deleted block “human”", "undo of v1", False),
        ("Redid a change to “human”", "redo of v2", True),
        ("Undid a change to “human”", "undo of v2", False),
        ("Chad became Brad", "by itself", False),
        ("Created block “human”", "by itself", False),
    ]
    assert sentence_of(event(6, op="restore", before=None, undoes=5)) == "Restored block “human”"


def test_a_changed_setting_is_named_as_the_settings_of_the_agent_name_it() -> None:
    steps = event(1, target_kind="agent", label="max_steps", before={"max_steps": 50}, after={"max_steps": 40})
    assert (sentence_of(steps), place_name(steps)) == ("Step limit set to 40", "step limit")
    plain = {"temperature": None, "max_output_tokens": 2048, "reasoning": "auto"}
    warm = event(2, target_kind="agent", before={"settings": plain}, after={"settings": {**plain, "temperature": 0.7}})
    assert sentence_of(warm) == "Temperature set to 0.7"
    both = {**plain, "temperature": 1.0, "reasoning": "off"}
    assert sentence_of(event(3, target_kind="agent", before={"settings": plain}, after={"settings": both})) == (
        "Settings changed"
    )
    free, form = {"response_format": None, "timezone": None}, {"type": "json_schema", "json_schema": {}}
    formed = {"before": {"extras": free}, "after": {"extras": {**free, "response_format": form}}}
    answers = event(6, target_kind="agent", label="extras", **formed)
    assert (sentence_of(answers), place_name(answers)) == (
        "Form of answers set to JSON by a schema",
        "form of answers",
    )
    back = {"before": formed["after"], "after": formed["before"]}
    assert sentence_of(event(7, target_kind="agent", label="extras", **back)) == "Form of answers set to text"
    zone = event(8, target_kind="agent", label="extras", before={"extras": free}, after={"extras": {"timezone": "UTC"}})
    assert (sentence_of(zone), place_name(zone)) == ("Settings for programs changed", "settings for programs")
    assert place_name(event(4)) == "human"
    assert place_of(event(5, origin=Origin(actor="api"))) == "through the API"


@pytest.mark.parametrize(
    ("actor", "title", "within"),
    [
        (Actor(), "You", "you"),
        (Actor(kind="agent"), "Juno", "Juno"),
        (Actor(kind="agent", name="Vesta"), "Vesta", "Vesta"),
        (Actor(kind="sleep-time"), "Sleep-time agent", "the sleep-time agent"),
        (Actor(kind="helper", name="Ceres"), "Ceres", "Ceres"),
        (Actor(kind="api", name="letta-client"), "API: letta-client", "the API (letta-client)"),
        (Actor(kind="import", name="juno.af"), "Import: juno.af", "an import (juno.af)"),
        (Actor(kind="mcp"), "MCP client", "an MCP client"),
        (Actor(kind="schedule", name="Morning"), "Schedule: Morning", "a schedule (Morning)"),
        (Actor(kind="rescue"), "Lares", "Lares"),
    ],
)
def test_who_made_a_change_is_named(actor: Actor, title: str, within: str) -> None:
    change = event(1, origin=Origin(actor=actor))
    assert (actor_name(change, "Juno"), actor_in_sentence(change, "Juno")) == (title, within)


def test_every_kind_of_actor_has_a_look_and_a_filter(theme: Theme) -> None:
    assert set(ACTOR_LOOK) == set(get_args(ActorKind))
    assert set(KIND_LOOK) == set(get_args(ChangeKind))
    for kind, (icon, token) in KIND_LOOK.items():
        assert by_kind(kind)
        assert kind_words(kind, "Juno")
        assert not theme.pixmap(icon, token, 16).isNull()


@pytest.mark.parametrize("kind", get_args(TargetKind))
def test_a_change_of_any_kind_of_target_is_said(kind: str) -> None:
    for op in ("create", "update", "delete", "restore"):
        assert sentence_of(event(1, target_kind=kind, op=op))
    assert place_name(event(1, target_kind="folder", label="Papers")) == "Papers"
    assert sentence_of(event(1, target_kind="folder", op="delete", label="Papers")) == "Deleted “Papers”"


def test_changes_stand_under_their_days(qapp: object) -> None:
    model = ChangeList()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    other = event(3, target_id="block-2", origin=Origin(actor="user"))
    model.load((event(1), event(2), other), "Juno")
    kinds = [type(one) for one in model.rows]
    assert kinds == [DayRow, ChangeRow] * 3


def test_only_changes_that_are_shown_are_compared(qapp: object) -> None:
    model = ChangeList()
    model.load([event(seq) for seq in range(1, 1001)], "Juno")
    changes = [row for row in model.rows if isinstance(row, ChangeRow)]
    assert len(changes) == 1000
    assert not [row for row in changes if "sentence" in vars(row)]
    assert changes[0].sentence == "Chad became Brad"


def test_a_short_change_of_a_long_block_is_told_by_its_words() -> None:
    text = "Brad and Mia cook on Saturdays. " * 2_000
    assert text_change(f"{text}Chad. {text}", f"{text}Brad. {text}") == "Chad became Brad"
    assert text_change(f"{text}Likes tea. {text}", f"{text}Likes herbal tea. {text}") == "Added “herbal”"


def test_newer_changes_join_those_that_are_known() -> None:
    known = tuple(event(seq) for seq in (5, 4, 3, 2, 1))
    undo, redo = event(7, undoes=4), event(8, undoes=7)
    joined = with_newer((undo, event(6), known[0]), known)
    assert [one.seq for one in joined] == [7, 6, 5, 4, 3, 2, 1]
    assert {one.seq: one.undone_by for one in joined if one.undone_by} == {4: 7}
    again = with_newer((redo, undo.model_copy(update={"undone_by": 8}), event(6)), joined)
    assert {one.seq: one.undone_by for one in again if one.undone_by} == {7: 8}
    assert with_newer((event(90), event(89)), known) == (event(90), event(89))
    assert with_newer((), known) == ()


def test_the_key_takes_back_the_newest_change_that_still_holds() -> None:
    first, second = event(1), event(2)
    assert newest_change((second, first)) == second
    undo = event(3, undoes=2)
    assert newest_change((undo, event(2, undone_by=3), first)) == first
    redo = event(4, undoes=3)
    assert newest_change((redo, event(3, undoes=2, undone_by=4), second, first)) == redo
    made = event(5, target_kind="agent", op="create")
    assert newest_change((made, first)) == first
    assert newest_change((event(6, undoes=900),)) is None
