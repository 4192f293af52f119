"""Changing memory in every order: undo of everything, labels that collide, two who edit at once, odd texts."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable

import pytest

from app.domain.agent import Agent, AgentDraft, AgentPatch, ModelSettings
from app.domain.block import Block, BlockDraft, BlockPatch
from app.domain.error import AppError, Conflict, Invalid, NotFound
from app.domain.event import Changed
from app.domain.history import MemoryEvent
from app.domain.message import MessageDraft
from app.services import Services
from tests.support.engine.talking import events_of, say, transcript

pytestmark = pytest.mark.anyio


@pytest.fixture
async def agent(services: Services) -> Agent:
    return await services.agents.create_demo()


async def plans(services: Services, agent: Agent, value: str = "one") -> Block:
    return await services.blocks.create(agent.id, BlockDraft(label="plans", value=value))


async def newest(services: Services, agent: Agent) -> MemoryEvent:
    return (await services.history.of_agent(agent.id))[0]


async def labels(services: Services, agent: Agent) -> list[str]:
    return [block.label for block in await services.blocks.of_agent(agent.id)]


async def test_undo_and_redo_ten_deep_go_back_and_forth(services: Services, agent: Agent):
    block = await plans(services, agent)
    await services.blocks.update(block.id, BlockPatch(value="two"))
    for depth in range(10):
        await services.history.undo((await newest(services, agent)).seq)
        assert (await services.blocks.get(block.id)).value == ("one" if depth % 2 == 0 else "two")


async def test_ten_changes_are_undone_one_by_one_from_the_newest(services: Services, agent: Agent):
    block = await plans(services, agent, "0")
    for number in range(1, 11):
        await services.blocks.update(block.id, BlockPatch(value=str(number)))
    edits = [event for event in await services.history.of_block(block.id) if event.op == "update"]
    for number, event in zip(range(9, -1, -1), edits, strict=True):
        await services.history.undo(event.seq)
        assert (await services.blocks.get(block.id)).value == str(number)


async def test_a_change_that_was_reverted_by_hand_has_nothing_left_to_undo(services: Services, agent: Agent):
    block = await plans(services, agent)
    await services.blocks.update(block.id, BlockPatch(value="two"))
    change = await newest(services, agent)
    await services.blocks.update(block.id, BlockPatch(value="one"))
    with pytest.raises(Conflict) as caught:
        await services.history.undo(change.seq)
    assert caught.value.code == "already_undone"


async def test_undoing_a_creation_its_deletion_and_that_again_leaves_the_block_where_it_was(
    services: Services, agent: Agent
):
    before = await labels(services, agent)
    block = await plans(services, agent)
    creation = next(event for event in await services.history.of_block(block.id) if event.op == "create")
    gone = await services.history.undo(creation.seq)
    assert await labels(services, agent) == before
    back = await services.history.undo(gone.seq)
    assert await labels(services, agent) == [*before, "plans"]
    await services.history.undo(back.seq)
    assert await labels(services, agent) == before


async def test_a_change_of_a_detached_block_can_be_undone_and_of_a_deleted_one_says_what_to_do_first(
    services: Services, agent: Agent
):
    block = await plans(services, agent)
    await services.blocks.update(block.id, BlockPatch(value="two"))
    change = await newest(services, agent)
    await services.blocks.detach(agent.id, block.id)
    detached = await newest(services, agent)
    await services.history.undo(change.seq)
    assert (await services.blocks.get(block.id)).value == "one"
    await services.blocks.delete(block.id)
    with pytest.raises(AppError, match="no longer exists"):
        await services.history.undo(detached.seq)
    edit = next(event for event in await services.history.of_block(block.id) if event.undoes == change.seq)
    with pytest.raises(AppError, match="deleted") as caught:
        await services.history.undo(edit.seq)
    assert "undo its deletion" in caught.value.hint


async def test_no_way_leads_to_two_blocks_of_one_label(services: Services, agent: Agent):
    block = await plans(services, agent)
    await services.blocks.update(block.id, BlockPatch(label="ideas"))
    renaming = await newest(services, agent)
    created = (await services.history.of_block(block.id))[-1]
    other = await plans(services, agent, "another")
    loose = await services.agents.create(
        AgentDraft(name="Juno", model="demo/vesta", blocks=(BlockDraft(label="Plans"),))
    )
    (foreign,) = await services.blocks.of_agent(loose.id)
    attempts = (
        lambda: services.history.undo(renaming.seq),
        lambda: services.history.restore(block.id, created.seq),
        lambda: services.blocks.attach(agent.id, foreign.id),
        lambda: services.blocks.update(block.id, BlockPatch(label=" PLANS ")),
        lambda: services.blocks.update(other.id, BlockPatch(label="human")),
    )
    for attempt in attempts:
        with pytest.raises(Conflict) as caught:
            await attempt()
        assert caught.value.code == "name_taken"
    await services.blocks.delete(other.id)
    deletion = await newest(services, agent)
    await services.blocks.update(block.id, BlockPatch(label="plans"))
    with pytest.raises(Conflict):
        await services.history.undo(deletion.seq)
    await services.blocks.update(block.id, BlockPatch(label="ideas"))
    await services.history.undo(deletion.seq)
    assert sorted(await labels(services, agent)) == ["human", "ideas", "persona", "plans"]
    with pytest.raises(Conflict):
        await services.agents.create(
            AgentDraft(name="x", model="demo/vesta", blocks=(BlockDraft(label="a"), BlockDraft(label="A")))
        )


async def test_two_who_edit_one_block_at_once_lose_nothing_and_the_later_is_told(services: Services, agent: Agent):
    block = await plans(services, agent)
    edits = [
        services.blocks.update(block.id, BlockPatch(value=f"mine {n}"), expected_version=block.version)
        for n in range(8)
    ]
    outcomes = await asyncio.gather(*edits, return_exceptions=True)
    stored = [one for one in outcomes if isinstance(one, Block)]
    refused = [one for one in outcomes if isinstance(one, Conflict)]
    assert (len(stored), len(refused)) == (1, 7)
    assert {one.code for one in refused} == {"version_conflict"}
    assert await services.blocks.get(block.id) == stored[0]


async def test_a_limit_below_the_text_is_refused_with_both_numbers(services: Services, agent: Agent):
    block = await plans(services, agent, "x" * 50)
    with pytest.raises(Invalid, match="50 of 10 characters, 40 too many"):
        await services.blocks.update(block.id, BlockPatch(limit=10))


@pytest.mark.parametrize("harm", ["detach", "delete"])
async def test_a_block_that_goes_away_between_call_and_storing_is_answered_in_words(
    services: Services, agent: Agent, harm: str
):
    human = next(b for b in await services.blocks.of_agent(agent.id) if b.label == "human")
    conversation = (await services.conversations.default_of(agent.id)).active_id
    run = await services.runs.start(conversation, MessageDraft.of("my name is Brad, not Chad"))
    async for event in services.runs.subscribe(run.id):
        if event.payload.message_type == "tool_call_message":
            goes = services.blocks.detach(agent.id, human.id) if harm == "detach" else services.blocks.delete(human.id)
            await goes
            break
    await events_of(services, run.id)
    assert (await services.runs.get(run.id)).failure is None
    returned = [part for m in await transcript(services, agent) for part in m.tool_returns]
    changed = [e for e in await services.history.of_agent(agent.id) if e.origin.run_id == run.id]
    assert ("no memory block" in returned[0].text) != bool(changed)


async def test_memory_can_be_undone_in_any_order_without_a_fault(
    services: Services, agent: Agent, seeded_random: random.Random, times: Callable[[int, int], int]
):
    block = await plans(services, agent, "a\nb\nc\nd")

    async def act() -> None:
        number = seeded_random.randrange(7)
        history = await services.history.of_agent(agent.id)
        match number:
            case 0 | 1:
                await services.history.undo(seeded_random.choice(history).seq)
            case 2:
                await services.blocks.detach(agent.id, block.id)
            case 3:
                await services.blocks.attach(agent.id, block.id)
            case 4:
                await services.blocks.delete(block.id)
            case 5:
                await services.history.restore(block.id, seeded_random.choice(history).seq)
            case _:
                lines = (await services.blocks.get(block.id)).value.split("\n")
                lines[seeded_random.randrange(len(lines))] += "!"
                patch = BlockPatch(value="\n".join(lines), label=seeded_random.choice(("plans", "ideas")))
                await services.blocks.update(block.id, patch)

    refused = 0
    for _ in range(times(60, 2000)):
        try:
            await act()
        except (NotFound, Invalid, Conflict):
            refused += 1
        found = await labels(services, agent)
        assert len(found) == len({label.casefold() for label in found})
    assert refused
    assert (await say(services, agent, "hello")).status == "completed"


ODD = (
    "half an emoji \ud83d and NUL \0",
    "مرحبا بالعالم \u202e right to left",
    "Z\u0351\u036b\u0343a\u0329l\u0322go",
    "👨\u200d👩\u200d👧\u200d👦 Zoë & “Müller” <value> </value>",
    "1 MB " * 200_000,
    pytest.param("5 MB " * 1_000_000, marks=pytest.mark.long),
)


@pytest.mark.parametrize("text", ODD, ids=["surrogate", "right-to-left", "combining", "family", "1 MB", "5 MB"])
async def test_any_text_can_be_said_and_the_next_message_works(services: Services, agent: Agent, text: str):
    await say(services, agent, text)
    said = (await transcript(services, agent))[0].text
    assert said == text.replace("\ud83d", "\ufffd").replace("\0", "\ufffd")
    assert (await say(services, agent, "hello")).status == "completed"
    word = text.split()[0]
    assert (await services.messages.search(word))[0].message.text == said


@pytest.mark.parametrize("text", ODD[:4])
async def test_any_text_can_be_a_name_and_a_memory(services: Services, agent: Agent, text: str):
    renamed = await services.agents.update(agent.id, AgentPatch(name=text))
    block = await plans(services, agent, text)
    assert (await services.agents.get(agent.id)).name == renamed.name
    assert (await services.blocks.get(block.id)) == block
    assert (await say(services, agent, "hello")).status == "completed"


@pytest.mark.parametrize("label", ['Zoë’s "plans" & ideas', "👨\u200d👩\u200d👧", "مرحبا", "  spaced  "])
async def test_any_printable_label_can_be_edited_by_the_agent(services: Services, agent: Agent, label: str):
    block = await services.blocks.create(agent.id, BlockDraft(label=label, value="old"))
    assert block.label == label.strip()
    await services.agents.update(agent.id, AgentPatch(tool_names=("core_memory_append",)))
    arguments = json.dumps({"label": label, "content": "new"})
    await say(services, agent, f"/tool core_memory_append {arguments}")
    assert (await services.blocks.get(block.id)).value == "old\nnew"


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "a\0b<", "<x>", "\t", "x" * 1000])
async def test_a_label_the_prompt_cannot_show_is_refused(services: Services, agent: Agent, label: str):
    with pytest.raises(Invalid):
        await services.blocks.create(agent.id, BlockDraft(label=label))
    human = next(b for b in await services.blocks.of_agent(agent.id) if b.label == "human")
    with pytest.raises(Invalid):
        await services.blocks.update(human.id, BlockPatch(label=label))


@pytest.mark.parametrize(
    "fields",
    [
        {"max_steps": 0},
        {"settings": ModelSettings(max_output_tokens=0)},
        {"settings": ModelSettings(max_output_tokens=99_999)},
        {"settings": ModelSettings(temperature=-1)},
        {"settings": ModelSettings(temperature=float("nan"))},
    ],
)
async def test_settings_no_run_could_work_with_are_refused_at_birth_and_later(
    services: Services, agent: Agent, fields: dict[str, object]
):
    with pytest.raises(Invalid):
        await services.agents.create(AgentDraft.model_validate({"name": "x", "model": "demo/vesta", **fields}))
    with pytest.raises(Invalid):
        await services.agents.update(agent.id, AgentPatch.model_validate(fields))


async def test_bare_words_with_half_an_emoji_are_refused_in_a_sentence(services: Services, agent: Agent):
    thread = await services.conversations.default_of(agent.id)
    for attempt in (
        lambda: services.conversations.rename(thread.id, "a\ud83d"),
        lambda: services.agents.get("agent-\ud83d"),
        lambda: services.settings.set("key", {"a": "\ud83d"}),
    ):
        with pytest.raises(Invalid, match="half a character"):
            await attempt()
    assert await services.messages.search("a\ud83d") == ()


async def test_the_deletion_of_a_shared_block_is_in_the_history_of_each_agent_that_had_it(
    services: Services, agent: Agent
):
    other = await services.agents.create_demo()
    block = await plans(services, agent)
    await services.blocks.attach(other.id, block.id)
    await services.blocks.delete(block.id)
    for holder in (agent, other):
        event = await newest(services, holder)
        assert (event.op, event.label) == ("delete", "plans")
    await services.history.undo((await newest(services, other)).seq)
    for holder in (agent, other):
        assert (await newest(services, holder)).op == "restore"
        assert "plans" in await labels(services, holder)


@pytest.mark.parametrize("name", ["\u200b", "\u202e\u2066", "two\nlines", "two\u2028lines", "\u3000", "a\x1b[2J"])
async def test_names_and_labels_show_something_on_one_line(services: Services, agent: Agent, name: str):
    with pytest.raises(Invalid, match="name of 1 to 120"):
        await services.agents.create(AgentDraft(name=name, model="demo/vesta"))
    with pytest.raises(Invalid, match="name of 1 to 120"):
        await services.agents.update(agent.id, AgentPatch(name=name))
    with pytest.raises(Invalid, match="label of 1 to 100"):
        await services.blocks.create(agent.id, BlockDraft(label=name))


@pytest.mark.parametrize("name", ["Ümläut", "👩‍👩‍👧", "\U0001fae9", "a b", "北京", "٣"])
async def test_names_of_all_scripts_are_taken(services: Services, agent: Agent, name: str):
    assert (await services.agents.update(agent.id, AgentPatch(name=name))).name == name
    assert (await services.blocks.create(agent.id, BlockDraft(label=name))).label == name


async def test_a_deletion_whose_block_is_back_has_nothing_left_to_undo(services: Services, agent: Agent):
    block = await plans(services, agent)
    await services.blocks.delete(block.id)
    deletion = await newest(services, agent)
    restored = await services.history.undo(deletion.seq)
    gone = await services.history.undo(restored.seq)
    await services.history.undo(deletion.seq)
    known = await services.history.of_block(block.id)
    with pytest.raises(Conflict) as caught:
        await services.history.undo(gone.seq)
    assert caught.value.code == "already_undone"
    assert await services.history.of_block(block.id) == known


async def test_a_creation_of_a_block_that_is_gone_has_nothing_left_to_undo(services: Services, agent: Agent):
    block = await plans(services, agent)
    creation = (await services.history.of_block(block.id))[-1]
    await services.blocks.delete(block.id)
    with pytest.raises(Conflict) as caught:
        await services.history.undo(creation.seq)
    assert caught.value.code == "already_undone"


async def test_every_holder_of_a_shared_block_is_told_of_each_change(services: Services, agent: Agent):
    other = await services.agents.create_demo()
    block = await plans(services, agent)
    await services.blocks.attach(other.id, block.id)
    verbs: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: services.blocks.update(block.id, BlockPatch(value="two")),
        lambda: say(services, agent, '/tool core_memory_append {"label": "plans", "content": "three"}'),
        lambda: services.blocks.delete(block.id),
        lambda: undo_newest(services, other),
    )
    await services.agents.update(agent.id, AgentPatch(tool_names=("core_memory_append",)))
    for verb in verbs:
        told = await told_of(services, verb)
        for kind in ("block", "history"):
            assert {event.agent_id for event in told if event.kind == kind} == {agent.id, other.id}


async def undo_newest(services: Services, agent: Agent) -> MemoryEvent:
    return await services.history.undo((await newest(services, agent)).seq)


async def told_of(services: Services, verb: Callable[[], Awaitable[object]]) -> list[Changed]:
    """What all clients are told while the verb is done."""
    news = services.events.subscribe()
    first = asyncio.ensure_future(anext(news))
    await asyncio.sleep(0)
    await verb()
    await services.settings.set("end", True)
    told: list[Changed] = []
    event = await first
    while not (isinstance(event, Changed) and event.kind == "setting"):
        told += [event] if isinstance(event, Changed) else []
        event = await anext(news)
    await news.aclose()
    return told


async def test_a_text_over_its_limit_may_be_shortened_by_people_too(services: Services, agent: Agent):
    block = await plans(services, agent, "x" * 50)
    await services.blocks.update(block.id, BlockPatch(limit=10), may_overflow=True)
    described = await services.blocks.update(block.id, BlockPatch(description="What to do next."))
    assert (described.value, described.description) == ("x" * 50, "What to do next.")
    assert (await services.blocks.update(block.id, BlockPatch(value="x" * 30))).value == "x" * 30
    with pytest.raises(Invalid, match="30 of 10 characters, 20 too many"):
        await services.blocks.update(block.id, BlockPatch(value="y" * 30))
    with pytest.raises(Invalid, match="30 of 9 characters"):
        await services.blocks.update(block.id, BlockPatch(limit=9))


async def test_settings_are_undone_one_by_one_although_others_were_changed_since(services: Services, agent: Agent):
    cool = agent.settings.model_copy(update={"temperature": 0.1})
    await services.agents.update(agent.id, AgentPatch(settings=cool, tool_names=("core_memory_append",)))
    change = await newest(services, agent)
    long = cool.model_copy(update={"max_output_tokens": 1024})
    names = ("core_memory_append", "core_memory_replace")
    await services.agents.update(agent.id, AgentPatch(settings=long, tool_names=names))
    await services.history.undo(change.seq)
    now = await services.agents.get(agent.id)
    assert now.settings == agent.settings.model_copy(update={"max_output_tokens": 1024})
    assert now.tool_names == (*agent.tool_names, "core_memory_replace")


async def test_an_agent_that_is_restored_later_has_its_restored_block_too(services: Services, agent: Agent):
    block = await plans(services, agent)
    await services.blocks.delete(block.id)
    deletion = await newest(services, agent)
    await services.agents.delete(agent.id)
    await services.history.undo(deletion.seq)
    await services.agents.undelete(agent.id)
    assert "plans" in await labels(services, agent)


async def test_an_agent_whose_blocks_came_to_one_label_while_it_was_deleted_says_what_to_rename(
    services: Services, agent: Agent
):
    other = await services.agents.create_demo()
    shared = await plans(services, agent)
    await services.blocks.create(agent.id, BlockDraft(label="ideas"))
    await services.blocks.attach(other.id, shared.id)
    await services.agents.delete(agent.id)
    await services.blocks.update(shared.id, BlockPatch(label="ideas"))
    with pytest.raises(Conflict, match="two blocks “ideas”") as caught:
        await services.agents.undelete(agent.id)
    assert (caught.value.code, "Rename" in caught.value.hint) == ("name_taken", True)
    assert [row.agent.id for row in await services.agents.deleted()] == [agent.id]
    await services.blocks.update(shared.id, BlockPatch(label="plans"))
    await services.agents.undelete(agent.id)
    assert {"plans", "ideas"} <= set(await labels(services, agent))


TWINS = {
    "accents written apart": ("Caf\u00e9", "Cafe\u0301"),
    "capitals": ("stra\u00dfe", "STRASSE"),
    "wide letters": ("plans", "\uff50lans"),
    "a ligature": ("office", "o\ufb03ce"),
    "letters joined": ("plans", "pla\u200dns"),
    "letters kept apart": ("plans", "pla\u200cns"),
    "a variant of an emoji": ("\u2764 us", "\u2764\ufe0f us"),
    "one sign for a syllable": ("\ud55c", "\u1112\u1161\u11ab"),
}
HIDDEN = (
    "pla\u200bns",
    "plans\u2800",
    "\u2800",
    "\u202esnalp",
    "plans\u2069",
    "\u2066plans",
    "pl\u00adans",
    "\ufeffplans",
    "pla\u2060ns",
    "\u3164",
)


@pytest.mark.parametrize(("one", "other"), TWINS.values(), ids=TWINS)
async def test_labels_that_look_the_same_do_not_stand_side_by_side(services: Services, one: str, other: str):
    agent = await services.agents.create_demo()
    first = await services.blocks.create(agent.id, BlockDraft(label=one))
    with pytest.raises(Conflict, match="already has a block") as raised:
        await services.blocks.create(agent.id, BlockDraft(label=other))
    assert raised.value.code == "name_taken"
    assert f"“{first.label}”" in raised.value.message
    free = await services.blocks.create(agent.id, BlockDraft(label="another"))
    with pytest.raises(Conflict, match="already has a block"):
        await services.blocks.update(free.id, BlockPatch(label=other), free.version)


@pytest.mark.parametrize("label", HIDDEN)
async def test_a_label_hides_nothing(services: Services, label: str):
    agent = await services.agents.create_demo()
    with pytest.raises(Invalid, match=r"nobody sees|needs a label"):
        await services.blocks.create(agent.id, BlockDraft(label=label))


async def test_accents_are_stored_in_one_way_and_joined_letters_stay(services: Services):
    agent = await services.agents.create_demo()
    for given, stored in (
        ("Cafe\u0301", "Caf\u00e9"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
    ):
        assert (await services.blocks.create(agent.id, BlockDraft(label=given))).label == stored
