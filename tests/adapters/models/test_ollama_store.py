"""Models as files: getting them with progress, pause and resume, deleting, loading and unloading them."""

import asyncio
from contextlib import aclosing

import pytest

from app.adapters.models.ollama.pull import Pulling
from app.adapters.models.ollama.server import Ollama
from app.domain.error import ModelError
from app.domain.model import PullProgress
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal
from tests.support.servers.openai_requests import KEPT, answer, request, text_of

pytestmark = pytest.mark.anyio

NAME = "qwen3:4b"
WHOLE = 2_501_900


async def pulled(native: Ollama, name: str = NAME) -> list[PullProgress]:
    return [progress async for progress in native.pull(name)]


async def pull_failure(native: Ollama, name: str = NAME) -> ModelError:
    with pytest.raises(ModelError) as raised:
        await pulled(native, name)
    assert raised.value.hint
    assert "kept" not in raised.value.message
    return raised.value


async def test_pull_tells_its_progress_over_all_layers(ollama: OllamaServer, native: Ollama) -> None:
    steps = await pulled(native)

    phases = list(dict.fromkeys(step.phase for step in steps))
    amounts = [step.completed for step in steps]
    assert phases == ["starting", "downloading", "checking", "finished"]
    assert amounts == sorted(amounts)
    assert (steps[-1].completed, steps[-1].total) == (WHOLE, WHOLE)
    assert [model.name for model in await native.models()] == ["tiny:latest", NAME]
    assert text_of(await answer(native, request(model=NAME))) == "You said: Hello"


async def test_pull_paused_by_closing_goes_on_where_it_was(ollama: OllamaServer, native: Ollama) -> None:
    ollama.hold_pull_at = 1_000_000
    async with aclosing(native.pull(NAME)) as first:
        async for progress in first:
            if progress.completed >= 750_000:
                break
    await asyncio.to_thread(ollama.wait_for, lambda: ollama.aborted == 1)
    ollama.hold_pull_at = None

    steps = await pulled(native)

    downloading = [step for step in steps if step.total == WHOLE]
    assert downloading[0].completed >= 750_000
    assert steps[-1].phase == "finished"


async def test_pull_that_fails_late_says_why_and_can_be_resumed(ollama: OllamaServer, native: Ollama) -> None:
    ollama.fail_pull_at = 2_000_000

    error = await pull_failure(native)
    assert error.code == "server_error"
    assert error.message == "The download of “qwen3:4b” arrived damaged."
    assert error.hint == "Download it again: it resumes where it stopped."

    ollama.fail_pull_at = None
    assert (await pulled(native))[-1].phase == "finished"


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        (
            "pull model manifest: file does not exist",
            "model_missing",
            "There is no model “qwen3:4b” in the library of Ollama.",
        ),
        (
            "write /models/blobs/x: no space left on device",
            "server_error",
            "The disk where Ollama keeps its models is full.",
        ),
        (
            'pull model manifest: Get "https://registry.ollama.ai/v2/": dial tcp: i/o timeout',
            "server_down",
            "Ollama could not reach the model library.",
        ),
        (
            "pull model manifest: 412: The model you are attempting to pull requires a newer version of Ollama.",
            "bad_request",
            "“qwen3:4b” needs a newer version of Ollama than Ollama runs.",
        ),
        ("something odd", "server_error", "The download of “qwen3:4b” ended: something odd."),
    ],
)
async def test_reason_of_a_failed_pull_is_a_sentence(
    said: str, code: str, sentence: str, ollama: OllamaServer, native: Ollama
) -> None:
    ollama.fail_pull_at, ollama.pull_error = 500_000, said

    error = await pull_failure(native)

    assert (error.code, error.message) == (code, sentence)


async def test_pull_offline_and_of_an_unknown_name(ollama: OllamaServer, native: Ollama) -> None:
    assert (await pull_failure(native, "nope")).code == "model_missing"
    ollama.offline = True
    assert (await pull_failure(native)).code == "server_down"


async def test_pull_that_ends_without_success_broke_off(ollama: OllamaServer, native: Ollama) -> None:
    ollama.answers["/api/pull"] = Refusal(200, '{"status":"pulling manifest"}\n', "application/x-ndjson")

    error = await pull_failure(native)

    assert (error.code, error.retryable) == ("server_died", True)
    assert error.message == "Ollama stopped answering while it was downloading “qwen3:4b”."


async def test_layers_that_interleave_and_have_nothing_yet_are_added_up() -> None:
    pulling = Pulling("x")
    lines = (
        b'{"status":"pulling manifest"}\n',
        b'{"status":"pulling a","digest":"sha256:a","total":100}\n',
        b'{"status":"pulling b","digest":"sha256:b","total":50,"completed":10}\n',
        b'{"status":"pulling a","digest":"sha256:a","total":100,"completed":30}\n',
        b'{"status":"pulling a","digest":"sha256:a","total":100,"completed":30}\n',
        b"\n",
        b'{"status":"removing unused layers"}\n',
    )

    steps = [step for line in lines if (step := pulling.read(line))]

    assert [(step.phase, step.completed, step.total) for step in steps] == [
        ("starting", 0, 0),
        ("downloading", 0, 100),
        ("downloading", 10, 150),
        ("downloading", 40, 150),
        ("checking", 40, 150),
    ]


async def test_deleted_model_is_gone_and_cannot_be_deleted_twice(ollama: OllamaServer, native: Ollama) -> None:
    await native.delete("tiny")

    assert await native.models() == ()
    with pytest.raises(ModelError) as raised:
        await native.delete("tiny")
    assert (raised.value.code, raised.value.message) == ("model_missing", "The model “tiny” is not on Ollama.")


async def test_a_request_loads_with_its_size_and_unload_frees(ollama: OllamaServer, native: Ollama) -> None:
    await answer(native, request(context_window=8192))
    (warm,) = await native.models()
    await native.unload("tiny")
    (cold,) = await native.models()

    assert (warm.loaded, warm.allocated_context) == (True, 8192)
    assert (cold.loaded, cold.allocated_context) == (False, None)


async def test_loading_what_does_not_fit_into_memory_is_a_sentence(ollama: OllamaServer, native: Ollama) -> None:
    said = "model requires more system memory (18.2 GiB) than is available (7.1 GiB)"
    ollama.answers["/api/chat"] = Refusal(500, {"error": said})

    with pytest.raises(ModelError) as raised:
        await answer(native, request(context_window=8192))

    assert raised.value.message == f"“tiny” needs 18.2 GiB of memory, but only 7.1 GiB is free.{KEPT}"
    assert not raised.value.retryable
