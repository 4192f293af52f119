"""A summary never fails: portions, rubbish, silence, errors."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.domain.compaction import CompactionSettings
from app.domain.error import ModelError
from app.domain.message import Message, ToolCallPart, ToolReturnPart
from app.engine.compaction.compactor import Compactor, Writer
from app.engine.compaction.extract import HEAD, extract
from app.engine.compaction.question import portions
from app.engine.compaction.told import told
from app.ports.models import ChatRequest
from tests.engine.compaction.lines import BEGIN, HEATING, said, talk
from tests.support.values.samples import ledger

pytestmark = pytest.mark.anyio


def count(text: str) -> int:
    return len(text) // 4 + 1


def compactor(
    ask: Callable[[ChatRequest], Awaitable[str]],
    window: int = 4_096,
    seconds: float = 5.0,
    room: int = 1_000,
    counted: bool = False,
    **settings: Any,
) -> Compactor:
    writer = Writer("ollama/small", "small", window, window, counted=counted)
    return Compactor(writer, CompactionSettings(**settings), room, ledger(count), ask, seconds)


async def test_one_request_for_what_fits():
    requests: list[ChatRequest] = []

    async def ask(request: ChatRequest) -> str:
        requests.append(request)
        return "Brad lives at Molkenhaus 12 and waits for a second offer for his heat pump."

    summary = await compactor(ask).summary(HEATING)
    assert summary.by == "model"
    assert summary.portions == len(requests) == 1
    asked = requests[0].messages[0].text
    assert all(message.text in asked for message in HEATING)
    assert "Do not answer the conversation" in requests[0].system


async def test_a_long_conversation_is_read_in_portions_that_fit():
    messages = talk(*(f"Fact {number}: the drawer {number} holds {number * 3} spoons. " * 8 for number in range(120)))
    sizes: list[int] = []

    async def ask(request: ChatRequest) -> str:
        sizes.append(count(request.system + request.messages[0].text) + request.max_output_tokens)
        return f"Part {len(sizes)}: drawers hold spoons, three times their number."

    summary = await compactor(ask, window=2_048).summary(messages)
    assert summary.by == "model"
    assert summary.portions > 4
    assert len(sizes) > summary.portions
    assert max(sizes) <= 2_048


@pytest.mark.parametrize(("counted", "requests"), [(False, 3), (True, 1)])
async def test_what_leaves_a_window_is_read_at_once_by_a_model_that_has_counted(counted: bool, requests: int):
    asked: list[ChatRequest] = []

    async def ask(request: ChatRequest) -> str:
        asked.append(request)
        return f"Part {len(asked)}: they walked along the river and counted the herons that stand there. " * 4

    messages = talk(*(f"{number}: the herons stand by the river, as always. " * 8 for number in range(20)))
    summary = await compactor(ask, counted=counted).summary(messages)
    assert (summary.by, len(asked)) == ("model", requests)
    assert all(count(one.system + one.messages[0].text) + one.max_output_tokens <= 4_096 for one in asked)


@pytest.mark.parametrize("reply", ["", "Awaiting the user.", "ha " * 800, '{"name": "x", "arguments": {}}'])
async def test_rubbish_is_replaced_by_extracts(reply: str):
    async def ask(_: ChatRequest) -> str:
        return reply

    summary = await compactor(ask).summary(HEATING)
    assert summary.by == "extract"
    assert summary.why
    for detail in ("Brad", "14,860", "allergic to nuts", "AB-2291-X"):
        assert detail in summary.text


async def test_a_server_that_hangs_or_fails_costs_no_turn():
    async def hangs(_: ChatRequest) -> str:
        await asyncio.Event().wait()
        return ""

    async def fails(_: ChatRequest) -> str:
        raise ModelError("Ollama is not running.", code="connection")

    assert (await compactor(hangs, seconds=0.01).summary(HEATING)).by == "extract"
    assert (await compactor(fails).summary(HEATING)).why == "Ollama is not running."


async def test_a_summary_stays_within_its_limits_in_a_small_window():
    async def ask(_: ChatRequest) -> str:
        return ""

    summary = await compactor(ask, window=512, most_chars=100_000).summary(HEATING * 30)
    assert 0 < len(summary.text) <= 512 // 4 * 3


def test_extracts_keep_the_summary_before_them():
    earlier = said(0, "summary", f"{HEAD}\n- User: My cat is called Miro.")
    text = extract((earlier, *HEATING), 2_000)
    assert text.count(HEAD) == 1
    assert "My cat is called Miro." in text
    assert "AB-2291-X" in text


@pytest.mark.parametrize("most", [60, 100, 300, 2_000])
def test_extracts_are_never_longer_than_asked(most: int):
    assert len(extract(HEATING, most)) <= most


def test_extracts_of_nothing_are_empty():
    assert extract((), 500) == ""
    assert extract(talk("", ""), 500) == ""


def test_calls_and_returns_are_told_shortly():
    call = ToolCallPart(tool_call_id="c", name="pantry", arguments='{"what": "stock"}')
    back = ToolReturnPart(tool_call_id="c", name="pantry", status="success", text="shelf B2 " * 400)
    assert "(calls pantry: what: stock)" in told(said(1, "assistant", "").model_copy(update={"parts": (call,)}))
    line = told(Message(id="message-2", agent_id="a", role="tool", parts=(back,), created_at=BEGIN))
    assert line.startswith("[2026-01-01")
    assert "[…]" in line
    assert len(line) < 900


def test_portions_hold_everything_in_order_and_cut_what_is_too_long():
    texts = ["a" * 100, "b" * 9_000, "c" * 50]
    parts = portions(texts, 300, count)
    assert "".join("".join(part) for part in parts) == "".join(texts)
    assert all(sum(count(text) for text in part) <= 310 for part in parts)
