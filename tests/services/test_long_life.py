"""An agent that lives long in a small window: nothing fails, nothing leaves that must stay, everything is found again.

What its summariser does is drawn by dice: it fails, overflows, answers nothing or rubbish, or hangs. Some servers
refuse what others take: a system message in the middle, two user messages in a row, a user after a tool.
"""

import functools
import itertools
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import pytest

import app.bootstrap
from app.adapters.models.tokens import EstimatingCounter
from app.bootstrap import OpenEngine, RecallPlan, open_engine
from app.config import Config
from app.domain.agent import Agent, ModelSettings
from app.domain.block import BlockDraft
from app.engine.deps import EngineDeps
from tests.support.engine.talking import say
from tests.support.engine.whole_engine import agent_on
from tests.support.processes import word_embedder
from tests.support.servers.openai_replies import JsonObject, Refusal, Reply, Scripted, ToolCall, error_body, text_of
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

WINDOW, REPLY = 8192, 256
HEAVIER = 1.2
"""The server's tokens by our estimates: no tokenizer counts as we do."""
PERSONA = BlockDraft(label="persona", value="I am Vesta. I keep the hearth, and I never forget a name.", limit=2_000)
HUMAN = BlockDraft(label="human", value="Name: Brad.", limit=3_000)
"""It is full after a while, which its agent is told: a block that fills the window itself leaves no turn a way on."""
CHATTER = "The weather was fine and we walked along the river, where the herons stand. "


@dataclass
class Life(OpenAIServer):
    """A server with a window of its own size, which writes summaries as the dice fall and notes what broke a rule."""

    seed: int = 7
    refuses: Callable[[list[JsonObject]], str] = lambda messages: ""
    """A sentence where it does not take these messages."""
    prompts: list[str] = field(default_factory=list)
    """The system prompt of each request for a reply."""
    overflows: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.dice = random.Random(self.seed)

    @staticmethod
    def count(body: JsonObject) -> int:
        parts = [*body["messages"], body.get("tools")]
        return round(HEAVIER * sum(_count(json.dumps(part, ensure_ascii=False)) for part in parts))

    def _chat(self, body: JsonObject) -> Scripted:
        messages = body["messages"]
        if said := self.refuses(messages):
            return Refusal(400, error_body(400, said, "invalid_request_error"))
        if self.count(body) + body["max_tokens"] > WINDOW:
            self.overflows.append(self.count(body))
            return Refusal(400, error_body(400, "the request exceeds the available context size"))
        if "memory of a conversation" in text_of(messages[0]):
            return self._summary()
        self.prompts.append(text_of(messages[0]))
        said = text_of(messages[-1])
        if messages[-1]["role"] == "user" and "Note it" in said and body.get("tools"):
            line = said.partition(":")[2].partition(".")[0].strip()
            arguments = {"label": "human", "new_string": f"\n{line}"}
            return Reply(text="", calls=(ToolCall("memory_insert", arguments),))
        return Reply(text=f"I see, {said[-40:].strip()} It is good to know. " + CHATTER * self.dice.randrange(2))

    def _summary(self) -> Scripted:
        if self.dice.random() < 0.4:
            return Reply(text="Brad told of his lockers and violins, and of walks along the river. " * 3)
        return self.dice.choice(
            [
                Reply(text=""),
                Reply(reasoning="Let me think about what they want."),
                Reply(text="Waiting for user input."),
                Reply(text="word " * 4_000),
                Reply(text="Brad", die_after=0),
                Reply(text="Brad told of", hang_after=1),
                Refusal(500, error_body(500, "model runner has unexpectedly stopped")),
                Refusal(400, error_body(400, "the request exceeds the available context size")),
            ]
        )


@functools.cache
def _count(text: str) -> int:
    return EstimatingCounter().count(text)


def no_system_inside(messages: list[JsonObject]) -> str:
    inside = any(one["role"] == "system" for one in messages[1:])
    return "System message must be at the beginning." if inside else ""


