"""The queue of a model server: who goes first, who is told what, and what happens when somebody leaves."""

import asyncio
from collections.abc import Callable

import pytest

from app.domain.model import Provider
from app.engine.queue import Priority, Purpose, Queues, server_of, usual_limit

pytestmark = pytest.mark.anyio

OLLAMA = Provider(
    id="provider-1", name="ollama", kind="ollama", base_url="http://127.0.0.1:11434", created_at=0, updated_at=0
)
OTHER = OLLAMA.model_copy(update={"name": "vllm", "kind": "openai", "base_url": "http://127.0.0.1:8000/v1"})
CHAT = Purpose(Priority.CHAT, "the reply of Juno")


def background(number: int) -> Purpose:
    return Purpose(Priority.BACKGROUND, f"background {number}")


class Crowd:
    """Requests that stay until they are let go."""

    def __init__(self, provider: Provider = OLLAMA, at_once: int | None = None) -> None:
        self.queues = Queues()
        self.begun: list[str] = []
        self.said: dict[str, list[str]] = {}
        self._provider = provider
        self._at_once = at_once
        self._ends: dict[str, asyncio.Event] = {}

    async def one(self, purpose: Purpose) -> None:
        end = self._ends[purpose.words] = asyncio.Event()
        said = self.said.setdefault(purpose.words, [])
        async with self.queues.place(self._provider, purpose, said.append, self._at_once):
            self.begun.append(purpose.words)
            await end.wait()

    def end(self, words: str) -> None:
        self._ends[words].set()


async def until(met: Callable[[], bool]) -> None:
    for _ in range(1000):
        if met():
            return
        await asyncio.sleep(0)
    raise TimeoutError


async def test_what_gives_way_is_asked_to_leave_once_and_only_for_a_person() -> None:
    queues, asked = Queues(), list[str]()
    crowd = Crowd()
    crowd.queues = queues

    async def unhurried(end: asyncio.Event) -> None:
        async with queues.place(OLLAMA, background(0), lambda _: None, give_way=lambda: asked.append("leave")):
            await end.wait()

    async with asyncio.TaskGroup() as group:
        end = asyncio.Event()
        group.create_task(unhurried(end))
        await until(lambda: queues.length(OLLAMA) == 0)
        others = [group.create_task(crowd.one(background(1))), group.create_task(crowd.one(CHAT))]
        await until(lambda: queues.length(OLLAMA) == 2)
        assert asked == ["leave"]
        end.set()
        await until(lambda: crowd.begun == [CHAT.words])
        assert asked == ["leave"]
        for task in others:
            task.cancel()


async def test_a_message_starts_within_one_running_request_with_20_background_ones_queued() -> None:
    crowd = Crowd()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(crowd.one(background(number))) for number in range(20)]
        await until(lambda: crowd.queues.length(OLLAMA) == 19)
        chat = group.create_task(crowd.one(CHAT))
        await until(lambda: crowd.queues.length(OLLAMA) == 20)
        assert crowd.begun == ["background 0"], "what is under way is not interrupted"
        crowd.end("background 0")
        await until(lambda: len(crowd.begun) == 2)
        assert crowd.begun[1] == CHAT.words
        for task in (*tasks, chat):
            task.cancel()


async def test_people_come_first_then_summaries_then_background_then_tests() -> None:
    crowd = Crowd()
    kinds = [Purpose(priority, priority.name) for priority in reversed(Priority) if priority != Priority.WARMING]
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.one(Purpose(Priority.FIT_TEST, "first")))
        await until(lambda: crowd.begun == ["first"])
        for kind in kinds:
            group.create_task(crowd.one(kind))
        await until(lambda: crowd.queues.length(OLLAMA) == 4)
        for words in ("first", "CHAT", "SUMMARY", "BACKGROUND", "FIT_TEST"):
            await until(lambda words=words: words in crowd.begun)
            crowd.end(words)
    assert crowd.begun == ["first", "CHAT", "SUMMARY", "BACKGROUND", "FIT_TEST"]


