"""The memory tools, as small models really use them."""

import pytest

from app.domain.block import Block
from app.engine.memory.block_tools import MemoryResult, run_memory_tool
from tests.support.values.samples import block

HUMAN = block("human", "Name: Chad.\nPartner: Mia, vegetarian.\nLikes “short” answers.")
PERSONA = block("persona", "I am Juno.", read_only=True)
PLANS = block("plans", "", limit=20)
BLOCKS = (HUMAN, PERSONA, PLANS)


def use(name: str, blocks: tuple[Block, ...] = BLOCKS, **arguments: object) -> MemoryResult:
    return run_memory_tool(name, blocks, arguments)


def replace(old: str, new: str, **more: object) -> MemoryResult:
    return use("memory_replace", label="human", old_string=old, new_string=new, **more)


def test_an_exact_text_is_replaced():
    result = replace("Chad", "Brad")
    assert (result.ok, result.approximate) == (True, False)
    assert result.value == HUMAN.value.replace("Chad", "Brad")
    assert result.block_id == HUMAN.id


@pytest.mark.parametrize(
    "old",
    [
        "1: Name: Chad.",
        "1→Name: Chad.",
        "Line 1: Name: Chad.",
        "  Name:   Chad. ",
        "name: chad.",
        "Name:\nChad.",
        "Name: Chadd.",
    ],
)
def test_a_text_quoted_a_little_wrongly_is_found_and_said_to_be_approximate(old: str):
    result = replace(old, "Name: Brad.")
    assert (result.ok, result.approximate) == (True, True)
    assert result.value is not None
    assert result.value.splitlines()[:2] == ["Name: Brad.", "Partner: Mia, vegetarian."]
    assert "approximately" in result.text


def test_a_line_break_at_the_end_of_the_old_text_alone_does_not_join_lines():
    assert replace("Name: Chad.\n", "Name: Brad.").value == HUMAN.value.replace("Chad", "Brad")


def test_curly_and_straight_quotes_are_the_same():
    assert replace('Likes "short" answers.', "Likes long answers.").ok


def test_a_text_that_is_not_there_is_refused_with_the_block_as_it_stands():
    result = replace("Name: Xavier Montgomery", "Name: Brad")
    assert (result.ok, result.value) == (False, None)
    assert "does not occur" in result.text
    assert "2: Partner: Mia, vegetarian." in result.text


def test_a_text_that_occurs_twice_is_refused_with_its_lines():
    twice = block("human", "Chad likes tea.\nCall him Chad.")
    result = use("memory_replace", (twice,), label="human", old_string="Chad", new_string="Brad")
    assert (result.ok, result.value) == (False, None)
    assert "2 times" in result.text
    assert "lines 1, 2" in result.text


def test_two_lines_nearly_alike_are_never_guessed_between():
    alike = block("human", "Meeting on Monday at 10.\nMeeting on Monday at 11.")
    result = use("memory_replace", (alike,), label="human", old_string="Meeting on Monday at 12.", new_string="x")
    assert (result.ok, result.value) == (False, None)


def test_an_empty_old_text_hints_at_inserting():
    assert "memory_insert" in replace("", "Brad").text


def test_an_empty_new_text_removes_the_old():
    result = replace("Name: Chad.\n", "")
    assert result.value == "Partner: Mia, vegetarian.\nLikes “short” answers."


@pytest.mark.parametrize("names", [("old_str", "new_str"), ("old_content", "new_content"), ("old", "new")])
def test_other_names_of_the_arguments_are_understood(names: tuple[str, str]):
    assert run_memory_tool("memory_replace", BLOCKS, {"label": "human", names[0]: "Chad", names[1]: "Brad"}).ok


@pytest.mark.parametrize("label", ["Human", " human ", "<human>", '"human"'])
def test_a_label_written_a_little_wrongly_is_understood(label: str):
    assert use("memory_replace", label=label, old_string="Chad", new_string="Brad").ok


@pytest.mark.parametrize("label", ["humans", "", None, 7])
def test_an_unknown_label_is_answered_with_the_labels_there_are(label: object):
    result = use("memory_insert", label=label, new_string="x")
    assert not result.ok
    assert "human, persona, plans" in result.text


def test_a_read_only_block_is_never_changed():
    for name in ("memory_insert", "memory_replace", "memory_rethink", "core_memory_append", "core_memory_replace"):
        arguments = {"label": "persona", "new_string": "x", "old_string": "Juno", "content": "x", "new_memory": "x"}
        result = run_memory_tool(name, BLOCKS, arguments)
        assert (result.ok, result.value) == (False, None), name
        assert "read-only" in result.text


def test_a_full_block_is_refused_with_sizes_and_its_text():
    result = use("memory_insert", label="plans", new_string="x" * 25)
    assert (result.ok, result.value) == (False, None)
    assert "25 of 20 characters, 5 too many" in result.text


def test_a_block_may_be_filled_to_its_limit_exactly():
    assert use("memory_insert", label="plans", new_string="x" * 20).ok


@pytest.mark.parametrize(
    ("line", "expected"),
    [(0, "new\na\nb"), (1, "a\nnew\nb"), (2, "a\nb\nnew"), (-1, "a\nb\nnew"), ("1", "a\nnew\nb")],
)
def test_a_line_is_inserted_where_it_is_wanted(line: object, expected: str):
    two = block("human", "a\nb")
    assert use("memory_insert", (two,), label="human", new_string="new", insert_line=line).value == expected


@pytest.mark.parametrize("line", [3, -2, "x"])
def test_a_line_that_does_not_exist_is_refused(line: object):
    assert not use("memory_insert", (block("human", "a\nb"),), label="human", new_string="n", insert_line=line).ok


def test_inserting_into_an_empty_block_makes_no_blank_line():
    assert use("memory_insert", label="plans", new_string="risotto").value == "risotto"
    assert use("core_memory_append", label="plans", content="risotto").value == "risotto"


def test_appending_begins_a_new_line():
    assert use("core_memory_append", label="human", content="Cooks.").value == f"{HUMAN.value}\nCooks."


def test_rewriting_replaces_everything():
    assert use("memory_rethink", label="human", new_memory="Brad.").value == "Brad."


def test_a_change_that_changes_nothing_says_so():
    result = replace("Chad", "Chad")
    assert (result.ok, result.value) == (True, None)
    assert "nothing changed" in result.text
