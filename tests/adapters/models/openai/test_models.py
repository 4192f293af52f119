"""Lists of models as servers really give them: sizes only where they are served, nothing guessed."""

from typing import Any

import pytest

from app.adapters.models.http.connection import Connection, Patience
from app.adapters.models.openai.models import models_of
from app.adapters.models.openai.server import OpenAICompatible
from app.domain.error import ModelError
from tests.support.servers.openai_replies import PAGE, Refusal
from tests.support.servers.openai_requests import request, tool
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


def _one(entry: dict[str, Any], **listing: Any) -> Any:
    return models_of("mine", {"object": "list", "data": [entry]} | listing)[0]


async def test_llama_server_tells_the_window_it_serves(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.context = 4096

    (found,) = await model.models()

    assert (found.handle, found.name, found.context_window) == ("tinyserver/tiny", "tiny", 4096)
    assert [one.path for one in server.requests] == ["/v1/models", "/props"]


@pytest.mark.parametrize("template", [True, False])
async def test_llama_server_tells_whether_the_template_knows_tools(
    template: bool, server: OpenAIServer, model: OpenAICompatible
) -> None:
    server.template = template

    (found,) = await model.models()
    prepared = await model.prepare(request(tools=(tool("look", "at"),)))

    assert found.tools is template
    assert (prepared.facts is None) is template
    assert len(server.requests) == 2, "it is not asked again for each request"


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ({"id": "m", "meta": {"n_ctx": 4096, "n_ctx_train": 131072}}, 4096),
        ({"id": "m", "meta": {"n_ctx_train": 131072}}, None),
        ({"id": "m", "meta": None}, None),
        ({"id": "m", "max_model_len": 32768}, 32768),
        ({"id": "m", "context_length": 131072, "top_provider": {"context_length": 65536}}, 65536),
        ({"id": "m", "max_model_len": "many"}, None),
        ({"id": "m", "max_model_len": True}, None),
        ({"id": "m"}, None),
    ],
)
async def test_window_is_what_is_served_or_unknown(entry: dict[str, Any], window: int | None) -> None:
    assert _one(entry).context_window == window


@pytest.mark.parametrize(
    ("listing", "names"),
    [
        ({"data": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}, ["a", "b"]),
        ({"data": [{"name": "a"}, {"model": "b"}, {}, None, "c", {"id": 7}]}, ["a", "b"]),
        ({"models": [{"name": "a"}]}, ["a"]),
        ({"data": []}, []),
        ({"data": None}, []),
        ({}, []),
    ],
)
async def test_missing_fields_do_no_harm(listing: dict[str, Any], names: list[str]) -> None:
    assert [model.name for model in models_of("mine", listing)] == names


async def test_name_with_slashes_stays_whole_in_the_handle() -> None:
    assert _one({"id": "qwen/qwen3-8b"}).handle == "mine/qwen/qwen3-8b"


async def test_file_name_of_llama_server_is_shown_without_its_folder() -> None:
    model = _one({"id": "/models/Qwen3-8B-Q4_K_M.gguf", "owned_by": "llamacpp"})

    assert (model.name, model.label) == ("/models/Qwen3-8B-Q4_K_M.gguf", "Qwen3-8B-Q4_K_M")


async def test_abilities_are_told_where_the_server_tells_them() -> None:
    seeing = _one({"id": "m"}, models=[{"name": "m", "capabilities": ["completion", "multimodal"]}])
    routed = _one(
        {"id": "m", "architecture": {"input_modalities": ["text"]}, "supported_parameters": ["tools", "reasoning"]}
    )
    silent = _one({"id": "m"})

    assert (seeing.vision, seeing.tools) == (True, None)
    assert (routed.vision, routed.tools, routed.reasoning) == (False, True, True)
    assert (silent.vision, silent.tools, silent.reasoning) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("text-embedding-3-small", False),
        ("nomic-embed-text:latest", False),
        ("text-embedding-nomic-embed-text-v1.5", False),
        ("whisper-1", False),
        ("tts-1-hd", False),
        ("dall-e-3", False),
        ("bge-reranker-v2-m3", False),
        ("gpt-4o-mini", True),
        ("qwen3:8b", True),
        ("mistralai/mistral-nemo-instruct-2407", True),
        ("gemma-3-4b-it", True),
    ],
)
async def test_models_that_cannot_chat_are_marked(name: str, fit: bool) -> None:
    assert (_one({"id": name}).unfit == "") is fit


