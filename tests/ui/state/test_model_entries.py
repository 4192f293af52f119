"""Models and servers as lines: what is offered first, what cannot be chosen and why, and what a problem offers."""

from dataclasses import replace

import pytest

from app.adapters.models.presets import PRESETS
from app.domain.model import (
    ComputerMemory,
    FoundServer,
    Model,
    Provider,
    ProviderModels,
    Pull,
    RecommendedModel,
)
from app.domain.starter import Starter
from app.ui.agents.starter_draft import starter_draft, window_for
from app.ui.chat.problem_remedies import enlarged, remedies_of
from app.ui.chat.transcript.row import Problem
from app.ui.models.picker_rows import pick_rows
from app.ui.state.model_entries import ModelsKnown, best_choice, known_models, wanted_models
from app.ui.state.server_entries import asked_ports, other_hosts, server_entries, unconnected
from tests.support.values.model_lists import GB, a_report, ollama_models

OLLAMA = Provider(id="p1", name="ollama", kind="ollama", base_url="http://localhost:11434", created_at=1, updated_at=1)
MEMORY = ComputerMemory(total_bytes=16 * GB, used_bytes=5 * GB, free_disk_bytes=100 * GB)


def known(*names: str, **fields: object) -> ModelsKnown:
    offer = ProviderModels(provider=OLLAMA, models=ollama_models(*names))
    return ModelsKnown(offers=(offer,), memory=MEMORY, presets=PRESETS, complete=True, **fields)  # type: ignore[arg-type]


def listed(name: str, **fields: object) -> RecommendedModel:
    given = {"name": name, "size_bytes": 5 * GB, "need_bytes": 7 * GB, "context_window": 8192, "fits": "fits"}
    return RecommendedModel.model_validate({**given, **fields})


def test_a_cloud_model_is_never_the_first_choice() -> None:
    lines = known_models(known("gpt-oss:120b-cloud"))
    assert lines[0].usable
    assert best_choice(lines) is None
    assert lines[0].verdict[0] == "Cloud, not local"


def test_a_model_that_was_found_unfit_is_not_the_first_choice() -> None:
    reports = (a_report("ollama/qwen3:8b", 2, "unfit"),)
    chosen = best_choice(known_models(known("qwen3:8b", "gemma4:e4b", reports=reports)))
    assert chosen is not None
    assert chosen.name == "gemma4:e4b"


def test_a_model_that_would_be_too_slow_here_is_not_the_first_choice_and_says_so() -> None:
    row = listed("qwen3:8b", handle="ollama/qwen3:8b", installed=True, too_slow=True, note="Too slow here.")
    slow = {"ollama/qwen3:8b": "Too slow here."}
    lines = known_models(known("qwen3:8b", "gemma4:e4b", recommended=(row,), slow=slow))
    assert [line.name for line in lines] == ["gemma4:e4b", "qwen3:8b"]
    assert lines[1].verdict[0] == "Too slow"
    assert best_choice(lines) is lines[0]
    assert lines[1].usable


def test_a_model_of_no_list_can_be_too_slow_too_and_says_how_slow() -> None:
    slow = {"ollama/gemma4:e4b": "Too slow here: about 3 seconds for each token."}
    lines = known_models(known("gemma4:e4b", "qwen3:8b", slow=slow))
    assert [(line.name, line.verdict[0]) for line in lines] == [("qwen3:8b", "Fits well"), ("gemma4:e4b", "Too slow")]
    assert lines[1].note == slow["ollama/gemma4:e4b"]


def test_what_cannot_be_chosen_says_why_and_comes_last() -> None:
    lines = known_models(known("nomic-embed-text", "mistral-small3.2:24b", "gemma4:e4b"))
    assert lines[0].name == "gemma4:e4b"
    reasons = {line.name: line.reason for line in lines}
    assert reasons["gemma4:e4b"] == ""
    assert "cannot chat" in reasons["nomic-embed-text"]
    assert reasons["mistral-small3.2:24b"] == "Needs 18.2 of 16 GB."


def test_what_is_on_its_way_comes_first_and_what_would_be_tight_last() -> None:
    pull = Pull(provider_id="p1", name="c", phase="running", total=5, completed=1)
    rows = (listed("a", fits="tight"), listed("b"), listed("c"), listed("d"))
    assert [line.name for line in wanted_models(known(recommended=rows, pulls=(pull,)))] == ["c", "b", "d", "a"]


def test_a_need_that_is_only_estimated_is_told_apart() -> None:
    advice = listed("qwen3:8b", installed=True, handle="ollama/qwen3:8b", need_bytes=7 * GB)
    lines = {line.name: line for line in known_models(known("qwen3:8b", "gemma4:e4b", recommended=(advice,)))}
    assert (lines["qwen3:8b"].need, lines["qwen3:8b"].need_known) == (7 * GB, True)
    assert not lines["gemma4:e4b"].need_known


def test_a_download_of_any_name_has_a_line() -> None:
    pull = Pull(provider_id="p1", name="someone/own:7b", phase="running", completed=1, total=2)
    lines = wanted_models(known(recommended=(listed("qwen3:4b"),), pulls=(pull,)))
    assert [(line.name, line.pull is not None) for line in lines] == [("someone/own:7b", True), ("qwen3:4b", False)]


def test_a_found_server_is_connected_once_however_its_address_is_written() -> None:
    found = FoundServer(preset=PRESETS[0], version="0.32.15", models=1)
    other = FoundServer(preset=PRESETS[2], needs_key=True)
    now = known("qwen3:8b", found=(found, other))
    assert unconnected(now) == (other,)
    states = {line.title: line.state for line in server_entries(now)}
    assert states == {"Ollama": "found", "llama.cpp": "needs key", "LM Studio": "absent"}


