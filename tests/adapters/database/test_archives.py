"""Archives and passages: rows, tags, words and counts say the same, and every list costs its page."""

import random
from itertools import count

import pytest

from app.domain.archive import Archive, Passage, PassageFilter
from app.domain.error import NotFound
from app.domain.history import Actor
from app.domain.page import PageRequest
from app.domain.retrieval import Term
from app.ports.storage import Repositories
from app.ports.storage.archives import Narrowed
from tests.adapters.database.making import World, memory_event
from tests.support.values import samples
from tests.support.values.samples import NOON, some_id

pytestmark = pytest.mark.anyio
_minutes = count()


def archive(**fields: object) -> Archive:
    given = {"id": some_id("archive"), "name": "Notes", "created_at": NOON, "updated_at": NOON}
    return Archive.model_validate({**given, **fields})


def passage(text: str, of: Archive, **fields: object) -> Passage:
    at = NOON + next(_minutes)
    given = {"id": some_id("passage"), "archive_id": of.id, "text": text, "created_at": at, "updated_at": at}
    return Passage.model_validate({**given, **fields})


async def filled(world: World, *passages: Passage, of: Archive) -> None:
    def add(repos: Repositories) -> None:
        repos.archives.add(of)
        repos.archives.attach(world.agent.id, of.id, 0)
        repos.passages.add(*passages)

    await world.storage.write(add)


def texts(passages: tuple[Passage, ...]) -> list[str]:
    return [one.text for one in passages]


async def test_archives_and_passages_come_back_as_they_were_stored(world: World) -> None:
    notes = archive(description="What lasts.", metadata={"a": [1]}, made_for=world.agent.id, embedding="x/y")
    one = passage(
        "Boiler serviced by Brandt.",
        notes,
        tags=("house", "ü, with “marks”"),
        valid_from=NOON - 5,
        actor=Actor(kind="agent", name="Juno"),
        run_id="run-1",
        message_id="message-1",
        source="letter.pdf",
        nearly="passage-0",
        alikeness=0.5,
        metadata={"deep": {"x": None}},
    )
    await filled(world, one, of=notes)
    read = world.storage.read
    assert await read(lambda repos: repos.passages.get(one.id)) == one
    counted = notes.model_copy(update={"passages": 1})
    assert await read(lambda repos: repos.archives.get(notes.id)) == counted
    assert await read(lambda repos: repos.archives.of_agent(world.agent.id)) == (counted,)
    assert await read(lambda repos: repos.archives.count_for(world.agent.id)) == 1
    with pytest.raises(NotFound):
        await read(lambda repos: repos.passages.get(some_id("passage")))


async def test_words_are_found_inside_their_archive_and_tags_only(world: World) -> None:
    notes, family = archive(), archive(name="Family")
    await filled(
        world,
        passage("Der Heizungsbauer Müller kommt im März.", notes, tags=("house",)),
        passage("我们在北京吃了烤鸭。", notes, tags=("food", "trips")),
        passage("Mueller sent an invoice.", notes, tags=("house", "invoices")),
        of=notes,
    )
    await world.storage.write(lambda repos: repos.archives.add(family))
    await world.storage.write(lambda repos: repos.passages.add(passage("Müller is a neighbour.", family)))

    async def found(query: str, **wanted: object) -> list[str]:
        filter_ = PassageFilter.model_validate(wanted)
        hits = await world.storage.read(lambda repos: repos.passages.search(query, filter_, 5))
        return texts(tuple(hit.passage for hit in hits))

    assert await found("MÜLLER märz", agent_id=world.agent.id) == ["Der Heizungsbauer Müller kommt im März."]
    assert await found("烤鸭") == ["我们在北京吃了烤鸭。"]
    assert set(await found("muller")) == {"Der Heizungsbauer Müller kommt im März.", "Müller is a neighbour."}
    assert await found("muller", archive_ids=(family.id,)) == ["Müller is a neighbour."]
    assert await found("kommt invoice", tags=("house", "invoices"), all_tags=True) == ["Mueller sent an invoice."]
    assert len(await found("kommt invoice", tags=("trips", "house"))) == 2
    assert await found("kommt", tags=("trips",)) == []
    assert await found("kommt", start=NOON * 2) == []


