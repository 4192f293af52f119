"""The list of Ollama's models: what a model page shows of each, from servers of every age."""

import asyncio

import pytest

from app.adapters.models.ollama.models import facts_of, full_name, shown
from app.adapters.models.ollama.server import Ollama
from app.domain.error import ModelError
from app.domain.model import Model
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal
from tests.support.servers.openai_requests import answer, provider, request

pytestmark = pytest.mark.anyio

NOT_FOR_CHAT = "This model is not a chat model."


async def listed(native: Ollama) -> Model:
    (model,) = await native.models()
    return model


async def test_model_tells_all_that_its_page_shows(ollama: OllamaServer, native: Ollama) -> None:
    await answer(native, request(context_window=8192))

    model = await listed(native)

    assert model == Model(
        handle="Ollama/tiny:latest",
        provider="Ollama",
        name="tiny:latest",
        context_window=None,
        trained_context=16_384,
        allocated_context=8192,
        loaded=True,
        loaded_bytes=4_931_989,
        size_bytes=4_931_989,
        parameter_size="2.11M",
        quantization="F16",
        digest=ollama.installed[0].digest,
        tools=True,
        vision=False,
        reasoning=True,
    )


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        pytest.param(Installed(capabilities=("embedding",)), {"embedding": True, "unfit": NOT_FOR_CHAT}, id="embeds"),
        pytest.param(Installed(capabilities=("image",)), {"unfit": NOT_FOR_CHAT}, id="paints"),
        pytest.param(Installed(capabilities=("completion", "vision")), {"vision": True, "tools": False}, id="sees"),
        pytest.param(Installed("x:cloud", cloud=True), {"cloud": True, "unfit": ""}, id="runs elsewhere"),
        pytest.param(
            Installed(capabilities=None, tags_capabilities=None, template="{{ if .Tools }}"),
            {"tools": True, "vision": False, "unfit": ""},
            id="old version, template with tools",
        ),
        pytest.param(
            Installed(capabilities=None, tags_capabilities=None), {"tools": False, "unfit": ""}, id="old version"
        ),
        pytest.param(
            Installed(capabilities=None, tags_capabilities=None, architecture="nomic-bert"),
            {"embedding": True, "unfit": NOT_FOR_CHAT},
            id="old version, embeds",
        ),
    ],
)
async def test_what_a_model_can_do(
    installed: Installed, expected: dict[str, object], ollama: OllamaServer, native: Ollama
) -> None:
    ollama.installed = [installed]

    model = await listed(native)

    assert {name: getattr(model, name) for name in expected} == expected


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "bare"},
        {"model": "bare"},
        {"name": "bare", "size": None, "digest": None, "details": None, "capabilities": None},
        {"name": "bare", "size": "big", "details": {"families": None, "parameter_size": 8, "quantization_level": {}}},
    ],
)
async def test_every_field_may_be_missing(entry: dict[str, object], ollama: OllamaServer, native: Ollama) -> None:
    ollama.answers |= {
        "/api/tags": Refusal(200, {"models": [entry, {"size": 1}, None]}),
        "/api/show": Refusal(404, {"error": "model 'bare' not found"}),
        "/api/ps": Refusal(404, "404 page not found", "text/plain"),
        "/api/version": Refusal(404, "404 page not found", "text/plain"),
    }

    assert await listed(native) == Model(handle="Ollama/bare", provider="Ollama", name="bare")


@pytest.mark.parametrize("tags", [{"models": []}, {"models": None}])
async def test_server_without_models_lists_none(tags: dict[str, object], ollama: OllamaServer, native: Ollama) -> None:
    ollama.answers["/api/tags"] = Refusal(200, tags)

    assert await native.models() == ()


@pytest.mark.parametrize(
    ("answered", "code"),
    [
        (Refusal(200, {"data": []}), "wrong_address"),
        (Refusal(200, "<html></html>", "text/html"), "wrong_address"),
        (Refusal(404, "404 page not found", "text/plain"), "wrong_address"),
        (Refusal(500, {"error": "disk on fire"}), "server_error"),
    ],
)
async def test_list_that_is_none_is_a_sentence(
    answered: Refusal, code: str, ollama: OllamaServer, native: Ollama
) -> None:
    ollama.answers["/api/tags"] = answered

    with pytest.raises(ModelError) as raised:
        await native.models()
    assert raised.value.code == code
    assert "kept" not in raised.value.message


async def test_details_are_asked_for_once_for_each_digest(ollama: OllamaServer, native: Ollama) -> None:
    await native.models()
    await native.models()
    ollama.installed = [Installed(revision=2, capabilities=("completion",))]
    model = await listed(native)

    assert [one.path for one in ollama.requests].count("/api/show") == 2
    assert model.tools is False


async def test_thirty_models_are_all_described(ollama: OllamaServer, native: Ollama) -> None:
    ollama.installed = [Installed(f"tiny:{number}") for number in range(30)]

    models = await native.models()

    assert [model.name for model in models] == [f"tiny:{number}" for number in range(30)]
    assert {model.trained_context for model in models} == {16_384}


async def test_list_of_a_changed_server_version_is_believed(ollama: OllamaServer, native: Ollama) -> None:
    ollama.version = "0.8.0"
    assert (await native.prepare(request())).facts
    ollama.version = "0.32.15"
    await native.models()

    facts = (await native.prepare(request())).facts

    assert facts
    assert (facts.server_version, facts.thinking) == ("0.32.15", "switch")


async def test_loaded_is_unknown_where_the_server_does_not_tell(ollama: OllamaServer, native: Ollama) -> None:
    ollama.answers["/api/ps"] = Refusal(500, {"error": "x"})

    assert (await listed(native)).loaded is None


async def test_many_lists_at_once_do_no_harm(ollama: OllamaServer, native: Ollama) -> None:
    lists = await asyncio.gather(*(native.models() for _ in range(5)))

    assert all(models == lists[0] for models in lists)


async def test_server_down_while_listing_says_nothing_of_a_message() -> None:
    nobody = Ollama(provider("http://127.0.0.1:1", name="Ollama", kind="ollama"), lambda: None)

    with pytest.raises(ModelError, match=r"^Ollama does not answer at 127\.0\.0\.1:1\.$"):
        await nobody.models()
    await nobody.close()


async def test_gpt_oss_thinks_by_levels() -> None:
    page = Installed(architecture="gptoss", capabilities=("completion", "thinking")).page()

    assert facts_of(shown(page), "0.32.15").thinking == "levels"
    assert facts_of(shown(page), "0.8.9").thinking == "none"
    assert facts_of(shown({}), "0.32.15").thinking is None


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("qwen3", "qwen3:latest"),
        ("qwen3:8b", "qwen3:8b"),
        ("hf.co/me/x", "hf.co/me/x:latest"),
        ("box:5000/me/x", "box:5000/me/x:latest"),
    ],
)
async def test_name_without_a_tag_means_latest(name: str, full: str) -> None:
    assert full_name(name) == full
