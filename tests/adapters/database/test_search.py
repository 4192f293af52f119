"""Full-text search over messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.message import Role
from app.domain.search_text import folded, index_text, query_terms, snippet
from tests.adapters.database.making import World, branch, conversation
from tests.support.values import samples
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio


async def found(world: World, query: str, **where: object) -> list[str]:
    hits = await world.storage.read(lambda repos: repos.search.find(query, **where))
    return [hit.message.text for hit in hits]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Ich wohne in der Hauptstraße 5.", "hauptstrasse"),
        ("Ich wohne in der HAUPTSTRASSE 5.", "Hauptstraße"),
        ("Über Äpfel", "apfel"),
        ("cafe\u0301 au lait", "CAFÉ"),
        ("我叫李明，住在北京。", "北京"),
        ("我叫李明，住在北京。", "住在北京"),
        ("我叫李明，住在北京。", "京"),
        ("日本語の検索です", "検索"),
        ("오늘 서울에서 만나요", "서울"),
        ("ผมชอบกาแฟเย็น", "กาแฟ"),
        ("मुझे हिन्दी पसंद है", "हिन्दी"),
        ("Party at eight 🎉", "🎉"),
        ("We love ❤️ it", "❤"),
        ("call snake_case_name now", "case"),
        ("mail brad@example.org today", "brad@example.org"),
        ("it's Brad's dog", "brad's"),
        ("C++ and C# and .NET", "c#"),
        ("favourite colours", "favour colour"),
        ("who was the who", "The Who"),
    ],
)
async def test_words_are_found_whatever_their_case_accents_and_script(world: World, text: str, query: str) -> None:
    await world.say(text, "Something else entirely.", "Und etwas ganz anderes. 天气很好")
    assert text in await found(world, query)
    assert "Something else entirely." not in await found(world, query)


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', '""', "'", "*", "a*", "(", ")", "AND", "OR", "NOT", "NEAR(", "NEAR(a b, 3)", "words:x", "a AND", "-",
     "^a", "{a b}:c", "+", "\\", "%", ";", "x\x00y", "\ufeff", "🏳️‍🌈", "a" * 5000, " ".join("abcdefghij" * 300),
     "ﬁ ﷺ İ ı ß"],
)  # fmt: skip
async def test_no_query_is_an_error(world: World, query: str) -> None:
    await world.say("hello")
    assert await found(world, query) == []


@given(st.text(max_size=60))
def test_terms_never_hold_anything_but_letters_and_digits(text: str) -> None:
    for term in query_terms(text):
        assert term
        assert not set(term) & set("\"'*()^:+-{}\x00 ")
    assert folded(folded(text)) == folded(text) or not text.isascii()


@given(st.text(max_size=300), st.text(max_size=20))
def test_a_snippet_is_one_line_of_limited_length(text: str, query: str) -> None:
    line = snippet(text, query_terms(query))
    assert len(line) <= 162
    assert "\n" not in line


def test_a_snippet_shows_the_found_word() -> None:
    text = "word " * 200 + "the treasure is under the oak " + "word " * 200
    line = snippet(text, query_terms("Treasure"))
    assert "treasure is under" in line
    assert line.startswith("…")
    assert line.endswith("…")


def test_unspaced_scripts_are_indexed_as_pairs() -> None:
    assert index_text("我爱北京 ok") == "我爱 爱北 北京 京 ok"
    assert query_terms("我爱北京 ok") == ("我爱", "爱北", "北京", "ok")


async def test_all_words_come_before_any_word(world: World) -> None:
    await world.say("red apple", "red car", "green apple")
    assert await found(world, "red apple") == ["red apple"]
    assert sorted(await found(world, "red bicycle")) == ["red apple", "red car"]
    assert await found(world, "the red car of my") == ["red car"]


async def test_the_better_match_comes_first_and_the_limit_holds(world: World) -> None:
    await world.say("otter " + "noise " * 40, "otter otter", *["noise"] * 5)
    assert (await found(world, "otter"))[0] == "otter otter"
    assert len(await found(world, "noise", limit=3)) == 3
    assert await found(world, "noise", limit=0) == []


async def test_a_search_can_be_narrowed(world: World) -> None:
    other = samples.agent()
    there = conversation(other.id)
    roles: tuple[Role, ...] = ("user", "assistant", "system")

    def talk(repos):
        repos.agents.add(other)
        repos.conversations.add(there)
        repos.messages.append(there.id, samples.message("user", "otter elsewhere", agent_id=other.id))
        for minute, role in enumerate(roles):
            message = world.message(f"otter {role}", role=role, created_at=NOON + minute)
            repos.messages.append(world.conversation.id, message)

    await world.storage.write(talk)
    assert await found(world, "otter", agent_id=other.id) == ["otter elsewhere"]
    assert sorted(await found(world, "otter", roles=("assistant", "system"))) == ["otter assistant", "otter system"]
    assert sorted(await found(world, "otter", agent_id=world.agent.id, start=NOON + 1)) == [
        "otter assistant",
        "otter system",
    ]
    assert await found(world, "otter", agent_id=world.agent.id, end=NOON) == ["otter user"]
    assert await found(world, "otter", agent_id="agent-none") == []


async def test_names_of_the_index_are_no_words(world: World) -> None:
    await world.say("otter")
    assert await found(world, "roleuser") == []
    assert await found(world, world.agent.id) == []


async def test_deleted_agents_and_conversations_are_left_out_until_they_return(world: World) -> None:
    thread = conversation(world.agent.id)

    def talk(repos):
        repos.conversations.add(thread)
        repos.messages.append(thread.id, world.message("otter in a thread"))
        repos.messages.append(world.conversation.id, world.message("otter in the main one"))

    await world.storage.write(talk)
    await world.storage.write(lambda repos: repos.conversations.delete(thread.id, NOON))
    assert await found(world, "otter") == ["otter in the main one"]
    await world.storage.write(lambda repos: repos.agents.delete(world.agent.id, NOON))
    assert await found(world, "otter") == []
    await world.storage.write(lambda repos: repos.agents.undelete(world.agent.id))
    await world.storage.write(lambda repos: repos.conversations.undelete(thread.id))
    assert len(await found(world, "otter")) == 2


async def test_a_hit_says_where_it_is_shown(world: World) -> None:
    said = await world.say("otter one", "two")
    other = branch(world.conversation, 2)

    def make(repos):
        repos.conversations.add(other)
        repos.conversations.copy_members(world.conversation.id, other.id, 2)

    await world.storage.write(make)
    (hit,) = await world.storage.read(lambda repos: repos.search.find("otter"))
    assert (hit.message, hit.conversation_id, hit.position) == (said[0], world.conversation.id, 1)
    shown = world.conversation.model_copy(update={"active_id": other.id})
    await world.storage.write(lambda repos: repos.conversations.save(shown))
    (hit,) = await world.storage.read(lambda repos: repos.search.find("otter"))
    assert (hit.conversation_id, hit.position, hit.snippet) == (other.id, 1, "otter one")


async def test_a_rolled_back_message_is_not_found(world: World) -> None:
    def fail(repos):
        repos.messages.append(world.conversation.id, world.message("otter"))
        raise LookupError("on purpose")

    with pytest.raises(LookupError):
        await world.storage.write(fail)
    assert await found(world, "otter") == []


async def test_an_old_match_is_found_behind_many_newer_ones_of_a_deleted_agent(world: World) -> None:
    loud = samples.agent()
    there = conversation(loud.id)

    def talk(repos):
        repos.messages.append(world.conversation.id, world.message("otter of old"))
        repos.agents.add(loud)
        repos.conversations.add(there)
        for _ in range(1100):
            repos.messages.append(there.id, samples.message("user", "otter", agent_id=loud.id))
        repos.agents.delete(loud.id, NOON)

    await world.storage.write(talk)
    assert await found(world, "otter") == ["otter of old"]


def test_a_book_is_indexed_like_its_pages_and_shown_where_it_was_found() -> None:
    pages = [f"Seite {number}: Straße 北京 " + "e\u0301 und mehr " * 900 for number in range(20)]
    pages[13] += "OTTER-Bau "
    book = "\n".join(pages)
    assert index_text(book) == " ".join(index_text(page) for page in pages)
    assert "OTTER-Bau" in snippet(book, ("otter",))
    assert snippet(book, ("nowhere",)).startswith("Seite 0: Straße")
    assert index_text("北京" * 20_000).split()[-2:] == ["北京", "京"]


async def test_an_index_that_was_told_other_words_is_made_anew_when_a_message_goes(world: World) -> None:
    # Another Python knows other characters: what it indexed cannot be taken out word for word.
    gone, stays = await world.say("otter one two three", "badger")

    def tamper(repos):
        repos.search.db.exec_driver_sql("INSERT INTO message_search(message_search) VALUES('delete-all')")
        repos.search.db.exec_driver_sql("INSERT INTO message_search(rowid, words, scope) VALUES (1, 'x', 'y')")

    await world.storage.write(tamper)
    await world.storage.write(lambda repos: repos.search.remove(1, gone))
    assert await found(world, "badger") == [stays.text]
    assert await found(world, "otter") == []


async def test_what_was_said_between_two_dates_is_found_behind_thousands_of_newer_words(world: World) -> None:
    def talk(repos):
        for minute in range(1100):
            message = world.message(f"otter {minute}", created_at=NOON + minute)
            repos.messages.append(world.conversation.id, message)

    await world.storage.write(talk)
    within = await found(world, "otter", start=NOON + 3, end=NOON + 5, limit=3)
    assert sorted(within) == ["otter 3", "otter 4", "otter 5"]
    assert await found(world, "otter", end=NOON, limit=1) == ["otter 0"]