async def test_words_are_counted_in_any_form_or_as_they_stand(world: World) -> None:
    notes = archive()
    await filled(world, passage("Boilers break.", notes), passage("A boiler broke, says INV-2026.", notes), of=notes)

    def counts(repos: Repositories) -> tuple[int, ...]:
        terms = (
            Term("boiler", ("boiler",), False),
            Term("boiler", ("boiler",), True),
            Term("INV-2026", ("inv", "2026"), True),
        )
        return repos.passages.with_words(terms, PassageFilter(), Narrowed()).frequencies

    assert await world.storage.read(counts) == (2, 1, 1)


async def test_validity_dates_and_writers_narrow_a_list(world: World) -> None:
    notes = archive()
    old = passage("Every two years by Kruse.", notes, valid_from=NOON - 100, superseded_at=NOON - 50)
    new = passage("Every year by Brandt.", notes, valid_from=NOON - 50, actor=Actor(kind="agent", name="Juno"))
    double = passage("Each year by Brandt.", notes, nearly=new.id, alikeness=0.9)
    await filled(world, old, new, double, of=notes)
    await world.storage.write(
        lambda repos: repos.passages.save(old.model_copy(update={"superseded_by": new.id, "version": 2}))
    )

    async def listed(**wanted: object) -> list[str]:
        filter_ = PassageFilter.model_validate({"archive_ids": (notes.id,), **wanted})
        return texts(await world.storage.read(lambda repos: repos.passages.list(filter_)))

    assert await listed() == [old.text, new.text, double.text]
    assert await listed(validity="valid") == [new.text, double.text]
    assert await listed(validity="superseded") == [old.text]
    assert await listed(as_of=NOON - 60) == [old.text]
    assert await listed(as_of=NOON - 40) == [new.text]
    assert await listed(actor=new.actor) == [new.text]
    assert await listed(nearly=True) == [double.text]
    assert await listed(search="BRANDT") == [new.text, double.text]
    assert texts(await world.storage.read(lambda repos: repos.passages.replaced_by(new.id))) == [old.text]
    contents = await world.storage.read(lambda repos: repos.passages.contents((notes.id,)))
    assert (contents.passages, contents.superseded, contents.nearly) == (3, 1, 1)
    assert [(one.actor.kind, one.passages) for one in contents.writers] == [("user", 2), ("agent", 1)]


async def test_the_same_text_is_known_whatever_its_spaces_and_capitals(world: World) -> None:
    notes = archive()
    one = passage("Brandt was  here.", notes)
    await filled(world, one, of=notes)
    same = await world.storage.read(lambda repos: repos.passages.same(notes.id, " brandt WAS\nhere. "))
    assert same == one
    assert await world.storage.read(lambda repos: repos.passages.same(notes.id, "Brandt was here!")) is None


async def test_lists_words_tags_and_counts_say_what_the_rows_say_after_a_random_life(world: World) -> None:
    dice, notes, family = random.Random(4), archive(), archive(name="Family")
    await filled(world, of=notes)
    await world.storage.write(lambda repos: repos.archives.add(family))
    living: dict[str, Passage] = {}
    gone: dict[str, Passage] = {}
    words, tags = ("boiler", "garden", "march", "invoice"), ("house", "diet", "a b")

    def live(repos: Repositories) -> None:
        act = dice.choice(("add", "add", "edit", "delete", "undelete"))
        if act == "add":
            new = [passage(dice.choice(words), dice.choice((notes, family)), tags=_some(dice, tags)) for _ in range(3)]
            for home in (notes, family):
                repos.passages.add(*(one for one in new if one.archive_id == home.id))
            living.update((one.id, one) for one in new)
        elif act == "edit" and living:
            before = living[dice.choice([*living])]
            fields = {"text": dice.choice(words), "superseded_at": dice.choice((None, NOON))}
            after = before.model_copy(update={**fields, "tags": _some(dice, tags)})
            repos.passages.save(after)
            living[after.id] = after
        elif act == "delete" and living:
            ids = dice.sample([*living], min(2, len(living)))
            repos.passages.delete(ids, NOON)
            gone.update((each, living.pop(each)) for each in ids)
        elif act == "undelete" and gone:
            each = dice.choice([*gone])
            repos.passages.undelete((each,))
            living[each] = gone.pop(each)

    for _ in range(60):
        await world.storage.write(live)

    def look(repos: Repositories) -> None:
        ordered = sorted(living.values(), key=lambda one: one.created_at)
        for home in (notes, family):
            mine = [one for one in ordered if one.archive_id == home.id]
            assert repos.archives.get(home.id).passages == len(mine)
            assert list(repos.passages.list(PassageFilter(archive_ids=(home.id,)))) == mine
            contents = repos.passages.contents((home.id,))
            assert {one.tag: one.passages for one in contents.tags} == {
                tag: many for tag in tags if (many := sum(tag in one.tags for one in mine))
            }
        for tag in tags:
            tagged = [one.id for one in ordered if tag in one.tags]
            assert [one.id for one in repos.passages.list(PassageFilter(tags=(tag,)))] == tagged
        both = [one.id for one in ordered if {"house", "diet"} <= {*one.tags}]
        wanted = PassageFilter(tags=("house", "diet"), all_tags=True)
        assert [one.id for one in repos.passages.list(wanted)] == both
        paged: list[str] = []
        page = PageRequest(limit=4)
        while rows := repos.passages.list(PassageFilter(tags=tags), page):
            paged += [one.id for one in rows]
            page = page.model_copy(update={"after": rows[-1].id})
        assert paged == [one.id for one in reversed(ordered) if one.tags]
        _filters_hold(repos, ordered, words, notes, family)

    await world.storage.read(look)


