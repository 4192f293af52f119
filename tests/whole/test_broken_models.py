"""The memory correction with models that break their output: it succeeds, or ends in a sentence and changes nothing."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import Agent, AgentDraft, ModelSettings
from app.domain.block import BlockDraft
from app.domain.model import ProviderDraft
from app.domain.run import Run
from app.domain.wire_message import AssistantMessage
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, events_of, say, transcript
from tests.support.engine.unrepaired import read_plainly
from tests.support.servers.broken_ollama import BrokenOllama
from tests.support.servers.broken_output import (
    AFTER,
    BASE_TOKENS,
    BEFORE,
    KINDS,
    BrokenModel,
    BrokenServer,
    broken_model,
)

pytestmark = pytest.mark.anyio

CORRECTION = "By the way, my name is Brad, not Chad."
TAG = re.compile(r"</?think>|<\|?/?\w+\|>|<\|\w+\|?>|</?tool_call>|\[TOOL_CALLS\]|<function=|</s>")


@dataclass(frozen=True)
class Outcome:
    """What became of one correction."""

    model: BrokenModel
    agent: Agent
    run: Run
    value: str

    @property
    def completed(self) -> bool:
        return self.value == AFTER and self.run.stop_reason == "end_turn"


@pytest.fixture
def server() -> Iterator[BrokenServer]:
    with BrokenServer() as opened:
        yield opened


@pytest.fixture
def ollama() -> Iterator[BrokenOllama]:
    with BrokenOllama() as opened:
        yield opened


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load())
    yield opened
    await opened.close()


@pytest.fixture
async def services(engine: OpenEngine, server: BrokenServer, ollama: BrokenOllama) -> Services:
    await engine.services.providers.add(ProviderDraft(name="scripted", base_url=server.url))
    await engine.services.providers.add(ProviderDraft(name="ollama", kind="ollama", base_url=ollama.url))
    return engine.services


async def correct(services: Services, server: BrokenServer | BrokenOllama, model: BrokenModel) -> Outcome:
    provider = "ollama" if isinstance(server, BrokenOllama) else "scripted"
    draft = AgentDraft(
        name="Zoë Müller",
        model=f"{provider}/{server.add(model)}",
        settings=ModelSettings(max_output_tokens=BASE_TOKENS),
        blocks=(BlockDraft(label="human", value=BEFORE, limit=2000),),
    )
    agent = await services.agents.create(draft)
    run = await say(services, agent, CORRECTION)
    return Outcome(model, agent, run, await block_value(services, agent))


async def check(services: Services, outcome: Outcome) -> None:
    """What must be true of every run, however it ended."""
    messages = await transcript(services, outcome.agent)
    check_invariants(messages)
    for call in (call for message in messages for call in message.tool_calls):
        assert isinstance(json.loads(call.arguments), dict)
    for message in messages:
        assert not TAG.search(message.text), (outcome.model.kinds, message.text)
    for event in await events_of(services, outcome.run.id):
        if isinstance(event.payload, AssistantMessage):
            assert not TAG.search(str(event.payload.content)), (outcome.model.kinds, event.payload.content)


async def check_failed(services: Services, outcome: Outcome) -> None:
    """A run that failed says so in a sentence, changed nothing, and leaves an agent that answers."""
    failure = outcome.run.failure
    assert failure is not None, (outcome.model.kinds, outcome.value)
    assert re.fullmatch(r"[A-Z].*\.", failure.message)
    assert failure.hint.endswith(".")
    assert outcome.value == BEFORE
    outcome.model.healed = True
    again = await say(services, outcome.agent, "hello")
    assert (again.stop_reason, again.failure) == ("end_turn", None)


@pytest.mark.parametrize("wire", ["openai", "ollama"])
async def test_the_correction_completes_or_ends_in_a_sentence(
    services: Services,
    server: BrokenServer,
    ollama: BrokenOllama,
    wire: str,
    times: Callable[[int, int], int],
    record: Callable[..., None],
):
    runs = times(20, 300)
    failed: Counter[str] = Counter()
    repairs: Counter[str] = Counter()
    for seed in range(runs):
        outcome = await correct(services, ollama if wire == "ollama" else server, broken_model(seed))
        await check(services, outcome)
        steps = await services.runs.steps(outcome.run.id)
        repairs.update(repair.kind for step in steps for repair in step.repairs)
        if not outcome.completed:
            failed["+".join(outcome.model.kinds)] += 1
            await check_failed(services, outcome)
    share = 1 - failed.total() / runs
    record(runs=runs, completed=round(share, 3), failed=dict(failed), repairs=dict(repairs))
    assert share >= 0.95, failed


@pytest.mark.long
async def test_without_repairs_most_of_the_same_runs_fail(
    services: Services,
    server: BrokenServer,
    times: Callable[[int, int], int],
    record: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("app.engine.run.apply.read_reply", read_plainly)
    runs = times(300, 300)
    outcomes = [await correct(services, server, broken_model(seed)) for seed in range(runs)]
    share = sum(outcome.completed for outcome in outcomes) / runs
    record(runs=runs, completed=round(share, 3))
    assert share < 0.5


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_alone_is_carried_through(services: Services, server: BrokenServer, kind: str):
    for number in range(3):
        model = broken_model(2 * (KINDS.index(kind) + number * len(KINDS)))
        model.stubborn = False
        outcome = await correct(services, server, model)
        await check(services, outcome)
        assert outcome.completed, (outcome.run.failure, outcome.value, await transcript(services, outcome.agent))
        steps = await services.runs.steps(outcome.run.id)
        noted = [repair for step in steps for repair in step.repairs]
        told = kind in ("ghost_name", "missing_argument")
        assert noted or told or kind == "leaked_tags", "whoever looks into the run sees what was read otherwise"


@pytest.mark.parametrize("kind", ["ghost_name", "missing_argument", "cut_call", "empty_reply", "repetition"])
async def test_a_model_that_nothing_helps_ends_in_a_sentence_after_three_tries(
    services: Services, server: BrokenServer, kind: str
):
    outcome = await correct(services, server, BrokenModel((kind,), broken_model(1).chance, stubborn=True))
    assert not outcome.completed
    assert len(await services.runs.steps(outcome.run.id)) == 3
    await check(services, outcome)
    await check_failed(services, outcome)
