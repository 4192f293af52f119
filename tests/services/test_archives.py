"""Archival memory at work: agents store and search, people correct, and every change can be taken back."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.agent import Agent
from app.domain.archive import ArchiveDraft, ArchivePatch, PassageDraft, PassageFilter, PassagePatch
from app.domain.error import Conflict, Invalid, NotFound
from app.services import Services
from tests.support.engine.talking import say, transcript
from tests.support.engine.whole_engine import agent_on
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio
TOOLS = ("archival_memory_insert", "archival_memory_search")
BOILER = "Boiler serviced by Brandt on 12 March 2026, pressure 1.6 bar."


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def agent(services: Services, server: OpenAIServer) -> Agent:
    return await agent_on(services, server, tool_names=TOOLS)


async def stored(services: Services, agent: Agent, *texts: str, **fields: object) -> list[str]:
    ids: list[str] = []
    for text in texts:
        draft = PassageDraft.model_validate({"text": text, **fields})
        ids.append((await services.archives.insert_for(agent.id, draft)).passage.id)
    return ids


async def texts(services: Services, agent: Agent, **wanted: object) -> list[str]:
    filter_ = PassageFilter.model_validate({"agent_id": agent.id, **wanted})
    return [one.text for one in await services.archives.passages(filter_)]


async def returned(services: Services, agent: Agent) -> list[str]:
    return [part.text for message in await transcript(services, agent) for part in message.tool_returns]


async def test_an_agent_stores_what_it_learns_and_finds_it_again(
    services: Services, server: OpenAIServer, agent: Agent
):
    insert = ToolCall("archival_memory_insert", {"content": BOILER, "tags": ["house", "heating"]})
    search = ToolCall("archival_memory_search", {"query": "when was Brandt here?", "tags": "house"})
    server.queue(Reply(calls=(insert,)), Reply(text="Noted."), Reply(calls=(search,)), Reply(text="On 12 March."))
    run = await say(services, agent, "Brandt serviced the boiler today.")
    await say(services, agent, "When was Brandt here?")
    (archive,) = await services.archives.of_agent(agent.id)
    (passage,) = await services.archives.passages(PassageFilter(archive_ids=(archive.id,)))
    assert archive.name == f"{agent.name}’s archive"
    assert (passage.text, passage.tags, passage.run_id) == (BOILER, ("house", "heating"), run.id)
    assert (passage.actor.kind, passage.actor.name, passage.found_count) == ("agent", agent.name, 1)
    done, found = await returned(services, agent)
    assert done == "Stored in archival memory. Tags: house, heating."
    assert found.startswith("1 found in archival memory, best first:\n1. [")
    assert found.endswith(f"(house, heating) {BOILER}")
    answer = await services.archives.answer(agent.id, "when was Brandt here?", PassageFilter())
    assert answer.text == found
    assert answer.passage_ids == (passage.id,)
    event = next(one for one in await services.history.of_agent(agent.id) if one.target_kind == "passage")
    assert (event.op, event.origin.tool_name, event.origin.run_id) == ("create", "archival_memory_insert", run.id)
    await services.history.undo(event.seq)
    assert await texts(services, agent) == []


async def test_what_is_stored_already_is_not_stored_again_and_what_is_nearly_so_is_told(
    services: Services, server: OpenAIServer, agent: Agent
):
    (boiler,) = await stored(services, agent, BOILER)
    calls = (
        ToolCall("archival_memory_insert", {"content": f" {BOILER.upper()} "}),
        ToolCall("archival_memory_insert", {"content": BOILER.replace("serviced", "was serviced")}),
        ToolCall("archival_memory_insert", {"content": BOILER.replace("1.6", "2.5")}),
        ToolCall("archival_memory_insert", {"content": "  "}),
    )
    server.queue(Reply(calls=calls), Reply(text="Noted."))
    await say(services, agent, "Brandt was here")
    same, nearly, other, nothing = await returned(services, agent)
    assert same.startswith("This was stored already, on ")
    assert nearly.startswith("Stored in archival memory. Nearly the same was stored there on ")
    assert BOILER in nearly
    assert other == "Stored in archival memory."
    assert nothing == "Nothing was stored: the text is missing. Give it as content."
    (double,) = await services.archives.passages(PassageFilter(agent_id=agent.id, nearly=True))
    assert double.nearly == boiler
    assert 0.8 < double.alikeness < 1
    merged = await services.archives.merge(boiler, (double.id,), "Boiler serviced by Brandt, yearly.")
    assert await texts(services, agent) == ["Boiler serviced by Brandt, yearly.", BOILER.replace("1.6", "2.5")]
    await services.history.undo(merged.changes[-1])
    assert len(await texts(services, agent)) == 3


async def test_the_prompt_says_that_there_is_something_and_stays_as_it_is_while_a_run_stores_more(
    services: Services, server: OpenAIServer, agent: Agent
):
    (archive,) = [await services.archives.default_of(agent.id)]
    drafts = tuple(PassageDraft(text=f"fact {number}") for number in range(9))
    await services.archives.add(archive.id, drafts)
    insert = ToolCall("archival_memory_insert", {"content": BOILER})
    server.queue(Reply(calls=(insert,)), Reply(text="Noted."), Reply(text="You are welcome."))
    await say(services, agent, "Brandt was here")
    await say(services, agent, "Thanks")
    prompts = [chat.body["messages"][0]["content"] for chat in server.chats]
    assert "A few passages are stored in your archival memory." in prompts[0]
    assert prompts[0] == prompts[1]
    assert "More than 9 passages are stored" in prompts[-1]
    overview = await services.context.prompt(agent.id)
    assert overview == prompts[-1]


async def test_what_is_true_no_longer_is_given_only_as_of_a_date(services: Services, agent: Agent):
    (kruse,) = await stored(services, agent, "Kruse services the boiler every two years.", valid_from=1_000)
    brandt = PassageDraft(text="Brandt services the boiler every year.")
    done = await services.archives.supersede((kruse,), at=2_000, replacement=brandt)
    new, old = done.passages
    assert (old.superseded_at, old.superseded_by, new.valid_from) == (2_000, new.id, 2_000)
    assert [one.id for one in await services.archives.states(kruse)] == [new.id, kruse]

    async def given(**wanted: object) -> tuple[str, ...]:
        asked = PassageFilter.model_validate(wanted)
        return (await services.archives.answer(agent.id, "Who services the boiler?", asked)).passage_ids

    assert await given() == (new.id,)
    assert await given(as_of=1_500) == (kruse,)
    hits = (await services.archives.search("boiler", PassageFilter(agent_id=agent.id))).hits
    assert {hit.passage.id for hit in hits} == {new.id, kruse}
    assert all(reason.type == "word" and reason.word == "boiler" for hit in hits for reason in hit.reasons)
    for seq in reversed(done.changes):
        await services.history.undo(seq)
    assert await texts(services, agent, validity="valid") == ["Kruse services the boiler every two years."]


async def test_edits_of_one_and_of_many_are_undone_and_redone(services: Services, agent: Agent):
    one, two, three = await stored(services, agent, "likes tea", "has a cat", "lives in Bonn")
    edited = await services.archives.edit(one, PassagePatch(text="likes coffee", tags=("food", " food ")))
    assert edited.passages[0].tags == ("food",)
    with pytest.raises(Conflict):
        await services.archives.edit(one, PassagePatch(text="likes milk"), expected_version=1)
    tagged = await services.archives.tag((one, two), add=("home",), remove=("food",))
    assert {passage.tags for passage in tagged.passages} == {("home",)}
    gone = await services.archives.remove((two, three))
    assert await texts(services, agent) == ["likes coffee"]
    back = await services.history.undo(gone.changes[0])
    assert len(await texts(services, agent, tags=("home",))) == 2
    again = await services.history.undo(back.seq)
    assert await texts(services, agent) == ["likes coffee"]
    await services.history.undo(again.seq)
    await services.history.undo(tagged.changes[0])
    assert await texts(services, agent, tags=("food",)) == ["likes coffee"]
    await services.history.undo(edited.changes[0])
    assert await texts(services, agent) == ["likes tea", "has a cat", "lives in Bonn"]
    with pytest.raises(NotFound):
        await services.archives.remove((one, "passage-none"))


async def test_agents_share_archives_which_are_renamed_detached_and_deleted_with_undo(
    services: Services, server: OpenAIServer, agent: Agent
):
    other = await services.agents.create_demo()
    await stored(services, agent, BOILER)
    (archive,) = await services.archives.of_agent(agent.id)
    attached = [await services.archives.attach(other.id, archive.id) for _ in range(2)]
    assert [len(changes) for changes in attached] == [1, 0], "the second time nothing changes"
    assert await services.archives.holders((archive.id,)) == {archive.id: (agent.id, other.id)}
    assert await texts(services, other) == [BOILER]
    renamed = await services.archives.update(archive.id, ArchivePatch(name="House", embedding="house/any"))
    assert (renamed.name, renamed.embedding, renamed.passages) == ("House", "house/any", 1)
    detached = await services.archives.detach(other.id, archive.id)
    await services.history.undo_all(detached)
    deleted = await services.archives.delete(archive.id)
    assert await texts(services, agent) == []
    deletion = (await services.history.of_agent(agent.id))[0]
    assert (deletion.op, deletion.label) == ("delete", "House")
    await services.history.undo_all(deleted)
    assert await texts(services, agent) == await texts(services, other) == [BOILER]
    with pytest.raises(Invalid):
        await services.archives.create(ArchiveDraft(name=" \n"))


@pytest.mark.parametrize("form", ["json", "csv", "markdown"])
async def test_what_is_exported_is_imported_as_it_was(services: Services, agent: Agent, tmp_path: Path, form: str):
    odd = ('=HYPERLINK("http://x")', "two\n\nparagraphs, <!-- passage --> 中文", "-1 °C; 'quoted'", "'=already")
    for text, tags in zip(odd, (("a; b", "=c"), ("a, b",), ("c", "d"), ()), strict=True):
        await stored(services, agent, text, tags=tags, valid_from=1_000_000, source="letter.pdf")
    wanted = PassageFilter(agent_id=agent.id)
    pieces = [piece async for piece in services.archives.export(wanted, form)]  # type: ignore[arg-type]
    file = tmp_path / f"out.{form}"
    file.write_text("".join(pieces), encoding="utf-8", newline="")
    if form == "csv":
        cells = [cell for row in csv.reader(io.StringIO("".join(pieces).removeprefix("\ufeff"))) for cell in row]
        assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]
    home = await services.archives.create(ArchiveDraft(name="Home"))
    done = await services.archives.import_file(home.id, str(file))
    assert (done.added, done.already_there) == (4, 0)
    before, after = [
        [
            (one.text, one.tags, one.created_at, one.valid_from, one.source)
            for one in await services.archives.passages(f)
        ]
        for f in (wanted, PassageFilter(archive_ids=(home.id,)))
    ]
    assert after == before
    assert (await services.archives.import_file(home.id, str(file))).already_there == 4
    await services.history.undo(done.changes[0])
    assert (await services.archives.get(home.id)).passages == 0


async def test_a_file_that_cannot_be_read_says_where_and_stores_nothing(
    services: Services, agent: Agent, tmp_path: Path
):
    archive = await services.archives.default_of(agent.id)
    notes = tmp_path / "notes.md"
    notes.write_text("# Title\n\nFirst thing.\n\nSecond thing,\non two lines.\n", encoding="utf-8")
    await services.archives.import_file(archive.id, str(notes))
    assert await texts(services, agent) == ["First thing.", "Second thing,\non two lines."]
    for name, content, said in (
        ("a.json", "{", "not valid JSON at line 1"),
        ("b.json", json.dumps(["x", {"body": "y"}]), "Passage 2 of b.json has no text"),
        ("c.csv", "a,b\n1,2\n", "no column “text”"),
        ("d.json", json.dumps([{"text": "x", "created_at": "yesterday"}]), "a date that cannot be read: yesterday"),
        ("e.json", json.dumps(["fine", "x" * 20_001]), "Passage 2 of e.json cannot be stored"),
        ("f.json", json.dumps([{"text": "x", "created_at": "0001-01-01T00:00:00+14:00"}]), "no calendar has"),
        ("g.csv", "text,valid_from\nx,9999-12-31T23:59:59-14:00\n", "no calendar has"),
        ("h.json", '[{"text": "x", "metadata": {"n": ' + "9" * 5000 + "}}]", "not valid JSON"),
        ("i.json", json.dumps([{"text": "x", "tags": ["a", None]}]), "Passage 1 of i.json has a tag that is no text"),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(Invalid, match=said):
            await services.archives.import_file(archive.id, str(tmp_path / name))
    assert len(await texts(services, agent)) == 2


async def test_a_date_that_no_calendar_has_is_refused_wherever_it_comes_from(services: Services, agent: Agent):
    (kept,) = await stored(services, agent, BOILER)
    for at in (-62_167_000_000_000_000, 253_402_300_000_000_000):
        for field in ("created_at", "valid_from", "superseded_at"):
            with pytest.raises(Invalid, match="no calendar has"):
                await stored(services, agent, "Never.", **{field: at})
        with pytest.raises(Invalid, match="no calendar has"):
            await services.archives.supersede((kept,), at=at)
    exported = "".join([piece async for piece in services.archives.export(PassageFilter(agent_id=agent.id), "json")])
    assert [one["text"] for one in json.loads(exported)["passages"]] == [BOILER]


async def test_tables_of_others_are_read_with_their_tags_and_what_is_not_read_is_told(
    services: Services, agent: Agent, tmp_path: Path
):
    archive = await services.archives.default_of(agent.id)
    (tmp_path / "a.csv").write_text('Text,tags,date\nOne.,"street, size",2024\nTwo.,"a, b; c",\n', encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps([{"text": "Three.", "tags": "x, y", "mood": 1}]), encoding="utf-8")
    done = await services.archives.import_file(archive.id, str(tmp_path / "a.csv"))
    assert (done.added, done.unread) == (2, ("date",))
    assert (await services.archives.import_file(archive.id, str(tmp_path / "b.json"))).unread == ("mood",)
    found = await services.archives.passages(PassageFilter(agent_id=agent.id))
    assert {one.text: one.tags for one in found} == {
        "One.": ("street", "size"),
        "Two.": ("a, b", "c"),
        "Three.": ("x", "y"),
    }


async def test_the_headings_of_a_text_become_tags_and_code_stays_whole(
    services: Services, agent: Agent, tmp_path: Path
):
    archive = await services.archives.default_of(agent.id)
    (tmp_path / "notes.md").write_text(
        "---\ntitle: Notes\n---\nBefore.\n\n# Home #\n\nKeys hang left.\n## Garden\nTulips in October.\n\n---\n\n"
        "Roses\n-----\n```python\n# no heading\n\nx = 1\n```\n\n# Work\n***\nDesk 4.\n",
        encoding="utf-8",
    )
    await services.archives.import_file(archive.id, str(tmp_path / "notes.md"))
    found = await services.archives.passages(PassageFilter(agent_id=agent.id))
    assert [(one.text, one.tags) for one in found] == [
        ("Before.", ()),
        ("Keys hang left.", ("Home",)),
        ("Tulips in October.", ("Home", "Garden")),
        ("```python\n# no heading\n\nx = 1\n```", ("Home", "Roses")),
        ("Desk 4.", ("Work",)),
    ]