def no_two_users(messages: list[JsonObject]) -> str:
    roles = [one["role"] for one in messages if one["role"] != "system"]
    twice = any(pair == ("user", "user") for pair in itertools.pairwise(roles))
    return "Conversation roles must alternate user/assistant/user/assistant/..." if twice else ""


def no_user_after_tool(messages: list[JsonObject]) -> str:
    pairs = itertools.pairwise(one["role"] for one in messages)
    return "Unexpected role 'user' after role 'tool'" if ("tool", "user") in pairs else ""


@pytest.fixture
async def engine(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenEngine]:
    """One that waits for a summary no longer than a blink."""
    monkeypatch.setattr(app.bootstrap, "EngineDeps", functools.partial(EngineDeps, summary_seconds=0.1))
    opened = await open_engine(Config.load(), recall=RecallPlan(word_embedder.command))
    await opened.recover()
    yield opened
    await opened.close()


@dataclass
class Lived:
    """A life as it was lived."""

    agent: Agent
    facts: list[str] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Seconds of processor time by turn, the model server's included."""

    def figures(self) -> dict[str, float]:
        """What a turn costs early, with the window full for the first time, and at the end."""
        fifth = len(self.cpu) // 5
        early, late = self.cpu[fifth : 2 * fifth], self.cpu[-fifth:]
        return {"early_ms": round(1000 * median(early), 2), "late_ms": round(1000 * median(late), 2)}


async def lived(engine: OpenEngine, server: Life, turns: int) -> Lived:
    """Every turn is answered; each request has the persona and the blocks of its run's beginning, byte for byte."""
    settings = ModelSettings(max_output_tokens=REPLY)
    fields: dict[str, Any] = {"context_window": WINDOW, "settings": settings, "blocks": (PERSONA, HUMAN)}
    agent = await agent_on(engine.services, server, **fields)
    life = Lived(agent)
    for turn in range(turns):
        fact = f"Locker {turn * 7919 % 100_003} holds the {turn}th violin."
        life.facts.append(fact)
        begun = time.process_time()
        noted = f"Note it: he moved house in year {turn}. " if turn % 17 == 3 else ""
        prompt = await engine.services.context.prompt(agent.id)
        asked = len(server.prompts)
        run = await say(engine.services, agent, f"{noted}{fact} {CHATTER * server.dice.randrange(1, 8)}")
        assert run.stop_reason == "end_turn", (turn, run.failure)
        assert set(server.prompts[asked:]) == {prompt}, turn
        life.cpu.append(time.process_time() - begun)
    return life


async def check(engine: OpenEngine, server: Life, life: Lived) -> None:
    agent, facts = life.agent, life.facts
    assert not server.overflows
    persona = next(one for one in await engine.services.blocks.of_agent(agent.id) if one.label == "persona")
    assert persona.value == PERSONA.value
    for fact in server.dice.sample(facts, min(40, len(facts))):
        hits = await engine.services.messages.search(fact.split()[1], agent_id=agent.id)
        assert any(fact in hit.message.text for hit in hits), fact


async def test_a_long_life(engine: OpenEngine, times: Callable[[int, int], int], record: Callable[..., None]) -> None:
    with Life(context=WINDOW) as server:
        life = await lived(engine, server, times(500, 5_000))
        await check(engine, server, life)
        events = await engine.services.history.of_agent(life.agent.id, limit=1000)
        compactions = sum(one.target_kind == "summary" for one in events)
        record(turns=len(life.facts), compactions=compactions, **life.figures())


@pytest.mark.parametrize("refuses", [no_system_inside, no_two_users, no_user_after_tool])
async def test_a_long_life_on_a_server_that_is_strict(
    engine: OpenEngine,
    times: Callable[[int, int], int],
    record: Callable[..., None],
    refuses: Callable[[list[JsonObject]], str],
) -> None:
    with Life(context=WINDOW, refuses=refuses) as server:
        life = await lived(engine, server, times(40, 5_000))
        await check(engine, server, life)
        record(turns=len(life.facts), **life.figures())