async def test_lm_studio_tells_the_loaded_window(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.entries = [{"id": "qwen3-8b", "object": "model"}, {"id": "nomic", "object": "model"}, {"id": "other"}]
    known = [
        {
            "id": "qwen3-8b",
            "type": "vlm",
            "state": "loaded",
            "max_context_length": 32768,
            "loaded_context_length": 8192,
            "capabilities": ["tool_use"],
        },
        {"id": "nomic", "type": "embeddings", "state": "not-loaded", "max_context_length": 2048},
    ]
    server.answers["/api/v0/models"] = Refusal(200, {"data": known})

    chat, embedding, other = await model.models()

    assert (chat.context_window, chat.vision, chat.tools, chat.unfit) == (8192, True, True, "")
    assert (embedding.embedding, embedding.unfit) == (True, "This model is not a chat model.")
    assert (embedding.loaded, embedding.trained_context) == (False, 2048)
    assert other.context_window is None


async def test_older_llama_server_tells_its_window_elsewhere(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.entries = [{"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}]
    server.answers["/props"] = Refusal(200, {"default_generation_settings": {"n_ctx": 2048}})

    assert [found.context_window for found in await model.models()] == [2048]


async def test_server_without_those_extra_routes_still_lists(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.entries = [{"id": "m"}]

    assert [found.context_window for found in await model.models()] == [None]


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (PAGE, "wrong_address"),
        (Refusal(404, "Not Found", "text/plain"), "wrong_address"),
        (Refusal(401, {"error": "no"}), "unauthorized"),
        (Refusal(200, "fine", "text/plain"), "wrong_address"),
        (Refusal(200, {"error": "Unexpected endpoint"}), "bad_request"),
        (Refusal(200, "3"), "wrong_address"),
    ],
)
async def test_list_that_does_not_come_has_a_sentence_without_a_message_in_it(
    refusal: Refusal, code: str, server: OpenAIServer, model: OpenAICompatible
) -> None:
    server.answers["/v1/models"] = refusal

    with pytest.raises(ModelError) as raised:
        await model.models()

    assert raised.value.code == code
    assert "message" not in raised.value.message


GOOGLE = [
    ("models/gemini-2.5-flash", "gemini-2.5-flash", True),
    ("models/gemma-3-27b-it", "gemma-3-27b-it", True),
    ("models/embedding-001", "embedding-001", False),
    ("models/imagen-4.0-generate-001", "imagen-4.0-generate-001", False),
    ("models/veo-3.0-generate-001", "veo-3.0-generate-001", False),
    ("models/aqa", "aqa", False),
    ("models/gemini-2.5-flash-native-audio-latest", "gemini-2.5-flash-native-audio-latest", False),
    ("models/gemini-live-2.5-flash-preview", "gemini-live-2.5-flash-preview", False),
    ("models/gemini-2.5-flash-preview-tts", "gemini-2.5-flash-preview-tts", False),
]


@pytest.mark.parametrize(("given", "name", "chats"), GOOGLE)
async def test_google_s_names_go_without_the_folder_that_its_list_puts_before_them(
    given: str, name: str, chats: bool
) -> None:
    found = _one({"id": given, "object": "model", "owned_by": "google"})
    assert (found.name, found.handle, not found.unfit) == (name, f"mine/{name}", chats)
    assert _one({"id": given, "owned_by": "llamacpp"}).name == given, "a folder of files stays"


async def test_anthropic_s_names_for_people_are_shown() -> None:
    found = _one({"type": "model", "id": "claude-sonnet-4-5", "display_name": "Claude Sonnet 4.5", "created_at": "x"})
    assert (found.name, found.label, found.unfit, found.tools) == ("claude-sonnet-4-5", "Claude Sonnet 4.5", "", None)


async def test_anthropic_s_list_gets_its_own_headers_and_its_chat_the_usual_one() -> None:
    connection = Connection("Anthropic", "https://api.anthropic.com/v1", lambda: "sk-1", Patience())
    connection._key = "sk-1"
    listing = connection._headers("https://api.anthropic.com/v1/models")
    assert (listing["x-api-key"], listing["anthropic-version"]) == ("sk-1", "2023-06-01")
    assert "authorization" not in listing
    chat = connection._headers("https://api.anthropic.com/v1/chat/completions")
    assert (chat["authorization"], "x-api-key" in chat) == ("Bearer sk-1", False)
    assert "x-api-key" not in connection._headers("https://api.anthropic.com.example.com/v1/models")
