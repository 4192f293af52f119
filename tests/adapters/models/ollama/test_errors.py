"""Refusals of Ollama as sentences: what each means, with which code, and whether trying again helps."""

import json

import pytest

from app.adapters.models.http.refusals import Server
from app.adapters.models.ollama.errors import cut_call_name, is_cloud_name, refused
from tests.support.servers.ollama_server import NO_EMBEDDINGS
from tests.support.servers.openai_requests import KEPT

SERVER = Server("Ollama", "http://127.0.0.1:11434/api/chat", "qwen3:8b", "the-key")


@pytest.mark.parametrize(
    ("status", "said", "code", "retryable", "sentence"),
    [
        (501, NO_EMBEDDINGS, "server_error", False, "Ollama had an internal error: This server does not support"),
        (404, "model 'qwen3:8b' not found", "model_missing", False, "The model “qwen3:8b” is not on Ollama."),
        (404, 'model "x" not found, try pulling it first', "model_missing", False, "The model “qwen3:8b” is not on"),
        (500, "llama runner process has terminated: signal: killed", "server_died", True, "Ollama lost the model"),
        (500, "cudaMalloc failed: out of memory", "server_error", False, "“qwen3:8b” does not fit into memory."),
        (
            500,
            'invalid tool call arguments for "f": invalid character',
            "server_error",
            True,
            "Ollama could not read a",
        ),
        (
            500,
            "unable to load model: unknown model architecture: 'x'",
            "bad_request",
            False,
            "“qwen3:8b” needs a newer",
        ),
        (400, 'option "num_ctx" must be of type integer', "bad_request", False, "Ollama did not accept the request:"),
        (400, "the input length exceeds the context length", "prompt_too_large", False, "The request is longer than"),
        (401, "unauthorized", "unauthorized", False, "Ollama did not accept the key."),
        (502, "bad gateway", "server_down", True, "Ollama answers, but the model behind it does not."),
        (429, "too many requests", "rate_limited", True, "Ollama is not accepting more requests right now."),
    ],
)
def test_refusal_is_a_sentence(status: int, said: str, code: str, retryable: bool, sentence: str) -> None:
    error = refused(SERVER, status, json.dumps({"error": said}).encode(), "application/json")

    assert (error.code, error.retryable) == (code, retryable)
    assert error.message.startswith(sentence)
    assert error.message.endswith(KEPT)
    assert error.hint


INNER = {
    "error": {"code": 400, "message": "too big", "type": "exceed_context_size_error", "n_ctx": 5, "n_prompt_tokens": 9}
}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(INNER, id="not nested"),
        pytest.param({"error": json.dumps(INNER)}, id="JSON in the text"),
        pytest.param({"error": json.dumps(json.dumps(INNER))}, id="a JSON string in the text"),
        pytest.param({"error": f"POST predict: {json.dumps(INNER)}\n"}, id="JSON after words"),
        pytest.param({"error": json.dumps({"error": json.dumps(INNER)})}, id="nested twice"),
    ],
)
def test_nested_error_is_found_however_deep(body: dict[str, object]) -> None:
    error = refused(SERVER, 400, json.dumps(body).encode(), "application/json")

    assert (error.code, error.details["n_ctx"], error.details["n_prompt"]) == ("prompt_too_large", 5, 9)


def test_text_with_braces_that_is_no_json_stays_a_text() -> None:
    said = "Value looks like object, but can't find closing '}' symbol in {x}"

    error = refused(SERVER, 400, json.dumps({"error": said}).encode(), "application/json")

    assert said in error.message


def test_key_that_the_server_echoes_is_not_shown() -> None:
    error = refused(SERVER, 400, b'{"error":"bad header: Bearer the-key"}', "application/json")

    assert "the-key" not in error.message + str(error.details)


def test_only_a_call_cut_by_the_limit_counts_as_cut() -> None:
    begin = 'llama-server returned invalid tool call arguments for "look"'

    assert cut_call_name(json.dumps({"error": f"{begin}: unexpected end of JSON input"}).encode()) == "look"
    assert cut_call_name(json.dumps({"error": f"{begin}: invalid character 'x'"}).encode()) is None
    assert cut_call_name(b"no json") is None


@pytest.mark.parametrize(
    ("name", "cloud"),
    [("gpt-oss:120b-cloud", True), ("kimi-k2:cloud", True), ("cloud-atlas:7b", False), ("nimbus-cloudy:7b", False)],
)
def test_cloud_models_are_known_by_their_names(name: str, cloud: bool) -> None:
    assert is_cloud_name(name) is cloud