async def test_who_waits_is_told_for_what_and_again_when_that_changes() -> None:
    crowd = Crowd()
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.one(Purpose(Priority.SUMMARY, "the summary of Juno")))
        await until(lambda: bool(crowd.begun))
        group.create_task(crowd.one(Purpose(Priority.CHAT, "the reply of Ada")))
        group.create_task(crowd.one(Purpose(Priority.CHAT, "the reply of Bo")))
        await until(lambda: crowd.queues.length(OLLAMA) == 2)
        assert crowd.said["the reply of Ada"] == ["Waiting for the summary of Juno"]
        crowd.end("the summary of Juno")
        await until(lambda: len(crowd.begun) == 2)
        assert crowd.said["the reply of Bo"] == [
            "Waiting for the summary of Juno and one more",
            "Waiting for the reply of Ada",
        ]
        crowd.end("the reply of Ada")
        await until(lambda: len(crowd.begun) == 3)
        crowd.end("the reply of Bo")
    assert crowd.said["the summary of Juno"] == [], "who need not wait is told nothing"


async def test_who_stops_waiting_leaves_the_queue_and_holds_nobody_up() -> None:
    crowd = Crowd()
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.one(background(0)))
        await until(lambda: bool(crowd.begun))
        leaving = group.create_task(crowd.one(CHAT))
        group.create_task(crowd.one(background(1)))
        await until(lambda: crowd.queues.length(OLLAMA) == 2)
        leaving.cancel()
        await until(lambda: crowd.queues.length(OLLAMA) == 1)
        assert crowd.said["background 1"][-1] == "Waiting for background 0"
        crowd.end("background 0")
        await until(lambda: len(crowd.begun) == 2)
        crowd.end("background 1")
    assert crowd.begun == ["background 0", "background 1"]


async def test_who_leaves_in_the_moment_of_its_turn_gives_the_place_back() -> None:
    crowd = Crowd()
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.one(background(0)))
        await until(lambda: bool(crowd.begun))
        leaving = group.create_task(crowd.one(CHAT))
        await until(lambda: crowd.queues.length(OLLAMA) == 1)
        group.create_task(crowd.one(background(1)))
        await until(lambda: crowd.queues.length(OLLAMA) == 2)
        crowd.end("background 0")
        await until(lambda: crowd.queues.length(OLLAMA) == 1)
        leaving.cancel()
        await until(lambda: "background 1" in crowd.begun)
        crowd.end("background 1")
        await until(lambda: crowd.queues.length(OLLAMA) == 0)


async def test_a_failure_under_way_frees_the_place() -> None:
    queues = Queues()
    with pytest.raises(ZeroDivisionError):
        async with queues.place(OLLAMA, CHAT, lambda words: None):
            raise ZeroDivisionError
    async with asyncio.timeout(1), queues.place(OLLAMA, CHAT, lambda words: None):
        assert queues.length(OLLAMA) == 0


async def test_servers_that_take_several_keep_one_place_for_people() -> None:
    crowd = Crowd(OTHER)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(crowd.one(background(number))) for number in range(6)]
        await until(lambda: crowd.queues.length(OTHER) == 3)
        chat = group.create_task(crowd.one(CHAT))
        await until(lambda: CHAT.words in crowd.begun)
        assert len(crowd.begun) == 4
        for task in (*tasks, chat):
            task.cancel()


async def test_how_many_at_once_can_be_set() -> None:
    crowd = Crowd(at_once=3)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(crowd.one(Purpose(Priority.CHAT, str(number)))) for number in range(5)]
        await until(lambda: crowd.queues.length(OLLAMA) == 2)
        assert len(crowd.begun) == 3
        for task in tasks:
            task.cancel()


@pytest.mark.parametrize(
    ("kind", "name", "url", "limit"),
    [
        ("ollama", "ollama", "http://10.0.0.2:11434", 1),
        ("openai", "llamacpp", "http://127.0.0.1:9999/v1", 1),
        ("openai", "my server", "http://localhost:8080/v1", 1),
        ("openai", "ollama by v1", "http://localhost:11434/v1", 1),
        ("openai", "lmstudio", "http://127.0.0.1:1234/v1", 4),
        ("openai", "openai", "https://api.openai.com/v1", 4),
        ("demo", "demo", "", 4),
    ],
)
def test_the_usual_limit_follows_the_kind_of_server(kind: str, name: str, url: str, limit: int) -> None:
    assert usual_limit(OLLAMA.model_copy(update={"kind": kind, "name": name, "base_url": url})) == limit


def test_two_providers_of_one_server_share_its_queue() -> None:
    by_v1 = OLLAMA.model_copy(update={"id": "provider-2", "base_url": "http://localhost:11434/v1", "kind": "openai"})
    assert server_of(by_v1) == server_of(OLLAMA) != server_of(OTHER)
