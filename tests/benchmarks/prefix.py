"""How much of each request a local server has read already: `python -m tests.benchmarks.prefix`.

Servers keep what they have read up to the first difference. The table shows, per step of a conversation, the share of
the request before that this one begins with. A low share is right only where memory changed or the window moved.
"""

import asyncio
import json
import tempfile
from itertools import pairwise
from pathlib import Path

from app.bootstrap import open_engine
from app.config import Config
from app.domain.agent import ModelSettings
from tests.benchmarks.figures import figure
from tests.support.engine.talking import say
from tests.support.engine.whole_engine import agent_on
from tests.support.servers.openai_replies import JsonObject, Reply
from tests.support.servers.openai_server import OpenAIServer

TURNS = (
    "hello",
    "what do you know about me?",
    "my name is Brad, not Chad",
    "/long 120",
    "/markdown",
    "what is my name?",
)


SUMMARY = "They talked of the garden: roses to cut in March, a fence that is open, and herons by the river. " * 4
LONG = "The weather was fine and we walked along the river, where the herons stand. " * 5


async def main() -> None:
    await steps_of_a_conversation()
    await full_windows()


async def full_windows() -> None:
    """What a compaction costs: one re-read of the prompt, and not one each turn from then on."""
    with tempfile.TemporaryDirectory() as folder, OpenAIServer() as server:
        server.rule = lambda body: Reply(text=SUMMARY) if _sums_up(body) else None
        engine = await open_engine(Config.load(Path(folder)))
        fields = {"context_window": 4096, "settings": ModelSettings(max_output_tokens=256), "tool_names": ()}
        agent = await agent_on(engine.services, server, **fields)
        for turn in range(80):
            await say(engine.services, agent, f"{turn}: {LONG}")
        await engine.close()
    bodies = [chat.body for chat in server.chats]
    summed = [_sums_up(body) for body in bodies]
    compactions = sum(now and not before for before, now in pairwise([False, *summed]))
    sent = [json.dumps(body["messages"], ensure_ascii=False) for body in bodies if not _sums_up(body)]
    anew = [1 - _shared(before, now) / len(before) for before, now in pairwise(sent)]
    figure("compactions in 80 turns of a full window", compactions, "")
    figure("requests for a summary, of each", sum(summed) / max(1, compactions), "")
    figure("replies after which more than 5 % of the prompt was read again", sum(one > 0.05 for one in anew), "")
    figure("read again in all, of what was sent", 100 * sum(anew) / len(anew), "%")


def _sums_up(body: JsonObject) -> bool:
    return "memory of a conversation" in str(body["messages"][0]["content"])


async def steps_of_a_conversation() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = await open_engine(Config.load(Path(folder)))
        agent = await engine.services.agents.create_demo()
        requests: list[tuple[str, str, int]] = []
        runs: list[str] = []
        for text in TURNS:
            run = await say(engine.services, agent, text)
            for step in await engine.services.runs.steps(run.id):
                trace = await engine.services.runs.trace(step.id)
                runs.append(run.id)
                requests.append((f"{text[:26]} / step {step.step_no}", trace.request, step.memory_seq))
        await engine.close()
    for (_, before, old_seq), (name, request, seq) in pairwise(requests):
        share = _shared(before, request) / len(before)
        why = ", memory changed" if seq != old_seq else ""
        figure(f"{name}, share read already{why}", 100 * share, "%")

    steps = list(zip(runs, requests, strict=True))
    within = [_changed(a[1], b[1]) for (one, a), (other, b) in pairwise(steps) if one == other]
    figure("changed of the prompt by a memory edit within its run", 100 * max(within), "%")
    between = [_changed(a[1], b[1]) for (_, a), (_, b) in pairwise(steps) if a[2] != b[2]]
    figure("changed of the prompt by a memory edit from run to run", 100 * max(between), "%")


def _changed(before: str, after: str) -> float:
    """The share of a request that a server must read again, of what it had read in the one before."""
    return 1 - _shared(before, after) / len(before)


def _shared(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


if __name__ == "__main__":
    asyncio.run(main())
