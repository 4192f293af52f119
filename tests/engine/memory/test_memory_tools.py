"""The memory tools, as small models really use them."""

import pytest

from app.domain.block import Block
from app.engine.memory.block_edits import BlockEdit, MemoryResult, with_edits
from app.engine.memory.block_tools import run_memory_tool
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
    assert result.edits == (BlockEdit(HUMAN, HUMAN.model_copy(update={"value": result.value})),)


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


def labels(result: MemoryResult, blocks: tuple[Block, ...] = BLOCKS) -> dict[str, str]:
    return {one.label: one.value for one in with_edits(blocks, result.edits)}


def memory(command: str, **arguments: object) -> MemoryResult:
    return use("memory", command=command, **arguments)


@pytest.mark.parametrize("path", ["human", "/memories/human", "/human.md"])
def test_one_tool_edits_blocks_by_commands_and_paths(path: str):
    assert memory("str_replace", path=path, old_string="Chad", new_string="Brad").value == (
        HUMAN.value.replace("Chad", "Brad")
    )
    assert memory("insert", path=path, insert_line=1, insert_text="Sailor.").value == (
        HUMAN.value.replace("Chad.", "Chad.\nSailor.")
    )
    assert HUMAN.value.split("\n")[0] in memory("view", path=path).text
    assert labels(memory("delete", path=path)) == {"persona": PERSONA.value, "plans": ""}
    assert labels(memory("rename", old_path=path, new_path="/memories/person"))["person"] == HUMAN.value


def test_a_block_is_made_and_described():
    made = memory("create", path="/memories/ideas", file_text="A boat.", description="What may come.")
    assert labels(made)["ideas"] == "A boat."
    assert made.edits[0].after is not None
    assert made.edits[0].after.description == "What may come."
    described = memory("rename", path="plans", description="What comes.")
    assert [one.after and (one.after.label, one.after.description) for one in described.edits] == [
        ("plans", "What comes.")
    ]
    assert "persona (10 of " in memory("view").text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"command": "fly"}, "Use one of: create"),
        ({}, "Use one of: create"),
        ({"command": "create", "file_text": "x"}, "label of the new block is missing"),
        ({"command": "create", "path": "Human"}, 'There is a block "human" already'),
        ({"command": "rename", "old_path": "human", "new_path": "plans"}, 'There is a block "plans" already'),
        ({"command": "rename", "path": "human"}, "Give new_path or description"),
        ({"command": "delete", "path": "persona"}, "read-only"),
        ({"command": "delete", "path": "nobody"}, "human, persona, plans"),
        ({"command": "insert", "path": "human"}, "insert_text is missing"),
        ({"command": "str_replace", "path": "human", "old_string": "x"}, "new text is missing"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why(arguments: dict[str, object], words: str):
    result = use("memory", **arguments)
    assert (result.ok, result.edits) == (False, ())
    assert words in result.text


def patch(text: str, label: str | None = "human") -> MemoryResult:
    return use("memory_apply_patch", label=label, patch=text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-Name: Chad.\n+Name: Brad.", "Name: Brad.\nPartner: Mia, vegetarian.\nLikes “short” answers."),
        (
            "--- a\n+++ b\n@@ -1,2 +1,3 @@\n Name: Chad.\n+Sailor.\n Partner: Mia, vegetarian.",
            "Name: Chad.\nSailor.\nPartner: Mia, vegetarian.\nLikes “short” answers.",
        ),
        ("@@ -2 +2 @@\n-Partner: Mia, vegetarian.\n", "Name: Chad.\nLikes “short” answers."),
        ('@@\n-Likes "short" answers.\n', "Name: Chad.\nPartner: Mia, vegetarian."),
        ("@@\n+Cooks.", f"{HUMAN.value}\nCooks."),
        (
            "@@ -1 +1 @@\n-Name: Chad.\n+Name: Brad.\n+Sailor.\n@@ -3 +4 @@\n-Likes “short” answers.\n+Likes boats.",
            "Name: Brad.\nSailor.\nPartner: Mia, vegetarian.\nLikes boats.",
        ),
        (
            "*** Begin Patch\n*** Update Block: human\n-Name: Chad.\n+Name: Brad.\n*** End Patch",
            HUMAN.value.replace("Chad", "Brad"),
        ),
    ],
)
def test_a_patch_changes_a_block(text: str, expected: str):
    assert patch(text).value == expected


def test_of_two_places_a_patch_means_the_one_near_its_number():
    twice = (block("human", "a\nb\na\nb"),)
    assert use("memory_apply_patch", twice, label="human", patch="@@ -3 +3 @@\n-a\n+c").value == "a\nb\nc\nb"
    assert "occur 2 times" in use("memory_apply_patch", twice, label="human", patch="-a\n+c").text


def test_a_patch_may_concern_several_blocks():
    result = patch(
        "*** Add Block: ideas\nDescription: What may come.\n+A boat.\n*** Update Block: human\n*** Move to: person\n"
        "-Name: Chad.\n+Name: Brad.\n*** Delete Block: plans",
        label=None,
    )
    assert result.ok, result.text
    assert labels(result) == {
        "person": HUMAN.value.replace("Chad", "Brad"),
        "persona": PERSONA.value,
        "ideas": "A boat.",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no change in the patch"),
        (" Name: Chad.", "no change in the patch"),
        ("-Name: Xavier Montgomery.\n+x", "do not occur"),
        ("*** Update Block: persona\n-I am Juno.\n+x", "read-only"),
        ("*** Add Block: human\n+x", "already"),
        ("*** Delete Block: nobody", "human, persona, plans"),
        ("*** Add Block: one\n+x\n*** Update Block: plans\n+" + "x" * 21, "too many"),
        ("*** Move to: x", "label of the memory block is missing"),
    ],
)
def test_a_patch_that_does_not_fit_changes_nothing(text: str, words: str):
    result = patch(text)
    assert (result.ok, result.edits) == (False, ())
    assert words in result.text


def test_ending_the_edits_changes_nothing():
    assert use("memory_finish_edits") == MemoryResult(True, "Editing of memory has ended.")
