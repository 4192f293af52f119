"""A conversation as a text of its own: whole, readable, in small pieces; and how it is found in lists."""

import json

import pytest

from app.bootstrap import OpenEngine
from app.domain.conversation import TITLE_LENGTH, ExportForm, title_from
from app.domain.error import NotFound
from app.domain.message import (
    ImagePart,
    Message,
    MessageDraft,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from app.domain.page import ConversationFilter, PageRequest
from app.ports.storage import Repositories
from app.services import Services
from app.services.exports.service import PAGE, PIECE
from tests.support.engine.talking import say

pytestmark = pytest.mark.anyio
DAY = 86_400_000_000
NOON = 1_790_000_000_000_000


async def text_of(services: Services, conversation_id: str, form: ExportForm) -> str:
    return "".join([piece async for piece in services.exports.conversation(conversation_id, form)])


async def fill(engine: OpenEngine, agent_id: str, conversation_id: str, *messages: Message) -> None:
    def work(repos: Repositories) -> None:
        for message in messages:
            repos.messages.append(conversation_id, message.model_copy(update={"agent_id": agent_id}))

    await engine.storage.write(work)


def message(number: int, role: str, *parts: object, note: str = "", at: int = NOON) -> Message:
    values = {"id": f"message-{number:08}-0000-4000-8000-000000000000", "agent_id": "", "role": role, "parts": parts}
    return Message.model_validate({**values, "note": note, "created_at": at + number})


def every_kind() -> tuple[Message, ...]:
    code = "```python\nprint('hi')\n```"
    return (
        message(
            1,
            "user",
            TextPart(text="Where is the key?\nI **lost** it."),
            ImagePart(sha256="a" * 64, media_type="image/png", width=4, height=3),
        ),
        message(
            2,
            "assistant",
            ReasoningPart(text="Look it up.\n\nThen tell."),
            ToolCallPart(tool_call_id="c1", name="lookup", arguments='{"q": "key"}'),
        ),
        message(3, "tool", ToolReturnPart(tool_call_id="c1", name="lookup", status="success", text=f"see\n{code}")),
        message(4, "assistant", TextPart(text=code), note="stopped", at=NOON + DAY),
        message(5, "assistant", ReasoningPart(text="  "), at=NOON + DAY),
    )


async def test_markdown_says_who_said_what_and_when(engine: OpenEngine, services: Services) -> None:
    agent = await services.agents.create_demo()
    made = await services.conversations.create(agent.id)
    await fill(engine, agent.id, made.id, *every_kind())
    text = await text_of(services, made.id, "markdown")
    assert text.startswith(f"# Where is the key?\n\n{agent.name} · demo/vesta\n")
    assert text.count("\n## ") == 2
    assert "**You** · " in text
    assert "Where is the key?\nI **lost** it.\n\n*(Image, image/png, 4 × 3)*\n" in text
    assert "> Look it up.\n>\n> Then tell." in text
    assert 'Called `lookup`\n\n```json\n{"q": "key"}\n```' in text
    assert "`lookup` returned\n\n````\nsee\n```python\nprint('hi')\n```\n````\n" in text
    assert text.rstrip().endswith("```\n\n*Stopped here.*")


async def test_json_is_one_object_with_the_messages_of_the_api(engine: OpenEngine, services: Services) -> None:
    agent = await services.agents.create_demo()
    made = await services.conversations.create(agent.id, 'A "title"')
    assert json.loads(await text_of(services, made.id, "json"))["messages"] == []
    await fill(engine, agent.id, made.id, *every_kind())
    told = json.loads(await text_of(services, made.id, "json"))
    assert told["format"] == "lares-conversation"
    assert told["agent"] == {"id": agent.id, "name": agent.name, "model": "demo/vesta"}
    assert told["conversation"]["title"] == 'A "title"'
    assert [one["message_type"] for one in told["messages"]] == [
        "user_message",
        "reasoning_message",
        "tool_call_message",
        "tool_return_message",
        "assistant_message",
        "reasoning_message",
    ]


async def test_a_long_conversation_comes_in_small_pieces(engine: OpenEngine, services: Services) -> None:
    agent = await services.agents.create_demo()
    made = await services.conversations.create(agent.id)
    many = [message(number, "user", TextPart(text=f"number {number}")) for number in range(2 * PAGE)]
    await fill(engine, agent.id, made.id, *many, message(900, "user", TextPart(text="x" * (2 * PIECE))))
    pieces = [piece async for piece in services.exports.conversation(made.id, "markdown")]
    assert max(len(piece) for piece in pieces) <= PIECE
    text = "".join(pieces)
    assert [f"number {number}\n" in text for number in range(2 * PAGE)] == [True] * 2 * PAGE
    assert "x" * (2 * PIECE) in text


async def test_what_is_exported_is_the_branch_that_is_asked_for(services: Services) -> None:
    agent = await services.agents.create_demo()
    await say(services, agent, "first words")
    thread = await services.conversations.default_of(agent.id)
    branch = await services.conversations.branch(thread.id, 1)
    run = await services.runs.start(branch.id, MessageDraft.of("other words"))
    _ = [event async for event in services.runs.subscribe(run.id)]
    assert await text_of(services, thread.id, "markdown") == await text_of(services, branch.id, "markdown")
    await services.conversations.show_branch(thread.id)
    assert "first words" in await text_of(services, thread.id, "markdown")
    shown = await text_of(services, branch.id, "markdown")
    assert "other words" in shown
    assert "first words" not in shown


async def test_exporting_what_is_not_there_says_so(services: Services) -> None:
    with pytest.raises(NotFound):
        await text_of(services, "conv-none", "json")


@pytest.mark.parametrize(
    ("opening", "title"),
    [
        ("", ""),
        ("\n  What is   new?\nNothing.", "What is new?"),
        ("word " * 40, "word " * 10 + "word…"),
        ("x" * 200, "x" * (TITLE_LENGTH - 1) + "…"),
    ],
)
def test_a_title_is_made_of_the_first_words(opening: str, title: str) -> None:
    assert title_from(opening) == title
    assert len(title_from(opening)) <= TITLE_LENGTH


async def test_rows_of_conversations_say_what_they_are_about(engine: OpenEngine, services: Services) -> None:
    agent = await services.agents.create_demo()
    empty = await services.conversations.create(agent.id)
    named = await services.conversations.create(agent.id, "Recipes")
    spoken = await services.conversations.create(agent.id)
    for number, thread in enumerate((named, spoken)):
        words = TextPart(text=f"Bread and butter {number}")
        event = message(10 * number, "system", TextPart(text="An event"))
        await fill(engine, agent.id, thread.id, event, message(10 * number + 1, "user", words))
    page = PageRequest(limit=3)
    rows = await services.conversations.rows(ConversationFilter(agent_id=agent.id), page)
    assert [(row.title, row.opening, row.messages) for row in rows] == [
        ("Bread and butter 1", "Bread and butter 1", 2),
        ("Recipes", "Bread and butter 0", 2),
        ("", "", 0),
    ]
    assert [row.last_at for row in rows] == [NOON + 11, NOON + 1, None]
    assert (await services.conversations.row(spoken.id)).title == "Bread and butter 1"
    assert empty.id == rows[2].conversation.id


async def test_conversations_are_found_by_title_and_by_what_was_said(engine: OpenEngine, services: Services) -> None:
    agent = await services.agents.create_demo()
    other = await services.agents.create_demo()
    titled = await services.conversations.create(agent.id, "All about rhubarb")
    said = await services.conversations.create(agent.id)
    elsewhere = await services.conversations.create(other.id, "Rhubarb too")
    await fill(engine, agent.id, said.id, message(1, "user", TextPart(text="I planted rhubarb in spring.")))
    found = await services.conversations.find(agent.id, " rhubarb ")
    assert [row.conversation.id for row in found] == [titled.id, said.id]
    assert [row.found for row in found] == ["", "I planted rhubarb in spring."]
    assert elsewhere.id not in [row.conversation.id for row in found]
    assert await services.conversations.find(agent.id, "celery") == ()
