"""Which servers the variables of an environment name."""

import pytest

from app.adapters.models.variables import NAMES, named_servers, place_of_ollama, unusable

OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, []),
        ({"OPENAI_API_KEY": ""}, []),
        ({"OPENAI_API_KEY": "sk-1"}, [("openai", "OPENAI_API_KEY", OPENAI, "sk-1")]),
        (
            {"OPENAI_API_KEY": " sk-1\n", "OPENAI_API_BASE": "http://localhost:4000/"},
            [("openai", "OPENAI_API_BASE", "http://localhost:4000/v1", "sk-1")],
        ),
        ({"OPENAI_API_BASE": "localhost:4000"}, [("openai", "OPENAI_API_BASE", "http://localhost:4000/v1", "")]),
        (
            {"OPENAI_BASE_URL": "https://llm.example/inference/v1"},
            [("openai", "OPENAI_BASE_URL", "https://llm.example/inference/v1", "")],
        ),
        (
            {"OPENAI_API_BASE": "http://a:1", "OPENAI_BASE_URL": "http://b:2"},
            [("openai", "OPENAI_API_BASE", "http://a:1/v1", "")],
        ),
        ({"LMSTUDIO_BASE_URL": "http://h:1234"}, [("lmstudio", "LMSTUDIO_BASE_URL", "http://h:1234/v1", "")]),
        ({"VLLM_API_BASE": "http://h:8000/v1"}, [("vllm", "VLLM_API_BASE", "http://h:8000/v1", "")]),
        (
            {"OPENROUTER_API_KEY": "k"},
            [("openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1", "k")],
        ),
        ({"ANTHROPIC_API_KEY": "k"}, [("anthropic", "ANTHROPIC_API_KEY", "https://api.anthropic.com/v1", "k")]),
        (
            {"GEMINI_API_KEY": "k"},
            [("google_ai", "GEMINI_API_KEY", "https://generativelanguage.googleapis.com/v1beta/openai", "k")],
        ),
        ({"OLLAMA_BASE_URL": "http://h:11434/v1"}, [("ollama", "OLLAMA_BASE_URL", "http://h:11434", "")]),
        ({"OLLAMA_BASE_URL": "http://127.0.0.1:11434"}, [("ollama", "OLLAMA_BASE_URL", "http://127.0.0.1:11434", "")]),
        ({"OLLAMA_HOST": "192.0.2.7"}, [("ollama", "OLLAMA_HOST", "http://192.0.2.7:11434", "")]),
        ({"OLLAMA_HOST": "https://o.example"}, [("ollama", "OLLAMA_HOST", "https://o.example", "")]),
        ({"OLLAMA_HOST": "0.0.0.0"}, []),
        ({"OLLAMA_HOST": "127.0.0.1:9"}, []),
        (
            {"OLLAMA_BASE_URL": "http://a:1", "OLLAMA_HOST": "b:2"},
            [("ollama", "OLLAMA_BASE_URL", "http://a:1", "")],
        ),
    ],
)
def test_variables_name_servers(environment: dict[str, str], named: list[tuple[str, str, str, str]]) -> None:
    found = named_servers(environment)
    assert [(one.name, one.variable, one.base_url, one.key) for one in found] == named
    assert {one.kind for one in found} <= {"ollama" if one.name == "ollama" else "openai" for one in found}
    assert set(environment) <= set(NAMES)
    assert all(one.key == "" or f"'{one.key}'" not in repr(one) for one in found)


@pytest.mark.parametrize("variable", ["OLLAMA_BASE_URL", "OPENAI_API_BASE", "LMSTUDIO_BASE_URL"])
@pytest.mark.parametrize("address", ["nonsense:x", "ftp://h", "http://user:pw@h", "http://", "file:///etc/passwd"])
def test_no_address_is_no_server_and_is_told(variable: str, address: str) -> None:
    environment = {variable: address, "OPENAI_API_KEY": "sk-1"}
    assert unusable(environment) == (variable,)
    assert variable not in [one.variable for one in named_servers(environment)]
    if variable == "OPENAI_API_BASE":
        assert named_servers(environment) == (), "a key is not sent to another address than the one that was meant"


@pytest.mark.parametrize(
    ("ollama_host", "place"),
    [
        ("127.0.0.1:11500", ("127.0.0.1", 11500)),
        ("http://localhost:11500/", ("127.0.0.1", 11500)),
        ("0.0.0.0:11500", ("127.0.0.1", 11500)),
        (":11500", ("127.0.0.1", 11500)),
        ("[::1]:11500", ("::1", 11500)),
        ("0.0.0.0", ("127.0.0.1", 11434)),
        ("", None),
        ("192.0.2.7:11434", None),
        ("[::1", None),
        ("nonsense:x", None),
    ],
)
def test_place_that_ollama_host_names(ollama_host: str, place: tuple[str, int] | None) -> None:
    assert place_of_ollama({"OLLAMA_HOST": ollama_host}) == place
