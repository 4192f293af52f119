"""Calls, streams, errors and cancellation over a real socket."""

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.config import Config
from app.domain.agent import AgentDraft
from app.domain.block import BlockDraft, BlockPatch
from app.domain.error import AppError, Invalid, LinkError, ModelError
from app.domain.history import Origin
from app.link.client import Client, connect
from app.link.host import Host
from tests.support.processes.hosting import hosting
from tests.support.processes.toy_services import ToyServices

pytestmark = pytest.mark.anyio

Opener = Callable[..., Awaitable[Client]]


async def within(seconds: float, awaitable: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(awaitable, seconds)


async def failure_of(awaitable: Awaitable[Any]) -> AppError:
    with pytest.raises(AppError) as caught:
        await awaitable
    return caught.value


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        12345678901234567890,
        -0.25,
        "ä 漢字 🔥 \x00",
        "lone surrogate \ud800",
        b"\x00\xff" * 10,
        [1, [2, {"a": None}]],
        (1, ("x", [])),
        {"plain": (1, b"2")},
        {"!": "Block", "not": "a block"},
        {1: "one", (2, 3): "two"},
        {"patches": (BlockPatch(value="x"), [AgentDraft(name="n", model="m")])},
    ],
)
async def test_value_comes_back_as_it_went(client: Any, value: Any) -> None:
    back = await client.services.echo.any(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("size", [16 * 1024 * 1024 - 64, 16 * 1024 * 1024, 40_000_000])
async def test_text_larger_than_a_frame_comes_back_whole(client: Any, size: int) -> None:
    text = random.randbytes(1000).hex() * (size // 2000 + 1)
    assert await client.services.echo.any(text) == text


async def test_arguments_become_what_the_hints_say(client: Any) -> None:
    draft = AgentDraft(name="Vesta", model="demo/vesta", blocks=(BlockDraft(label="human"),))
    assert await client.services.echo.draft(draft) == draft
    assert await client.services.echo.patch("block-1", patch=BlockPatch(value="v"), origin=Origin(client="w1")) == (
        "block-1",
        BlockPatch(value="v"),
        Origin(client="w1"),
    )
    assert await client.services.echo.text("ab", times=3) == "ababab"


@pytest.mark.parametrize(
    "ask",
    [
        lambda echo: echo.text(["no text"]),
        lambda echo: echo.text("a", times="many"),
        lambda echo: echo.text(),
        lambda echo: echo.text("a", unknown=1),
        lambda echo: echo.draft(BlockPatch()),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_in_a_sentence(client: Any, ask: Any) -> None:
    error = await failure_of(ask(client.services.echo))
    assert isinstance(error, Invalid)
    assert error.message.endswith("Nothing was changed.")
    assert error.details["method"].startswith("echo.")


async def test_only_public_annotated_async_methods_are_served(client: Client) -> None:
    for name in ("not_async", "not_annotated", "_transaction", "secret", "__init__"):
        assert (await failure_of(client.call("echo", name))).code == "unknown_method"
    assert not hasattr(client.services, "world")
    assert not hasattr(client.services.__dict__["echo"], "not_async")


async def test_expected_error_arrives_as_itself(client: Any) -> None:
    error = await failure_of(client.services.echo.fail("model"))
    assert isinstance(error, ModelError)
    assert (error.code, error.message, error.hint) == ("server_died", "The server broke off.", "Try again.")
    assert error.retryable
    error = await failure_of(client.services.echo.fail("other"))
    assert (type(error), error.code) == (AppError, "other")
    assert error.details == {"n": (1, 2), "thing": "<class 'object'>"}


@pytest.mark.allow_logs("echo.fail ended with a fault")
async def test_unexpected_error_arrives_as_a_sentence_without_its_text(
    client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    error = await failure_of(client.services.echo.fail("fault"))
    assert error.code == "internal"
    assert "secret" not in error.message + error.hint + str(error.details)
    assert "a secret inside" in caplog.text


@pytest.mark.allow_logs("echo.unsendable ended with a fault")
async def test_value_the_link_cannot_carry_fails_that_call_only(client: Any) -> None:
    assert (await failure_of(client.services.echo.unsendable())).code == "internal"
    with pytest.raises(TypeError):
        await client.services.echo.any(object())
    assert await client.services.echo.any(1) == 1


async def test_calls_overtake_each_other(client: Any, toys: ToyServices) -> None:
    waiting = asyncio.create_task(client.services.echo.wait())
    await within(2, toys.echo.started.wait())
    assert await asyncio.gather(*(client.services.echo.any(n) for n in range(300))) == list(range(300))
    toys.echo.release.set()
    assert await within(2, waiting) == "released"


async def test_cancelling_a_call_cancels_it_in_the_engine(client: Any, toys: ToyServices) -> None:
    waiting = asyncio.create_task(client.services.echo.wait())
    await within(2, toys.echo.started.wait())
    waiting.cancel()
    await within(2, toys.echo.cancelled.wait())
    assert await client.services.echo.any("still there") == "still there"


async def test_write_that_began_is_finished_though_its_caller_is_gone(client: Any, toys: ToyServices) -> None:
    writing = asyncio.create_task(client.services.echo.write())
    await within(2, toys.echo.started.wait())
    writing.cancel()
    await client.services.echo.any("the cancel has arrived before this")
    assert not toys.echo.finished.is_set()
    toys.echo.release.set()
    await within(2, toys.echo.finished.wait())


@pytest.mark.parametrize("verb", ["count", "later"])
async def test_stream_gives_all_items_in_order(client: Any, verb: str) -> None:
    assert [n async for n in getattr(client.services.numbers, verb)(1000)] == list(range(1000))


async def test_stream_that_fails_gives_its_items_first(client: Any) -> None:
    stream = client.services.numbers.broken()
    assert await anext(stream) == 1
    assert (await failure_of(anext(stream))).code == "broke"
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_stream_runs_at_most_its_credit_ahead(client: Any, toys: ToyServices) -> None:
    stream = client.services.numbers.count(10_000)
    assert await anext(stream) == 0
    assert await client.services.echo.any(1) == 1
    assert toys.numbers.produced <= 65
    await stream.aclose()
    await within(2, toys.numbers.closed.wait())


async def test_consumer_that_is_too_slow_is_cut_off_and_told_so(client: Any, toys: ToyServices) -> None:
    stream = client.services.numbers.count(10_000)
    assert await anext(stream) == 0
    await within(3, toys.numbers.closed.wait())
    assert [await anext(stream) for _ in range(63)] == list(range(1, 64))
    error = await failure_of(anext(stream))
    assert (type(error), error.code) == (LinkError, "too_slow")
    assert [n async for n in client.services.numbers.count(3)] == [0, 1, 2]


async def test_stream_begins_before_a_later_call(client: Any, toys: ToyServices) -> None:
    stream = client.services.numbers.silent()
    await client.services.echo.any(1)
    assert toys.numbers.first.is_set()
    await stream.aclose()


async def test_stream_ends_in_the_engine_when_its_consumer_is_cancelled(client: Any, toys: ToyServices) -> None:
    async def consume() -> None:
        async for _ in client.services.numbers.silent():
            pass

    task = asyncio.create_task(consume())
    await within(2, toys.numbers.first.wait())
    task.cancel()
    await asyncio.wait([task])
    del task
    gc.collect()
    await within(2, toys.numbers.closed.wait())


async def test_client_that_leaves_ends_its_calls_and_streams(
    open_client: Opener, host: Host, toys: ToyServices
) -> None:
    client: Any = await open_client()
    stream = client.services.numbers.silent()
    waiting = asyncio.create_task(client.services.echo.wait())
    await within(2, toys.echo.started.wait())
    await client.close()
    await within(2, toys.echo.cancelled.wait())
    await within(2, toys.numbers.closed.wait())
    assert (await failure_of(waiting)).code == "engine_gone"
    assert (await failure_of(anext(stream))).code == "engine_gone"


async def test_all_that_is_pending_fails_when_the_engine_is_gone(config: Config, toys: ToyServices) -> None:
    async with hosting(config, toys) as host:
        client: Any = await connect(config)
        stream = client.services.numbers.silent()
        waiting = asyncio.create_task(client.services.echo.wait())
        await within(2, toys.echo.started.wait())
        await host.close()
        await within(2, client.closed)
    await within(2, client.wait_closed())
    for pending in (waiting, anext(stream), client.services.echo.any(1), anext(client.services.numbers.count(1))):
        error = await failure_of(pending)
        assert (type(error), error.code) == (LinkError, "engine_gone")
        assert error.hint
    await client.close()


async def test_closing_host_lets_a_call_end_that_is_nearly_done(config: Config, toys: ToyServices) -> None:
    async with hosting(config, toys) as host:
        client: Any = await connect(config)
        waiting = asyncio.create_task(client.services.echo.wait())
        await within(2, toys.echo.started.wait())
        closing = asyncio.create_task(host.close())
        toys.echo.release.set()
        assert await within(2, waiting) == "released"
        await within(2, closing)
    await client.close()


async def test_host_counts_clients_and_notices_when_there_are_none(open_client: Opener, host: Host) -> None:
    first, second = await open_client(), await open_client("terminal")
    assert host.clients == 2
    idle = asyncio.create_task(host.idle_for(0.05))
    await first.close()
    assert await second.call("echo", "any", 1) == 1
    assert not idle.done()
    await second.close()
    await within(2, idle)
    assert host.clients == 0


async def test_raising_reaches_other_windows_only(open_client: Opener) -> None:
    window, terminal, second = await open_client(), await open_client("terminal"), await open_client()
    raised: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    window.on_notice = raised.set_result
    terminal.on_notice = second.on_notice = lambda name: pytest.fail("this is not the first window")
    assert await second.raise_window() == 1
    assert await within(2, raised) == "raise"
    await terminal.call("echo", "any", 1)