def test_a_server_that_does_not_answer_is_silent_and_not_absent() -> None:
    offer = ProviderModels(provider=OLLAMA, error="Nothing answers on 127.0.0.1:11434.")
    line = server_entries(ModelsKnown(offers=(offer,), presets=PRESETS))[0]
    assert (line.title, line.state, line.words) == ("Ollama", "silent", "Does not answer")


def test_the_ports_that_are_asked_are_named() -> None:
    assert asked_ports(PRESETS) == "11434, 1234, 8080, 1337 and 8000"


def test_only_other_computers_count_as_elsewhere() -> None:
    far = OLLAMA.model_copy(update={"base_url": "https://api.openai.com/v1"})
    offers = tuple(ProviderModels(provider=provider) for provider in (OLLAMA, far))
    assert other_hosts(offers) == ("api.openai.com",)


def test_the_list_to_pick_from_is_filtered_by_words_and_keeps_its_groups() -> None:
    rows = pick_rows(known("qwen3:8b", "qwen3:4b", "nomic-embed-text"), "qwen 4b")
    assert [(row.kind, row.title) for row in rows] == [("server", "ollama"), ("model", "qwen3:4b")]


def test_a_model_that_cannot_chat_cannot_be_picked_and_says_why() -> None:
    rows = {row.title: row for row in pick_rows(known("nomic-embed-text", "mistral-small3.2:24b"))}
    assert rows["nomic-embed-text"].handle == ""
    assert "cannot chat" in rows["nomic-embed-text"].words
    assert rows["mistral-small3.2:24b"].handle
    assert "Too big" in rows["mistral-small3.2:24b"].words


def problem(code: str, **details: str) -> Problem:
    return Problem(code, "What happened.", "What to do.", tuple(details.items()))


def test_a_missing_model_can_be_got_again_from_ollama_only() -> None:
    now = known(recommended=(listed("qwen3:8b"),))
    ways = remedies_of(problem("model_missing", model="qwen3:8b"), now, "ollama/qwen3:8b")
    assert [way.key for way in ways] == ["get", "switch", "again"]
    assert ways[0].text == "Download it again, 5.0 GB"
    assert [way.key for way in remedies_of(problem("model_missing"), now, "llama/qwen3:8b")] == ["switch", "again"]


@pytest.mark.parametrize(
    ("code", "first"),
    [("server_down", "again"), ("loading", "again"), ("unauthorized", "server"), ("wrong_address", "server"),
     ("invalid_tool_call", "again"), ("something_new", "again")],
)  # fmt: skip
def test_every_problem_offers_a_way(code: str, first: str) -> None:
    assert remedies_of(problem(code), known("qwen3:8b"), "ollama/qwen3:8b")[0].key == first


def test_an_ollama_of_this_computer_that_is_down_is_started_or_fetched() -> None:
    here = known("qwen3:8b")
    ways = remedies_of(problem("server_down"), replace(here, startable=("ollama",)), "ollama/qwen3:8b")
    assert [way.text for way in ways] == ["Start Ollama", "Try again", "Switch model…"]
    ways = remedies_of(problem("server_down"), here, "ollama/qwen3:8b")
    assert [way.key for way in ways] == ["again", "download", "switch"]
    elsewhere = here.offers[0].provider.model_copy(update={"base_url": "http://192.0.2.7:11434"})
    offers = (here.offers[0].model_copy(update={"provider": elsewhere}),)
    ways = remedies_of(problem("server_down"), replace(here, offers=offers, startable=("ollama",)), "ollama/qwen3:8b")
    assert [way.key for way in ways] == ["again", "switch"]


def test_a_prompt_that_is_too_large_is_mended_by_a_size_that_the_model_allows() -> None:
    now, too_large = known("qwen3:8b"), problem("prompt_too_large", n_prompt="9100", n_ctx="8192")
    assert enlarged(too_large, now, "ollama/qwen3:8b") == 14_336
    assert remedies_of(too_large, now, "ollama/qwen3:8b")[0].text == "Enlarge to 14,336 tokens"
    far_too_large = problem("prompt_too_large", n_prompt="90000")
    assert remedies_of(far_too_large, now, "ollama/qwen3:8b")[0].key == "blocks"


def test_a_new_agent_gets_what_its_model_was_tested_for() -> None:
    report = a_report("ollama/qwen3:8b", settings={"context_window": 12_288, "settings": {"tool_calls": "json"}})
    draft = starter_draft("Juno", "ollama/qwen3:8b", known("qwen3:8b", reports=(report,)), None)
    assert (draft.context_window, draft.settings.tool_calls) == (12_288, "json")


def test_a_report_that_nobody_understands_changes_nothing() -> None:
    report = a_report("ollama/qwen3:8b", settings={"context_window": "much"})
    starter = Starter(id="blank", name="Blank", icon="plus", description="Nothing yet.")
    draft = starter_draft("Juno", "ollama/qwen3:8b", known("qwen3:8b", reports=(report,)), starter)
    assert draft.context_window == 16_384


def test_the_window_of_a_new_agent_is_never_larger_than_what_is_served() -> None:
    small = Model(handle="llama/small", provider="llama", name="small", context_window=4096)
    offer = ProviderModels(provider=OLLAMA.model_copy(update={"name": "llama"}), models=(small,))
    assert window_for("llama/small", ModelsKnown(offers=(offer,))) == 4096
