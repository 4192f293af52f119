"""Answers that are no replies: every trap with the code and the sentence it becomes."""

from typing import Any

import pytest

from app.adapters.models.http.refusals import Server, refused
from app.adapters.models.openai.server import OpenAICompatible
from app.domain.error import ModelError
from tests.support.servers.openai_replies import (
    BAD_HISTORY,
    EMPTY_GRAMMAR,
    LOADING,
    PAGE,
    Refusal,
    error_body,
    too_long,
)
from tests.support.servers.openai_requests import KEPT, QUICK, answer, failure, provider, request, said, text_of
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

SERVER = Server("tinyserver", "https://models.example:8443/v1/chat/completions", "tiny")
STUMBLED = "tinyserver could not read a tool call from the model."
OPENAI_TOO_LONG = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."
VLLM_TOO_LONG = (
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (2952 in the messages, "
    "2048 in the completion)."
)
NESTED = (
    '{"error":{"code":400,"message":"request (9 tokens) exceeds the available context size (4 tokens)",'
    '"type":"exceed_context_size_error","n_prompt_tokens":9,"n_ctx":4}}'
)
NO_TOOL_PARSER = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
NO_MODEL = {"message": 'model "tiny" not found, try pulling it first', "type": "not_found_error"}


@pytest.mark.parametrize(
    ("refusal", "code", "retryable", "sentence"),
    [
        pytest.param(
            too_long(30031, 4096),
            "prompt_too_large",
            False,
            "The request needs 30,031 tokens, but tinyserver serves only 4,096 to “tiny”.",
            id="prompt too long for llama.cpp",
        ),
        pytest.param(
            Refusal(
                400,
                {
                    "error": {
                        "message": OPENAI_TOO_LONG,
                        "type": "invalid_request_error",
                        "code": "context_length_exceeded",
                    }
                },
            ),
            "prompt_too_large",
            False,
            "The request needs 9,001 tokens, but tinyserver serves only 8,192 to “tiny”.",
            id="prompt too long for OpenAI",
        ),
        pytest.param(
            Refusal(
                400,
                {
                    "object": "error",
                    "message": VLLM_TOO_LONG,
                    "type": "BadRequestError",
                    "code": 400,
                },
            ),
            "prompt_too_large",
            False,
            "The request needs 5,000 tokens, but tinyserver serves only 4,096 to “tiny”.",
            id="prompt too long for vLLM",
        ),
        pytest.param(
            Refusal(400, {"error": NESTED}),
            "prompt_too_large",
            False,
            "The request needs 9 tokens, but tinyserver serves only 4 to “tiny”.",
            id="error as JSON inside a string",
        ),
        pytest.param(
            Refusal(401, error_body(401, "Invalid API Key", "authentication_error")),
            "unauthorized",
            False,
            "tinyserver requires a key.",
            id="no key",
        ),
        pytest.param(Refusal(403, ""), "unauthorized", False, "tinyserver requires a key.", id="forbidden"),
        pytest.param(
            Refusal(404, {"error": NO_MODEL}),
            "model_missing",
            False,
            "The model “tiny” is not on tinyserver.",
            id="model missing on Ollama",
        ),
        pytest.param(
            Refusal(404, {"object": "error", "message": "The model `tiny` does not exist.", "type": "NotFoundError"}),
            "model_missing",
            False,
            "The model “tiny” is not on tinyserver.",
            id="model missing on vLLM",
        ),
        pytest.param(
            Refusal(404, {"error": {"message": "No such thing", "code": "model_not_found"}}),
            "model_missing",
            False,
            "The model “tiny” is not on tinyserver.",
            id="model missing at OpenAI",
        ),
        pytest.param(
            Refusal(429, {"error": {"message": "Rate limit reached", "type": "x"}}, headers={"Retry-After": "7"}),
            "rate_limited",
            True,
            "tinyserver is not accepting more requests right now.",
            id="too many requests",
        ),
        pytest.param(
            Refusal(429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
            "no_credit",
            False,
            "The account at tinyserver has no credit left.",
            id="no credit",
        ),
        pytest.param(
            BAD_HISTORY, "server_error", True, STUMBLED, id="bad call in history"
        ),
        pytest.param(
            EMPTY_GRAMMAR, "server_error", True, STUMBLED, id="empty grammar stack"
        ),
        pytest.param(
            Refusal(500, error_body(500, "CUDA error: out of memory")),
            "server_error",
            True,
            "tinyserver had an internal error: CUDA error: out of memory.",
            id="an internal error",
        ),
        pytest.param(
            Refusal(500, '{"error": {"code": 500, "message": "CUDA error: out of mem'),
            "server_error",
            True,
            "tinyserver had an internal error: CUDA error: out of mem.",
            id="an error that broke off",
        ),
        pytest.param(
            Refusal(500, error_body(500, "image input is not supported - hint: you may need mmproj")),
            "bad_request",
            False,
            "“tiny” on tinyserver cannot see images.",
            id="image to a text model",
        ),
        pytest.param(
            Refusal(400, {"error": {"message": "registry.ollama.ai/library/tiny:latest does not support tools"}}),
            "bad_request",
            True,
            "“tiny” on tinyserver cannot call tools.",
            id="tools to a model without",
        ),
        pytest.param(
            Refusal(
                400,
                {
                    "object": "error",
                    "message": NO_TOOL_PARSER,
                },
            ),
            "bad_request",
            True,
            "“tiny” on tinyserver cannot call tools.",
            id="vLLM without a tool parser",
        ),
        pytest.param(
            Refusal(402, {"error": {"message": "Insufficient credits"}}),
            "no_credit",
            False,
            "The account at tinyserver has no credit left.",
            id="payment required",
        ),
        pytest.param(LOADING, "loading", True, "tinyserver is still loading the model.", id="loading"),
        pytest.param(
            Refusal(503, error_body(503, "Overloaded")),
            "overloaded",
            True,
            "tinyserver is too busy to answer.",
            id="too busy",
        ),
        pytest.param(
            Refusal(502, "<html>Bad Gateway</html>", "text/html"),
            "server_down",
            True,
            "tinyserver answers, but the model behind it does not.",
            id="gateway without a model behind it",
        ),
        pytest.param(
            Refusal(413, "Payload too large", "text/plain"),
            "bad_request",
            False,
            "The request is too large for tinyserver.",
            id="request too large",
        ),
        pytest.param(
            Refusal(400, {"error": {"message": "Unsupported value: 'temperature'", "type": "invalid_request_error"}}),
            "bad_request",
            False,
            "tinyserver did not accept the request: Unsupported value: 'temperature'.",
            id="anything else",
        ),
        pytest.param(
            Refusal(200, {"error": "Unexpected endpoint or method. (POST /v1/chat/completions)"}),
            "bad_request",
            False,
            "tinyserver did not accept the request: Unexpected endpoint or method. (POST /v1/chat/completions).",
            id="error with status 200",
        ),
    ],
)  # fmt: skip
async def test_answer_that_is_no_reply(
    refusal: Refusal, code: str, retryable: bool, sentence: str, server: OpenAIServer, model: OpenAICompatible
) -> None:
    server.queue(refusal)

    error = await failure(model)

    assert (error.code, error.retryable, error.message) == (code, retryable, sentence + KEPT)
    assert error.details["status"] == refusal.status


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(PAGE, id="a web page"),
        pytest.param(Refusal(404, "404 page not found", "text/plain"), id="text without that route"),
        pytest.param(Refusal(404, {"detail": "Not Found"}), id="another service without that route"),
        pytest.param(Refusal(200, {"hello": "world"}), id="another service with any route"),
        pytest.param(Refusal(200, "OK", "text/plain"), id="plain text"),
        pytest.param(Refusal(500, "<!doctype html><title>Oops</title>", "text/html"), id="a broken web page"),
    ],
)
async def test_no_model_server_at_this_address(refusal: Refusal, server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(refusal)

    error = await failure(model)

    url = f"{server.url}/chat/completions"
    assert error.code == "wrong_address"
    assert error.message == f"There is no model server at {url}: something else answers there.{KEPT}"
    assert error.details["url"] == url


async def test_redirect_names_the_new_address(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Refusal(308, headers={"Location": "https://models.example/v1/"}))

    error = await failure(model)

    assert error.code == "wrong_address"
    assert error.hint == "Enter the new address in the settings: https://models.example/v1/"
    assert len(server.chats) == 1


async def test_too_long_prompt_is_refused_by_the_real_count(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.context = 100

    with pytest.raises(ModelError) as raised:
        await answer(model, request(said("word " * 500)))

    assert raised.value.details["n_ctx"] == 100
    assert raised.value.details["n_prompt"] == server.count(server.chats[0].body)


async def test_loading_is_over_at_the_next_try(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(LOADING)

    assert (await failure(model)).retryable
    assert text_of(await answer(model)) == "You said: Hello"


async def test_prompt_too_long_without_numbers_still_says_so() -> None:
    error = refused(SERVER, 400, b'{"error":{"message":"prompt is too long"}}', "application/json")

    assert error.code == "prompt_too_large"
    assert error.message == f"The request is longer than tinyserver allows for “tiny”.{KEPT}"
    assert "n_ctx" not in error.details


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b'{"error":null}', b'{"error":[1]}', b'{"error":{}}', b"\xff\xfe", b"3"]
)
@pytest.mark.parametrize("status", [200, 400, 404, 418, 500, 503])
async def test_no_answer_is_too_strange_for_a_sentence(status: int, body: bytes) -> None:
    error = refused(SERVER, status, body, "application/json")

    assert error.message.endswith(KEPT)
    assert "tinyserver" in error.message or SERVER.url in error.message


async def test_key_echoed_by_the_server_is_taken_out() -> None:
    key = "sk-planted-0123456789"
    body: dict[str, Any] = {"error": {"message": f"Incorrect API key provided: {key}"}}
    with OpenAIServer() as server:
        server.queue(Refusal(400, body))
        model = OpenAICompatible(provider(server.url), lambda: key, QUICK)

        error = await failure(model)

        assert server.chats[0].headers["authorization"] == f"Bearer {key}"
        assert key not in repr([error, error.message, error.hint, error.details, model])
        await model.close()