def _filters_hold(
    repos: Repositories, ordered: list[Passage], words: tuple[str, ...], notes: Archive, family: Archive
) -> None:
    """Every filter lets through by its indexes, and inside the search by words, what its list shows."""
    for word in words:
        hits = repos.passages.search(word, PassageFilter(), 1000)
        assert {hit.passage.id for hit in hits} == {one.id for one in ordered if one.text == word}
    middle = ordered[len(ordered) // 2].created_at
    for wanted in (
        *(PassageFilter(validity=validity) for validity in ("all", "valid", "superseded")),
        PassageFilter(start=middle, archive_ids=(notes.id,)),
        PassageFilter(end=middle, validity="valid", tags=("house",)),
        PassageFilter(start=middle, validity="valid", tags=("house", "diet")),
        PassageFilter(validity="superseded", tags=("house", "diet"), all_tags=True, archive_ids=(family.id,)),
        PassageFilter(as_of=NOON + 1, tags=("a b",)),
    ):
        passing = {one.id for one in repos.passages.list(wanted, PageRequest(limit=1000))}
        narrowed = repos.passages.within(wanted)
        everything = {seq: one.id for seq, one in repos.passages.at(range(1, 200)).items()}
        if narrowed.among is None:
            assert {each for seq, each in everything.items() if seq not in narrowed.but} == passing
        else:
            assert {everything[seq] for seq in narrowed.among} == passing
        for word in words:
            (rows,) = repos.passages.with_words((Term(word, (word,), True),), wanted, narrowed).rows
            found = {everything[seq] for seq in rows}
            assert found == passing & {one.id for one in ordered if one.text == word}


async def test_what_was_deleted_long_ago_is_forgotten_with_its_words_and_changes(world: World) -> None:
    notes, own, other = archive(), archive(name="Own", made_for=world.agent.id), samples.agent()
    kept, dropped = passage("kept for good", notes), passage("dropped long ago", notes)
    await filled(world, kept, dropped, of=notes)
    mine = passage("of the agent alone", own)
    event = memory_event(dropped.id, "", "", target_kind="passage")

    def more(repos: Repositories) -> None:
        repos.history.add(event)
        repos.agents.add(other)
        repos.archives.attach(other.id, notes.id, 0)
        repos.archives.add(own)
        repos.archives.attach(world.agent.id, own.id, 1)
        repos.passages.add(mine)
        repos.passages.delete((dropped.id,), NOON)
        repos.agents.delete(world.agent.id, NOON)

    await world.storage.write(more)
    while (await world.storage.write(lambda repos: repos.deleted.forget(NOON + 1))).more:
        pass

    def look(repos: Repositories) -> None:
        assert repos.passages.many((kept.id, dropped.id, mine.id)) == (kept,)
        assert repos.archives.find(own.id) is None
        assert repos.archives.get(notes.id).passages == 1
        assert repos.archives.holding(notes.id) == (other.id,)
        assert repos.history.of_target(dropped.id) == ()
        for words in ("dropped", "alone"):
            assert repos.passages.search(words, PassageFilter(), 5) == ()
        left = repos.passages.db.exec_driver_sql(  # type: ignore[attr-defined]
            "SELECT count(*) FROM passage_search WHERE passage_search MATCH 'dropped OR alone'"
        )
        assert left.scalar() == 0

    await world.storage.read(look)


def _some(dice: random.Random, tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dice.sample(tags, dice.randrange(len(tags) + 1)))
